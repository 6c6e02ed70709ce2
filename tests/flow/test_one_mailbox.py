"""Two mailbots on one mailbox: the second refuses to start, unless it takes over; a wrong clock publishes nothing."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from mailbot import flow
from mailbot.config import calendar, load
from mailbot.errors import Held, Permanent
from mailbot.ledger import boards, outbox
from mailbot.operations import backup, beginning
from mailbot.operations.doctor import mailbox as doctor
from mailbot.operations.doctor.finding import Level
from mailbot.transport.marker import served_until
from tests.command import mailbot
from tests.contest import contest
from tests.faults.scripted_imap import ScriptedImap, Session
from tests.integration.bot import Bot, submission
from tests.servers.process import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.service import Service
    from tests.servers.dovecot import Mailbox
    from tests.servers.postgres import Postgres
    from tests.servers.smtp_sink import SmtpSink

TEAM = "ada@peepers.example"


def _bot(folder: Path, mailbox: Mailbox, sink: SmtpSink) -> Bot:
    imap: dict[str, object] = {"port": mailbox.server.imaps_port, "ca_file": str(mailbox.server.certificates.ca)}
    made = Bot.make(folder, address=mailbox.user, team=TEAM, imap=imap, smtp={"port": sink.port, "security": "none"})
    config = made.folder / "config.toml"
    text = config.read_text().replace('marker = ""\n', "").replace('extra_folders = ["Junk"]\n', "")
    config.write_text(text.replace("[challenge]", '[challenge]\norganizers = ["c@x.org"]'))
    return made


def test_a_second_state_refuses(tmp_path: Path, mailbox: Mailbox, smtp_sink: SmtpSink) -> None:
    """Each team is answered once; after a take-over the first one refuses, a copy of it too."""
    first, second = (_bot(tmp_path / name, mailbox, smtp_sink) for name in ("first", "second"))
    first.once()
    mailbox.deliver(submission(TEAM, mailbox.user))
    for command in ("once", "run"):
        told = mailbot(command, "--yes", folder=second.folder, code=2).err
        assert "another mailbot, with another state," in told
        assert "--take-over" in told
    first.once()
    assert len(smtp_sink.sent) == 1
    shutil.copytree(first.folder, tmp_path / "copy")
    assert "a copy of this state" in mailbot("once", folder=tmp_path / "copy", code=2).err
    mailbot("once", "--yes", "--take-over", folder=second.folder)
    mailbot("once", folder=second.folder)
    assert "another mailbot" in mailbot("once", folder=first.folder, code=2).err
    assert len(mailbox.messages("Mailbot")) == 1


def test_a_ledger_that_was_moved_serves_its_mailbox_on(
    tmp_path: Path, mailbox: Mailbox, smtp_sink: SmtpSink, postgres: Postgres
) -> None:
    """At once, there and back, without `--take-over`; nothing is inherited, and a copy of the folder is refused."""
    bot = _bot(tmp_path / "bot", mailbox, smtp_sink)
    config, ledger = bot.folder / "config.toml", bot.folder / "state/ledger.db"
    bot.once()
    text, url = config.read_text(), postgres.database()
    for target, said in ((url, f'ledger_url = "{url}"\n{text}'), ("sqlite", text)):
        mailbot("migrate-ledger", target, folder=bot.folder)
        if target == url:
            ledger.rename(tmp_path / "old.db")
        config.write_text(said)
        mailbox.deliver(submission(TEAM, mailbox.user, method=f"Net {target[:6]}"))
        mailbot("once", folder=bot.folder)
    assert len(smtp_sink.sent) == 2
    trail = [json.loads(line) for line in (bot.folder / "state/acts.jsonl").read_text().splitlines()]
    assert [entry for entry in trail if "mailbox-inherited" in str(entry)] == []
    shutil.copytree(bot.folder, tmp_path / "copy")
    assert "a copy of this state" in mailbot("once", folder=tmp_path / "copy", code=2).err


def test_a_running_mailbot_ends_when_it_was_taken_over(tmp_path: Path, mailbox: Mailbox, smtp_sink: SmtpSink) -> None:
    """The next time it writes its marker, it sees another's and does nothing more."""
    first, second = (_bot(tmp_path / name, mailbox, smtp_sink) for name in ("first", "second"))
    first.once()
    with flow.working(load.load(first.folder / "config.toml")) as service:
        mailbot("once", "--yes", "--take-over", folder=second.folder)
        with closing(service.mailbox()) as server, pytest.raises(Held, match="another mailbot"):
            service.fetch.marker.keep(server)


def test_a_mail_that_somebody_sent_is_no_marker(tmp_path: Path, mailbox: Mailbox, smtp_sink: SmtpSink) -> None:
    """A server may file ``submissions+Mailbot@…`` into the folder of that name: it stops nothing."""
    bot = _bot(tmp_path / "bot", mailbox, smtp_sink)
    bot.once()
    for field in (
        "Received: from evil.example by mx",
        "Return-Path: <eve@evil.example>",
        "delivered-to : x@siqa.example",
    ):
        forged = f"{field}\r\nFrom: eve@evil.example\r\nX-Mailbot-State: {'0' * 16} {'1' * 16} evil\r\n\r\n".encode()
        with flow.working(load.load(bot.folder / "config.toml")) as service, closing(service.mailbox()) as server:
            server.append("Mailbot", forged)
    mailbox.deliver(submission(TEAM, mailbox.user))
    bot.once()
    assert len(smtp_sink.sent) == 1


def test_a_copy_that_was_heard_of_in_the_future_silences_nothing() -> None:
    """The mail server's clock was wrong once: what comes due until then is told nevertheless."""
    now, ahead = datetime.now(UTC), datetime.now(UTC) + timedelta(days=300)
    assert served_until(ahead, now) == now
    assert served_until(now, ahead) == now
    assert served_until(now, None) == now


@pytest.mark.parametrize("verb", ["CREATE", "APPEND"])
def test_a_mailbox_without_room_for_a_marker_is_served(tmp_path: Path, smtp_sink: SmtpSink, verb: str) -> None:
    """Where no folder can be made, or no mail put into it, the organizers are told once and all goes on."""

    def refuse(session: Session, tag: str, _: str) -> None:
        session.send(f"{tag} NO [NOPERM] not here\r\n")

    with ScriptedImap(submission(TEAM, "submissions@siqa.example")) as server:
        server.script(verb, *[refuse] * 9)
        imap = {"port": server.port, "security": "none"}
        smtp = {"port": smtp_sink.port, "security": "none"}
        bot = Bot.make(tmp_path / "bot", address="submissions@siqa.example", team=TEAM, imap=imap, smtp=smtp)
        config = bot.folder / "config.toml"
        config.write_text(config.read_text().replace('marker = ""\n', ""))
        server.folders["Processed"] = {}
        bot.once()
        told = mailbot("once", "--json", folder=bot.folder).err
    assert "mailbox-not-marked" in told
    assert [row["status"] for row in bot.rows("submissions")] == ["accepted"]


@dataclass
class Clock:
    """This host's clock, which may be wrong."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        """Tell the time."""
        return datetime.now(UTC) + self.ahead


def _weekly(service: Service) -> int:
    with service.ledger.read() as tx:
        return len(boards.listing(tx))


def test_a_clock_that_is_ahead_publishes_nothing(tmp_path: Path, mailbox: Mailbox, smtp_sink: SmtpSink) -> None:
    """Mails are answered, the organizers are told, and no board and no letter goes out until it is right."""
    bot, clock = _bot(tmp_path / "bot", mailbox, smtp_sink), Clock()
    config = load.load(bot.folder / "config.toml")
    with flow.working(config, clock=clock) as service:
        service.fetch.guard.is_real = True
        flow.once(service)
        clock.ahead = timedelta(days=20)
        assert not service.fetch.guard.holds()
        mailbox.deliver(submission(TEAM, mailbox.user))
        flow.once(service)
        assert _weekly(service) == 0
        with service.ledger.read() as tx:
            kinds = [row.kind for row in outbox.listing(tx)]
        assert kinds == ["health-clock", "reply"]
        clock.ahead = timedelta()
        flow.once(service)
        assert service.fetch.guard.holds()
        clock.ahead = timedelta(minutes=14)
        assert service.fetch.guard.holds()


def test_a_restored_backup_repeats_no_letter_of_the_host_before(
    tmp_path: Path, mailbox: Mailbox, smtp_sink: SmtpSink
) -> None:
    """A board that was due since the backup is published again, and its letters, which were sent, are not repeated."""
    first, clock = _bot(tmp_path / "first", mailbox, smtp_sink), Clock(-timedelta(days=10))
    config = first.folder / "config.toml"
    weekday = f"{datetime.now(UTC) - timedelta(days=3):%a}".lower()
    config.write_text(config.read_text() + f'\n[board]\npublish_at = "{weekday} 12:00"\n')
    with flow.working(load.load(config), clock=clock) as service:
        mailbox.deliver(submission(TEAM, mailbox.user))
        flow.once(service)
        backup.back_up(service.ledger, service.config.state, tmp_path / "backup")
        clock.ahead = timedelta()
        flow.once(service)
        assert _letters(service) == ["digest", "standing"]
        for _ in range(2):  # the marker is rewritten as time passes
            with closing(service.mailbox()) as server:
                service.fetch.marker.keep(server)
    shutil.copytree(first.folder, tmp_path / "second", ignore=shutil.ignore_patterns("state"))
    backup.restore(tmp_path / "backup", tmp_path / "second/state")
    sent = len(smtp_sink.sent)
    with flow.working(load.load(tmp_path / "second/config.toml"), clock=clock) as service:
        service.fetch.marker.take_over = True
        flow.once(service)
        assert (_letters(service), _weekly(service)) == ([], 1)
        assert len(smtp_sink.sent) == sent
        clock.ahead = timedelta(days=7)
        flow.once(service)
        assert (_letters(service), _weekly(service)) == (["digest", "standing"], 2)


def _letters(service: Service) -> list[str]:
    with service.ledger.read() as tx:
        return sorted(row.kind for row in outbox.listing(tx) if row.kind in {"digest", "standing"})


def test_a_first_start_with_a_clock_ahead_takes_what_is_new(
    tmp_path: Path, mailbox: Mailbox, smtp_sink: SmtpSink
) -> None:
    """The contest begins by the mail server's clock, so that no mail of the next days is passed over as old."""
    bot = _bot(tmp_path / "bot", mailbox, smtp_sink)
    config = bot.folder / "config.toml"
    config.write_text(config.read_text().replace("since = 2020-01-01T00:00:00Z\n", ""))
    with flow.working(load.load(config), clock=Clock(timedelta(days=20))) as service:
        service.fetch.guard.is_real = True
        flow.once(service)
        mailbox.deliver(submission(TEAM, mailbox.user))
        flow.once(service)
    assert len(bot.rows("submissions")) == 1


def test_the_hosts_own_clock_is_compared(tmp_path: Path, mailbox: Mailbox, smtp_sink: SmtpSink) -> None:
    """Not only when a test says so."""
    bot = _bot(tmp_path / "bot", mailbox, smtp_sink)
    with flow.working(load.load(bot.folder / "config.toml")) as service:
        assert service.clock is calendar.now
        assert not service.fetch.guard.holds()
        flow.once(service)
        assert service.fetch.guard.holds()


def test_the_doctor_says_whose_the_mailbox_is(tmp_path: Path, mailbox: Mailbox, smtp_sink: SmtpSink) -> None:
    """Nobody's before the first start, then ours, and another's for a second state, which is red."""
    first, second = (_bot(tmp_path / name, mailbox, smtp_sink) for name in ("first", "second"))
    assert _marker_row(first) == (
        Level.GREEN,
        "no mailbot has marked the mailbox yet; the first start does, in Mailbot",
    )
    with flow.working(load.load(first.folder / "config.toml")) as service:
        flow.once(service)
    level, detail = _marker_row(first)
    assert (level, detail.startswith("the mailbox is ours")) == (Level.GREEN, True)
    level, detail = _marker_row(second)
    assert (level, "another mailbot, with another state," in detail) == (Level.RED, True)
    config = first.folder / "config.toml"
    config.write_text(config.read_text().replace("[imap]", '[imap]\nmarker = ""'))
    assert _marker_row(first)[0] is Level.YELLOW


def _marker_row(bot: Bot) -> tuple[Level, str]:
    with flow.opened(load.load(bot.folder / "config.toml")) as service:
        return next((row.level, row.detail) for row in doctor.imap(service) if row.part == "marker")


def test_nothing_is_published_by_hand_while_the_clock_is_ahead(
    tmp_path: Path, mailbox: Mailbox, smtp_sink: SmtpSink
) -> None:
    """`mailbot publish` and `mailbot letters` ask the mail server for the time before anything else."""
    bot, clock = _bot(tmp_path / "bot", mailbox, smtp_sink), Clock(timedelta(days=20))
    with flow.working(load.load(bot.folder / "config.toml"), clock=clock) as service:
        service.fetch.guard.is_real = True
        with pytest.raises(Permanent, match="the mail server's"):
            beginning.verify_clock(service)
        clock.ahead = timedelta()
        beginning.verify_clock(service)


@pytest.mark.parametrize("command", [("publish",), ("publish", "--final", "--yes"), ("letters", "--yes")])
def test_nothing_is_published_by_hand_before_the_ledger_ends(tmp_path: Path, command: tuple[str, ...]) -> None:
    """Where the mail server cannot be reached, the last entry of the audit trail is the measure."""
    with contest.contest(tmp_path, contest.Clock(datetime(2199, 4, 13, tzinfo=UTC))) as wired:
        contest.take(wired, contest.mail("amber@example.org"), wired.clock())
    servers = f'[imap]\nhost = "127.0.0.1"\nport = {free_port()}\nuser = "x"\npassword_file = "password"\n'
    (tmp_path / "password").write_text("secret\n")
    config = tmp_path / "config.toml"
    config.write_text(config.read_text() + servers)
    told = mailbot(*command, folder=tmp_path, code=2).err
    assert "the ledger ends at 2199" in told
    assert not (tmp_path / "state/published").exists()
