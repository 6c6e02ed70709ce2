"""IMAP servers that stall, refuse, say too much or too little: no mail is lost, none is taken twice."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from mailbot.config.servers import Imap
from mailbot.errors import Temporary
from mailbot.system.bell import Bell
from mailbot.transport.imap.mailbox import Mailbox
from tests.faults.conftest import mail
from tests.faults.scripted_imap import CAPABILITIES, Answer, ScriptedImap, Session, named
from tests.integration.bot import wait

if TYPE_CHECKING:
    from tests.faults.conftest import MakeBot
    from tests.integration.bot import Bot, Running
    from tests.servers.smtp_sink import SmtpSink


def _all_served(server: ScriptedImap, bot: Bot, running: Running, sink: SmtpSink, *methods: str) -> None:
    """Wait until every mail was filed away and answered; hold the ledger to one submission for each."""
    count = len(methods)
    wait(lambda: len(server.folders.get("Processed", {})) == count and len(sink.sent) == count, running.path)
    assert running.stop() == 0
    assert sorted(row["method"] for row in bot.rows("submissions")) == sorted(methods)
    assert len(sink.sent) == count
    assert server.folders["INBOX"] == {}


# --- servers that fail once ------------------------------------------------------------------


def _stall(session: Session, _tag: str, arguments: str) -> None:
    """Begin a literal and say nothing more."""
    session.send(f"* 1 FETCH (UID {named(arguments)[0]} BODY[] {{9999}}\r\nSubject: half")
    time.sleep(4)


def _bye(session: Session, _tag: str, _arguments: str) -> None:
    session.send("* BYE server is going down\r\n")
    session.hang_up()


def _hang_up(session: Session, _tag: str, _arguments: str) -> None:
    session.hang_up()


def _no(session: Session, tag: str, _arguments: str) -> None:
    session.send(f"{tag} NO [SERVERBUG] Internal error\r\n")


def _bad(session: Session, tag: str, _arguments: str) -> None:
    session.send(f"{tag} BAD Internal server error\r\n")


def _garbage(session: Session, _tag: str, _arguments: str) -> None:
    session.send(b"\x16\x03\x01\x00\xff \r\nwhat?\r\n")
    session.hang_up()


@pytest.mark.parametrize(
    ("verb", "failing"),
    [
        ("UID FETCH", _stall),
        ("GREETING", _bye),
        ("GREETING", _hang_up),
        ("GREETING", _garbage),
        ("LOGIN", _bye),
        ("SELECT", _bye),
        ("SELECT", _no),
        ("UID SEARCH", _no),
        ("UID SEARCH", _bad),
        ("UID FETCH", _bye),
        ("UID FETCH", _no),
        ("UID MOVE", _no),
        ("UID MOVE", _hang_up),
        ("IDLE", _no),
        ("IDLE", _bye),
    ],
)
def test_a_failure_costs_time_alone(make_bot: MakeBot, smtp_sink: SmtpSink, verb: str, failing: Answer) -> None:
    """A server that fails at any command is asked again, and every mail is served once."""
    with ScriptedImap(mail("One"), mail("Two")) as server:
        server.script(verb, failing)
        bot = make_bot(port=server.port)
        with bot.running() as running:
            _all_served(server, bot, running, smtp_sink, "One", "Two")


# --- servers that want to be left alone ------------------------------------------------------


def _says(text: str) -> Answer:
    def answer(session: Session, tag: str, _arguments: str) -> None:
        session.send(text.format(tag=tag))

    return answer


@pytest.mark.parametrize(
    ("verb", "text"),
    [
        ("LOGIN", "{tag} NO [UNAVAILABLE] Too many simultaneous connections. (Failure)\r\n"),
        ("SELECT", "{tag} NO [THROTTLED] Request is throttled\r\n"),
        ("UID FETCH", "{tag} NO [OVERQUOTA] Account exceeded command or bandwidth limits.\r\n"),
        ("CAPABILITY", "{tag} BAD User is authenticated but not connected.\r\n"),
        ("SELECT", "{tag} BAD User is authenticated but not connected.\r\n"),
    ],
)
def test_a_server_that_is_tired_is_left_alone(make_bot: MakeBot, smtp_sink: SmtpSink, verb: str, text: str) -> None:
    """It is not asked again for a quarter of an hour; what is in its mailbox is served afterwards."""
    with ScriptedImap(mail("One")) as server:
        bot = make_bot(port=server.port)
        server.script(verb, _says(text))
        with bot.running() as running:
            assert running.wait_for("mailbox-lost")["again_in_seconds"] >= 900
            asked = len(server.commands)
            assert running.stop() == 0
            assert len(server.commands) == asked
        assert list(server.folders) == ["INBOX"]
        with bot.running() as running:
            _all_served(server, bot, running, smtp_sink, "One")


# --- servers that say too much, too little, too slowly ---------------------------------------


def _whole(server: ScriptedImap) -> list[str]:
    """Return the commands that asked for whole mails; the look at the start asks for their beginnings."""
    return [command for command in server.commands if "BODY.PEEK[] " in command]


def test_a_mail_without_a_body_is_asked_for_again(make_bot: MakeBot, smtp_sink: SmtpSink) -> None:
    """A UID whose body the server does not have yet is neither recorded nor moved before it has one."""

    def flags_alone(session: Session, tag: str, arguments: str) -> None:
        server.script("UID FETCH", flags_alone)
        if "BODY.PEEK[] " not in arguments or len(_whole(server)) > 2:
            session.on_uid_fetch(tag, arguments)
            return
        lines = [f"* {uid} FETCH (UID {uid} FLAGS (\\Seen))\r\n" for uid in named(arguments)]
        session.send("".join(lines) + f"{tag} OK done\r\n")

    with ScriptedImap(mail("One")) as server:
        server.script("UID FETCH", flags_alone)
        bot = make_bot(port=server.port)
        with bot.running() as running:
            _all_served(server, bot, running, smtp_sink, "One")
        moves = [command for command in server.commands if "MOVE" in command]
        bodies = _whole(server)
    assert (len(bodies), len(moves)) == (3, 1)


@pytest.mark.parametrize("refusal", ["", "{tag} NO [SERVERBUG] cannot read message\r\n"])
def test_one_mail_that_cannot_be_read_stops_no_other(make_bot: MakeBot, smtp_sink: SmtpSink, refusal: str) -> None:
    """A mail whose body the server never gives stays in the inbox; those before and after it are served."""

    def but_the_second(session: Session, tag: str, arguments: str) -> None:
        server.script("UID FETCH", but_the_second)
        uids = named(arguments)
        if "BODY" in arguments and 2 in uids and refusal:
            session.send(refusal.format(tag=tag))
            return
        for uid in uids:
            if uid in server.folders["INBOX"] and not ("BODY" in arguments and uid == 2):
                session.fetched(uid, whole="BODY" in arguments)
        session.send(f"{tag} OK done\r\n")

    with ScriptedImap(mail("One"), mail("Two"), mail("Three")) as server:
        server.script("UID FETCH", but_the_second)
        bot = make_bot(port=server.port)
        with bot.running() as running:
            wait(lambda: len(server.folders.get("Processed", {})) == 2 and len(smtp_sink.sent) == 2, running.path)
            assert running.stop() == 0
        assert list(server.folders["INBOX"]) == [2]
    assert sorted(row["method"] for row in bot.rows("submissions")) == ["One", "Three"]


def test_what_nobody_asked_for_is_no_matter(make_bot: MakeBot, smtp_sink: SmtpSink) -> None:
    """FETCH answers for other mails and for flags, EXISTS and RECENT in between change nothing."""

    def talkative(session: Session, tag: str, arguments: str) -> None:
        session.send("* 2 EXISTS\r\n* 1 RECENT\r\n* 1 FETCH (FLAGS (\\Seen))\r\n* 1 FETCH (UID 1 FLAGS (\\Seen))\r\n")
        session.send("* 9 FETCH (UID 99 BODY[] {4}\r\nabcd)\r\n")
        session.on_uid_fetch(tag, arguments)

    with ScriptedImap(mail("One"), mail("Two")) as server:
        server.script("UID FETCH", talkative, talkative)
        bot = make_bot(port=server.port)
        with bot.running() as running:
            _all_served(server, bot, running, smtp_sink, "One", "Two")


def test_exists_before_the_leave_to_idle(make_bot: MakeBot, smtp_sink: SmtpSink) -> None:
    """A server that tells of a mail before it says that we may idle is understood, and the mail is found at once."""

    def eager(session: Session, tag: str, _arguments: str) -> None:
        server.arrive(mail("One"))
        session.send("* 1 EXISTS\r\n+ idling\r\n")
        session.idle(tag)

    with ScriptedImap() as server:
        server.script("IDLE", eager)
        bot = make_bot(port=server.port, poll_seconds=600, timeout_seconds=10)
        with bot.running() as running:
            _all_served(server, bot, running, smtp_sink, "One")


def test_exists_together_with_the_leave_to_idle(make_bot: MakeBot, smtp_sink: SmtpSink) -> None:
    """A mail that is told of in the same packet as the leave to idle is found at once."""

    def eager(session: Session, tag: str, _arguments: str) -> None:
        server.arrive(mail("One"))
        session.send("+ idling\r\n* 1 EXISTS\r\n")
        session.idle(tag)

    with ScriptedImap() as server:
        server.script("IDLE", eager)
        bot = make_bot(port=server.port, poll_seconds=600, timeout_seconds=10)
        with bot.running() as running:
            _all_served(server, bot, running, smtp_sink, "One")


def test_a_line_in_single_bytes(make_bot: MakeBot, smtp_sink: SmtpSink) -> None:
    """A server each of whose bytes comes in a packet of its own, during IDLE too, is understood."""
    with ScriptedImap(mail("One"), splits=True) as server:
        bot = make_bot(port=server.port, poll_seconds=600, timeout_seconds=10)
        with bot.running() as running:
            wait(lambda: len(server.folders.get("Processed", {})) == 1, running.path)
            wait(lambda: server.commands[-1] == "IDLE", running.path)
            server.arrive(mail("Two"))
            _all_served(server, bot, running, smtp_sink, "One", "Two")


_LINE = "* 1 EXISTS\r\n"


@pytest.mark.parametrize("at", range(1, len(_LINE)))
@pytest.mark.parametrize("when", ["with the leave to idle", "after it"])
def test_a_line_split_anywhere(when: str, at: int) -> None:
    """An EXISTS that is split at any byte ends the wait, or else the connection; it never goes unheard."""

    def halting(session: Session, tag: str, _arguments: str) -> None:
        server.arrive(mail("One"))
        if when == "after it":
            session.send("+ idling\r\n")
            time.sleep(0.05)
            session.send(_LINE[:at])
        else:
            session.send("+ idling\r\n" + _LINE[:at])
        time.sleep(0.05)
        session.send(_LINE[at:])
        session.idle(tag)

    with ScriptedImap() as server:
        server.script("IDLE", halting)
        assert _hears(server)


def _hears(server: ScriptedImap) -> bool:
    """Wait for the server's word; a connection that breaks is heard too, for the next one looks anew."""
    settings = Imap(host="127.0.0.1", port=server.port, security="none", user="bot", timeout_seconds=10)
    mailbox, bell = Mailbox(settings, "secret"), Bell()
    try:
        mailbox.select("INBOX")
        assert mailbox.uids() == []
        return mailbox.wait(10, bell)
    except Temporary:
        return True
    finally:
        mailbox.close()
        bell.close()


def _coremail(session: Session, _tag: str, _arguments: str) -> None:
    session.send("* OK Coremail System IMap Server Ready(163com[x])\r\n")


def _introduced(session: Session, tag: str, _arguments: str) -> None:
    session.send(f'* ID ("name" "Coremail Imap")\r\n{tag} OK ID completed\r\n')


def _wary(session: Session, tag: str, arguments: str) -> None:
    """Open a folder as NetEase does: for those alone who have said who they are."""
    if any(command.startswith("ID ") for command in session.server.commands):
        session.on_select(tag, arguments)
    else:
        session.send(f"{tag} NO SELECT Unsafe Login. Please contact kefu@188.com for help\r\n")


def test_a_server_that_wants_to_know_who_we_are_is_told() -> None:
    """A server that greets as NetEase's do gets ID (RFC 2971) right after the login, with our name."""
    with ScriptedImap(mail("One"), capabilities=f"{CAPABILITIES} ID") as server:
        server.script("GREETING", _coremail)
        server.script("ID", _introduced)
        server.script("SELECT", _wary)
        mailbox = Mailbox(Imap(host="127.0.0.1", port=server.port, security="none", user="bot"), "secret")
        assert mailbox.select("INBOX") == 1
        mailbox.close()
