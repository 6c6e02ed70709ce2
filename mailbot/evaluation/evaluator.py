"""The one seam that every evaluation goes through: a mail's, a rescore's, and that of a score held to its word.

A job is a file as bytes and the names of the labels that it is evaluated by; what comes back is its evaluation and its
values. A worker is given labels once, at its start, and finds them by their SHA-256. It needs no password, ledger or
spool, so that a cluster can take the place of the local children: another class that does what :class:`Evaluator` says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from mailbot.errors import Temporary
from mailbot.evaluation.workbooks import plain
from mailbot.model import Judged
from scoring import reference, stack
from scoring.evaluate import Evaluated, evaluate, evaluated_any, evaluation_of, laid_of
from scoring.model import Evaluation, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mailbot.mail.open import Candidate
    from mailbot.system.sandbox import Sandbox, Task
    from scoring.stack import Key, Rescored, Stack
    from scoring.truth import Truth


@dataclass(frozen=True, kw_only=True)
class Job:
    """A file to be evaluated."""

    name: str
    data: bytes
    #: A track that the mail's subject names; it only decides where the file leaves it open.
    hint: str | None = None
    #: SHA-256 of the labels of each track; whoever takes the job sets them.
    truths: tuple[str, ...] = ()


class Pending(Protocol):
    """An evaluation under way."""

    def result(self) -> Evaluated:
        """Wait for it. Raises Temporary when its worker died, or does not have the labels."""


class Evaluator(Protocol):
    """Whatever evaluates."""

    def start(self, job: Job) -> Pending:
        """Begin to evaluate a file by the labels in force; several may be under way."""

    def twice(self, job: Job, truth: Truth) -> tuple[Evaluation, Evaluation]:
        """Evaluate a file by any labels, by our kernels and by the reference. Raises Temporary when a worker died."""

    def kept(self, values: Mapping[str, bytes], truth: Truth) -> Evaluation:
        """Evaluate the values of a file, checked before, by other labels of the same items."""

    def again(self, stacks: Mapping[Key, Stack], truth: Truth) -> Rescored:
        """Score the kept columns of many submissions by other labels of the same items."""


class InChildren:
    """Evaluates files in the sandbox's children, which :func:`hold` gave the labels to.

    What a team wrote is read only there. Columns hold checked numbers, so they are evaluated in this process, where
    they lie; and so the private part of a split is in no child.
    """

    def __init__(self, sandbox: Sandbox, labels: Mapping[str, Truth]) -> None:
        """Use the children of this sandbox; ``labels`` are those in force, whenever they are looked at."""
        self._sandbox, self._labels = sandbox, labels

    def start(self, job: Job) -> Pending:
        """See Evaluator."""
        named = replace(job, truths=tuple(truth.sha256 for truth in self._labels.values()))
        return _Started(self._sandbox.submit(_evaluate, named))

    def twice(self, job: Job, truth: Truth) -> tuple[Evaluation, Evaluation]:
        """See Evaluator."""
        return self._sandbox.submit(_both_ways, job, truth).result()

    def kept(self, values: Mapping[str, bytes], truth: Truth) -> Evaluation:
        """See Evaluator."""
        return evaluation_of(laid_of(values, truth), truth)

    def again(self, stacks: Mapping[Key, Stack], truth: Truth) -> Rescored:
        """See Evaluator."""
        return stack.rescored(stacks, truth)


@dataclass(frozen=True)
class _Started:
    """An evaluation in a child."""

    task: Task[Evaluated | None]

    def result(self) -> Evaluated:
        """See Pending."""
        found = self.task.result()
        if found is None:
            message = "the labels were changed while a file was on its way; it is evaluated again"
            raise Temporary(message)
        return found


# --- in the worker ---------------------------------------------------------------------------

_held: dict[str, Truth] = {}


def hold(truths: Mapping[str, Truth]) -> None:
    """Set up a worker: keep the labels that its jobs are evaluated by, by their SHA-256."""
    _held.clear()
    _held.update({truth.sha256: truth for truth in truths.values()})


def _evaluate(job: Job) -> Evaluated | None:
    """Evaluate a file; None without its labels. One that there is not memory enough for is refused, not tried again."""
    if not all(each in _held for each in job.truths):
        return None
    try:
        return _evaluated(job)
    except MemoryError:
        message = "The file takes more memory to read than any result file needs. Please send the result rows alone."
        return refused(Problem(code="too-big", count=1, message=message))


def _evaluated(job: Job) -> Evaluated:
    read = plain(job.name, job.data)
    if isinstance(read, Problem):
        return refused(read)
    name, data = read
    truths = {truth.track.name: truth for truth in map(_held.__getitem__, job.truths)}
    return evaluated_any(data, truths, name=name, hint=job.hint)


def _both_ways(job: Job, truth: Truth) -> tuple[Evaluation, Evaluation]:
    """Evaluate a file by our kernels and by the reference."""
    read = plain(job.name, job.data)
    if isinstance(read, Problem):
        bad = Evaluation(track=truth.track.name, problems=(read,))
        return bad, bad
    name, data = read
    return evaluate(data, truth, name=name), evaluate(data, truth, name=name, by=reference.scored)


def refused(*problems: Problem) -> Evaluated:
    """Return what becomes of a file that cannot be read at all."""
    return Evaluated(evaluation=Evaluation(track=None, problems=problems))


def judged(candidate: Candidate, evaluation: Evaluation, values: Mapping[str, bytes]) -> Judged:
    """Put a candidate and what became of it together."""
    return Judged(
        file_name=candidate.name,
        sha256=candidate.sha256,
        size=len(candidate.data),
        evaluation=evaluation,
        values=values,
    )
