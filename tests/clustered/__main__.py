"""``python -m tests.clustered [DIR]``: the demo's weeks with two hosts, PostgreSQL and a cluster; `make demo-cluster`.

In the middle a worker is killed, and in the second week the daemon that leads. The board is that of `make demo`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mailbot import flow
from mailbot.cli.boards.showing import show
from mailbot.config import load
from mailbot.demo import challenges, folder, listen, peers, stage
from mailbot.demo.director import Clock, Director
from mailbot.demo.screen import Screen
from mailbot.demo.week import BEGINS, BOARDS
from mailbot.system import safefile
from tests.command import mailbot
from tests.integration.bot import wait
from tests.servers.dask import dask_cluster
from tests.servers.postgres import Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from mailbot.demo.week import Delivery
    from tests.servers.dask import DaskCluster

ROOT = Path(__file__).parents[2]

STOPPED = 130
"""Exit code of a program that Ctrl-C stopped."""

COMPUTE = """
[compute]
scheduler = "{address}"
fallback = false                      # whatever is scored here was scored by a worker
"""


class SharedClock(Clock):
    """The demo's clock, which other processes read from a file."""

    def __init__(self, begin: datetime, file: Path) -> None:
        """Begin at an instant."""
        super().__init__(begin)
        self.file = file
        self.pass_on(begin)

    def pass_on(self, to: datetime) -> None:
        """Let time pass until an instant."""
        super().pass_on(to)
        safefile.replace(self.file, self().isoformat().encode())


@contextmanager
def hosting(name: str, first: str, config: Path, clock: SharedClock) -> Iterator[subprocess.Popen[bytes]]:
    """Run a daemon once its journal tells of a first event; it ends with whoever runs it."""
    journal = config.with_name(f"journal-{name}.log")
    command = (sys.executable, "-m", "tests.clustered.host", str(config), str(clock.file))
    with journal.open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=log, stderr=log, env=os.environ | {"MAILBOT_HOST": name}, start_new_session=True
        )
    try:
        wait(lambda: f'"event": "{first}"' in journal.read_text(), journal)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@dataclass(frozen=True, kw_only=True)
class Accidents:
    """What goes wrong on the way."""

    screen: Screen
    cluster: DaskCluster
    leader: subprocess.Popen[bytes]
    #: The mails during which a worker and the leader are killed.
    worker_at: Delivery
    leader_at: Delivery

    def strike(self, delivery: Delivery) -> None:
        """Kill what is to be killed while this mail is handled."""
        if delivery == self.worker_at:
            self.cluster.workers[0].kill()
            self.screen.line("One of the two workers is killed.")
        if delivery == self.leader_at:
            os.killpg(self.leader.pid, signal.SIGKILL)
            self.screen.line("The daemon that leads is killed; the other host takes over.")


def play(out: Path | None) -> None:
    """Play the demo and leave its files in ``out``."""
    began, screen, place = time.monotonic(), Screen(), folder.choose(out)
    folder.prepare(place)
    screen.title("Three weeks of a challenge by e-mail: two hosts, PostgreSQL, a cluster of two workers")
    played = stage.prepared(screen, challenges.PRESETS[0])
    with ExitStack() as stack:
        servers = stack.enter_context(peers.running(played.keys.address, folder.PASSWORD))
        heard = stack.enter_context(listen.journal(place / "journal.log"))
        path = folder.furnish(
            place, played.keys, files=played.files, imap_port=servers.imap_port, smtp_port=servers.smtp_port
        )
        alone = path.read_text(encoding="utf-8")
        cluster = stack.enter_context(dask_cluster(2))
        screen.step("Cluster", f"a Dask scheduler at {cluster.address} and two workers")
        database = stack.enter_context(_database())
        screen.step("Ledger", "PostgreSQL, on this machine only")
        path.write_text(f'ledger_url = "{database}"\n{alone}{COMPUTE.format(address=cluster.address)}', "utf-8")
        clock = SharedClock(BEGINS, Path(stack.enter_context(tempfile.TemporaryDirectory())) / "clock")
        leader = stack.enter_context(hosting("one", "running", path, clock))
        other = stack.enter_context(hosting("two", "standing-by", path, clock))
        screen.step("Daemons", "on two hosts: one leads, the other stands by")
        wired = stack.enter_context(flow.opened(load.load(path), clock=clock, enter=False))
        second_week = next(each for each in played.mails if each.board == BOARDS[1])
        accidents = Accidents(
            screen=screen, cluster=cluster, leader=leader, worker_at=played.mails[len(played.mails) // 2],
            leader_at=second_week,
        )  # fmt: skip
        director = Director(
            folder=place, servers=servers, clock=clock, wired=wired, heard=heard, screen=screen,
            delivered=accidents.strike,
        )  # fmt: skip
        screen.step("Journals", "journal-one.log and journal-two.log")
        screen.title("The weeks")
        director.play(played.mails)
        stage.epilogue(director, time.monotonic() - began, show)
        other.send_signal(signal.SIGTERM)
        other.wait()
        mailbot("migrate-ledger", "sqlite", folder=place)
        path.write_text(alone, encoding="utf-8")
    screen.farewell(place)


@contextmanager
def _database() -> Iterator[str]:
    server = Postgres()
    try:
        server.start()
        yield server.database()
    finally:
        server.remove()


if __name__ == "__main__":
    try:
        play(Path(sys.argv[1]) if sys.argv[1:] else None)
    except KeyboardInterrupt:
        sys.exit(STOPPED)
