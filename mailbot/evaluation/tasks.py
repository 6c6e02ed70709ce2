"""What a worker that evaluates files does: a child of the sandbox, or of a cluster. It holds labels, and no mail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence  # noqa: TC003  # read when it crosses the wall
from dataclasses import dataclass, field
from typing import cast

from mailbot import lazily
from mailbot.system.children.named import Kind
from scoring.files.read import read
from scoring.files.workbooks import workbook
from scoring.labels.truth import Truth
from scoring.model import Evaluated, Evaluation, Note, Problem, Track
from scoring.rows.check import tell_track
from scoring.rows.ids import Id, match_ids

with lazily(__name__):  # few files need them, and whoever only hands out tasks does without NumPy
    from mailbot.evaluation import workbooks
    from scoring import reference
    from scoring.scores.evaluate import evaluate as evaluate_one
    from scoring.scores.evaluate import evaluated_any

KIND = Kind(__name__, preload=("scoring.scores.evaluate",))


@dataclass(frozen=True, kw_only=True)
class Job:
    """A file to be evaluated."""

    name: str
    data: bytes
    #: A track that the mail's subject names; it only decides where the file leaves it open.
    hint: str | None = None
    #: The key of the stage by whose labels it is evaluated; None: the present one.
    stage: str | None = None
    #: SHA-256 of the labels of each track; whoever takes the job sets them.
    truths: tuple[str, ...] = ()
    #: Those labels, where they are not the ones that a worker holds; whoever takes the job sets them.
    given: tuple[Labels, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Labels:
    """A truth, as it is told to a worker."""

    track: Track
    sha256: str
    ids: tuple[Id, ...] = field(repr=False)
    values: Mapping[str, tuple[float | str, ...]] = field(repr=False)
    groups: tuple[str, ...] | None = field(default=None, repr=False)
    clusters: tuple[str, ...] | None = field(default=None, repr=False)
    whole: str | None = None
    scored: tuple[int, ...] | None = field(default=None, repr=False)
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Items:
    """The items of one track in a stage, without their labels."""

    stage: str
    track: Track
    ids: tuple[Id, ...]


_held: dict[str, Truth] = {}


@KIND.task
def hold(given: tuple[Labels, ...]) -> None:
    """Keep the labels that jobs are evaluated by, by their SHA-256."""
    _held.clear()
    _held.update({each.sha256: truth_of(each) for each in given})


@KIND.task
def evaluate(job: Job) -> Evaluated | None:
    """Evaluate a file; None without its labels. One that there is not memory enough for is refused, not tried again."""
    known = {**_held, **{each.sha256: truth_of(each) for each in job.given}}
    if not all(each in known for each in job.truths):
        return None
    try:
        return _evaluated(job, [known[each] for each in job.truths])
    except MemoryError:
        message = "The file takes more memory to read than any result file needs. Please send the result rows alone."
        return refused(Problem(code="too-big", count=1, message=message))


@KIND.task
def whose(job: Job, items: tuple[Items, ...]) -> str | None:
    """Return the stage whose items a file has, each once; None for none of them."""
    rows = plain_rows(job.name, job.data)
    table = None if isinstance(rows, Problem) else read(rows[1], rows[0]).table
    if table is None:
        return None
    track = tell_track(table, list({each.track.name: each.track for each in items}.values()), job.hint)
    own = [] if isinstance(track, Problem) else [each for each in items if each.track.name == track.name]
    return next((each.stage for each in own if not match_ids(table, each.ids, each.track.id).problems), None)


@KIND.task
def plain_rows(name: str, data: bytes) -> tuple[str, bytes] | Problem:
    """Return name and content of a file, those of a workbook as CSV, or why it is not read."""
    return (name, data) if workbook(data) is None else workbooks.plain(name, data)


@KIND.sharing("given")
def both_ways(job: Job, given: Labels) -> tuple[Evaluation, Evaluation]:
    """Evaluate a file by any labels, by our kernels and by the reference."""
    truth = truth_of(given)
    read = plain_rows(job.name, job.data)
    if isinstance(read, Problem):
        bad = Evaluation(track=truth.track.name, problems=(read,))
        return bad, bad
    name, data = read
    return evaluate_one(data, truth, name=name), evaluate_one(data, truth, name=name, by=reference.scored)


def told(truths: Mapping[str, Truth]) -> tuple[Labels, ...]:
    """Return labels as they are told to a worker."""
    return tuple(labels_of(truth) for truth in truths.values())


def labels_told(truth: Truth) -> Labels:
    """Return a truth as it is told to a worker: always the same thing, so that a cluster is sent it once."""
    return truth.once("told-labels", lambda: labels_of(truth))


def labels_of(truth: Truth) -> Labels:
    """Return a truth as it crosses the wall."""
    return Labels(
        track=truth.track, sha256=truth.sha256, ids=truth.ids, values=truth.values, groups=truth.groups,
        clusters=truth.clusters, whole=truth.whole, scored=truth.scored, notes=truth.notes,
    )  # fmt: skip


def truth_of(given: Labels) -> Truth:
    """Return it as it was."""
    values = cast("Mapping[str, tuple[float, ...] | tuple[str, ...]]", given.values)
    return Truth(
        track=given.track, sha256=given.sha256, ids=given.ids, values=values, groups=given.groups,
        clusters=given.clusters, whole=given.whole, scored=given.scored, notes=given.notes,
    )  # fmt: skip


def refused(*problems: Problem) -> Evaluated:
    """Return what becomes of a file that cannot be read at all."""
    return Evaluated(evaluation=Evaluation(track=None, problems=problems))


def _evaluated(job: Job, truths: Sequence[Truth]) -> Evaluated:
    read = plain_rows(job.name, job.data)
    if isinstance(read, Problem):
        return refused(read)
    name, data = read
    return evaluated_any(data, {truth.track.name: truth for truth in truths}, name=name, hint=job.hint)
