"""How long it takes a stand-by to lead and begin its work after the leader was killed, many times."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

from tests.faults import takeover
from tests.servers.dovecot import Dovecot
from tests.servers.postgres import Postgres

TIMES = 50
AT_ONCE = 2
POINT = "commit.record.made"


def measure() -> dict[str, dict[str, object]]:
    """Return the median and the longest."""
    dovecot, server = Dovecot(), Postgres()
    try:
        dovecot.start()
        server.start()
        with tempfile.TemporaryDirectory() as base, ThreadPoolExecutor(AT_ONCE) as pool:
            folders = [Path(base) / str(number) for number in range(TIMES)]
            found = list(pool.map(lambda each: takeover.die_at(each, dovecot, server.database(), POINT), folders))
    finally:
        dovecot.remove()
        server.remove()
    wrong = [line for each in found for line in (*each.verdict.lost, *each.verdict.doubled)]
    if wrong or not all(each.reached for each in found):
        raise RuntimeError(f"not every leader died there, or a takeover lost or doubled something: {wrong}")
    seconds = [each.seconds for each in found]
    return {
        "takeover": {
            "value": round(median(seconds), 2),
            "unit": f"seconds from a leader's death to the work of the stand-by, median of {TIMES} with mails flowing",
            "longest_s": round(max(seconds), 2),
        }
    }
