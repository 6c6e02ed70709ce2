"""What the daemon reports of its loops: to systemd, and in the file that commands read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot.daemon.report import REFUSED, Report, read
from mailbot.daemon.systemd import Notifier
from mailbot.system import heartbeat
from mailbot.system.heartbeat import Heartbeat
from tests.unit.services import Clock, served

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.daemon.conftest import Manager


def test_a_hung_loop_starves_the_watchdog(tmp_path: Path, manager: Manager) -> None:
    """While all loops are in time the watchdog is fed; when one is late it is not, and the status says which."""
    seconds = [0.0]
    watched = Heartbeat(10, lambda: seconds[0])
    environment = {"NOTIFY_SOCKET": str(manager.path), "WATCHDOG_USEC": "9000000"}
    notifier = Notifier(environment)
    assert environment == {}
    with served(tmp_path, Clock()) as service, watched.loop("mailbox"), watched.loop("intake"):
        report = Report(service=service, heartbeat=watched, notifier=notifier)
        assert report.seconds == 3
        heartbeat.rest("idle", 5)
        report.give()
        status, alive = manager.heard()
        assert status.startswith("STATUS=mailbox: starting; intake: idle; next board Wed")
        assert alive == "WATCHDOG=1"
        seconds[0] = 12
        report.give()
        (status,) = manager.heard()
        assert status.startswith("STATUS=mailbox: HANGS, starting; intake: idle")
        told = read(service.config.state)
        assert told is not None
        assert [name for name, loop in told["loops"].items() if loop["late"]] == ["mailbox"]
        report.end()
        assert read(service.config.state) is None


def test_a_refused_config_is_seen_by_the_manager(tmp_path: Path, manager: Manager) -> None:
    """It stops the next restart: until a good one is read, the status and the file say so."""
    watched = Heartbeat(10)
    watched.marks[REFUSED] = "config.toml: 1 mistake(s)"
    with served(tmp_path, Clock()) as service:
        Report(service=service, heartbeat=watched, notifier=Notifier({"NOTIFY_SOCKET": str(manager.path)})).give()
        assert "; the config on disk was refused: config.toml: 1 mistake(s); next board" in manager.heard()[0]
        assert (read(service.config.state) or {})["config_refused"] == "config.toml: 1 mistake(s)"
