"""Attacks on the labels, and on the secret that splits them."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from typing import TYPE_CHECKING

from tests.command import typed
from tests.hostile.attacks.host import folder_of
from tests.hostile.attacks.model import ADA, CARL, Attack, carrying, note
from tests.integration.identity_cases import signed
from tests.unit.services import submission

if TYPE_CHECKING:
    from tests.hostile.attacks.model import Ground

ITEMS = range(1, 9)
"""The ids of the track's items."""


def probe(*, item: int, perception: float = 3.0) -> bytes:
    """Return a file that is constant but for one item."""
    rows = [{"id": each, "perception": perception + (each == item), "knowledge": float(each % 5)} for each in ITEMS]
    return json.dumps({"track": "S", "predictions": rows}).encode()


def _split_by_notes(ground: Ground) -> str:
    """Send with ``check`` a file for each item, constant but for that item, and compare what is said of them."""
    files = [(f"{item}.json", probe(item=item)) for item in ITEMS]
    outcome = ground.take(carrying(ground, ADA, "check", *files))
    said = ground.sent()[-1].text if outcome == "command" else ""
    told = {
        re.sub(r"[0-9a-f]{64}", "", part).split("\nThe next")[0].strip() for part in re.split(r"\d\.json", said)[1:]
    }
    return "" if len(told) == 1 else f"{len(told)} different answers about {len(files)} items ({outcome})"


def _bare(part: str) -> str:
    """Return what is said of a file without its hash, and without what stands below the last file."""
    return re.sub(r"[0-9a-f]{64}", "", part).split("\nThe next")[0].strip()


def _split_by_scored_files(ground: Ground) -> str:
    """Hand the same files in, one by one, and compare all that is said but the figures."""
    words: Counter[str] = Counter()
    for item in ITEMS:
        words[_said_of(ground, item)] += 1
    return "" if len(words) == 1 else f"{len(words)} different receipts for {len(ITEMS)} files"


def _split_by_files_over_quota(ground: Ground) -> str:
    """Use the week's quota up, hand the same files in, ask for the status after each, and compare all that is said."""
    ground.take(submission("First", To=ground.us))
    words: Counter[str] = Counter()
    for item in ITEMS:
        told = _said_of(ground, item)
        ground.take(note(ground, ADA, "status", Message_ID=f"<status{item}@x>"))
        listed = re.sub(r"(S \S+ over quota not scored [^)]*\) )\1+", r"\1", _bare_words(ground))  # a row for each
        words[told + listed] += 1
    ((scored,),) = ground.rows("SELECT count(DISTINCT submission_id) FROM scores")
    return "" if (len(words), scored) == (1, 1) else f"{len(words)} different answers, {scored} scores"


def _said_of(ground: Ground, item: int, sender: str = ADA) -> str:
    """Hand a probe of an item in; return what is said of it but the figures."""
    ground.take(carrying(ground, sender, "siqa-s", (f"{item}.json", probe(item=item)), Message_ID=f"<probe{item}@x>"))
    return _bare_words(ground)


def _split_by_disputes(ground: Ground) -> str:
    """Dispute the scores of probes, three a team, and compare the answers: six of eight items are of both parts."""
    words: Counter[str] = Counter()
    for item in ITEMS[:6]:
        team, domain = (ADA, "peepers.example") if item <= 3 else (CARL, "muenster.example")
        _said_of(ground, item, team)
        disputed = note(ground, team, f"dispute S-{item}: it is too low", Message_ID=f"<dispute{item}@x>")
        ground.take(signed(disputed, domain))
        (told,) = [mail.text for mail in ground.sent()[-2:] if mail.to == team]
        words[_without_figures(re.sub(r"Hello .*?\byour", "", told, flags=re.DOTALL))] += 1
    ((kept,),) = ground.rows("SELECT count(*) FROM disputes")
    return "" if (len(words), kept) == (1, 6) else f"{len(words)} different answers to {kept} disputes"


def _bare_words(ground: Ground) -> str:
    """Return what was mailed last, but the figures."""
    told = " ".join(ground.sent()[-1].text.split())
    told = re.sub(r" It replaces [^:]+: the latest accepted one counts\.", "", told)  # says the figures in words
    return _without_figures(told)


DAY = r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d+ [A-Z][a-z]{2}\b"


def _without_figures(text: str) -> str:
    """Return a text without its dates, which change while an attack is played, hashes and numbers."""
    return re.sub(rf"{DAY}|[0-9a-f]{{16,}}|[\d.,-]+", "", " ".join(text.split()))


def _unseen_series(ground: Ground) -> str:
    """Probe items one by one through two teams, and hope that the organizers see nothing of it."""
    ground.take(carrying(ground, CARL, "siqa-s", ("base.json", probe(item=0)), Message_ID="<base@x>"))
    for item in (1, 2, 3):
        _said_of(ground, item)
    folder = folder_of(ground, lambda _: None)
    done = typed("similar", "--json", folder=folder)
    shutil.rmtree(folder.parent)
    longest = max((row["series"] or 0 for row in json.loads(done.out or "[]")), default=0)
    return "" if longest == 4 else f"a series of {longest} files is shown, of 4"


ATTACKS = (
    Attack(name="split-told-by-notes-of-check", play=_split_by_notes, config={"split": {"public": 0.5}}),
    Attack(
        name="split-told-by-notes-of-receipts",
        play=_split_by_scored_files,
        config={"split": {"public": 0.5}, "quota": {"per_week": 20}, "replies": {"per_address_hour": 100}},
    ),
    Attack(
        name="split-told-by-files-over-quota",
        play=_split_by_files_over_quota,
        config={"split": {"public": 0.5}, "quota": {"per_week": 1}, "replies": {"per_address_hour": 100}},
    ),
    Attack(
        name="split-told-by-disputes",
        play=_split_by_disputes,
        config={"split": {"public": 0.5}, "quota": {"per_week": 20}, "replies": {"per_address_hour": 100}},
    ),
    Attack(name="probes-of-one-item-by-two-teams", play=_unseen_series, config={"quota": {"per_week": 20}}),
)
