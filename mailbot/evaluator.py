"""The one seam that every evaluation goes through, a mail's and a rescore's alike.

A job is a file as bytes; what comes back is its evaluation and its values. A worker holds the truths, by track, from
its start. It needs no ledger, spool or secret, so that a cluster can take the place of the local children.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mailbot.model import Judged
from mailbot.spreadsheet import is_xlsx, to_csv
from scoring.evaluate import Evaluated, evaluated_any
from scoring.model import Evaluation, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mailbot.opening import Candidate
    from mailbot.sandbox import Sandbox
    from scoring.truth import Truth


@dataclass(frozen=True, kw_only=True)
class Job:
    """A file to be evaluated."""

    name: str
    data: bytes
    #: A track that the mail's subject names; it only decides where the file leaves it open.
    hint: str | None = None


class Pending(Protocol):
    """An evaluation under way."""

    def result(self) -> Evaluated:
        """Wait for it. Raises Temporary when its worker died."""


class Evaluator(Protocol):
    """Whatever evaluates jobs."""

    def start(self, job: Job) -> Pending:
        """Begin an evaluation; several may be under way."""


class InChildren:
    """Evaluates in the sandbox's children, which :func:`hold` gave the truths to."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Use the children of this sandbox."""
        self._sandbox = sandbox

    def start(self, job: Job) -> Pending:
        """See Evaluator."""
        return self._sandbox.submit(_evaluate, job)


_held: dict[str, Truth] = {}


def hold(truths: Mapping[str, Truth]) -> None:
    """Set up a child: keep the truths that its jobs are evaluated against."""
    _held.clear()
    _held.update(truths)


def _evaluate(job: Job) -> Evaluated:
    """Evaluate a file; one that the child has not memory enough for is refused, not tried again."""
    try:
        return _evaluated(job)
    except MemoryError:
        message = "The file takes more memory to read than any result file needs. Please send the result rows alone."
        return refused(Problem(code="too-big", count=1, message=message))


def _evaluated(job: Job) -> Evaluated:
    data = to_csv(job.data) if is_xlsx(job.data) else job.data
    if isinstance(data, Problem):
        return refused(data)
    return evaluated_any(data, _held, name=job.name, hint=job.hint)


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
