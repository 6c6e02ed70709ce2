"""A state folder that has lost its ledger, or holds an older one, is never taken for a new contest."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from mailbot import flow
from mailbot.config import load
from mailbot.errors import Lost
from tests.command import mailbot
from tests.contest.contest import Clock, contest, mail, take
from tests.servers.smtp_sink import SmtpSink

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = (("run",), ("once",), ("submissions", "list"), ("board",), ("teams", "add", "New", "new@example.org"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a contest with one submission whose ledger was copied before its second."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        take(wired, mail("amber@example.org"), clock.instant)
    shutil.copy(tmp_path / "state" / "ledger.db", tmp_path / "older.db")
    with contest(tmp_path, clock) as wired:
        take(wired, mail("beryl@example.org", shift=0.1), clock.instant)
    return tmp_path


def _remove(folder: Path) -> Path:
    ledger = folder / "state" / "ledger.db"
    for path in ledger.parent.glob("ledger.db*"):
        path.unlink()
    return ledger


def test_no_command_begins_a_ledger_beside_an_audit_trail(folder: Path) -> None:
    """Each ends with code 2, names the ways back, and creates nothing."""
    ledger = _remove(folder)
    for command in COMMANDS:
        done = mailbot(*command, folder=folder, code=2)
        assert all(way in done.err for way in ("mailbot rebuild", "mailbot restore", "--begin-anew")), command
        assert not ledger.exists(), command


def test_mails_alone_are_enough_to_refuse(folder: Path) -> None:
    """Without the daybook too, the spool says that there was a contest."""
    _remove(folder)
    (folder / "state" / "acts.jsonl").unlink()
    assert "no ledger" in mailbot("once", folder=folder, code=2).err


def test_an_older_copy_of_the_ledger_is_refused(folder: Path) -> None:
    """It ends before the audit trail beside it; what came later would be scored and answered a second time."""
    _remove(folder)
    shutil.copy(folder / "older.db", folder / "state" / "ledger.db")
    with pytest.raises(Lost, match="last entry is not in the ledger"), flow.opened(load.load(folder / "config.toml")):
        pass


def test_the_organizers_are_told_when_the_daemon_refuses_to_start(folder: Path) -> None:
    """There is no outbox without a ledger, so the mail is sent at once; what the server refuses is only noted."""
    _remove(folder)
    sink = SmtpSink()
    with (folder / "config.toml").open("a") as file:
        file.write(f'[smtp]\nhost = "127.0.0.1"\nport = {sink.port}\nsecurity = "none"\n')
    assert "organizers-not-told" in mailbot("run", folder=folder, code=2).err
    sink.start()
    try:
        mailbot("run", folder=folder, code=2)
    finally:
        sink.stop()
    (sent,) = sink.sent
    assert sent.recipients == ("chair@example.net",)
    assert b"mailbot rebuild --from-spool" in sent.content


def test_the_doctor_is_red(folder: Path) -> None:
    """It says what is lost and how to bring it back."""
    _remove(folder)
    rows = mailbot("doctor", "--json", folder=folder, code=1).json
    (row,) = [row for row in rows if row["part"] == "ledger"]
    assert row["level"] == "red"
    assert "rebuild" in row["fix"]


def test_a_rebuild_brings_it_back(folder: Path) -> None:
    """Afterwards every command works again."""
    _remove(folder)
    mailbot("rebuild", "--from-spool", folder=folder)
    assert len(mailbot("submissions", "list", "--json", folder=folder).json) == 2


def test_an_empty_contest_begins_only_when_asked_and_keeps_the_old_one(folder: Path) -> None:
    """What was there lies in one folder; a contest whose ledger is whole is never set aside."""
    assert "not lost" in mailbot("once", "--begin-anew", folder=folder, code=2).err
    _remove(folder)
    mailbot("once", "--begin-anew", folder=folder, code=2)  # this config has no mailbox: it ends after the beginning
    (aside,) = (folder / "state").glob("set-aside-*")
    assert {"acts.jsonl", "spool"} <= {path.name for path in aside.iterdir()}
    assert mailbot("submissions", "list", "--json", folder=folder).json == []
