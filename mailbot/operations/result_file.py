"""Score one result file without a mail, as its mail would be: workbooks are read in a child, where they are allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot.evaluation import tasks
from mailbot.system.sandbox import Sandbox
from scoring.files.unpack import Limits, unpack
from scoring.files.workbooks import workbook
from scoring.model import Evaluation, Problem
from scoring.single import Single, single

if TYPE_CHECKING:
    from mailbot.config.schema import LimitsSection
    from scoring.labels.truth import Truth

WORKBOOKS = Limits(spreadsheets=True)


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
    read = _readable(name, data, limits)
    if isinstance(read, Problem):
        bad = Evaluation(track=truth.track.name, n=truth.n, truth=truth.sha256, problems=(read,))
        return Single(evaluation=bad, by="reference" if by_reference else "kernels")
    name, data = read
    return single(data, truth, name=name, by_reference=by_reference, draws=draws, seed=seed)


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
