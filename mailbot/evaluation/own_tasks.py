"""What a child does that runs the organizers' own scorer. Each does one task: no submission leaves a trace for another.

It is given the labels of one track with the task, and holds nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

from mailbot import lazily
from mailbot.evaluation.tasks import Job, Labels, plain_rows, truth_of
from mailbot.system.children.named import Kind
from scoring.files.unpack import Limits  # noqa: TC001  # read when it crosses the wall
from scoring.model import Evaluation, Problem
from scoring.own.program import ScorerFailed

with lazily(__name__):  # as in tasks
    from scoring.own import run

KIND = Kind(__name__, preload=("pandas", "scoring.own.run"), most_tasks=1)


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What came of a scorer's run."""

    #: None when the scorer failed.
    evaluation: Evaluation | None = None
    #: Then its traceback, without a value of the labels.
    fault: str = ""


@KIND.sharing("given")
def score(job: Job, given: Labels, limits: Limits) -> Scored:
    """Score a file by its track's own scorer."""
    truth, read = truth_of(given), plain_rows(job.name, job.data)
    if isinstance(read, Problem):
        return Scored(evaluation=Evaluation(track=truth.track.name, problems=(read,)))
    name, data = read
    try:
        return Scored(evaluation=run.evaluate(data, truth, name=name, limits=limits))
    except ScorerFailed as failed:
        return Scored(fault=str(failed))
