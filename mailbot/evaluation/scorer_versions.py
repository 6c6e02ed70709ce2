"""Another version of a track's own scorer: found, brought into force as new labels are, and every file scored by it."""

from __future__ import annotations

import ast
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from mailbot.errors import Permanent
from mailbot.evaluation.evaluator import Job, OwnScorerFailed
from mailbot.evaluation.scorers import AWAITING, with_source
from mailbot.ledger import mails, truths
from mailbot.ledger.scores import Score

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from mailbot.evaluation.evaluator import Evaluator
    from mailbot.evaluation.labels import Labels
    from mailbot.ledger import Ledger
    from mailbot.ledger.scores import Accepted
    from mailbot.mail.open import Candidate
    from scoring.labels.truth import Truth

FEWEST_DIGITS = 8
"""Of a SHA-256, so that it is not taken for the name of a file."""


def another(labels: Labels, ledger: Ledger, file: str, track: str) -> Truth:
    """Return a track's present labels with another version of its own scorer: a file, or one kept, by its SHA-256.

    The file is kept. Raises Permanent when there is none, or the track has no scorer of its own.
    """
    present = labels.whole[track]
    if present.track.own is None:
        message = f"{track} has no scorer of its own; the config names one as tracks.{track}.scorer"
        raise Permanent(message)
    with ledger.read() as tx:
        chosen = {each.scorer for each in truths.choices(tx) if each.track == track and each.scorer}
    known = [each for each in chosen if len(file) >= FEWEST_DIGITS and each.startswith(file.lower())]
    try:
        source = labels.scorers.load(track, known[0]) if len(known) == 1 else Path(file).read_bytes()
    except OSError as error:
        message = f"{file} cannot be read ({error.strerror}), and names no version of the scorer of {track}"
        raise Permanent(message) from error
    made = with_source(present, source)
    if not any(isinstance(node, ast.FunctionDef) and node.name == "score" for node in _parsed(file, source).body):
        message = f"{file} has no function score(prediction, labels); docs/scoring/own-scorer.md shows one"
        raise Permanent(message)
    labels.scorers.keep(source)
    return made


def _parsed(file: str, source: bytes) -> ast.Module:
    """Parse a scorer; nothing of it is run. Raises Permanent."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError) as error:
        message = f"{file} is not Python: {error}"
        raise Permanent(message) from error


def put_in_force(labels: Labels, ledger: Ledger, made: Truth, why: str, now: datetime, *, stage: str) -> int:
    """Make a truth the present one of a stage, and its scorer that of all; return how many mails had waited for one.

    These are due now.
    """
    labels.choose(made, why, now, stage=stage)
    with ledger.write("scorer-mails") as tx:
        return mails.hasten(tx, AWAITING, now) if made.track.own else 0


def by_own(evaluator: Evaluator, truth: Truth, files: Iterable[tuple[Accepted, Candidate]]) -> Iterator[Score]:
    """Yield the scores of submissions by their track's own scorer, in order; no more files are held than are scored.

    Raises Permanent when it fails, or refuses one.
    """
    pool, under_way = ThreadPoolExecutor(evaluator.at_once), deque[Future[Score]]()
    try:
        for each in files:
            under_way.append(pool.submit(_scored, evaluator, truth, *each))
            if len(under_way) >= evaluator.at_once:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # those under way end with their children


def _scored(evaluator: Evaluator, truth: Truth, row: Accepted, file: Candidate) -> Score:
    try:
        found = evaluator.owned(Job(name=file.name, data=file.data, hint=row.track), truth)
    except OwnScorerFailed as failed:
        message = f"{row.receipt}: {failed}\n{failed.trace}"
        raise Permanent(message) from failed
    if found.score is None:
        told = "; ".join(problem.message for problem in found.problems)
        message = f"{row.receipt} was accepted, but cannot be scored now: {told}"
        raise Permanent(message)
    return Score(submission_id=row.id, value=found.score, metrics=dict(found.metrics))
