"""Score accepted submissions by other labels than those they were scored by; the old scores are kept.

An organizer does so after a correction (:mod:`mailbot.operations.rescore`). What carries over into a phase with labels
of its own is scored by itself, at the instant of the switch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from mailbot.config.stages import stage_at
from mailbot.errors import Temporary
from mailbot.evaluation.scorer_versions import by_own
from mailbot.ledger import events, scores
from mailbot.ledger.scores import Scores
from mailbot.ledger.submissions import receipt
from mailbot.system import journal
from scoring.declaration.owned import named_scorer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from mailbot.board.ranking import Ranking
    from mailbot.config.stages import Stage
    from mailbot.evaluation.backfill import Backfill
    from mailbot.ledger import Tx
    from mailbot.ledger.scores import Accepted, Version
    from scoring.labels.truth import Truth

CHUNK = 5_000
"""So many scores are entered in one transaction."""

OWN_CHUNK = 50
"""So many of those that a scorer of one's own computes, file by file, while those of the next ones are under way."""


@dataclass(frozen=True, kw_only=True)
class Aim:
    """Submissions of a track that are to have a score by one truth, and have none yet."""

    truth: Truth
    version: Version
    rows: Sequence[Accepted]


def aims(ranking: Ranking, tx: Tx, stage: Stage, tracks: Sequence[str]) -> list[Aim]:
    """Return what lacks a score in a stage: by the truths that decide in the end, then by those of replies.

    In that order the scores of replies are the newest.
    """
    loaded, found = ranking.labels.of_stage(stage.key), []
    for name in tracks:
        both = (loaded.final[name], loaded.public[name])
        for truth in {truth.sha256: truth for truth in both}.values():
            scorer = truth.track.scorer
            version = replace(ranking.versions_in(stage)[name], truth=truth.sha256, scorer=scorer)
            found.append(Aim(truth=truth, version=version, rows=scores.accepted(tx, name, lacking=version)))
    return found


def computed(backfill: Backfill, truth: Truth, rows: Sequence[Accepted]) -> Iterator[Scores]:
    """Yield what submissions score by a truth, bit for bit as ``scoring.scores.evaluate`` scores them.

    They come in chunks, each for one transaction; no more is held than one of them, and the files under way.

    Raises:
        Permanent: a submission cannot be scored by these labels.
        Temporary: the store or the ledger cannot be used now.
    """
    if truth.track.own:
        found = by_own(backfill.evaluator, truth, backfill.files.few_at_a_time(rows))
        while chunk := list(islice(found, OWN_CHUNK)):
            yield Scores.of(chunk)
        return
    for start in range(0, len(rows), CHUNK):
        yield _by_columns(backfill, truth, rows[start : start + CHUNK])


def _by_columns(backfill: Backfill, truth: Truth, rows: Sequence[Accepted]) -> Scores:
    backfill.complete(truth, rows)
    stacked = backfill.columns.stacks(truth, [row.id for row in rows])
    if len(stacked.ids) < len(rows):
        message = "the column store was deleted meanwhile; try again"
        raise Temporary(message)
    found = backfill.evaluator.again(stacked.stacks, truth)
    figures = {name: column.tolist() for name, column in found.figures.items()}
    return Scores(submission_ids=stacked.ids, values=found.scores.tolist(), metrics=figures)


def enter(tx: Tx, aim: Aim, found: Scores, now: datetime) -> None:
    """Enter scores, and in the audit trail whose they are."""
    count = scores.add_many(tx, aim.version, found, n=aim.truth.n, now=now)
    if count:
        first, last = (receipt(found.submission_ids[place]) for place in (0, -1))
        told = {"truth": aim.version.truth, "scorer": aim.version.scorer, "first": first, "last": last, "count": count}
        events.append(tx, kind="rescored", subject=aim.version.track, now=now, **told)


def carry_over(ranking: Ranking, now: datetime) -> bool:
    """Score what carries over into the present stage by its labels; tell whether anything did.

    What has a score by earlier labels of this stage is left: an organizer has corrected them, and decides when.
    """
    stage = stage_at(ranking.challenge.stages, now)
    if not stage.carries:
        return False
    ranking.labels.refresh()
    with ranking.ledger.read() as tx:
        found = [_carried(ranking, tx, aim, stage) for aim in aims(ranking, tx, stage, list(ranking.challenge.tracks))]
    for aim in found:
        for values in computed(ranking.backfill, aim.truth, aim.rows):
            with ranking.ledger.write("carry-over") as tx:
                enter(tx, aim, values, now)
        if aim.rows:
            journal.event("carried-over", track=aim.version.track, submissions=len(aim.rows))
    return any(aim.rows for aim in found)


def _carried(ranking: Ranking, tx: Tx, aim: Aim, stage: Stage) -> Aim:
    """Leave out what has a score by any labels that were ever active in a stage."""
    ids = {row.id for row in aim.rows}
    for choice, truth in ranking.labels.history(aim.version.track, stage.key):
        scorer = named_scorer(aim.version.scorer, choice.scorer) if choice.scorer else aim.version.scorer
        ids -= scores.scored(tx, replace(aim.version, truth=truth, scorer=scorer), ids)
    return replace(aim, rows=[row for row in aim.rows if row.id in ids])
