"""The challenges that the demo can play: SIQA, one of each kind that `mailbot init` begins with, an own scorer's. Pure.

The teams and their mail programs are the same in all of them; labels and predictions follow from the declaration.
"""

from __future__ import annotations

import csv
import io
import math
import random
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mailbot.config.starters import STARTERS, Starter
from mailbot.demo import cast, predictions, script
from mailbot.demo.folder import Keys
from mailbot.demo.story import ACCEPTED, REFUSED, Made, story
from mailbot.demo.week import deliveries
from scoring.declaration.declare import track_from

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mailbot.demo.predictions import Row
    from mailbot.demo.week import Delivery
    from scoring.model import Track

TITLES = {
    "classification": "Cat, Dog or Fox",
    "regression": "Values from Pictures",
    "multiple-choice": "Easy and Hard Questions",
    "ranking": "Search Results",
    "own": "Folded Chains",
}
"""What the made-up challenges are called, by preset."""

PRESETS = ("siqa", *TITLES)
"""What can be played, SIQA unless said."""

ITEMS = 600
"""About so many items have the made-up challenges: enough that a dozen teams differ."""

_HUNDRED = 100.0
"""Scores up to that are told with two decimals, others with four."""

SCORER = "gdt.py"

_HERE = Path(__file__).parent
_SCORERS = (_HERE / SCORER, _HERE.parents[1] / "docs" / "examples" / "casp" / SCORER)
"""Where the scorer is: in the installed package, or in a checkout."""

_OWN = """\
id = "residue"
cluster = "target"
scorer = "gdt.py"
figures = ["gdt_ts", "rmsd"]
bounds = [0, 100]

[[columns]]
name = "x"

[[columns]]
name = "y"

[[columns]]
name = "z"
"""
"""As docs/examples/casp: atoms of folded chains, whose distances after superposition no metric of a column knows."""

TARGETS, RESIDUES = 8, 60

_CHALLENGE = """\
name = "{title} Challenge"
short_name = "{title}"
zone = "Asia/Shanghai"
"""

_BOARD = """\
decimals = {decimals}
publish_at = "wed 10:00"
standing = "latest"
"""

_TABLES = """\
[registration]
by_mail = true

[quota]
per_week = 2
week_starts = "wed 00:00"

[tracks.{track}]
labels = "labels/labels.csv"
{declaration}"""


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """What is played."""

    keys: Keys
    #: Files beside the config, by their path: labels, and a scorer.
    files: Mapping[str, bytes]
    #: What the labels are, in a few words.
    labels: str
    #: The mails of all weeks, in order of arrival.
    mails: Sequence[Delivery]
    #: Mails whose replies are shown at the end, by what they answer.
    shown: Mapping[str, str]


def of(preset: str, seed: int) -> Challenge:
    """Return the challenge of a preset, one of :data:`PRESETS`."""
    return _siqa(seed) if preset == "siqa" else _declared(preset, seed)


def _siqa(seed: int) -> Challenge:
    labels = predictions.make(seed)
    made = script.Made(labels, seed)
    scenes = [*script.script(made), *script.sequel(made)]
    tables = "".join(f'\n[tracks.siqa-{each}]\nlabels = "labels/answer-{each}.json"\n' for each in "us")
    return Challenge(
        keys=Keys(address=cast.ADDRESS, preset='preset = "siqa"\n', tables=tables.removeprefix("\n")),
        files={f"labels/{name}": text.encode() for name, text in labels.as_files().items()},
        labels=f"{len(labels.questions):,} questions (SIQA-U), {len(labels.images):,} images (SIQA-S)",
        mails=deliveries(scenes, address=cast.ADDRESS, tag="SIQA Submission"),
        shown={
            "A reply to an accepted file": "09-owl-u-refusals",
            "A reply to a refused file": "10-nebuleuse-wrong-ids",
        },
    )


def _declared(preset: str, seed: int) -> Challenge:
    """Return a challenge of one declared track."""
    starter = _chains(seed) if preset == "own" else STARTERS[preset]
    track = declared(starter)
    labels = many(starter, track, seed)
    mails = deliveries(
        list(story(Made(track=track, title=TITLES[preset], labels=labels, seed=seed))),
        address=cast.ADDRESS_OF_OTHERS,
        tag="Submission",
    )
    declaration = starter.declaration.replace("[[columns]]", f"[[tracks.{starter.track}.columns]]")
    scorer = {SCORER: next(place for place in _SCORERS if place.is_file()).read_bytes()} if track.own else {}
    numbered = {mail.name.partition("-")[2]: mail.name for mail in mails}
    return Challenge(
        keys=Keys(
            address=cast.ADDRESS_OF_OTHERS,
            challenge=_CHALLENGE.format(title=TITLES[preset]),
            board=_BOARD.format(decimals=2 if track.bounds[1] == _HUNDRED else 4),
            tables=_TABLES.format(track=starter.track, declaration=declaration),
        ),
        files={"labels/labels.csv": _csv(labels), **scorer},
        labels=f"{len(labels):,} items; {track.formula}",
        mails=mails,
        shown={
            "A reply to an accepted file": numbered[ACCEPTED],
            "A reply to a refused file": numbered[REFUSED],
        },
    )


def declared(starter: Starter) -> Track:
    """Return the track that a starter declares."""
    return track_from({"name": starter.track, **tomllib.loads(starter.declaration)})


def many(starter: Starter, track: Track, seed: int) -> list[Row]:
    """Return the rows of a starter's labels; few are repeated in mixed order, under new ids and queries."""
    rows: list[Row] = list(csv.DictReader(io.StringIO(starter.labels)))
    if len(rows) > ITEMS // 2:
        return rows
    first, query = int(rows[0][track.id]), next((each.per for each in track.measures if each.per), None)
    times = ITEMS // len(rows)
    whole = [row | ({query: f"{row[query]}-{turn}"} if query else {}) for turn in range(times) for row in rows]
    random.Random(f"labels {seed}").shuffle(whole)  # noqa: S311  # made-up labels, no secret
    return [row | {track.id: number} for number, row in enumerate(whole, first)]


def _csv(rows: Sequence[Row]) -> bytes:
    text = io.StringIO(newline="")
    written = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    written.writeheader()
    written.writerows(rows)
    return text.getvalue().encode()


def _chains(seed: int) -> Starter:
    """Make up folded chains: steps of 3.8 Angstrom, as from one C-alpha atom to the next, each near the one before."""
    rng = random.Random(f"chains {seed}")  # noqa: S311  # made-up labels, no secret
    lines = ["residue,target,x,y,z"]
    for target in range(1, TARGETS + 1):
        place, heading = [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]
        for residue in range(1, RESIDUES + 1):
            lines.append(f"T{target:02d}-{residue:03d},T{target:02d}," + ",".join(f"{each:.3f}" for each in place))
            turned = [each + rng.gauss(0, 0.8) - 0.03 * at for each, at in zip(heading, place, strict=True)]
            heading = [each / math.hypot(*turned) for each in turned]
            place = [at + 3.8 * each for at, each in zip(place, heading, strict=True)]
    return Starter(track="chains", declaration=_OWN, labels="\n".join(lines) + "\n")
