"""Rescore all submissions of a track from the column store: new scores beside the old, no new submission.

Scores are entered in chunks, each a transaction: whoever is interrupted goes on where it stood.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mailbot.board import rank_changes
from mailbot.board.rescoring import Aim, aims, computed, enter
from mailbot.errors import Permanent
from mailbot.ledger import events, scores, submissions
from mailbot.ledger.submissions import receipt
from scoring.declaration.owned import named_scorer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mailbot.board.model import Row
    from mailbot.board.rank_changes import Change
    from mailbot.config.stages import Stage
    from mailbot.ledger import Tx
    from mailbot.ledger.scores import Version
    from mailbot.service import Service
    from scoring.labels.truth import Truth


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is left to be scored."""

    aims: Sequence[Aim]
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
        every = aims(service.ranking, tx, stage, tracks)
    if submission_id is not None:
        every = [replace(aim, rows=[row for row in aim.rows if row.id == submission_id]) for aim in every]
    return Plan(aims=every, alone=submission_id, stage=stage)


def _stage_of(service: Service, submission_id: int | None) -> Stage:
    if submission_id is None:
        present, stages, ranking = service.ranking.stage, service.challenge.stages, service.ranking
        before = stages[: stages.index(present)]
        with service.ledger.read() as tx:
            return next((each for each in before if ranking.lacking(tx, ranking.versions_in(each))), present)
    with service.ledger.read() as tx:
        row = next(iter(submissions.listing(tx, submission_id=submission_id)), None)
    return service.challenge.stage_of(row.phase if row else None)


def is_final(service: Service, stage: Stage) -> bool:
    """Whether the final results of a stage were published."""
    with service.ledger.read() as tx:
        return events.finished(tx, before=service.clock(), phase=stage.name)


def stage_by(service: Service, track: str, truth: str | None) -> Stage | None:
    """Return the stage that uses a version of a track's labels, the present one before others; None where none does."""
    stages = sorted(service.challenge.stages, key=lambda each: each != service.ranking.stage)
    return next((each for each in stages if service.ranking.versions_in(each)[track].truth == truth), None)


def rescore(service: Service, wanted: Plan) -> Iterator[int]:
    """Score what is left, chunk by chunk; yield how many are done after each.

    Raises:
        Permanent: a submission cannot be scored by the current labels; those before it are.
        Temporary: the store or the ledger cannot be used now.
    """
    for aim in wanted.aims:
        for found in computed(service.backfill, aim.truth, aim.rows):
            with service.ledger.write("rescore") as tx:
                enter(tx, aim, found, service.clock())
            yield len(found.submission_ids)


def preview(service: Service, wanted: Plan) -> list[Change]:
    """Return every place that would change, and write nothing: the scores are entered and the ledger rolled back."""
    with tried(service, wanted) as tx:
        return _changes(service, tx, wanted)


@contextmanager
def tried(service: Service, wanted: Plan) -> Iterator[Tx]:
    """Give a transaction in which a plan is carried out; it is rolled back."""
    found = [(aim, each) for aim in wanted.aims for each in computed(service.backfill, aim.truth, aim.rows)]
    with service.ledger.trial() as tx:
        for aim, computed_scores in found:
            enter(tx, aim, computed_scores, service.clock())
        yield tx


def changes(service: Service, done: Plan) -> list[Change]:
    """Return every place that a plan has changed, once it is carried out: the same as its preview."""
    with service.ledger.read() as tx:
        return _changes(service, tx, done)


@contextmanager
def tried_with(service: Service, made: Truth, stage: Stage) -> Iterator[tuple[Tx, Mapping[str, Version]]]:
    """Give a transaction in which all of a stage is scored by a truth, and the versions then; it is rolled back.

    Raises Permanent when a submission cannot be scored by it.
    """
    public, _ = service.labels.parts_of(made)
    version = _version(service, public, stage)
    with service.ledger.read() as tx:
        rows = scores.accepted(tx, public.track.name, lacking=version)
    found = list(computed(service.backfill, public, rows))
    with service.ledger.trial() as tx:
        service.labels.enter(tx, public, service.clock())
        for each in found:
            scores.add_many(tx, version, each, n=public.n, now=service.clock())
        yield tx, {**service.ranking.versions_in(stage), public.track.name: version}


def changes_with(service: Service, tx: Tx, after: Mapping[str, Version], stage: Stage) -> list[Change]:
    """Return every place of a stage's board that changes, in a transaction of :func:`tried_with`."""
    present, earlier = service.ranking.versions_in(stage), versions_before(service, stage)
    before = {
        name: earlier[name] if version != after[name] and scores.count_lacking(tx, version) else version
        for name, version in present.items()
    }
    return compared(service, tx, before, after, stage)


def is_scored_by(service: Service, made: Truth, stage: Stage) -> bool:
    """Whether no submission lacks its score by a truth, so that a stage's board follows at once when it is chosen."""
    public, _ = service.labels.parts_of(made)
    with service.ledger.read() as tx:
        return not scores.count_lacking(tx, _version(service, public, stage))


def _version(service: Service, public: Truth, stage: Stage) -> Version:
    present = service.ranking.versions_in(stage)[public.track.name]
    return replace(present, truth=public.sha256, scorer=public.track.scorer)


def versions_before(service: Service, stage: Stage) -> dict[str, Version]:
    """Return what the scores of each track were computed by before the present version; the present if by no other."""
    present, final = service.ranking.versions_in(stage), service.labels.of_stage(stage.key).final
    used = {track: [truth for _, truth in service.labels.history(track, stage.key)] for track in present}
    with service.ledger.read() as tx:  # also by an earlier split of the same labels
        told = {track: scores.told(tx, track, stage.within) for track in present}
        return {
            track: scores.most_other(
                tx, now, [each for each in (*told[track], *used[track]) if each != final[track].sha256] + [now.truth]
            )
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
    present, touched = service.ranking.versions_in(done.stage), {aim.version.track for aim in done.aims if aim.rows}
    earlier = versions_before(service, done.stage)
    before = {name: earlier[name] if name in touched else version for name, version in present.items()}
    found = compared(service, tx, before, present, done.stage)
    if done.alone is None:
        return found
    name = receipt(done.alone)  # others may lack their scores, so ranks say nothing yet
    own = [each for each in found if each.after and each.after.receipt == name]
    return [replace(each, before=_unranked(each.before), after=_unranked(each.after)) for each in own]


def _unranked(row: Row | None) -> Row | None:
    return replace(row, rank=None) if row else None


def compared(
    service: Service, tx: Tx, before: Mapping[str, Version], after: Mapping[str, Version], stage: Stage
) -> list[Change]:
    """Return every place that a stage's board has otherwise by other versions of the scores."""
    board_by, now = service.ranking.board_by, service.clock()
    return rank_changes.compared(board_by(tx, before, now, stage), board_by(tx, after, now, stage))


def _verify_accepted(tx: Tx, tracks: Sequence[str], submission_id: int) -> None:
    if not any(row.id == submission_id for track in tracks for row in scores.accepted(tx, track)):
        message = f"{receipt(submission_id)} is not an accepted submission, so it has no score"
        raise Permanent(message)
