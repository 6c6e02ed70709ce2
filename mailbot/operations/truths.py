"""The versions of the labels: making one, finding one, comparing two, and which one scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.errors import Permanent
from mailbot.evaluation.label_files import Given, load_truths
from mailbot.evaluation.labels import Labels
from mailbot.evaluation.scorers import Scorers
from mailbot.ledger import Ledger, is_there, truths
from mailbot.operations import letters, rescore
from scoring.labels.changes import changes, labels_of
from scoring.labels.restrict import without
from scoring.labels.truth import TruthError, load_truth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from mailbot.board.rank_changes import Change
    from mailbot.config.schema import Config
    from mailbot.config.stages import Stage
    from mailbot.ledger import Tx
    from mailbot.ledger.truths import TruthRow
    from mailbot.service import Service
    from scoring.labels.changes import Changes
    from scoring.labels.truth import Truth
    from scoring.model import Track
    from scoring.rows.ids import Id


@dataclass(frozen=True, kw_only=True)
class Period:
    """A time during which one version of a track's labels was in force."""

    since: datetime
    track: str
    truth: str
    items: int
    #: Whether it lasts.
    in_force: bool
    why: str
    #: The stage whose labels they are, by its key.
    stage: str
    #: SHA-256 of the track's own scorer that was in force with them; None where the metrics score.
    scorer: str | None


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What differs in one item between two versions: a column, or whether the item is there and scored."""

    item: Id
    what: str
    #: The labels before and after; None where no label of the item changed.
    old: float | str | None = None
    new: float | str | None = None


def from_file(service: Service, file: Path, track: str | None) -> Truth:
    """Keep a label file and return its truth; without a track, that of the only one it can be labels of.

    Raises Permanent when it cannot be read or used.
    """
    tracks = service.challenge.tracks
    try:
        data = file.read_bytes()
        name = the_track(service, track, lambda each: _is_label_file(data, tracks[each], file.name))
        return service.labels.keep(data, tracks[name], file.name)
    except OSError as error:
        message = f"{file} cannot be read ({error.strerror})"
        raise Permanent(message) from error
    except TruthError as error:
        raise Permanent(
            "\n".join([f"{file} cannot be used:", *(f"  - {p.message}" for p in error.problems)])
        ) from error


def without_items(service: Service, items: Sequence[str], track: str | None, stage: Stage) -> Truth:
    """Return a stage's labels without some items; without a track, of the only one that has them all.

    Raises Permanent.
    """
    whole = service.labels.of_stage(stage.key).whole
    present = whole[the_track(service, track, lambda each: set(items) <= {str(one) for one in whole[each].ids})]
    try:
        return without(present, _ids(present, items))
    except TruthError as error:
        raise Permanent(str(error)) from error


def earlier(service: Service, digits: str, track: str | None) -> Truth:
    """Return the version whose SHA-256 begins with some digits. Raises Permanent unless there is exactly one."""
    return service.labels.version(_version(service, digits, track))


MANY, SWAPPED = 0.05, 2
"""More changed answers than this share, and than two that were swapped, are more likely a mistake: the wrong file."""


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What making a version of the labels active would bring about."""

    before: Truth
    made: Truth
    found: Changes
    #: The stage whose labels it would be.
    stage: Stage
    #: Every place that would change once all submissions are rescored; None when some cannot be.
    places: Sequence[Change] | None
    #: How many teams `mailbot rescore --tell` would write to then.
    letters: int
    #: Why they cannot.
    obstacle: str = ""
    #: Whether all were scored by it before, so that the board follows at once.
    at_once: bool = False

    @property
    def other_scorer(self) -> bool:
        """Whether it is the track's own scorer that changes."""
        return self.made.track.scorer != self.before.track.scorer

    @property
    def other_items(self) -> bool:
        """Whether the label file has other items, so that right files of teams would become wrong."""
        return bool(self.found.new or self.found.gone)

    @property
    def many(self) -> bool:
        """Whether more answers changed than :data:`MANY` and :data:`SWAPPED` allow."""
        answers = sum(map(len, self.found.changed.values()))
        return answers > max(SWAPPED, MANY * len(self.before.ids) * len(self.before.values))

    @property
    def rank_moves(self) -> int:
        """How many ranks change, over all tables."""
        return sum(place.ranks[0] != place.ranks[1] for place in self.places or ())


def effect(service: Service, made: Truth, stage: Stage) -> Effect:
    """Return what making a truth active in a stage would change, writing nothing.

    Raises Permanent when it is active already.
    """
    name = made.track.name
    before = service.labels.of_stage(stage.key).whole[name]
    if (made.sha256, made.track.scorer) == (before.sha256, before.track.scorer):
        message = f"these labels are already active for {name}: nothing to do"
        raise Permanent(message)
    found = changes(before, made)
    told, places, obstacle = 0, None, "the teams' files have other items" if found.new or found.gone else ""
    at_once = rescore.is_scored_by(service, made, stage)
    if not obstacle:
        try:
            with rescore.tried_with(service, made, stage) as (tx, after):
                places = rescore.changes_with(service, tx, after, stage)
                told = letters.count_rescored(service, tx, after, stage)
        except Permanent as error:
            obstacle = str(error)
    return Effect(
        before=before, made=made, found=found, stage=stage, places=places, letters=told, obstacle=obstacle,
        at_once=at_once,
    )  # fmt: skip


def history(tx: Tx) -> list[Period]:
    """Return every version that was in force, in the order in which they were chosen."""
    known = {(row.track, row.sha256): row for row in truths.listing(tx)}
    chosen = truths.choices(tx)
    last = {(choice.stage, choice.track): choice.id for choice in chosen}
    scorers: dict[str, str] = {}
    found: list[Period] = []
    for choice in chosen:
        if choice.scorer:
            scorers[choice.track] = choice.scorer
        found.append(
            Period(
                since=choice.chosen_at,
                track=choice.track,
                truth=choice.truth,
                items=known[choice.track, choice.truth].n,
                in_force=choice.id == last[choice.stage, choice.track],
                why=choice.why,
                stage=choice.stage,
                scorer=scorers.get(choice.track),
            )
        )
    return found


def two(service: Service, old: str | None, new: str | None, track: str | None, stage: Stage) -> tuple[Truth, Truth]:
    """Return the two versions to compare: those named by digits, else the last two that were in force.

    Raises Permanent.
    """
    if old and new:
        return earlier(service, old, track), earlier(service, new, track)
    name = the_track(service, track, lambda each: len(service.labels.history(each, stage.key)) > 1)
    after = service.labels.of_stage(stage.key).whole[name]
    if old:
        return earlier(service, old, name), after
    others = [c.truth for c, _ in service.labels.history(name, stage.key) if c.truth != after.sha256]
    if not others:
        message = f"{name} has had no other labels yet"
        raise Permanent(message)
    return earlier(service, others[-1], name), after


def differences(before: Truth, after: Truth) -> Iterator[Difference]:
    """Yield what differs between two versions, item by item."""
    found = changes(before, after)
    for what, items in (
        ("new", found.new),
        ("gone", found.gone),
        ("withdrawn", found.withdrawn),
        ("scored again", found.restored),
    ):
        yield from (Difference(item=item, what=what) for item in items)
    for column, items in found.changed.items():
        for item in items:
            old, new = labels_of(before, item)[column], labels_of(after, item)[column]
            yield Difference(item=item, what=column, old=old, new=new)


def in_force(config: Config, track: Track, stage: Stage) -> Truth:
    """Return the labels of a track in a stage that the ledger calls present; without a ledger, the config's file.

    Raises ConfigError when that file cannot be used.
    """
    files = _own_files(config, track.name, stage)
    given = {key: {track.name: _given(path, track)} for key, path in files.items()}
    if not is_there(config.ledger):
        return Scorers.of(config).applied(given[next(reversed(given))][track.name].truth)
    ledger = Ledger(config.ledger)
    try:
        labels = Labels(ledger, config.state, given, stages=config.stages, scorers=Scorers.of(config))
        labels.refresh()
        return labels.of_stage(stage.key).public[track.name]
    finally:
        ledger.close()


def _own_files(config: Config, track: str, until: Stage) -> dict[str, Path]:
    """Return the label files of a track by the key of their stage, up to one stage."""
    keys = [each.key for each in config.stages]
    stages = config.stages[: keys.index(until.key) + 1]
    return {each.key: each.labels[track] for each in stages if track in each.labels}


def _given(path: Path, track: Track) -> Given:
    return Given(path=path, truth=load_truths({track.name: path}, {track.name: track})[track.name])


def the_track(service: Service, asked: str | None, fits: Callable[[str], bool]) -> str:
    """Return the track asked for; unless one is, the only one there is, or the only one that fits. Raises Permanent."""
    tracks = service.challenge.tracks
    if asked is not None and asked in tracks:
        return asked
    fitting = [each for each in tracks if len(tracks) == 1 or fits(each)] if asked is None else []
    if len(fitting) == 1:
        return fitting[0]
    message = f"--track: name one of {', '.join(tracks)}"
    raise Permanent(message)


def _is_label_file(data: bytes, track: Track, name: str) -> bool:
    """Tell whether a file can be labels of a track."""
    try:
        load_truth(data, track, name)
    except TruthError:
        return False
    return True


def _ids(present: Truth, items: Sequence[str]) -> list[Id]:
    """Read ids as the labels have them: whole numbers, or words. Raises Permanent."""
    numbers = isinstance(present.ids[0], int)
    wrong = [item for item in items if numbers and not item.isdecimal()]
    if wrong:
        message = f"{', '.join(wrong)}: the ids of {present.track.title} are whole numbers"
        raise Permanent(message)
    return [int(item) if numbers else item for item in items]


def _version(service: Service, digits: str, track: str | None) -> TruthRow:
    """Find the version whose SHA-256 begins with some digits. Raises Permanent unless there is exactly one."""
    with service.ledger.read() as tx:
        rows = [row for row in truths.listing(tx) if row.sha256.startswith(digits.lower())]
    found = [row for row in rows if track is None or row.track == track]
    if len(found) != 1:
        message = f"{digits!r} names {len(found)} versions; `mailbot truth list` shows them"
        raise Permanent(message)
    return found[0]
