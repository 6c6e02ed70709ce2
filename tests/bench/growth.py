"""What a mail and the board cost with 100,000 submissions in the ledger, beside 1,000."""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from mailbot import flow
from mailbot.config import load
from mailbot.config.stages import Stage
from mailbot.evaluation import tasks
from mailbot.ledger import similarities
from mailbot.operations import ingest
from mailbot.system import journal
from tests.bench import contests, pipeline
from tests.bench.scores import peak, peak_kib
from tests.unit.services import Here

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailbot.config.schema import Config
    from mailbot.service import Service
    from mailbot.system.sandbox import Sandbox

FEW, MANY = 1_000, 100_000
ITEMS = 100  # small files, so that what grows is seen
MAILS = 40
TURNS = 15


def measure() -> dict[str, dict[str, object]]:
    """Return both ratios: the two ledgers take turns.

    Of a mail the median of the turns' ratios counts, as the least times of two times 15 differ by a tenth by chance
    alone; of the board, and of the search for copies, the least times count.
    """
    journal.set_up(as_json=False, quiet=True)
    chance = random.Random(11)  # noqa: S311  # made-up predictions
    with ExitStack() as stack:
        folders = [stack.enter_context(tempfile.TemporaryDirectory()) for _ in range(2)]
        both = [_here(stack.enter_context(flow.working(_config(folder)))) for folder in folders]
        for wired, count in zip(both, (FEW, MANY), strict=True):
            contests.fill(wired, count, pipeline.TEAMS)
            _turn(wired, chance, 0)
        turns = [[_turn(wired, chance, 1 + turn) for wired in both] for turn in range(TURNS)]
        memory = peak(lambda: both[1].weekly.board(datetime.now(UTC)))
        ingest.enter(both[1], pipeline.mail(MAILS * (TURNS + 1), chance, ITEMS), datetime.now(UTC))
        mail_memory = peak_kib(lambda: _drain(both[1]))
    least = [[min(turn[side][what] for turn in turns) for what in range(3)] for side in range(2)]
    (mail_few, compare_few, board_few), (mail_many, compare_many, board_many) = least
    return {
        "ingest-growth": {
            "value": round(statistics.median(many[0] / few[0] for few, many in turns), 3),
            "unit": f"cost of a mail at {MANY:,} submissions over that at {FEW:,}",
            "mail_ms_few": round(1e3 * mail_few, 2),
            "mail_ms_many": round(1e3 * mail_many, 2),
            "compare_ms_few": round(1e3 * compare_few, 2),
            "compare_ms_many": round(1e3 * compare_many, 2),
            "working_kib": mail_memory,
        },
        "board-growth": {
            "value": round(board_many / (MANY / FEW * board_few), 3),
            "unit": f"time of the board at {MANY:,} submissions over {MANY // FEW} times that at {FEW:,}",
            "board_ms_few": round(1e3 * board_few, 1),
            "board_ms_many": round(1e3 * board_many, 1),
            "working_mib": memory,
        },
    }


def _config(folder: str) -> Config:
    base = Path(folder)
    return load.build(pipeline.base_config(base, "submissions@example.org", ITEMS), base=base)


def _here(wired: Service) -> Service:
    """Let a contest work in this very process; the labels are the same on both sides."""
    tasks.hold(tasks.told(wired.challenge.truths))
    return replace(wired, sandbox=cast("Sandbox", Here()))


def _turn(wired: Service, chance: random.Random, turn: int) -> tuple[float, float, float]:
    """Return the seconds that a mail takes from the spool to its record, its comparison, and the board."""
    for number in range(MAILS):
        ingest.enter(wired, pipeline.mail(turn * MAILS + number, chance, ITEMS), datetime.now(UTC))
    taken = _seconds(lambda: _drain(wired)) / MAILS
    with wired.ledger.read() as tx:
        scored = len(similarities.waiting(tx, contests.TRACK, 2 * MAILS, Stage()))
    if scored != MAILS:
        raise RuntimeError(f"{scored} of {MAILS} mails were scored")
    compared = _seconds(lambda: _compare(wired)) / MAILS
    return taken, compared, _seconds(lambda: wired.weekly.board(datetime.now(UTC)))


def _drain(wired: Service) -> None:
    while wired.intake.step():
        pass


def _compare(wired: Service) -> None:
    while wired.similar.step():
        pass


def _seconds(work: Callable[[], object]) -> float:
    """Return how many seconds of a core the work takes."""
    begun = time.process_time()
    work()
    return time.process_time() - begun
