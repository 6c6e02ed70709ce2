"""Rescore all submissions of a track from the column store: new scores beside the old, no new submission.

Scores are entered in chunks, each a transaction: whoever is interrupted goes on where it stood.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.board import rank_changes
from mailbot.errors import Permanent, Temporary
from mailbot.ledger import events, scores, submissions
from mailbot.ledger.scores import Score, Version
from mailbot.ledger.submissions import receipt
from mailbot.letters.rescored import Correction

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from mailbot.board.rank_changes import Change
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


def tell(service: Service, *, track: str | None = None) -> int:
    """Queue a mail to each team whose standing has another score by the present version; return how many are new.

    Whoever was told of this version before, wants no letters, or has no address that takes mail is skipped.
    """
    changed = [each for each in changes(service) if None not in each.scores]
    before, told = versions_before(service), 0
    for name, version in service.ranking.versions.items():
        own = [each for each in changed if each.table == name and each.scores[0] != each.scores[1]]
        if own and track in {None, name} and before[name] != version:
            correction = Correction(
                version=version,
                changes=_scored_by(service, before[name], own),
                why=" / ".join(reasons(service, before[name])),
            )
            told += service.rescored_letters.queue(correction)
    return told


def _scored_by(service: Service, before: Version, changed: Sequence[Change]) -> list[Change]:
    """Leave out teams whose submission that counts came after the change: its own reply told its score."""
    numbers = {each.team: submissions.id_of(each.after.receipt) for each in changed if each.after}
    with service.ledger.read() as tx:
        known = scores.scored(tx, before, set(numbers.values()))
    return [each for each in changed if numbers[each.team] in known]


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
    return rank_changes.compared(ranking.board_by(tx, before, now), ranking.board_by(tx, ranking.versions, now))


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
