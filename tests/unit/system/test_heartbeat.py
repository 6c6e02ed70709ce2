"""Loops that are late, and what systemd is told of them."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from mailbot.daemon.report import REFUSED, Report, read
from mailbot.daemon.systemd import Notifier
from mailbot.system import heartbeat
from mailbot.system.heartbeat import Pulse
from tests.unit.services import Clock, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Ticks:
    """Seconds that the test counts."""

    now = 0.0

    def __call__(self) -> float:
        """Tell them."""
        return self.now


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """Give the service manager's end of the socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "n"))
        heard.settimeout(0)
        yield heard


def _heard(manager: socket.socket) -> list[str]:
    """Return what the manager was told."""
    found = []
    while True:
        try:
            found.append(manager.recv(4096).decode())
        except BlockingIOError:
            return found


def test_a_loop_is_late_when_it_is_silent_for_too_long() -> None:
    """Busy it has its patience, waiting it has its wait besides; a word from it gives it time anew."""
    ticks = Ticks()
    watched = Pulse(10, ticks)
    with watched.loop("intake"):
        ticks.now = 11
        assert watched.late() == ["intake"]
        heartbeat.beat("handling M-000001")
        assert watched.late() == []
        heartbeat.rest("idle", 30)
        ticks.now = 51
        assert watched.late() == []
        ticks.now = 51.5
        assert watched.status() == {"intake": {"doing": "idle", "seconds": 40.5, "late": True}}
    assert watched.late() == []


def test_outside_a_loop_nothing_is_noted() -> None:
    """The same steps serve `mailbot once`, which nobody watches."""
    heartbeat.beat("x")
    heartbeat.rest("x", 1)
    heartbeat.mark("x", "y")


def test_a_hung_loop_starves_the_watchdog(tmp_path: Path, manager: socket.socket) -> None:
    """While all loops are in time the watchdog is fed; when one is late it is not, and the status says which."""
    ticks = Ticks()
    watched = Pulse(10, ticks)
    environment = {"NOTIFY_SOCKET": str(tmp_path / "n"), "WATCHDOG_USEC": "9000000"}
    notifier = Notifier(environment)
    assert environment == {}
    with served(tmp_path, Clock()) as service, watched.loop("mailbox"), watched.loop("intake"):
        report = Report(service=service, pulse=watched, notifier=notifier)
        assert report.seconds == 3
        heartbeat.rest("idle", 5)
        report.give()
        status, alive = _heard(manager)
        assert status.startswith("STATUS=mailbox: starting; intake: idle; next board Wed")
        assert alive == "WATCHDOG=1"
        ticks.now = 12
        report.give()
        (status,) = _heard(manager)
        assert status.startswith("STATUS=mailbox: HANGS, starting; intake: idle")
        told = read(service.config.state)
        assert told is not None
        assert [name for name, loop in told["loops"].items() if loop["late"]] == ["mailbox"]
        report.end()
        assert read(service.config.state) is None


def test_a_refused_config_is_seen_by_the_manager(tmp_path: Path, manager: socket.socket) -> None:
    """It stops the next restart: until a good one is read, the status and the file say so."""
    watched = Pulse(10)
    watched.marks[REFUSED] = "config.toml: 1 mistake(s)"
    with served(tmp_path, Clock()) as service:
        Report(service=service, pulse=watched, notifier=Notifier({"NOTIFY_SOCKET": str(tmp_path / "n")})).give()
        assert "; the config on disk was refused: config.toml: 1 mistake(s); next board" in _heard(manager)[0]
        assert (read(service.config.state) or {})["config_refused"] == "config.toml: 1 mistake(s)"


def test_without_a_manager_nothing_is_told() -> None:
    """Started by hand there is nobody to tell; a manager that is gone is no trouble either."""
    Notifier({}).ready()
    Notifier({"NOTIFY_SOCKET": "/nowhere/at/all"}).ready()
    assert Notifier({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}).watchdog_seconds is None


def test_the_manager_is_told_of_each_turn(tmp_path: Path, manager: socket.socket) -> None:
    """Ready, reloading, stopping, and a status on one line."""
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "n")})
    notifier.ready()
    notifier.reloading()
    notifier.doing("a\nREADY=1")
    notifier.stopping()
    assert _heard(manager) == ["READY=1", "RELOADING=1", "STATUS=a READY=1", "STOPPING=1"]
