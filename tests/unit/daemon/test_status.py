"""One look at the contest, and how `mailbot status` and `mailbot top` show it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console
from typer.testing import CliRunner

from mailbot.cli.app import app
from mailbot.cli.status import screen
from mailbot.daemon.status import Status, as_json, look
from mailbot.ledger.boards import OVERDUE
from tests.contest.contest import write_config
from tests.unit.services import ADA, Clock, served, submission, take

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.service import Service


def seen(service: Service) -> Status:
    """Look at the contest."""
    with service.ledger.read() as tx:
        return look(tx, service.config, now=service.clock())


def played(service: Service) -> Status:
    """Let a team be scored and a stranger write, and look."""
    take(service, submission())
    take(service, submission("Other", sender="stranger@elsewhere.example"))
    service.alerts.report("sheet", ok=False, detail="Google does not answer")
    return seen(service)


def test_one_look_sees_the_whole_contest(tmp_path: Path) -> None:
    """Mails by outcome, what waits, what is not well, the quota used, the next board, the labels."""
    with served(tmp_path, Clock()) as service:
        told = as_json(played(service), service.config.challenge.zone)
    assert told["mails"] == {"scored": 1, "unknown-sender": 1}
    assert (told["backlog"], told["running"]) == (0, False)
    assert [(part["part"], part["detail"]) for part in told["parts"] if not part["ok"]] == [
        ("sheet", "Google does not answer")
    ]
    assert told["quota"] == [{"team": "Pixel Peepers", "track": "siqa-s", "today": 1, "week": 1, "per_week": 2}]
    assert told["last_mails"][0]["outcome"] == "unknown-sender"
    assert told["next_board"] > told["at"]
    assert set(told["labels"]) == {"siqa-s"}


def test_the_screen_tells_it_to_people_and_shows_no_address(tmp_path: Path) -> None:
    """What is not well is on it, with its words; a screen is looked at by anybody who passes."""
    console = Console(width=120, record=True, file=StringIO())
    with served(tmp_path, Clock()) as service:
        console.print(screen(played(service), service.config.challenge.zone))
    shown = console.export_text()
    assert "not running" in shown
    assert "Google does not answer" in shown
    assert "1 of 2 this week" in shown
    assert ADA not in shown


def test_a_small_terminal_shows_the_quota(tmp_path: Path) -> None:
    """Idle loops share a line, one that hangs has its own, and the mails come last: top shows what finds room."""
    console = Console(width=80, record=True, file=StringIO())
    with served(tmp_path, Clock()) as service:
        found = played(service)
    idle = {"doing": "idle", "seconds": 1.0, "late": False}
    loops = dict.fromkeys(("mailbox", "intake", "sending", "weekly", "sheet"), idle)
    found = replace(found, running=True, pulse={"loops": {**loops, "care": {**idle, "late": True}}})
    console.print(screen(replace(found, used=[*found.used] * 5), ZoneInfo("UTC")))
    lines = [" ".join(line.split()) for line in console.export_text().splitlines()[:24]]
    assert "idle mailbox, intake, sending, weekly, sheet" in lines
    assert "care HANGS: idle" in lines
    assert sum("of 2 this week" in line for line in lines) == 5


def test_one_clock_tells_it_all(tmp_path: Path) -> None:
    """On the screen and for programs every instant is on the challenge's clock, and the screen names it."""
    zone, console = ZoneInfo("Asia/Shanghai"), Console(width=120, record=True, file=StringIO())
    with served(tmp_path, Clock()) as service:
        found = replace(played(service), running=True, pulse={"polled_at": "2026-03-11T03:00:00+00:00"})
    found = replace(found, last_board=found.at, deadline=found.at)
    console.print(screen(found, zone))
    shown = console.export_text()
    assert "Last mails (Asia/Shanghai)" in shown
    assert f"{found.last_mails[0].arrived_at.astimezone(zone):%m-%d %H:%M}" in shown
    told = as_json(found, zone)
    instants = [told[key] for key in ("at", "polled_at", "last_board", "next_board", "deadline")]
    instants += [part["since"] for part in told["parts"]] + [mail["arrived_at"] for mail in told["last_mails"]]
    assert {instant[-6:] for instant in instants} == {"+08:00"}
    assert told["polled_at"] == "2026-03-11T11:00:00+08:00"


def test_an_overdue_board_is_seen_where_no_daemon_runs(tmp_path: Path) -> None:
    """Nobody was there to note it; the calendar knows all the same, once an hour has passed."""
    clock, console = Clock(), Console(width=120, record=True, file=StringIO())
    with served(tmp_path, clock) as service:
        zone, due = service.config.challenge.zone, service.weekly.next_at()
        clock.now = due + OVERDUE
        assert as_json(seen(service), zone)["overdue_board"] is None
        clock.now = due + OVERDUE + timedelta(seconds=1)
        found = seen(service)
        assert as_json(found, zone)["overdue_board"] == "2026-03-18T10:00:00+08:00"
        console.print(screen(found, zone))
        service.weekly.step()
        assert seen(service).overdue_board is None
    assert "was due Wed 18 Mar 2026, 10:00 (Asia/Shanghai, UTC+08:00), and is not out" in console.export_text()


def test_a_refused_config_is_trouble(tmp_path: Path) -> None:
    """The screen and programs are told of a config on disk that the daemon did not take."""
    console = Console(width=120, record=True, file=StringIO())
    with served(tmp_path, Clock()) as service:
        found = replace(seen(service), pulse={"config_refused": "config.toml: 2 mistake(s)"})
        assert as_json(seen(service), ZoneInfo("UTC"))["config_refused"] is None
    assert as_json(found, ZoneInfo("UTC"))["config_refused"] == "config.toml: 2 mistake(s)"
    console.print(screen(found, ZoneInfo("UTC")))
    assert "the previous one is used: config.toml: 2 mistake(s)" in console.export_text()


@pytest.mark.parametrize("command", ["status", "top"])
def test_the_commands_show_it(tmp_path: Path, command: str) -> None:
    """Both begin with whether mailbot runs, on a ledger that is still empty too."""
    config = str(write_config(tmp_path))
    (tmp_path / "state").mkdir()
    done = CliRunner().invoke(app, ["--config", config, command, *(["--once"] if command == "top" else [])])
    assert done.exit_code == 0, done.output
    assert "not running" in done.stdout
    assert "none yet" in done.stdout


def test_programs_get_one_object(tmp_path: Path) -> None:
    """With --json there is nothing else on standard output."""
    (tmp_path / "state").mkdir()
    done = CliRunner().invoke(app, ["--config", str(write_config(tmp_path)), "status", "--json"])
    assert json.loads(done.stdout)["mails"] == {}
