"""Somebody else holds the ledger's lock, or a board breaks our own code: no mail is lost, none is done twice."""

from __future__ import annotations

import email
import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mailbot import flow
from mailbot.board.weekly import Weekly
from mailbot.config import load
from mailbot.daemon.main import Daemon
from mailbot.errors import Temporary
from mailbot.intake import intake
from mailbot.ledger import mails, observations, submissions
from mailbot.ledger.engines import connect
from mailbot.ledger.mailbox.places import Place
from mailbot.model import MailState
from tests.faults.conftest import mail
from tests.faults.scripted_imap import ScriptedImap
from tests.integration.bot import wait

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mailbot.config.schema import Config
    from mailbot.service import Service
    from tests.faults.conftest import MakeBot
    from tests.servers.smtp_sink import SmtpSink


def _hold(path: Path, seconds: float) -> None:
    """Hold the ledger as a careless administrator does: an open transaction that writes."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as other:
        other.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        other.execute("ROLLBACK")


def test_a_lock_of_some_seconds_is_waited_for(make_bot: MakeBot, smtp_sink: SmtpSink) -> None:
    """A lock that is held while mails arrive delays them, and that is all."""
    with ScriptedImap() as server:
        bot = make_bot(port=server.port)
        with bot.running() as running:
            wait(lambda: "IDLE" in server.commands, running.path)
            other = threading.Thread(target=_hold, args=(bot.folder / "state" / "ledger.db", 3))
            other.start()
            server.arrive(mail("One"))
            other.join()
            wait(lambda: len(server.folders.get("Processed", {})) == 1 == len(smtp_sink.sent), running.path)
            assert running.stop() == 0
            assert not [line for line in running.journal() if line["event"] in {"mailbox-lost", "step-failed"}]
    assert [row["status"] for row in bot.rows("submissions")] == ["accepted"]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up a lock after a moment, and try a mail again soon."""
    monkeypatch.setattr(connect, "BUSY_SECONDS", 0.1)
    monkeypatch.setattr(intake, "RETRY", timedelta(seconds=0.3))


@pytest.mark.usefixtures("impatient")
def test_a_lock_that_comes_again_and_again(make_bot: MakeBot, smtp_sink: SmtpSink) -> None:
    """Whichever step of the daemon fails on it, each mail is recorded and filed once, and answered under one id."""
    names = [f"Mail-{n}" for n in range(9)]  # fewer than a team is answered in an hour
    with ScriptedImap(*map(mail, names)) as server:
        bot = make_bot(port=server.port)
        with flow.working(load.load(bot.folder / "config.toml")) as wired, _running(wired) as running:
            for _ in range(12):
                _hold(bot.folder / "state" / "ledger.db", 0.25)
                time.sleep(0.05)
            wait(lambda: len(server.folders.get("Processed", {})) == len(names) == len(_reply_ids(smtp_sink)))
        assert not running.failed
        assert server.folders["INBOX"] == {}
    assert sorted(row["method"] for row in bot.rows("submissions")) == sorted(names)


@pytest.mark.usefixtures("impatient")
def test_a_board_that_breaks_our_own_code_stops_no_mail(
    make_bot: MakeBot, smtp_sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The organizers are told once, without the error's own words; the daemon goes on, and mails are answered."""

    def broken(_: Weekly) -> bool:
        message = "secret words"
        raise ZeroDivisionError(message)

    monkeypatch.setattr(Weekly, "step", broken)
    with ScriptedImap(mail("One")) as server:
        bot = make_bot(port=server.port)
        with flow.working(load.load(bot.folder / "config.toml")) as wired, _running(wired) as running:
            said = "Unexpected error: ZeroDivisionError. The journal has the details."
            wait(lambda: _ill(wired).get("board") == said)
            wait(lambda: len(_reply_ids(smtp_sink)) == 1)
            assert set(_ill(wired)) <= {"board", "folders"}  # the server has no Junk
        assert not running.failed


def _ill(wired: Service) -> dict[str, str]:
    """Return each part that is not well, with the reason."""
    with wired.ledger.read() as tx:
        return {row.part: row.detail for row in observations.health_of_parts(tx) if not row.ok}


@contextmanager
def _running(wired: Service) -> Iterator[Daemon]:
    """Run the daemon in a thread of this process."""
    made = Daemon(wired, retry_seconds=0.3)
    thread = threading.Thread(target=made.run, kwargs={"signals": False})
    thread.start()
    try:
        yield made
    finally:
        made.stop()
        thread.join()
        made.close()


def _reply_ids(sink: SmtpSink) -> set[str]:
    """Return the Message-IDs of what was sent; a lock between the server's answer and ours sends one again."""
    return {str(email.message_from_bytes(sent.content)["Message-ID"]) for sent in sink.sent}


@pytest.mark.usefixtures("impatient")
def test_a_record_that_fails_is_made_later(make_bot: MakeBot) -> None:
    """A lock that comes between the claim of a mail and its record costs the mail none of its attempts."""
    config = load.load(make_bot(port=1).folder / "config.toml")
    with flow.working(config) as wired:
        place = Place(mailbox="inbox", uidvalidity=1, uid=1)
        with wired.ledger.write("test") as tx:
            raw, now = mail("One"), wired.clock()
            sha256 = wired.spool.put(raw, now)
            mails.add(tx, place, sha256=sha256, size=len(raw), arrived_at=now, now=now)
        over = threading.Event()
        other = threading.Thread(target=_hold_once_claimed, args=(config.state / "ledger.db", over))
        other.start()
        with pytest.raises(Temporary, match="locked"):
            wired.intake.step()
        over.set()
        other.join()
        wired.intake.resume()
        assert wired.intake.step()
        with wired.ledger.read() as tx:
            row = mails.at(tx, place)
            assert len(submissions.listing(tx)) == 1
    assert (row.state, row.attempts) == (MailState.RECORDED, 1)


def _hold_once_claimed(path: Path, over: threading.Event) -> None:
    """Hold the ledger from the moment that a mail is being worked on; its child takes far longer to start."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as other:
        while not other.execute("SELECT count(*) FROM mails WHERE state = 'working'").fetchone()[0]:
            time.sleep(0.005)
        other.execute("BEGIN IMMEDIATE")
        over.wait(30)
        other.execute("ROLLBACK")


@pytest.mark.usefixtures("impatient")
def test_a_commit_that_fails_changes_nothing_on_the_server(make_bot: MakeBot) -> None:
    """The mail is in the spool and not in the ledger: it stays in the inbox, and the next look enters it."""
    with ScriptedImap() as server:
        config: Config = load.load(make_bot(port=server.port).folder / "config.toml")
        with flow.working(config) as wired:
            mailbox = wired.mailbox()
            assert wired.fetch.take_new(mailbox) == 0  # the first look is entered in the ledger
            server.arrive(mail("One"))
            with closing(sqlite3.connect(config.state / "ledger.db", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                with pytest.raises(Temporary, match="locked"):
                    wired.fetch.take_new(mailbox)
                other.execute("ROLLBACK")
            assert len(list(wired.spool.paths())) == 1
            assert wired.fetch.take_new(mailbox) == 1
            assert wired.fetch.take_new(mailbox) == 0
            mailbox.close()
        assert not any("MOVE" in command for command in server.commands)
        assert len(server.folders["INBOX"]) == 1
