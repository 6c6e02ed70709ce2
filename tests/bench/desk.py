"""The organizers' desk on a contest of 100,000 mails and 200 teams: the first byte of each screen, and memory."""

from __future__ import annotations

import hashlib
import json
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import requests
import sqlalchemy as sa
import uvicorn
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from mailbot import flow
from mailbot.board.codec import snapshot
from mailbot.config import load
from mailbot.ledger import boards, daybook, events, tables
from mailbot.system import journal
from tests.bench import contests
from tests.bench.idle import memory
from tests.bench.pipeline import base_config, write_config
from tests.command import MAILBOT
from tests.groups import below
from tests.servers.process import LOOPBACK, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from starlette.requests import Request

    from mailbot.service import Service

MAILS, TEAMS, WEEKS = 100_000, 200, 30
ITEMS = 100
ROUNDS = 15

SCREENS = (
    "/", "/mails", "/mails?words=nowhere", "/mails/M-099000", "/teams", "/teams/T-000001", "/submissions",
    "/submissions/S-099000", "/labels", "/disputes", "/board", "/dates", "/letters", "/letters/R-099000", "/log",
    "/log?actor=nobody", "/act/disqualify-team?team=team+1", "/act/extend",
)  # fmt: skip


def measure() -> dict[str, dict[str, object]]:
    """Return the slowest screen beside a bare page, and the memory once all were looked at."""
    journal.set_up(as_json=False, quiet=True)
    with tempfile.TemporaryDirectory() as name, _bare() as bare:
        folder = Path(name)
        _fill(folder)
        with _desk(folder) as (session, address, pid):
            found = {path: _first_byte(session, address + path) for path in SCREENS}
            plain = _first_byte(requests.Session(), bare)
            used = memory([pid, *below(pid)])
            now = _first_byte(session, f"{address}/board/now", rounds=3)
            later, mapped = memory([pid, *below(pid)]), memory([pid], "Pss_File")
    slowest = max(found, key=lambda path: found[path])
    told: dict[str, object] = {path: round(1e3 * seconds, 1) for path, seconds in found.items()}
    return {
        "desk-first-byte": {
            "value": round(1e3 * found[slowest], 1),
            "unit": f"ms to the first byte of the slowest screen, {slowest}, with {MAILS:,} mails",
            "bare_page_ms": round(1e3 * plain, 1),
            "ratio": round(found[slowest] / plain, 1),
            "median_screen_ms": round(1e3 * statistics.median(found.values()), 1),
            "board_of_now_ms": round(1e3 * now, 1),
            "screens": told,
        },
        "desk-memory": {
            "value": round(used, 1),
            "unit": "MiB of the desk once every screen was looked at (Pss, all processes)",
            "after_board_of_now": round(later, 1),
            "of_that_mapped": round(mapped, 1),
        },
    }


def _first_byte(session: requests.Session, url: str, rounds: int = ROUNDS) -> float:
    """Return the median time to the first byte; the first look, which reads templates, is not counted."""
    taken = []
    for _ in range(1 + rounds):
        begun = time.perf_counter()
        answer = session.get(url, timeout=60, stream=True)
        next(answer.iter_content(1), b"")
        taken.append(time.perf_counter() - begun)
        if answer.status_code != 200 or not answer.content:
            message = f"{url}: {answer.status_code}"
            raise RuntimeError(message)
    return statistics.median(taken[1:])


# --- the contest -----------------------------------------------------------------------------
def _fill(folder: Path) -> None:
    config = base_config(folder, "submissions@example.org", ITEMS)
    rows = "".join(f"team {n},team{n}@example.org\n" for n in range(TEAMS))
    (folder / "teams.csv").write_text(f"team,address\n{rows}", encoding="utf-8")
    write_config(folder, config)
    with flow.working(load.load(folder / "config.toml")) as wired:
        contests.fill(wired, MAILS, TEAMS)
        _publish(wired)
        _log(wired)
        daybook.catch_up(wired.ledger, folder / "state")


def _publish(wired: Service) -> None:
    """Keep a board for each week, as the ledger does."""
    made, now = wired.weekly.board(datetime.now(UTC)), datetime.now(UTC)
    with wired.ledger.write("bench") as tx:
        for week in range(WEEKS, 0, -1):
            as_of = made.as_of - timedelta(weeks=week)
            boards.add(tx, snapshot(replace(made, as_of=as_of)), due_at=as_of, now=now)


def _log(wired: Service) -> None:
    """Enter as many entries into the trail as there are mails; their hashes are made up."""
    with wired.ledger.write("bench") as tx:
        last = events.listing(tx)[-1].id
        same = {"at": datetime.now(UTC), "actor": "mailbot", "kind": "mail-recorded"}
        for start in range(1, MAILS + 1, 10_000):
            numbers = range(start, start + 10_000)
            rows = [same | {"id": last + n, "subject": f"M-{n:06d}", "detail": _told(n)} for n in numbers]
            rows = [row | {"hash": hashlib.sha256(str(row["id"]).encode()).hexdigest()} for row in rows]
            tx.execute(sa.insert(tables.events), rows)


def _told(number: int) -> str:
    return json.dumps({"outcome": "scored", "submissions": [{"receipt": f"S-{number:06d}", "score": 12.5}]})


# --- the servers -----------------------------------------------------------------------------
@contextmanager
def _desk(folder: Path) -> Iterator[tuple[requests.Session, str, int]]:
    """Run the command as it is installed, and log in by its link."""
    port = free_port()
    with _process((str(MAILBOT), "desk", "--port", str(port)), folder) as (process, said):
        key = _wait_for(said, r"login\?key=(\S+)")
        session, address = requests.Session(), f"http://{LOOPBACK}:{port}"
        session.post(f"{address}/login", data={"key": key}, timeout=60).raise_for_status()
        yield session, address, process.pid


@contextmanager
def _bare() -> Iterator[str]:
    """Serve a page of the same stack that does nothing, in a process of its own."""
    port, root = free_port(), Path(__file__).parents[2]
    with _process((sys.executable, "-m", "tests.bench.desk", str(port)), root):
        address = f"http://{LOOPBACK}:{port}/"
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                requests.get(address, timeout=60)
            except requests.ConnectionError:
                time.sleep(0.1)
            else:
                break
        yield address


@contextmanager
def _process(command: Sequence[str], folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    with tempfile.NamedTemporaryFile() as said:
        process = subprocess.Popen(command, cwd=folder, stdout=said, stderr=said)
        try:
            yield process, Path(said.name)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def _wait_for(said: Path, pattern: str) -> str:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        if found := re.search(pattern, said.read_text(encoding="utf-8")):
            return found[1]
        time.sleep(0.05)
    raise TimeoutError(said.read_text(encoding="utf-8"))


def bare(port: int) -> None:
    """Serve one page that says nothing."""

    async def page(_: Request) -> HTMLResponse:
        return HTMLResponse("<!doctype html><title>Bare</title><h1>Bare</h1>")

    app = Starlette(routes=[Route("/", page)])
    uvicorn.run(app, host=LOOPBACK, port=port, log_config=None, access_log=False, lifespan="off", ws="none")


if __name__ == "__main__":
    bare(int(sys.argv[1]))
