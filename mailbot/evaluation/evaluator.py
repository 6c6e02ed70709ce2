"""The one seam that every evaluation goes through: a mail's, a rescore's, and that of a score held to its word.

A job is a file as bytes and the names of the labels that it is evaluated by; what comes back is its evaluation and its
values. A worker is given labels once, at its start, and finds them by their SHA-256. It needs no password, ledger or
spool, so that a cluster can take the place of the local children: another class that does what :class:`Evaluator` says,
and whose workers do the same named tasks (:mod:`mailbot.evaluation.tasks`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from mailbot import lazily
from mailbot.errors import Temporary
from mailbot.evaluation import kept_tasks, own_tasks, tasks
from mailbot.evaluation.believed import believed, is_evaluation_by, score_by
from mailbot.evaluation.scorers import AWAITING
from mailbot.evaluation.tasks import Job, labels_told, refused
from mailbot.mail.open import archive_limits
from mailbot.model import Judged
from mailbot.system.sandbox import ChildDied
from scoring.files.unpack import Limits
from scoring.model import Evaluated

with lazily(__name__):  # it loads NumPy, which a daemon that serves mails does without
    from scoring.scores import stack

__all__ = ["Evaluator", "InChildren", "Job", "OwnScorerFailed", "Pending", "judged", "refused", "set_ups"]

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from mailbot.compute.cluster import Cluster, Sent
    from mailbot.config.schema import LimitsSection
    from mailbot.evaluation.labels import Labels
    from mailbot.mail.open import Candidate
    from mailbot.system.children.process import SetUps
    from mailbot.system.sandbox import Sandbox, Task
    from scoring.labels.truth import Truth
    from scoring.model import Evaluation
    from scoring.scores.stack import Key, Rescored, Stack

    _Run = Task[own_tasks.Scored] | Sent[own_tasks.Scored]
    _Steps = Generator[Task[Evaluated | None] | Sent[Evaluated | None] | _Run, None, Evaluated]


class OwnScorerFailed(Temporary):
    """A track's own scorer failed, or took too long: trouble of the organizers', which the mail waits for."""

    def __init__(self, track: str, trace: str) -> None:
        """Keep the track's name, and where it failed, with no value of the labels."""
        super().__init__(f"{AWAITING}{track} failed: {trace.splitlines()[-1]}")
        self.track, self.trace = track, trace

    @property
    def killed(self) -> ChildDied | None:
        """How its child died, which a file may have brought about; None where the scorer itself gave up."""
        return self.__cause__ if isinstance(self.__cause__, ChildDied) else None


class Pending(Protocol):
    """An evaluation under way."""

    def result(self) -> Evaluated:
        """Wait for it.

        Raises OwnScorerFailed, or another Temporary when its worker died, or does not have the labels.
        """

    def cancel(self) -> None:
        """Stop it: nobody wants its result."""

    @property
    def done(self) -> bool:
        """Whether waiting for it takes no time."""

    @property
    def seconds(self) -> float:
        """For how long a worker was at it."""

    def when_done(self, call: Callable[[], object]) -> None:
        """Call this, from any thread, as soon as it is done."""


class Evaluator(Protocol):
    """Whatever evaluates."""

    @property
    def at_once(self) -> int:
        """So many files keep all of it busy."""

    def start(self, job: Job) -> Pending:
        """Begin to evaluate a file by the labels in force in its job's stage; several may be under way."""

    def whose(self, job: Job, stages: Sequence[str]) -> str | None:
        """Return which of some stages has the items of a file, by its key; None for none. No label is needed."""

    def twice(self, job: Job, truth: Truth) -> tuple[Evaluation, Evaluation]:
        """Evaluate a file by any labels, by our kernels and by the reference. Raises Temporary when a worker died."""

    def kept(self, values: Mapping[str, bytes], truth: Truth) -> Evaluation:
        """Evaluate the values of a file, checked before, by other labels of the same items. Raises Temporary."""

    def again(self, stacks: Mapping[Key, Stack], truth: Truth) -> Rescored:
        """Score the kept columns of many submissions by other labels of the same items."""

    def owned(self, job: Job, truth: Truth) -> Evaluation:
        """Evaluate a file by the scorer of its own that the truth's track has. Raises OwnScorerFailed."""


class InChildren:
    """Evaluates files in the sandbox's children, which :func:`set_ups` gave the labels to.

    What a team wrote is read only there. Columns hold checked numbers: the many of a rescore are evaluated in this
    process, where they lie, those of one mail in the child of :mod:`.kept_tasks`. So the private part of a split is in
    no child that reads a file, unless the track has a scorer of its own, and in no cluster.
    """

    def __init__(
        self, home: Sandbox, labels: Labels, limits: LimitsSection | None = None, *, cluster: Cluster | None = None
    ) -> None:
        """Use the children of a sandbox, or a cluster where there is one, for what a team wrote.

        ``labels`` are those in force, whenever they are looked at; ``limits`` those of a submission of many members.
        """
        self._sandbox, self._home, self._labels = cluster or home, home, labels
        self._limits = archive_limits(limits) if limits else Limits()

    @property
    def at_once(self) -> int:
        """See Evaluator. One waits for each child: it has work as soon as it is free."""
        return 2 * self._sandbox.workers

    def start(self, job: Job) -> Pending:
        """See Evaluator. The children hold the labels of the present stage; those of an earlier one go with the job."""
        return _Started(self._steps(job))

    def _steps(self, job: Job) -> _Steps:
        """Evaluate a file: yield each task that is to be done before the next one, and return what came of it.

        With a scorer of one's own that is its run, and one by the labels that decide in the end where there is a split.
        What these say of a file that the others took is never told: a refusal of theirs is the scorer's.
        """
        held = {truth.sha256 for truth in self._labels.values()}
        truths = dict(self._labels if job.stage is None else self._labels.of_stage(job.stage).public)
        others = {track: truth for track, truth in truths.items() if truth.sha256 not in held}
        named = replace(job, truths=tuple(truth.sha256 for truth in truths.values()), given=tasks.told(others))
        evaluated = self._sandbox.submit(tasks.evaluate, named)
        yield evaluated
        known = evaluated.result()
        if known is None:
            message = "the labels were changed while a file was on its way; it is evaluated again"
            raise Temporary(message)
        known = believed(known, truths)
        if not known.own:
            return known
        loaded = self._labels.of_stage(self._labels.stage if job.stage is None else job.stage)
        truth, final = loaded.public[known.own], loaded.final[known.own]
        run = self._run(job, truth)
        yield run
        found = _scored(run, truth)
        if not found.ok or final.sha256 == truth.sha256:
            return Evaluated(evaluation=found)
        run = self._run(job, final)
        yield run
        last = _scored(run, final)
        if not last.ok:
            raise OwnScorerFailed(known.own, "it refused by the private items what it took by the public ones")
        return Evaluated(evaluation=found, final=last)

    def _run(self, job: Job, truth: Truth) -> _Run:
        return self._sandbox.submit(own_tasks.score, job, labels_told(truth), self._limits)

    def whose(self, job: Job, stages: Sequence[str]) -> str | None:
        """See Evaluator."""
        items = tuple(
            tasks.Items(stage=key, track=truth.track, ids=truth.ids)
            for key in stages
            for truth in self._labels.of_stage(key).public.values()
            if truth.track.own is None
        )
        found = self._sandbox.submit(tasks.whose, job, items).result() if items else None
        if found is not None and found not in stages:
            raise ChildDied("a child named a phase that it was not asked about")
        return found

    def twice(self, job: Job, truth: Truth) -> tuple[Evaluation, Evaluation]:
        """See Evaluator. A scorer of one's own has no second hand: it is run twice."""
        if truth.track.own:
            return self.owned(job, truth), self.owned(job, truth)
        return self._sandbox.submit(tasks.both_ways, job, labels_told(truth)).result()

    def kept(self, values: Mapping[str, bytes], truth: Truth) -> Evaluation:
        """See Evaluator."""
        return score_by(self._home.submit(kept_tasks.evaluation, values, labels_told(truth)).result(), truth)

    def again(self, stacks: Mapping[Key, Stack], truth: Truth) -> Rescored:
        """See Evaluator."""
        return stack.rescored(stacks, truth)

    def owned(self, job: Job, truth: Truth) -> Evaluation:
        """See Evaluator."""
        return by_own_scorer(self._sandbox, job, truth, self._limits)


def by_own_scorer(sandbox: Sandbox | Cluster, job: Job, truth: Truth, limits: Limits) -> Evaluation:
    """Evaluate a file, in a child, by the scorer of its own that the truth's track has. Raises OwnScorerFailed."""
    return _scored(sandbox.submit(own_tasks.score, job, labels_told(truth), limits), truth)


def _scored(run: _Run, truth: Truth) -> Evaluation:
    """Wait for what a scorer of one's own says. Raises OwnScorerFailed."""
    name = truth.track.name
    try:
        found = _of_own(run, truth)
    except ChildDied as died:
        raise OwnScorerFailed(name, str(died)) from died
    if found.evaluation is None:
        raise OwnScorerFailed(name, found.fault)
    return found.evaluation


def _of_own(run: _Run, truth: Truth) -> own_tasks.Scored:
    """Wait for what a child says that runs such a scorer, and hold it to the track. Raises ChildDied."""
    found = run.result()
    if found.evaluation is not None and not is_evaluation_by(found.evaluation, truth):
        raise ChildDied("its child answered what it cannot have returned")
    return found


class _Started:
    """An evaluation under way: children's tasks, each begun when the one before is done; one thread looks at it."""

    def __init__(self, steps: _Steps) -> None:
        """Begin the first."""
        self._steps = steps
        self._tasks = [next(steps)]
        self._found: Evaluated | None = None
        self._failed: Exception | None = None

    def _further(self) -> None:
        """Wait for the present task, and begin the next one."""
        try:
            self._tasks.append(next(self._steps))
        except StopIteration as end:
            self._found = end.value
        except Exception as error:  # noqa: BLE001  # whoever asks for the result gets it
            self._failed = error

    @property
    def _is_over(self) -> bool:
        return self._found is not None or self._failed is not None

    def result(self) -> Evaluated:
        """See Pending."""
        while self._found is None:
            if self._failed is not None:
                raise self._failed
            self._further()
        return self._found

    def cancel(self) -> None:
        """See Pending."""
        self._tasks[-1].cancel()

    @property
    def done(self) -> bool:
        """See Pending."""
        while not self._is_over and self._tasks[-1].done:
            self._further()
        return self._is_over

    @property
    def seconds(self) -> float:
        """See Pending."""
        return sum(task.seconds for task in self._tasks)

    def when_done(self, call: Callable[[], object]) -> None:
        """See Pending. It is called when the present task is done: looking again begins the next one."""
        self._tasks[-1].when_done(call)


def set_ups(labels: Mapping[str, Truth]) -> SetUps:
    """Return what a worker does first: hold these labels."""
    return ((tasks.hold, (tasks.told(labels),)),)


def judged(candidate: Candidate, evaluation: Evaluation, evaluated: Evaluated) -> Judged:
    """Put a candidate and what became of it together, as the evaluation says it after the mail was looked at."""
    return Judged(
        file_name=candidate.name,
        sha256=candidate.sha256,
        size=len(candidate.data),
        evaluation=evaluation,
        values=evaluated.values,
        final=evaluated.final,
    )
