"""IMAP servers whose answers cannot be: a fault of one mail costs that mail, a fault of the server costs the pass."""

from __future__ import annotations

import base64
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from mailbot.config.servers import Imap
from mailbot.errors import AuthenticationFailed, MailbotError, Refused, Temporary, Throttled
from mailbot.ledger import mails, observations
from mailbot.transport.imap.mailbox import Mailbox
from tests.faults.conftest import mail
from tests.faults.scripted_imap import CAPABILITIES, Answer, ScriptedImap, Session
from tests.unit.services import BEFORE, NOW, Clock, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mailbot.ledger.mails import MailRow
    from mailbot.service import Service


ONE = mail("One")


@contextmanager
def serving(folder: Path, server: ScriptedImap, **imap: Any) -> Iterator[Service]:  # noqa: ANN401  # any TOML
    """Open a mailbot that reads from the server."""
    (folder / "password").write_text(imap.pop("password", "secret") + "\n", encoding="utf-8")
    given = {"host": "127.0.0.1", "port": server.port, "security": "none", "user": "bot", "timeout_seconds": 2}
    given |= {"since": BEFORE, "marker": ""}
    with served(folder, Clock(), imap={**given, "password_file": "password", **imap}) as service:
        yield service


def _take(service: Service) -> list[MailRow]:
    """Take what is new, over a connection of its own; return what the ledger knows afterwards."""
    with closing(service.mailbox()) as mailbox:
        service.fetch.take_new(mailbox)
    with service.ledger.read() as tx:
        return mails.listing(tx)


def _says(text: str) -> Answer:
    """Return an answer; ``{tag}`` in it stands for the command's."""

    def answer(session: Session, tag: str, _arguments: str) -> None:
        session.send(text.replace("{tag}", tag))

    return answer


# --- a mail ----------------------------------------------------------------------------------

_RECEIVED = b"Received: from a by b;\r\n Thu, 12 Mar 2026 07:30:00 +0000\r\n"


@pytest.mark.parametrize(
    "date",
    [
        "NIL", '""', '"00-Jan-0000 00:00:00 +0000"', '"31-Feb-2026 08:00:00 +0000"', '"12-Mar-2026 08:00:00 +9999"',
        '"01-Jan-0001 00:00:00 +1400"', '"12-Mar-9999 23:59:59 -1200"', "17", "(1 2)", '"12-Mar-2099 08:00:00 +0000"',
    ],
)  # fmt: skip
def test_a_mail_without_a_date_of_arrival(tmp_path: Path, date: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It counts from its topmost Received field, and the journal says so; the others are served."""

    def odd(session: Session, tag: str, arguments: str) -> None:
        server.script("UID FETCH", odd)
        if not ("INTERNALDATE" in arguments and "2" in arguments.split(maxsplit=1)[0]):
            session.on_uid_fetch(tag, arguments)
            return
        raw = session.server.folders["INBOX"][2]
        if "1" in arguments.split(maxsplit=1)[0]:
            session.fetched(1)
        session.send(f"* 2 FETCH (UID 2 RFC822.SIZE {len(raw)} INTERNALDATE {date} BODY[] {{{len(raw)}}}\r\n")
        session.send(raw + f")\r\n{tag} OK done\r\n".encode())

    with ScriptedImap(mail("One"), _RECEIVED + mail("Two")) as server, serving(tmp_path, server) as service:
        server.script("UID FETCH", odd)
        rows = {row.place.uid: row.arrived_at for row in _take(service)}
    assert rows == {1: NOW, 2: datetime(2026, 3, 12, 7, 30, tzinfo=UTC)}
    assert "no-arrival-date" in capsys.readouterr().err


@pytest.mark.parametrize("size", ["NIL", '"x"', "-1", "99999999999999999999999", "()"])
def test_a_mail_without_a_size(tmp_path: Path, size: str) -> None:
    """Its size is that of its bytes."""

    def odd(session: Session, tag: str, arguments: str) -> None:
        raw = session.server.folders["INBOX"][1]
        body = f' INTERNALDATE "12-Mar-2026 08:00:00 +0000" BODY[] {{{len(raw)}}}\r\n'.encode() + raw
        session.send(f"* 1 FETCH (UID 1 RFC822.SIZE {size}")
        session.send((body if "BODY" in arguments else b"") + f")\r\n{tag} OK done\r\n".encode())

    with ScriptedImap(ONE) as server, serving(tmp_path, server) as service:
        server.script("UID FETCH", odd, odd)
        (row,) = _take(service)
    assert row.size == len(ONE)


def _body(session: Session, tag: str, body: bytes | str) -> None:
    """Send a body in the place of that of the first mail."""
    raw = session.server.folders["INBOX"][1]
    told = body if isinstance(body, str) else f"{{{len(body)}}}\r\n"
    head = f'* 1 FETCH (UID 1 RFC822.SIZE {len(raw)} INTERNALDATE "12-Mar-2026 08:00:00 +0000" BODY[] {told}'
    session.send(head.encode() + (b"" if isinstance(body, str) else body) + f")\r\n{tag} OK done\r\n".encode())


@pytest.mark.parametrize(
    ("body", "times"),
    [('""', 1), ('""', 2), ("NIL", 1), ("{0}\r\n", 1), ("17", 2), (ONE[:100], 1), (ONE[:100], 2), (ONE[:-60], 2)],
)
def test_a_body_that_is_empty_or_cut_is_asked_for_again(tmp_path: Path, body: bytes | str, times: int) -> None:
    """It is never recorded; once the server gives the whole mail, that is taken."""

    def odd(session: Session, tag: str, _arguments: str) -> None:
        _body(session, tag, body)

    with ScriptedImap(ONE) as server, serving(tmp_path, server) as service:
        server.script("UID FETCH", Session.on_uid_fetch, *[odd] * times)
        rows = _take(service) or _take(service) or _take(service)  # a size that is known is not asked for again
        assert [service.spool.get(row.sha256) for row in rows] == [ONE]


def test_a_mail_whose_size_is_only_estimated_is_taken(tmp_path: Path) -> None:
    """A server that counts a few bytes too many, and gives the same whole mail twice, is believed."""

    def odd(session: Session, tag: str, _arguments: str) -> None:
        raw = session.server.folders["INBOX"][1]
        head = f'* 1 FETCH (UID 1 RFC822.SIZE {len(raw) + 99} INTERNALDATE "12-Mar-2026 08:00:00 +0000" BODY[]'
        session.send(f"{head} {{{len(raw)}}}\r\n".encode() + raw + f")\r\n{tag} OK done\r\n".encode())

    with ScriptedImap(ONE) as server, serving(tmp_path, server) as service:
        server.script("UID FETCH", Session.on_uid_fetch, odd, odd)
        assert len(_take(service)) == 1


def test_an_answer_that_cannot_be_read_costs_its_mail_alone(tmp_path: Path) -> None:
    """A parenthesis too few in the answer for one of three mails: the two others are taken."""

    def odd(session: Session, tag: str, arguments: str) -> None:
        server.script("UID FETCH", odd)
        if "BODY" in arguments and "2" in arguments.split(maxsplit=1)[0]:
            session.send(f"* 2 FETCH (UID 2 RFC822.SIZE (1 BODY[] x)\r\n{tag} OK done\r\n")
        else:
            session.on_uid_fetch(tag, arguments)

    with ScriptedImap(mail("One"), mail("Two"), mail("Three")) as server, serving(tmp_path, server) as service:
        server.script("UID FETCH", odd)
        assert [row.place.uid for row in _take(service)] == [1, 3]


# --- a folder --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("validity", "kept"),
    [("", 0), ("* OK [UIDVALIDITY 18446744073709551557] x\r\n", 18446744073709551557 % 2**63)],
)
def test_a_folder_without_a_usable_uidvalidity(tmp_path: Path, validity: str, kept: int) -> None:
    """Without one it is 0; one of 64 bits is folded into 63. The mails are taken once."""

    def odd(session: Session, tag: str, _arguments: str) -> None:
        server.script("SELECT", odd)
        session.send(f"* 1 EXISTS\r\n{validity}* OK [UIDNEXT 2] x\r\n{tag} OK [READ-WRITE] done\r\n")

    with ScriptedImap(mail("One")) as server, serving(tmp_path, server) as service:
        server.script("SELECT", odd)
        _take(service)
        assert [row.place.uidvalidity for row in _take(service)] == [kept]


def test_a_uidvalidity_that_is_missing_for_once_is_waited_for(tmp_path: Path) -> None:
    """A server that gave one before, and does not now, costs the pass, in its own words."""
    with ScriptedImap(mail("One")) as server, serving(tmp_path, server) as service:
        _take(service)
        server.script("SELECT", _says("* 1 EXISTS\r\n{tag} OK [READ-WRITE] done\r\n"))
        with pytest.raises(Temporary, match="gives no UIDVALIDITY for INBOX"):
            _take(service)
        assert len(_take(service)) == 1


def test_an_inbox_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A typing mistake in imap.inbox is told as such, with what it may have meant."""
    with ScriptedImap() as server, serving(tmp_path, server, inbox="Submisions") as service:
        server.folders["Submissions"] = {}
        server.script(
            "LIST", Session.on_list, _says('* LIST () "/" INBOX\r\n* LIST () "/" Submissions\r\n{tag} OK x\r\n')
        )
        with pytest.raises(Temporary, match=r"imap\.inbox: .* no folder 'Submisions'; did you mean 'Submissions'\?"):
            _take(service)


def test_an_inbox_that_is_not_listed_is_opened_all_the_same(tmp_path: Path) -> None:
    """INBOX is always there (RFC 9051, section 5.1), whatever a server lists."""
    with ScriptedImap(mail("One")) as server, serving(tmp_path, server) as service:
        server.script("LIST", *[_says("{tag} OK nothing\r\n")] * 9)
        assert len(_take(service)) == 1


# --- what a server counts and does not list --------------------------------------------------


def _nothing(session: Session, tag: str, arguments: str) -> None:
    """Find nothing, as GNU's imap4d does in a search for UIDs."""
    session.server.script("UID SEARCH", _nothing)
    found = "" if "UID" in arguments else " 1 2"
    session.send(f"* SEARCH{found}\r\n{tag} OK UID SEARCH Completed\r\n")


def _nothing_at_all(session: Session, tag: str, _arguments: str) -> None:
    session.server.script("UID SEARCH", _nothing_at_all)
    session.send(f"* SEARCH\r\n{tag} OK UID SEARCH Completed\r\n")


@pytest.mark.parametrize("search", [_nothing, _nothing_at_all])
def test_mails_that_a_search_does_not_find_are_found_otherwise(tmp_path: Path, search: Answer) -> None:
    """Counts are compared with EXISTS; a search for all, or the UIDs by the mails' numbers, brings the rest."""
    with ScriptedImap(mail("One"), mail("Two")) as server, serving(tmp_path, server) as service:
        server.script("UID SEARCH", search)
        assert len(_take(service)) == 2


def test_mails_that_are_found_in_no_way_are_told(tmp_path: Path) -> None:
    """The reconciliation tells the organizers; what is listed is taken all the same."""

    def more(session: Session, tag: str, _arguments: str) -> None:
        server.script("SELECT", more)
        session.send(f"* 3 EXISTS\r\n* OK [UIDVALIDITY 1] x\r\n* OK [UIDNEXT 9] x\r\n{tag} OK [READ-WRITE] done\r\n")

    with ScriptedImap(mail("One"), mail("Two")) as server, serving(tmp_path, server) as service:
        server.script("SELECT", more)
        assert len(_take(service)) == 2
        with closing(service.mailbox()) as mailbox:
            service.reconciliation.run(mailbox)
        with service.ledger.read() as tx:
            told = {row.part: row.detail for row in observations.health_of_parts(tx) if not row.ok}
    assert told["reconciliation"].startswith("1 mails are in the mailbox, its server says, and it does not list them")


def test_a_listing_that_is_right_costs_one_search(tmp_path: Path) -> None:
    """Nothing else is asked then."""
    with ScriptedImap(mail("One")) as server, serving(tmp_path, server) as service:
        _take(service)
        assert [command for command in server.commands if "SEARCH" in command] == ["UID SEARCH UID 1:*"]


# --- filing ----------------------------------------------------------------------------------


def _file(service: Service) -> int:
    """Take what is new, handle and file it, over one connection."""
    with closing(service.mailbox()) as mailbox:
        service.fetch.take_new(mailbox)
        while service.intake.step():
            pass
        return service.fetch.file_away(mailbox)


@pytest.mark.parametrize(
    ("said", "moved"),
    [
        ("NO [CANNOT] no MOVE here", 1),
        ("BAD unknown command", 1),
        ("NO [OVERQUOTA] Quota exceeded", 0),
        ("NO [NOPERM] Permission denied", 0),
    ],
)
def test_a_move_that_is_announced_and_refused(tmp_path: Path, said: str, moved: int) -> None:
    """It is done by copy and expunge where that can help; else filing rests, and is told."""
    with ScriptedImap(mail("One")) as server, serving(tmp_path, server) as service:
        server.script("UID MOVE", _says(f"{{tag}} {said}\r\n"))
        assert _file(service) == moved
        with service.ledger.read() as tx:
            told = {row.part: row.detail for row in observations.health_of_parts(tx) if not row.ok}
    words = [command.split()[:2] for command in server.commands[server.commands.index('UID MOVE 1 "Processed"') :]]
    expected = [["UID", verb] for verb in ("MOVE", "COPY", "STORE", "EXPUNGE")]
    assert words == (expected if moved else expected[:1])
    assert told.keys() == (set() if moved else {"filing"})
    assert moved or said.partition(" ")[2] in told["filing"]


def test_what_was_copied_and_could_not_be_expunged_is_not_copied_again(tmp_path: Path) -> None:
    """A server that takes the copy and refuses the rest gets no second copy over this connection."""
    with ScriptedImap(mail("One"), capabilities="IMAP4rev1 UIDPLUS") as server, serving(tmp_path, server) as service:
        server.script("UID STORE", _says("{tag} NO not now\r\n"))
        with closing(service.mailbox()) as mailbox:
            service.fetch.take_new(mailbox)
            mailbox.select("INBOX")
            with pytest.raises(Refused, match="not now"):
                mailbox.move([1], "Processed")
            assert mailbox.move([1], "Processed")
        assert sum(command.startswith("UID COPY") for command in server.commands) == 1


@pytest.mark.parametrize(
    ("separator", "prefix", "processed", "made"),
    [
        (".", None, "Contest/Done", "Contest.Done"),
        (".", "", "Contest/Done", "Contest.Done"),
        (".", "INBOX.", "Done", "INBOX.Done"),
        (".", "INBOX.", "INBOX/Done", "INBOX.Done"),
        (".", "INBOX.", "Contest/Done", "INBOX.Contest.Done"),
        ("/", None, "INBOX.Done", "INBOX/Done"),
        ("/", "Mail/", "Done", "Mail/Done"),
    ],
)
def test_the_names_of_folders_are_the_servers(
    tmp_path: Path, separator: str, prefix: str | None, processed: str, made: str
) -> None:
    """With its separator and below its namespace, if it has one; what it refuses in names is left out."""

    def create(session: Session, tag: str, arguments: str) -> None:
        server.script("CREATE", create)
        if {"/": ".", ".": "/"}[separator] in arguments:
            session.send(f"{tag} NO Character not allowed in mailbox name\r\n")
        else:
            session.on_create(tag, arguments)

    capabilities = CAPABILITIES + (" NAMESPACE" if prefix is not None else "")
    with ScriptedImap(mail("One"), capabilities=capabilities) as server:
        server.separator = separator
        server.script(
            "NAMESPACE", *[_says(f'* NAMESPACE (("{prefix}" "{separator}")) NIL NIL\r\n{{tag}} OK x\r\n')] * 9
        )
        server.script("CREATE", create)
        with serving(tmp_path, server, processed=processed) as service:
            assert _file(service) == 1
    assert list(server.folders) == ["INBOX", made]


# --- the login -------------------------------------------------------------------------------


def _mailbox(server: ScriptedImap, password: str = "secret", **imap: Any) -> Mailbox:  # noqa: ANN401, S107
    """Connect."""
    given = {"host": "127.0.0.1", "port": server.port, "security": "none", "user": "bot", "timeout_seconds": 2}
    return Mailbox(Imap.model_validate(given | imap), password)


@pytest.mark.parametrize(
    ("mechanism", "proofs"),
    [("PLAIN", ["\0bot\0pässwörd"]), ("LOGIN", ["bot", "pässwörd"])],
)
def test_a_password_beyond_ascii_goes_by_sasl(mechanism: str, proofs: list[str]) -> None:
    """LOGIN cannot carry it; AUTHENTICATE takes UTF-8 (RFC 4616)."""

    def two_questions(session: Session, tag: str, _arguments: str) -> None:
        for question in ("VXNlcm5hbWU6", "UGFzc3dvcmQ6"):
            session.send(f"+ {question}\r\n")
            server.proofs.append(base64.b64decode(session.line() or ""))
        session.send(f"{tag} OK done\r\n")

    with ScriptedImap(capabilities=f"{CAPABILITIES} AUTH={mechanism}") as server:
        if mechanism == "LOGIN":
            server.script("AUTHENTICATE", two_questions)
        _mailbox(server, "pässwörd").close()
        assert server.proofs == [proof.encode() for proof in proofs]


def test_a_password_that_cannot_be_sent_is_told() -> None:
    """Without AUTH=PLAIN the sentence says what is wrong with the password, and never the password."""
    with ScriptedImap() as server, pytest.raises(AuthenticationFailed, match="characters beyond ASCII") as told:
        _mailbox(server, "pässwörd")
    assert "pässwörd" not in str(told.value)


@pytest.mark.parametrize(
    ("said", "kind", "hint"),
    [
        (
            "NO [ALERT] Application-specific password required: https://x (Failure)",
            AuthenticationFailed,
            "made for programs",
        ),
        ("NO [ALERT] Your account is not enabled for IMAP use. Please visit", AuthenticationFailed, "switch IMAP on"),
        ("NO Login fail. Account is abnormal, login frequency limited, or system is busy.", Throttled, ""),
        ("NO [INUSE] mailbox is locked by another session", Temporary, ""),
        ("NO [LIMIT] Maximum number of connections reached", Temporary, ""),
        ("NO [WEBALERT https://x] Web login required.", AuthenticationFailed, "with a web browser"),
        ("NO [EXPIRED] Password expired", AuthenticationFailed, "write the new one"),
        ("NO 登录失败", AuthenticationFailed, "check imap.user and the password file"),
        ("BAD what?", AuthenticationFailed, "check imap.user and the password file"),
    ],
)
def test_a_refused_login_is_told_in_the_servers_words(said: str, kind: type[MailbotError], hint: str) -> None:
    """With our hint; a reason that passes is Temporary, and is no matter of the password."""
    with ScriptedImap() as server:
        server.script("LOGIN", _says(f"{{tag}} {said}\r\n"))
        with pytest.raises(MailbotError) as told:
            _mailbox(server)
    assert type(told.value) is kind
    assert said.partition(" ")[2] in str(told.value)
    assert hint in str(told.value)


@pytest.mark.parametrize("password", ["sesame", 'ses"a\\me'])
def test_a_password_that_the_server_repeats_is_not_passed_on(password: str) -> None:
    """Some servers quote the command that they refuse."""

    def echo(session: Session, tag: str, arguments: str) -> None:
        session.send(f"{tag} BAD Error in IMAP command: LOGIN {arguments}\r\n")

    with ScriptedImap() as server:
        server.script("LOGIN", echo)
        with pytest.raises(AuthenticationFailed) as told:
            _mailbox(server, password)
    assert "ses" not in str(told.value).replace("password", "")
    assert "(the password)" in str(told.value)


@pytest.mark.parametrize(
    ("capabilities", "imap", "told"),
    [
        ("IMAP4rev1 LOGINDISABLED", {}, r'LOGINDISABLED\): set imap\.security to "tls"'),
        ("IMAP4rev1", {"security": "starttls"}, r'no STARTTLS on that port: set imap\.security to "tls"'),
        ("IMAP4rev1 AUTH=PLAIN", {"auth": "oauth"}, r'takes no access tokens .* set imap\.auth to "password"'),
    ],
)
def test_what_a_server_lacks_is_told_with_the_key(capabilities: str, imap: dict[str, str], told: str) -> None:
    """No STARTTLS, no LOGIN in the clear, no OAuth: each is Temporary, and names the key to set."""
    with ScriptedImap(capabilities=capabilities) as server, pytest.raises(Temporary, match=told):
        _mailbox(server, **imap)


@pytest.mark.parametrize("greeting", ["* OK IMAP4 ready", "* OK Coremail System IMap Server Ready(163com[x])"])
@pytest.mark.parametrize(
    "answer",
    [
        '* ID ("name" "x")\r\n{tag} OK done',
        "* ID NIL\r\n{tag} OK x",
        "{tag} NO no",
        "{tag} BAD no",
        "* ID ((\r\n{tag} OK x",
    ],
)
def test_every_server_that_asks_is_told_who_we_are(greeting: str, answer: str) -> None:
    """ID (RFC 2971) goes to each that has the capability, however it greets; what it answers is no matter."""

    def wary(session: Session, tag: str, arguments: str) -> None:
        if any(command.startswith('ID ("name" "mailbot"') for command in server.commands):
            session.on_select(tag, arguments)
        else:
            session.send(f"{tag} NO SELECT Unsafe Login. Please contact kefu@188.com for help\r\n")

    with ScriptedImap(capabilities="IMAP4rev1 XLIST SPECIAL-USE ID") as server:
        server.script("GREETING", _says(f"{greeting}\r\n"))
        server.script("ID", _says(f"{answer}\r\n"))
        server.script("SELECT", wary)
        with closing(_mailbox(server)) as mailbox:
            assert mailbox.select("INBOX") == 1
