"""The daemon as a whole, in a thread of the test's process; tests/integration runs it as a process of its own."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mailbot.daemon import report
from mailbot.daemon.main import Daemon
from mailbot.ledger import mails
from mailbot.system import bell, journal
from tests.unit.services import Clock, Here, drop, served, submission

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pytest

    from mailbot.service import Service


@contextmanager
def running(daemon: Daemon) -> Iterator[None]:
    """Run a daemon, and stop it in the end."""
    thread = threading.Thread(target=daemon.run, kwargs={"signals": False})
    thread.start()
    try:
        yield
    finally:
        daemon.stop()
        thread.join()


def wait(condition: Callable[[], object]) -> None:
    """Wait until something is so."""
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def events(capfd: pytest.CaptureFixture[str]) -> list[str]:
    """Return the journal's events."""
    return [json.loads(line)["event"] for line in capfd.readouterr().err.splitlines()]


def test_it_runs_until_it_is_stopped(
    tmp_path: Path, unreachable: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    """While it runs its report is there; a config that was refused is in it, by the first line of the reason."""
    journal.set_up(as_json=True)
    with served(tmp_path, Clock(), **unreachable) as service:
        daemon = Daemon(service, refused="config.toml: 1 mistake(s)\nworkers: must be at least 1")
        with running(daemon):
            wait(lambda: report.read(service.config.state))
            told = report.read(service.config.state) or {}
        assert set(told["loops"]) <= {"mailbox", "intake", "sending", "weekly", "sheet", "care"}
        assert told["config_refused"] == "config.toml: 1 mistake(s)"
        assert report.read(service.config.state) is None
        daemon.close()
    assert (daemon.failed, daemon.unfinished, daemon.next_config) == (False, [], None)
    seen = events(capfd)
    assert (seen[-1], "running" in seen) == ("stopped", True)


def test_what_a_command_left_is_handled_at_once(tmp_path: Path, unreachable: dict[str, Any]) -> None:
    """A mail that another process enters is handled when it rings, long before the loop would look by itself."""
    with served(tmp_path, Clock(), **unreachable) as service:
        daemon = Daemon(service, retry_seconds=3600)
        with running(daemon):
            wait(lambda: report.read(service.config.state))
            wait(lambda: daemon._heartbeat.status().get("intake", {}).get("doing") == "idle")  # noqa: SLF001
            drop(service, submission())
            bell.ring_at(service.config.state)
            wait(lambda: _outcome(service))
        daemon.close()


def _outcome(service: Service) -> str | None:
    with service.ledger.read() as tx:
        row = mails.get(tx, 1)
    return row.outcome if row else None


def test_what_hangs_is_left_behind(
    tmp_path: Path, unreachable: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    """The mail in hand is waited for, but no longer than it may take."""
    journal.set_up(as_json=True)
    release, working = threading.Event(), threading.Event()

    def hang(*_: object) -> None:
        working.set()
        release.wait(30)

    with served(tmp_path, Clock(), Here(before=hang), **unreachable) as service:
        drop(service, submission())
        daemon = Daemon(service, within=5)  # the other loops end in it, however busy the machine is
        with running(daemon):
            wait(working.is_set)
        assert daemon.unfinished == ["intake_loop"]
        release.set()
        wait(lambda: "intake_loop" not in {thread.name for thread in threading.enumerate()})
        daemon.close()
    assert "stopped-hard" in events(capfd)
