"""Score all submissions of a track again, from the column store: new scores beside the old, never a new submission.

Scores are entered in chunks, each a transaction: whoever is interrupted goes on where it stood.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.errors import Permanent, Temporary
from mailbot.ledger import events, scores
from mailbot.ledger.scores import Score, Version
from mailbot.ledger.submissions import receipt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from mailbot.board.model import Board, Row
    from mailbot.ledger import Tx
    from mailbot.ledger.scores import Accepted
    from mailbot.service import Service
    from scoring.truth import Truth

CHUNK = 5_000
"""So many scores are entered in one transaction."""


@dataclass(frozen=True, kw_only=True)
class Aim:
    """Submissions of a track that are to have a score by one truth, and have none yet."""

    truth: Truth
    version: Version
    rows: Sequence[Accepted]


@dataclass(frozen=True, kw_only=True)
class Change:
    """A team's place in one table, before and after; None where it had or has none."""

    #: ``overall`` or the track's name.
    table: str
    team: str
    before: Row | None
    after: Row | None

    @property
    def ranks(self) -> tuple[int | None, int | None]:
        """Its rank before and after."""
        return (self.before.rank if self.before else None, self.after.rank if self.after else None)

    @property
    def scores(self) -> tuple[float | None, float | None]:
        """Its score before and after, rounded as shown."""
        return (self.before.score if self.before else None, self.after.score if self.after else None)


def aims(service: Service, *, track: str | None = None, submission_id: int | None = None) -> list[Aim]:
    """Return what is left to be scored by the truths in force: those of replies, and those that decide in the end.

    Raises Permanent for a track that there is not, or a submission that is not accepted.
    """
    service.labels.refresh()
    if track is not None and track not in service.challenge.tracks:
        message = f"there is no track {track}; the config has {', '.join(service.challenge.tracks)}"
        raise Permanent(message)
    tracks = [track] if track else list(service.challenge.tracks)
    with service.ledger.read() as tx:
        if submission_id is not None:
            _verify_accepted(tx, tracks, submission_id)
        return [_aim(tx, truth, submission_id) for name in tracks for truth in _truths(service, name)]


def rescore(service: Service, wanted: Sequence[Aim]) -> Iterator[int]:
    """Score what is left, chunk by chunk; yield how many are done after each.

    Raises:
        Permanent: a submission cannot be scored by the present labels; those before it are.
        Temporary: the store or the ledger cannot be used now.
    """
    for aim in wanted:
        for start in range(0, len(aim.rows), CHUNK):
            rows = aim.rows[start : start + CHUNK]
            found = computed(service, aim.truth, rows)
            with service.ledger.write("rescore") as tx:
                _enter(tx, aim, found, service.clock())
            yield len(rows)


def computed(service: Service, truth: Truth, rows: Sequence[Accepted]) -> list[Score]:
    """Return what submissions score by a truth, bit for bit as :func:`scoring.evaluate.evaluate`; see rescore."""
    service.backfill.complete(truth, rows)
    stacked = service.columns.stacks(truth, [row.id for row in rows])
    if len(stacked.ids) < len(rows):
        message = "the column store was deleted meanwhile; try again"
        raise Temporary(message)
    if not rows:
        return []
    found = service.evaluator.again(stacked.stacks, truth)
    figures = zip(*(column.tolist() for column in found.figures.values()), strict=True)
    return [
        Score(submission_id=each, value=value, metrics=dict(zip(found.figures, row, strict=True)))
        for each, value, row in zip(stacked.ids, found.scores.tolist(), figures, strict=True)
    ]


def preview(service: Service, wanted: Sequence[Aim]) -> list[Change]:
    """Return every place that would change, and write nothing: the scores are entered and the ledger rolled back."""
    found = [(aim, computed(service, aim.truth, aim.rows)) for aim in wanted]
    touched = {aim.version.track for aim in wanted if aim.rows}
    before = {
        track: version if track in touched else service.ranking.versions[track]
        for track, version in versions_before(service).items()
    }
    with service.ledger.trial() as tx:
        for aim, computed_scores in found:
            _enter(tx, aim, computed_scores, service.clock())
        return _changes(service, tx, before)


def changes(service: Service) -> list[Change]:
    """Return every place that differs from what it is by the scores before the present labels and formulas."""
    before = versions_before(service)
    with service.ledger.read() as tx:
        return _changes(service, tx, before)


def versions_before(service: Service) -> dict[str, Version]:
    """Return what the scores of each track were computed by before the present version; the present if by no other."""
    present = service.ranking.versions
    used = {track: {truth for _, truth in service.labels.history(track)} for track in present}
    with service.ledger.read() as tx:
        return {track: scores.most_other(tx, now, {now.truth, *used[track]}) or now for track, now in present.items()}


def reasons(service: Service, before: Version) -> list[str]:
    """Return why the labels of a track were changed since those of a version, oldest first."""
    found: list[str] = []
    for choice, truth in service.labels.history(before.track):
        found = [] if truth == before.truth else [*found, choice.why]
    return list(dict.fromkeys(found))


def _changes(service: Service, tx: Tx, before: Mapping[str, Version]) -> list[Change]:
    ranking, now = service.ranking, service.clock()
    return compared(ranking.board_by(tx, before, now), ranking.board_by(tx, ranking.versions, now))


def compared(before: Board, after: Board) -> list[Change]:
    """Return the teams whose rank or score differs between two boards, in the order of the later one."""
    old, new = (
        {(t.key, r.team): r for t in board.tables for r in t.rows if not r.baseline} for board in (before, after)
    )
    places = [
        Change(table=key[0], team=key[1], before=old.get(key), after=new.get(key))
        for key in dict.fromkeys([*new, *old])
    ]
    return [each for each in places if each.ranks[0] != each.ranks[1] or each.scores[0] != each.scores[1]]


def _truths(service: Service, track: str) -> list[Truth]:
    """Return the truths that scores are wanted by; that of the replies last, so that its scores are the newest."""
    both = (service.labels.final[track], service.labels[track])
    return list({truth.sha256: truth for truth in both}.values())


def _aim(tx: Tx, truth: Truth, submission_id: int | None) -> Aim:
    track = truth.track
    version = Version(track=track.name, truth=truth.sha256, scorer=track.scorer)
    rows = scores.accepted(tx, track.name, lacking=version)
    return Aim(
        truth=truth, version=version, rows=[row for row in rows if submission_id is None or row.id == submission_id]
    )


def _verify_accepted(tx: Tx, tracks: Sequence[str], submission_id: int) -> None:
    if not any(row.id == submission_id for track in tracks for row in scores.accepted(tx, track)):
        message = f"{receipt(submission_id)} is no accepted submission, so it has no score"
        raise Permanent(message)


def _enter(tx: Tx, aim: Aim, found: Sequence[Score], now: datetime) -> None:
    """Enter scores, and in the audit trail whose they are."""
    count = scores.add_many(tx, aim.version, found, n=aim.truth.n, now=now)
    if count:
        events.append(
            tx,
            kind="rescored",
            subject=aim.version.track,
            now=now,
            truth=aim.version.truth,
            scorer=aim.version.scorer,
            first=receipt(found[0].submission_id),
            last=receipt(found[-1].submission_id),
            count=count,
        )
