"""``python -m tests.faults.takeovers [POINT...]``: the leader of two daemons ends in every way; `make test-takeover`.

With POINTs only those crash points are tried. The last line says what came of it all.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults import takeover
from tests.faults.host import host
from tests.faults.points import passed
from tests.servers.dovecot import Dovecot
from tests.servers.postgres import Postgres

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.takeover import Takeover

SKEW = 300
"""Seconds: five minutes, ahead and behind."""

_folders = count(1)
_said = threading.Lock()


def main(points: list[str]) -> int:
    """Trace a leader's crash points, let it die at each, hang, and lose the database; say what was lost and doubled."""
    dovecot, server = Dovecot(), Postgres()
    try:
        dovecot.start()
        server.start()
        with tempfile.TemporaryDirectory() as base, ThreadPoolExecutor(os.cpu_count()) as pool:
            found = list(pool.map(_told, _jobs(Path(base), dovecot, server, points)))
    finally:
        dovecot.remove()
        server.remove()
    done = [each for each in found if each.reached]
    lost = sum(len(each.verdict.lost) for each in done)
    doubled = sum(len(each.verdict.doubled) for each in done)
    missed = [each.what for each in found if not each.reached]
    for name in missed:
        _say(f"{name}: never reached")
    longest = max(each.seconds for each in done)
    mails = sum(each.mails for each in done)
    _say(f"takeovers: {len(done)}, mails: {mails}, lost: {lost}, doubled: {doubled}, longest: {longest:.1f} s")
    return 1 if lost or doubled or missed else 0


def _jobs(base: Path, dovecot: Dovecot, server: Postgres, points: list[str]) -> list[Callable[[], Takeover]]:
    """Return every way in which a leader ends."""

    def made(play: Callable[..., Takeover], *arguments: object) -> Callable[[], Takeover]:
        return partial(play, base / str(next(_folders)), dovecot, *arguments)

    if points:
        return [made(takeover.die_at, server.database(), *_place(point)) for point in points]
    others = [
        *(made(play, server.database()) for play in (takeover.hang, takeover.begin_together, takeover.hand_over)),
        *(made(takeover.lose_database, server, how) for how in ("fin", "rst", "hole")),
        *(made(takeover.skew, server.database(), ahead) for ahead in (SKEW, -SKEW)),
    ]
    found = _trace(base / "trace", dovecot, server.database())
    return [*others, *(made(takeover.die_at, server.database(), point) for point in found)]


def _place(point: str) -> tuple[str, int]:
    name, _, times = point.partition("@")
    return name, int(times or 1)


def _trace(folder: Path, dovecot: Dovecot, database: str) -> dict[str, int]:
    """Return the crash points that a leader passes while the stream flows."""
    with host(folder, dovecot, database=database) as healthy:
        with healthy.stream_flows():
            assert healthy.live(MAILBOT_CRASH_TRACE=str(healthy.trace)) == 0, healthy.journal.read_text()
        return passed(healthy.trace)


def _told(job: Callable[[], Takeover]) -> Takeover:
    """Play one, and say how it went."""
    found = job()
    wrong = [*found.verdict.lost, *found.verdict.doubled]
    how = "; ".join(wrong) or (f"fine, {found.seconds:.1f} s" if found.reached else "not reached this time")
    _say(f"{found.what}: {how}")
    return found


def _say(line: str) -> None:
    with _said:
        print(line, flush=True)  # noqa: T201  # printing is its task


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
