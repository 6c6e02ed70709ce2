"""`mailbot rescore` of 100,000 submissions after a correction of labels, in blocks: time, and memory at home."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mailbot import flow
from mailbot.board import rescoring
from mailbot.config import load
from mailbot.operations import rescore
from mailbot.system import journal
from tests.bench import contests
from tests.bench.pipeline import TEAMS, base_config
from tests.bench.rescoring import correct
from tests.bench.scores import clocked, peak

if TYPE_CHECKING:
    from mailbot.service import Service

MANY = 100_000
ITEMS = 100  # small files, so that the ledger's part is seen


def measure() -> dict[str, dict[str, object]]:
    """Return the seconds of CPU time, and the most memory that it takes beyond what was there."""
    journal.set_up(as_json=False, quiet=True)
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        with flow.working(load.build(base_config(base, "submissions@example.org", ITEMS), base=base)) as wired:
            contests.fill(wired, MANY, TEAMS)
            correct(wired, 0)
            _rescore(wired)  # makes the forms too
            correct(wired, 1)
            seconds = clocked(lambda: _rescore(wired))
            correct(wired, 2)
            memory = peak(lambda: _rescore(wired))
    return {
        "rescore-blocks": {
            "value": round(seconds, 1),
            "unit": f"seconds of CPU time for {MANY:,} submissions of {ITEMS} rows, in blocks of {rescoring.CHUNK:,}",
            "working_mib": memory,
        }
    }


def _rescore(wired: Service) -> None:
    scored = sum(rescore.rescore(wired, rescore.plan(wired)))
    if scored != MANY:
        raise RuntimeError(f"{scored} of {MANY} were scored")
