"""What mailbot does in a real mailbox: whole passes of the real command, and the adapter alone."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from mailbot.config.servers import Imap
from mailbot.errors import AuthenticationFailed, ConfigError, Temporary
from mailbot.system.bell import Bell
from mailbot.transport.imap.fetching import CHUNK, PARTIAL
from mailbot.transport.imap.mailbox import Mailbox as Adapter
from tests.integration.bot import submission, wait
from tests.integration.conftest import TEAM, sunk
from tests.integration.wire import Wire
from tests.servers.certificates import make_certificates
from tests.servers.dovecot import Dovecot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.bot import Bot
    from tests.servers.dovecot import Mailbox
    from tests.servers.smtp_sink import SmtpSink


# --- whole passes ----------------------------------------------------------------------------


def test_flags_change_nothing(bot: Bot, mailbox: Mailbox) -> None:
    r"""A mail that a person has read, marked or answered is taken like any other, and so is one marked \Deleted."""
    for method, flag in (("A", r"\Seen"), ("B", r"\Flagged"), ("C", r"\Answered"), ("D", r"\Deleted"), ("E", "$Junk")):
        mailbox.append(submission(TEAM, mailbox.user, method=method), flags=[flag])
    bot.once()
    assert [row["method"] for row in bot.rows("submissions")] == list("ABCDE")
    assert mailbox.messages() == []
    assert mailbox.flags("Processed") == [{r"\Seen"}, {r"\Flagged"}, {r"\Answered"}, {r"\Deleted"}, {"$Junk"}]


def test_a_mail_is_taken_once(bot: Bot, mailbox: Mailbox, smtp_sink: SmtpSink) -> None:
    """Another pass, and another, finds nothing to do."""
    mailbox.deliver(submission(TEAM, mailbox.user))
    for _ in range(3):
        bot.once()
    assert len(bot.rows("submissions")) == 1
    assert [sent.recipients for sent in smtp_sink.sent] == [(TEAM,)]


def test_a_foreign_deleted_mail_stays(spare_dovecot: Dovecot, tmp_path: Path, smtp_sink: SmtpSink) -> None:
    r"""What a person marked \Deleted in Processed is not expunged by mailbot, even where it must expunge itself."""
    mailbox = spare_dovecot.mailbox()
    mailbox.append(b"Subject: mine\r\n\r\nx\r\n", folder="Processed", flags=[r"\Deleted"])
    mailbox.deliver(submission(TEAM, mailbox.user))
    bot = _over_tls(mailbox, tmp_path, smtp_sink)
    bot.once()
    assert len(mailbox.messages("Processed")) == 2
    assert mailbox.flags("Processed")[0] == {r"\Deleted"}


def test_junk_is_swept(bot: Bot, mailbox: Mailbox) -> None:
    """A team's mail in Junk is taken and moved; what strangers left there is recorded and stays."""
    mailbox.append(submission(TEAM, mailbox.user), folder="Junk")
    mailbox.append(submission("eve@elsewhere.example", mailbox.user, method="Eve"), folder="Junk")
    bot.once()
    assert [row["method"] for row in bot.rows("submissions")] == ["PeepNet"]
    assert len(mailbox.messages("Processed")) == 1
    assert len(mailbox.messages("Junk")) == 1
    assert {row["mailbox"] for row in bot.rows("mails")} == {f"{mailbox.user}/Junk"}


def test_folders_are_made_when_they_are_needed(bot: Bot, mailbox: Mailbox) -> None:
    """With nothing to do no folder is made; the first finished mail makes Processed."""
    bot.once()
    assert mailbox.folders() == ["INBOX"]
    mailbox.deliver(submission(TEAM, mailbox.user))
    bot.once()
    assert mailbox.folders() == ["INBOX", "Processed"]


def test_the_servers_clock_counts(bot: Bot, mailbox: Mailbox) -> None:
    """INTERNALDATE is when a mail arrived; its Date field, here years earlier or later, is not looked at."""
    when = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    for method, date in (("A", "Mon, 01 Jan 2001 00:00:00 +0000"), ("B", "Tue, 01 Jan 2099 00:00:00 +0000")):
        mailbox.append(submission(TEAM, mailbox.user, method=method, date=date), when=when)
    bot.once()
    assert [row["arrived_at"] for row in bot.rows("submissions")] == ["2026-03-04T13:06:07+08:00"] * 2


def test_mails_are_judged_in_the_order_of_their_arrival(bot: Bot, mailbox: Mailbox) -> None:
    """The quota goes to the mails that arrived first, whatever their order in the folder."""
    for day, method in ((14, "third"), (12, "first"), (13, "second")):
        mailbox.append(submission(TEAM, mailbox.user, method=method), when=datetime(2026, 3, day, tzinfo=UTC))
    bot.once()
    found = [(row["method"], row["status"]) for row in bot.rows("submissions")]
    assert found == [("first", "accepted"), ("second", "accepted"), ("third", "over-quota")]


def test_starttls_is_as_good(mailbox: Mailbox, tmp_path: Path, smtp_sink: SmtpSink) -> None:
    """Over STARTTLS a pass does the same."""
    imap = {
        "port": mailbox.server.imap_port,
        "security": "starttls",
        "ca_file": str(mailbox.server.certificates.ca),
    }
    bot = sunk(tmp_path / "bot", mailbox, smtp_sink, imap)
    mailbox.deliver(submission(TEAM, mailbox.user))
    bot.once()
    assert len(mailbox.messages("Processed")) == 1


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize("named", ["another", "none"])
def test_a_server_nobody_vouches_for_is_refused(
    mailbox: Mailbox, tmp_path: Path, smtp_sink: SmtpSink, foreign_ca: Path, security: str, named: str
) -> None:
    """With another authority's file, or the system's authorities, the password is not sent and nothing is taken."""
    port = mailbox.server.imaps_port if security == "tls" else mailbox.server.imap_port
    imap: dict[str, object] = {"port": port, "security": security}
    bot = sunk(
        tmp_path / "bot", mailbox, smtp_sink, imap | ({"ca_file": str(foreign_ca)} if named == "another" else {})
    )
    mailbox.deliver(submission(TEAM, mailbox.user))
    said = bot.once(code=2).err
    assert "its certificate is not trusted" in said
    assert "imap.ca_file" in said
    assert bot.rows("mails") == []
    assert len(mailbox.messages()) == 1


@pytest.fixture
def foreign_ca(tmp_path: Path) -> Path:
    """Give the file of an authority that has nothing to do with Dovecot."""
    return make_certificates(tmp_path).ca


def test_a_wrong_password_is_said_so(bot: Bot) -> None:
    """One pass with a wrong password says what to fix and ends with exit code 2."""
    (bot.folder / "password").write_text("wrong\n")
    assert "check imap.user and the password file" in bot.once(code=2).err


def test_a_missing_password_file_is_named(bot: Bot) -> None:
    """Without the password file its key and path are said."""
    (bot.folder / "password").unlink()
    assert "imap.password_file" in bot.once(code=2).err


def test_what_is_left_undone_shows_in_the_exit_code(bot: Bot, mailbox: Mailbox, smtp_sink: SmtpSink) -> None:
    """While a reply could not be sent, a pass ends with exit code 1; nothing is done twice for it."""
    smtp_sink.answer_recipient(TEAM, "451 4.7.1 come back later")
    mailbox.deliver(submission(TEAM, mailbox.user))
    bot.once(code=1)
    (row,) = bot.rows("outbox")
    assert (row["state"], row["attempts"], smtp_sink.sent) == ("queued", 1, [])
    assert "451" in row["error"]
    bot.once(code=1)  # it is not due yet
    assert [row["attempts"] for row in bot.rows("outbox")] == [1]
    assert len(bot.rows("submissions")) == 1


# --- on the wire -----------------------------------------------------------------------------

#: All that mailbot ever says to a server.
ALLOWED = re.compile(
    r'CAPABILITY|LOGIN|ID \("name" "mailbot" "version" "[\d.]+"\)|'
    r'NAMESPACE|LIST "" "\w+"|SELECT "?\w+"?|CREATE "Processed"|IDLE|'
    r"UID SEARCH (ALL|UID \d+:(\d+|\*))|UID FETCH [\d,]+ \(RFC822\.SIZE( INTERNALDATE)?\)|"
    r"UID FETCH [\d,]+ \(BODY\.PEEK\[\](<0\.\d+>)? INTERNALDATE RFC822\.SIZE\)|"
    r'UID (MOVE|COPY) [\d,]+ "Processed"|'
    r"UID STORE [\d,]+ \+FLAGS\.SILENT \(\\Deleted\)|UID EXPUNGE [\d,]+"
)


def _over(wire: Wire, mailbox: Mailbox, folder: Path, sink: SmtpSink) -> Bot:
    """Make a mailbot whose words are written down; the clear stretch does not leave this machine."""
    return sunk(folder / "bot", mailbox, sink, {"port": wire.port, "security": "none", "poll_seconds": 600})


def _over_tls(mailbox: Mailbox, folder: Path, sink: SmtpSink) -> Bot:
    """Make a mailbot for any Dovecot."""
    imap = {"port": mailbox.server.imaps_port, "ca_file": str(mailbox.server.certificates.ca)}
    return sunk(folder / "bot", mailbox, sink, imap)


def test_only_harmless_commands_are_used(mailbox: Mailbox, tmp_path: Path, smtp_sink: SmtpSink) -> None:
    """A daemon reads without a trace, names each mail by its UID, and never closes or expunges a folder."""
    with Wire(mailbox.server) as wire:
        bot = _over(wire, mailbox, tmp_path, smtp_sink)
        mailbox.append(submission(TEAM, mailbox.user), folder="Junk")
        mailbox.deliver(submission(TEAM, mailbox.user, method="Second"))
        with bot.running() as running:
            wait(lambda: len(mailbox.messages("Processed")) == 2, running.path)
            wait(lambda: wire.commands()[-1] == "IDLE", running.path)
            assert running.stop() == 0
            assert not [line for line in running.journal() if line["event"] == "mailbox-lost"]
        commands = wire.commands()
    assert [command for command in commands if not ALLOWED.fullmatch(command)] == []
    assert [command for command in commands if "MOVE" in command] == ['UID MOVE 1 "Processed"'] * 2
    assert not any(word in command for command in commands for word in ("STORE", "EXPUNGE", "COPY"))
    assert mailbox.flags("Processed") == [set(), set()]


@pytest.fixture(scope="module")
def expunging_dovecot() -> Iterator[Dovecot]:
    """Give a Dovecot without MOVE but with UIDPLUS."""
    server = Dovecot(capability="IMAP4rev1 LITERAL+ UIDPLUS")
    try:
        server.start()
        yield server
    finally:
        server.remove()


def test_without_move_it_copies_and_expunges_by_uid(
    expunging_dovecot: Dovecot, tmp_path: Path, smtp_sink: SmtpSink
) -> None:
    r"""Where a server lacks MOVE, exactly the mails that were copied are expunged; a person's \Deleted mail stays."""
    mailbox = expunging_dovecot.mailbox()
    with Wire(expunging_dovecot) as wire:
        bot = _over(wire, mailbox, tmp_path, smtp_sink)
        mailbox.append(b"From: eve@elsewhere.example\r\nSubject: mine\r\n\r\nx\r\n", folder="Junk", flags=[r"\Deleted"])
        mailbox.append(submission(TEAM, mailbox.user), folder="Junk")
        bot.once()
        commands = wire.commands()
    assert [command for command in commands if not ALLOWED.fullmatch(command)] == []
    assert [command for command in commands if "EXPUNGE" in command] == ["UID EXPUNGE 2"]
    assert mailbox.flags("Junk") == [{r"\Deleted"}]
    assert len(mailbox.messages("Processed")) == 1


def test_an_old_server_is_left_as_it_is(old_dovecot: Dovecot, tmp_path: Path, smtp_sink: SmtpSink) -> None:
    """Without MOVE, UIDPLUS and IDLE the mails stay where they are, and the ledger alone tells what is done."""
    mailbox = old_dovecot.mailbox()
    with Wire(old_dovecot) as wire:
        bot = _over(wire, mailbox, tmp_path, smtp_sink)
        mailbox.deliver(submission(TEAM, mailbox.user))
        bot.once()
        bot.once()
        commands = wire.commands()
    assert len(mailbox.messages()) == 1
    assert mailbox.flags() == [set()]
    assert mailbox.folders() == ["INBOX"]
    assert len(smtp_sink.sent) == len(bot.rows("submissions")) == 1
    assert {command.split()[0] for command in commands} <= {"CAPABILITY", "LOGIN", "LIST", "SELECT", "UID"}


def test_without_idle_a_poll_finds_the_mail(old_dovecot: Dovecot, tmp_path: Path, smtp_sink: SmtpSink) -> None:
    """A server without IDLE is asked every so often."""
    mailbox = old_dovecot.mailbox()
    imap = {
        "port": old_dovecot.imaps_port,
        "ca_file": str(old_dovecot.certificates.ca),
        "poll_seconds": 0.1,
    }
    bot = sunk(tmp_path / "bot", mailbox, smtp_sink, imap)
    with bot.running() as running:
        mailbox.deliver(submission(TEAM, mailbox.user))
        running.wait_for("reply-sent")
    assert len(smtp_sink.sent) == 1


# --- the adapter alone -----------------------------------------------------------------------


def _settings(mailbox: Mailbox, **more: object) -> Imap:
    """Return the settings that reach a mailbox."""
    files = {"ca_file": mailbox.server.certificates.ca}
    return Imap.model_validate(
        {"host": "127.0.0.1", "port": mailbox.server.imaps_port, "user": mailbox.user} | files | more
    )


@pytest.fixture
def adapter(mailbox: Mailbox) -> Iterator[Adapter]:
    """Give a connection of mailbot to the mailbox."""
    made = Adapter(_settings(mailbox), mailbox.server.password)
    yield made
    made.close()


@pytest.fixture
def bell() -> Iterator[Bell]:
    """Give a bell that nobody rings."""
    made = Bell()
    yield made
    made.close()


def test_a_missing_folder_is_no_error(adapter: Adapter) -> None:
    """A folder that is not there has no UIDVALIDITY."""
    assert adapter.select("Junk") is None
    assert adapter.select("INBOX") is not None


def test_a_mail_is_fetched_byte_for_byte(adapter: Adapter, mailbox: Mailbox) -> None:
    """The bytes, the size and the arrival of a mail are as the server keeps them; bytes over 127 too."""
    raw = b"Subject: \xff\xfe\r\n\r\n" + bytes(range(1, 256)) * 3 + b"\r\n"
    when = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    mailbox.append(raw, when=when)
    adapter.select("INBOX")
    (found,) = adapter.fetch(adapter.uids())
    stored = mailbox.messages()[0]
    assert (found.raw, found.size, found.arrived_at) == (stored, len(stored), when)
    assert adapter.sizes([found.uid]) == {found.uid: len(stored)}


def test_no_mail_is_written_out_for_a_log(adapter: Adapter, mailbox: Mailbox, caplog: pytest.LogCaptureFixture) -> None:
    """The IMAP library would format each one whole, at the cost of half a millisecond and of what is in it."""
    mailbox.append(b"Subject: x\r\n\r\nwords of a team\r\n")
    adapter.select("INBOX")
    with caplog.at_level(logging.DEBUG):
        (mail,) = adapter.fetch(adapter.uids())
    assert b"words of a team" in mail.raw
    assert "words of a team" not in caplog.text


def test_the_beginning_of_a_mail_tells_its_whole_size(adapter: Adapter, mailbox: Mailbox) -> None:
    """Of a mail that is too large only the beginning comes, with the size of the whole."""
    mailbox.append(b"Subject: long\r\n\r\n" + b"x" * 78 + b"\r\n" * 2 * PARTIAL)
    adapter.select("INBOX")
    (found,) = adapter.fetch_beginning(adapter.uids())
    assert len(found.raw) == PARTIAL
    assert found.size == len(mailbox.messages()[0])


def test_mails_that_are_gone_are_left_out(adapter: Adapter, mailbox: Mailbox) -> None:
    """A UID that no mail has gives nothing, and no error; so does an empty list."""
    mailbox.append(b"Subject: x\r\n\r\nx\r\n")
    adapter.select("INBOX")
    assert [found.uid for found in adapter.fetch([1, 999])] == [1]
    assert list(adapter.fetch([])) == []
    assert adapter.sizes([999]) == {}
    assert adapter.move([999], "Processed")


def test_many_mails_are_named_in_several_commands(adapter: Adapter, mailbox: Mailbox) -> None:
    """More mails than fit into one command are fetched and moved all the same, in order."""
    count = CHUNK + 5
    with mailbox.connect() as client:
        client.multiappend("INBOX", [b"Subject: %d\r\n\r\nx\r\n" % n for n in range(count)])
    adapter.select("INBOX")
    uids = adapter.uids()
    assert [found.uid for found in adapter.fetch(uids)] == uids == list(range(1, count + 1))
    assert adapter.move(uids, "Processed/2026")
    assert len(mailbox.messages("Processed/2026")) == count


def test_a_mail_that_arrives_ends_the_wait(adapter: Adapter, mailbox: Mailbox, bell: Bell) -> None:
    """The server's word ends the wait: here it comes along with the leave to wait."""
    adapter.select("INBOX")
    mailbox.deliver(b"Subject: x\r\n\r\nx\r\n")
    assert adapter.wait(60, bell)


def test_a_mail_that_came_before_the_wait_ends_it(adapter: Adapter, mailbox: Mailbox, bell: Bell) -> None:
    """A mail that came after the last look and before the folder was opened again is not waited for."""
    adapter.select("INBOX")
    assert adapter.uids() == []
    mailbox.deliver(b"Subject: x\r\n\r\nx\r\n")
    adapter.select("Junk")
    adapter.select("INBOX")
    assert adapter.wait(60, bell)
    assert adapter.uids() == [1]
    assert not adapter.wait(0.01, bell)


def test_the_bell_ends_the_wait(adapter: Adapter, bell: Bell) -> None:
    """A rung bell ends the wait, and is quiet afterwards."""
    adapter.select("INBOX")
    bell.ring()
    assert not adapter.wait(60, bell)
    assert not adapter.wait(0.01, bell)
    assert adapter.uids() == []


def test_a_closed_connection_is_temporary(adapter: Adapter, mailbox: Mailbox, bell: Bell) -> None:
    """When the server hangs up, the wait ends with an error that says to try again; closing then is no error."""
    adapter.select("INBOX")
    mailbox.kick()
    with pytest.raises(Temporary):
        _wait_twice(adapter, bell)
    adapter.close()
    with pytest.raises(Temporary):
        adapter.uids()


def _wait_twice(adapter: Adapter, bell: Bell) -> None:
    """Wait; the first wait may still hear the server's farewell."""
    for _ in range(2):
        adapter.wait(60, bell)


def test_a_silent_server_is_temporary(spare_dovecot: Dovecot) -> None:
    """A server that holds the connection and says nothing costs no more than the time limit."""
    mailbox = spare_dovecot.mailbox()
    adapter = Adapter(_settings(mailbox, timeout_seconds=0.5), mailbox.server.password)
    adapter.select("INBOX")
    spare_dovecot.freeze()
    with pytest.raises(Temporary):
        adapter.uids()
    spare_dovecot.thaw()
    adapter.close()


def test_a_refused_login_is_told_apart(mailbox: Mailbox) -> None:
    """A wrong password is a failure of its own kind, since it must not be tried again soon."""
    with pytest.raises(AuthenticationFailed):
        Adapter(_settings(mailbox), "wrong")


def test_no_server_is_temporary(mailbox: Mailbox) -> None:
    """A port that nobody listens on is a matter of time."""
    with pytest.raises(Temporary, match=r"nothing listens there \(if it never did: imap\.host or imap\.port\)"):
        Adapter(_settings(mailbox, port=1), "secret")


def test_tls_where_the_server_speaks_none_at_first_is_told_with_the_key(mailbox: Mailbox) -> None:
    """The commonest mistake of all: the port is that of STARTTLS, the config says "tls"."""
    with pytest.raises(Temporary, match=r'set imap\.security to "starttls"'):
        Adapter(_settings(mailbox, port=mailbox.server.imap_port), "secret")


def test_an_unusable_ca_file_is_the_configs_fault(mailbox: Mailbox, tmp_path: Path) -> None:
    """A CA file that is missing or holds no certificate is named."""
    (tmp_path / "empty.pem").write_text("nothing\n")
    for name in ("missing.pem", "empty.pem"):
        with pytest.raises(ConfigError, match=name):
            Adapter(_settings(mailbox, ca_file=tmp_path / name), "secret")
