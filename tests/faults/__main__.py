"""The long round: ``python -m tests.faults`` kills the daemon at every crash point; ``make test-crash`` calls it."""

from __future__ import annotations

import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.rounds import COPIES_WITHOUT_MOVE, WITHOUT_MOVE, Death, die_at, lose_children, trace
from tests.servers.dovecot import Dovecot

if TYPE_CHECKING:
    from collections.abc import Iterator

_folders = count(1)


def main() -> int:
    """Trace a stream, die at every point it passes, and say what was lost and doubled."""
    with tempfile.TemporaryDirectory() as base, _running() as dovecot, _running(WITHOUT_MOVE) as moveless:
        jobs = _jobs(Path(base), dovecot, moveless)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            bereft = pool.submit(lose_children, Path(base) / "children", dovecot)
            deaths = list(pool.map(lambda job: _told(*job), jobs))
            deaths.append(bereft.result())
            _tell(deaths[-1])
    reached = [death for death in deaths if death.reached]
    lost = sum(len(death.verdict.lost) for death in deaths)
    doubled = sum(len(death.verdict.doubled) for death in deaths)
    missed = {d.point for d in deaths} - {d.point for d in reached}
    for name in sorted(missed):
        _say(f"{name}: never reached")
    mails = sum(death.mails for death in reached)
    _say(f"crash points: {len({d.point for d in reached})}, mails: {mails}, lost: {lost}, doubled: {doubled}")
    return 1 if lost or doubled or missed else 0


def _jobs(base: Path, dovecot: Dovecot, moveless: Dovecot) -> list[tuple[Path, Dovecot, str, int, int]]:
    """Return where to die: at the first and a middle passing of each point, and in the children."""
    passed, verdict = trace(base / "trace", dovecot)
    passed_moveless, another = trace(base / "trace-moveless", moveless)
    assert [*verdict.lost, *verdict.doubled, *another.lost, *another.doubled] == []
    only_moveless = {name: times for name, times in passed_moveless.items() if name not in passed}
    places = [(dovecot, name, times, 1) for name, times in passed.items()]
    places += [(moveless, name, times, COPIES_WITHOUT_MOVE) for name, times in only_moveless.items()]
    return [
        (base / str(next(_folders)), server, name, occurrence, copies)
        for server, name, times, copies in places
        for occurrence in sorted({1, times // 2 + 1})
    ]


def _told(folder: Path, dovecot: Dovecot, point: str, occurrence: int, copies: int) -> Death:
    """Die at a point, and say how it went."""
    death = die_at(folder, dovecot, point, occurrence, copies=copies)
    _tell(death)
    return death


def _tell(death: Death) -> None:
    wrong = [*death.verdict.lost, *death.verdict.doubled]
    how = "; ".join(wrong) or ("fine" if death.reached else "not reached this time")
    _say(f"{death.point}@{death.occurrence}: {how}")


@contextmanager
def _running(capability: str = "") -> Iterator[Dovecot]:
    server = Dovecot(capability=capability)
    try:
        server.start()
        yield server
    finally:
        server.remove()


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  # printing is its task


if __name__ == "__main__":
    sys.exit(main())
