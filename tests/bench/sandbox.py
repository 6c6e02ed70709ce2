"""Mails from the spool to their record, in sandboxed children, beside the same in this very process."""

from __future__ import annotations

import random
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from mailbot import flow
from mailbot.config import load
from mailbot.evaluation import tasks
from mailbot.ledger import mails
from mailbot.model import MailState
from mailbot.operations import ingest
from mailbot.system import journal
from tests.bench.pipeline import base_config, mail
from tests.unit.services import Here

if TYPE_CHECKING:
    from mailbot.system.sandbox import Sandbox

MAILS = 400


def measure() -> dict[str, dict[str, object]]:
    """Return mails per second with the sandbox and without, and the ratio."""
    journal.set_up(as_json=False, quiet=True)
    sandboxed, bare = _rate(here=False), _rate(here=True)
    return {
        "sandbox": {
            "value": round(sandboxed / bare, 3),
            "unit": "mails/s spooled to recorded with the sandbox over mails/s without",
            "mails": MAILS,
            "with_per_second": round(sandboxed),
            "without_per_second": round(bare),
        }
    }


def _rate(*, here: bool) -> float:
    """Spool the mails, then take them to their record."""
    chance = random.Random(9)  # noqa: S311  # made-up predictions
    with tempfile.TemporaryDirectory() as folder:
        config = load.build(base_config(Path(folder), "submissions@example.org"), base=Path(folder))
        with flow.working(config) as made:
            wired = made
            if here:
                wired = replace(made, sandbox=cast("Sandbox", Here()))
                tasks.hold(tasks.told(wired.challenge.truths))
            ingest.enter(wired, mail(0, chance), datetime.now(UTC))
            while wired.intake.step():
                pass  # the children are up now
            for number in range(1, MAILS + 1):
                ingest.enter(wired, mail(number, chance), datetime.now(UTC))
            begun = time.perf_counter()
            while wired.intake.step():
                pass
            took = time.perf_counter() - begun
            with wired.ledger.read() as tx:
                done = mails.count(tx, state=MailState.RECORDED)
    if done != MAILS + 1:
        message = f"{done} of {MAILS + 1} mails were recorded"
        raise RuntimeError(message)
    return MAILS / took
