"""Score one result file without a mail, as its mail would be: workbooks are read in a child, where they are allowed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mailbot.errors import Permanent
from mailbot.evaluation import own_tasks, tasks
from mailbot.evaluation.evaluator import Job, OwnScorerFailed, by_own_scorer
from mailbot.mail.open import archive_limits
from mailbot.system.children.named import MIB, Bounds
from mailbot.system.sandbox import Sandbox
from scoring.files.unpack import Limits, unpack
from scoring.files.workbooks import workbook
from scoring.model import Evaluation, Problem
from scoring.single import Single, single

if TYPE_CHECKING:
    from mailbot.config.schema import LimitsSection
    from scoring.labels.truth import Truth

WORKBOOKS = Limits(spreadsheets=True)

SCORER = Bounds(seconds=60, cpu_seconds=60, memory_bytes=2048 * MIB)
"""What a run of a scorer of one's own may take where no config says it."""


def scored(
    name: str,
    data: bytes,
    truth: Truth,
    limits: LimitsSection | None,
    *,
    by_reference: bool = False,
    draws: int | None = None,
    seed: int = 0,
) -> Single:
    """Evaluate a result file, bare or packed; without ``limits`` of a config a workbook is read too."""
    if truth.track.own:
        return Single(
            evaluation=_by_own(name, data, truth, limits), by=truth.track.own.file, formula=truth.track.formula
        )
    read = _readable(name, data, limits)
    if isinstance(read, Problem):
        bad = Evaluation(track=truth.track.name, n=truth.n, truth=truth.sha256, problems=(read,))
        return Single(evaluation=bad, by="reference" if by_reference else "kernels")
    name, data = read
    return single(data, truth, name=name, by_reference=by_reference, draws=draws, seed=seed)


def _by_own(name: str, data: bytes, truth: Truth, limits: LimitsSection | None) -> Evaluation:
    """Evaluate a file by its track's own scorer, behind the same walls as in a mail. Raises Permanent when it fails."""
    own = truth.track.own
    kept = (own.ending,) if own and own.ending else ()
    archive = archive_limits(limits, kept) if limits else replace(Limits(), kept=kept)
    files, problems = (unpacked := unpack(name, data, archive)).files, unpacked.problems
    if len(files) != 1:
        several = Problem(code="several-files", count=len(files), message="The archive holds several files; send one.")
        told = problems or (several,)
        return Evaluation(track=truth.track.name, n=truth.n, truth=truth.sha256, problems=told)
    bounds = {own_tasks.KIND: limits.scorer_bounds} if limits else {own_tasks.KIND: SCORER}
    sandbox = Sandbox(1, bounds=limits.bounds if limits else None, bounds_of=bounds)
    try:
        return by_own_scorer(sandbox, Job(name=files[0].name, data=files[0].data), truth, archive)
    except OwnScorerFailed as failed:
        message = f"{failed}\n{failed.trace}"
        raise Permanent(message) from failed
    finally:
        sandbox.close()


def _readable(name: str, data: bytes, limits: LimitsSection | None) -> tuple[str, bytes] | Problem:
    """Return name and content of a file, those of the one workbook in it as CSV."""
    if limits is not None and not limits.allow_xlsx:
        return name, data
    files = unpack(name, data, WORKBOOKS).files
    if len(files) != 1 or workbook(files[0].data) is None:
        return name, data
    sandbox = Sandbox(1, bounds=limits.bounds if limits else None)
    try:
        return sandbox.submit(tasks.plain_rows, files[0].name, files[0].data).result()
    finally:
        sandbox.close()
