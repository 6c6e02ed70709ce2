"""Rescore all submissions of a track from the column store: new scores beside the old, no new submission.

Scores are entered in chunks, each a transaction: whoever is interrupted goes on where it stood.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mailbot.board import rank_changes
from mailbot.errors import Permanent, Temporary
from mailbot.evaluation.scorer_versions import by_own
from mailbot.ledger import events, scores, submissions
from mailbot.ledger.scores import Score, Version
from mailbot.ledger.submissions import receipt
from mailbot.letters.rescored import Correction
from scoring.declaration.owned import named_scorer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from mailbot.board.model import Row
    from mailbot.board.rank_changes import Change
    from mailbot.config.stages import Stage
    from mailbot.ledger import Tx
    from mailbot.ledger.scores import Accepted
    from mailbot.service import Service
    from scoring.labels.truth import Truth

CHUNK = 5_000
"""So many scores are entered in one transaction."""

OWN_CHUNK = 50
"""So many of those that a scorer of one's own computes, file by file."""


@dataclass(frozen=True, kw_only=True)
class Aim:
    """Submissions of a track that are to have a score by one truth, and have none yet."""

    truth: Truth
    version: Version
    rows: Sequence[Accepted]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is left to be scored, and what the board is by until it is."""

    aims: Sequence[Aim]
    #: By track. Where nothing is to be scored, the present version.
    before: Mapping[str, Version]
    #: The only submission to be scored, whatever others lack.
    alone: int | None = None
    #: Whose board it changes.
    stage: Stage

    @property
    def submissions(self) -> int:
        """How many submissions get a new score."""
        return len({row.id for aim in self.aims for row in aim.rows})

    @property
    def steps(self) -> int:
        """How many scores are to be computed."""
        return sum(len(aim.rows) for aim in self.aims)


def plan(
    service: Service, *, track: str | None = None, submission_id: int | None = None, stage: Stage | None = None
) -> Plan:
    """Return what is left to be scored by the truths in force: those of replies, and those that decide in the end.

    Of a stage: without one that of the submission, else the first where something is left, else the present one.
    Raises Permanent for a track that there is not, or a submission that is not accepted.
    """
    service.labels.refresh()
    stage = stage or _stage_of(service, submission_id)
    if track is not None and track not in service.challenge.tracks:
        message = f"there is no track {track}; the config has {', '.join(service.challenge.tracks)}"
        raise Permanent(message)
    tracks = [track] if track else list(service.challenge.tracks)
    with service.ledger.read() as tx:
        if submission_id is not None:
            _verify_accepted(tx, tracks, submission_id)
        aims = [_aim(tx, truth, stage, submission_id) for name in tracks for truth in _truths(service, name, stage)]
    touched = {aim.version.track for aim in aims if aim.rows}
    before = {
        name: version if name in touched else service.ranking.versions_in(stage)[name]
        for name, version in versions_before(service, stage).items()
    }
    return Plan(aims=aims, before=before, alone=submission_id, stage=stage)


def _stage_of(service: Service, submission_id: int | None) -> Stage:
    if submission_id is None:
        present, stages, ranking = service.ranking.stage, service.challenge.stages, service.ranking
        with service.ledger.read() as tx:
            begun = stages[: stages.index(present) + 1]
            return next((each for each in begun if ranking.lacking(tx, ranking.versions_in(each))), present)
    with service.ledger.read() as tx:
        row = next(iter(submissions.listing(tx, submission_id=submission_id)), None)
    return service.challenge.stage_of(row.phase if row else None)


def rescore(service: Service, wanted: Plan) -> Iterator[int]:
    """Score what is left, chunk by chunk; yield how many are done after each.

    Raises:
        Permanent: a submission cannot be scored by the present labels; those before it are.
        Temporary: the store or the ledger cannot be used now.
    """
    for aim in wanted.aims:
        size = OWN_CHUNK if aim.truth.track.own else CHUNK
        for start in range(0, len(aim.rows), size):
            rows = aim.rows[start : start + size]
            found = computed(service, aim.truth, rows)
            with service.ledger.write("rescore") as tx:
                _enter(tx, aim, found, service.clock())
            yield len(rows)


def computed(service: Service, truth: Truth, rows: Sequence[Accepted]) -> list[Score]:
    """Return what submissions score by a truth, bit for bit as ``scoring.scores.evaluate`` scores them; see rescore."""
    if truth.track.own:
        return by_own(service.evaluator, truth, service.files.candidates(rows))
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


def preview(service: Service, wanted: Plan) -> list[Change]:
    """Return every place that would change, and write nothing: the scores are entered and the ledger rolled back."""
    found = [(aim, computed(service, aim.truth, aim.rows)) for aim in wanted.aims]
    with service.ledger.trial() as tx:
        for aim, computed_scores in found:
            _enter(tx, aim, computed_scores, service.clock())
        return _changes(service, tx, wanted)


def changes(service: Service, done: Plan) -> list[Change]:
    """Return every place that a plan has changed, once it is carried out: the same as its preview."""
    with service.ledger.read() as tx:
        return _changes(service, tx, done)


def preview_with(service: Service, made: Truth, stage: Stage) -> list[Change]:
    """Return every place of a stage's board that would change if a truth were chosen and all were scored by it.

    Nothing is written. Raises Permanent when a submission cannot be scored by it.
    """
    public, _ = service.labels.parts_of(made)
    track, ranking = public.track, service.ranking
    present = ranking.versions_in(stage)
    version = replace(present[track.name], truth=public.sha256, scorer=track.scorer)
    with service.ledger.read() as tx:
        rows = scores.accepted(tx, track.name, lacking=version)
        behind = scores.count_lacking(tx, present[track.name])
    before = present | ({track.name: versions_before(service, stage)[track.name]} if behind else {})
    found = computed(service, public, rows)
    with service.ledger.trial() as tx:
        service.labels.enter(tx, public, service.clock())
        scores.add_many(tx, version, found, n=public.n, now=service.clock())
        return _compared(service, tx, before, {**present, track.name: version}, stage)


def tell(service: Service, *, track: str | None = None, stage: Stage | None = None) -> int:
    """Queue a mail to each team whose standing has another score by the present version; return how many teams got one.

    Whoever was told of this version before, wants no letters, or has no address that takes mail is skipped.
    """
    stage = stage or service.ranking.stage
    before, told, present = versions_before(service, stage), set[int](), service.ranking.versions_in(stage)
    with service.ledger.read() as tx:
        found = _compared(service, tx, before, present, stage)
    changed = [each for each in found if None not in each.scores]
    for name, version in present.items():
        own = [each for each in changed if each.table == name and each.scores[0] != each.scores[1]]
        if own and track in {None, name} and before[name] != version:
            correction = Correction(
                version=version,
                changes=_scored_by(service, before[name], own),
                why=" / ".join(reasons(service, before[name], stage)),
            )
            told |= service.rescored_letters.queue(correction)
    return len(told)


def _scored_by(service: Service, before: Version, changed: Sequence[Change]) -> list[Change]:
    """Leave out teams whose submission that counts came after the change: its own reply told its score."""
    numbers = {each.team: submissions.id_of(each.after.receipt) for each in changed if each.after}
    with service.ledger.read() as tx:
        known = scores.scored(tx, before, set(numbers.values()))
    return [each for each in changed if numbers[each.team] in known]


def versions_before(service: Service, stage: Stage) -> dict[str, Version]:
    """Return what the scores of each track were computed by before the present version; the present if by no other."""
    present, final = service.ranking.versions_in(stage), service.labels.of_stage(stage.key).final
    used = {track: {truth for _, truth in service.labels.history(track, stage.key)} for track in present}
    with service.ledger.read() as tx:  # also by an earlier split of the same labels
        told = {track: scores.told(tx, track, stage.within) for track in present}
        return {
            track: scores.most_other(tx, now, ({*used[track], *told[track]} - {final[track].sha256}) | {now.truth})
            or now
            for track, now in present.items()
        }


def reasons(service: Service, before: Version, stage: Stage) -> list[str]:
    """Return why the labels of a track were changed since those of a version, oldest first."""
    found: list[str] = []
    for choice, truth in service.labels.history(before.track, stage.key):
        by = named_scorer(before.scorer, choice.scorer) if choice.scorer else before.scorer
        found = [] if (truth, by) == (before.truth, before.scorer) else [*found, choice.why]
    return list(dict.fromkeys(found))


def _changes(service: Service, tx: Tx, done: Plan) -> list[Change]:
    found = _compared(service, tx, done.before, service.ranking.versions_in(done.stage), done.stage)
    if done.alone is None:
        return found
    name = receipt(done.alone)  # others may lack their scores, so ranks say nothing yet
    own = [each for each in found if each.after and each.after.receipt == name]
    return [replace(each, before=_unranked(each.before), after=_unranked(each.after)) for each in own]


def _unranked(row: Row | None) -> Row | None:
    return replace(row, rank=None) if row else None


def _compared(
    service: Service, tx: Tx, before: Mapping[str, Version], after: Mapping[str, Version], stage: Stage
) -> list[Change]:
    board_by, now = service.ranking.board_by, service.clock()
    return rank_changes.compared(board_by(tx, before, now, stage), board_by(tx, after, now, stage))


def _truths(service: Service, track: str, stage: Stage) -> list[Truth]:
    """Return the truths that scores are wanted by; that of the replies last, so that its scores are the newest."""
    loaded = service.labels.of_stage(stage.key)
    both = (loaded.final[track], loaded.public[track])
    return list({truth.sha256: truth for truth in both}.values())


def _aim(tx: Tx, truth: Truth, stage: Stage, submission_id: int | None) -> Aim:
    track = truth.track
    version = Version(track=track.name, truth=truth.sha256, scorer=track.scorer, within=stage.within)
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
