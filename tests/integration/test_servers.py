"""The servers of the tests do what the tests take for granted."""

from __future__ import annotations

import smtplib
import ssl
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from imapclient import IMAPClient
from imapclient.exceptions import CapabilityError, LoginError

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.servers.certificates import Certificates
    from tests.servers.dovecot import Dovecot, Mailbox
    from tests.servers.exim import Exim
    from tests.servers.smtp_sink import SmtpSink

MESSAGE = b"From: team@example.org\r\nTo: submissions@example.test\r\nSubject: hello\r\n\r\nHello.\r\n"


# --- Dovecot ---------------------------------------------------------------------------------


def test_dovecot_delivers_by_lmtp(mailbox: Mailbox) -> None:
    """A mail brought by LMTP is read over TLS with the certificate verified."""
    mailbox.deliver(MESSAGE)
    (raw,) = mailbox.messages()
    assert raw.startswith(b"Return-Path: <team@example.org>\r\n")
    assert raw.endswith(b"Subject: hello\r\n\r\nHello.\r\n")


def test_dovecot_appends_byte_for_byte(mailbox: Mailbox) -> None:
    """An appended mail keeps its bytes, flags and INTERNALDATE."""
    when = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    mailbox.append(MESSAGE, folder="Junk/Ads", flags=[r"\Seen"], when=when)
    assert mailbox.messages("Junk/Ads") == [MESSAGE]
    assert mailbox.flags("Junk/Ads") == [{r"\Seen"}]
    with mailbox.connect() as client:
        client.normalise_times = False
        client.select_folder("Junk/Ads")
        assert [row[b"INTERNALDATE"] for row in client.fetch([1], ["INTERNALDATE"]).values()] == [when]


def test_every_mailbox_is_new(dovecot: Dovecot) -> None:
    """Two mailboxes share nothing."""
    first, second = dovecot.mailbox(), dovecot.mailbox()
    first.deliver(MESSAGE)
    assert len(first.messages()) == 1
    assert second.messages() == []


def test_dovecot_offers_what_mailbot_uses(mailbox: Mailbox) -> None:
    """The shared Dovecot offers MOVE, UIDPLUS, IDLE and CONDSTORE."""
    with mailbox.connect() as client:
        assert {b"MOVE", b"UIDPLUS", b"IDLE", b"CONDSTORE"} <= set(client.capabilities())


def test_dovecot_takes_starttls(mailbox: Mailbox) -> None:
    """The IMAP port takes STARTTLS with the same certificate."""
    context = ssl.create_default_context(cafile=str(mailbox.server.certificates.ca))
    with IMAPClient("127.0.0.1", mailbox.server.imap_port, ssl=False, timeout=20) as client:
        client.starttls(context)
        client.login(mailbox.user, mailbox.server.password)
        assert client.folder_exists("INBOX")


def test_dovecot_is_unknown_to_the_system(mailbox: Mailbox) -> None:
    """A client that trusts the system's authorities alone refuses the test server."""
    with pytest.raises(ssl.SSLCertVerificationError):
        IMAPClient("127.0.0.1", mailbox.server.imaps_port, ssl_context=ssl.create_default_context(), timeout=20)


def test_dovecot_refuses_a_wrong_password(mailbox: Mailbox) -> None:
    """A wrong password is refused."""
    context = ssl.create_default_context(cafile=str(mailbox.server.certificates.ca))
    with (
        IMAPClient("127.0.0.1", mailbox.server.imaps_port, ssl_context=context, timeout=20) as client,
        pytest.raises(LoginError),
    ):
        client.login(mailbox.user, "wrong")


def test_old_dovecot_has_no_move(old_dovecot: Dovecot) -> None:
    """The old Dovecot knows neither MOVE nor IDLE, so fallbacks can be tried on it."""
    mailbox = old_dovecot.mailbox()
    mailbox.deliver(MESSAGE)
    with mailbox.connect() as client:
        client.select_folder("INBOX")
        with pytest.raises(CapabilityError):
            client.move([1], "INBOX")
        with pytest.raises(CapabilityError):
            client.idle()


def test_dovecot_survives_a_kill(spare_dovecot: Dovecot) -> None:
    """A killed Dovecot drops its clients, comes back on the same port and has kept its mails."""
    mailbox = spare_dovecot.mailbox()
    mailbox.deliver(MESSAGE)
    client = mailbox.connect()
    spare_dovecot.kill()
    with pytest.raises((OSError, IMAPClient.AbortError)):
        client.noop()
    client.shutdown()
    spare_dovecot.start()
    assert len(mailbox.messages()) == 1


def test_dovecot_freezes_and_thaws(spare_dovecot: Dovecot) -> None:
    """A frozen Dovecot lets a client run into its time limit; a thawed one answers again."""
    mailbox = spare_dovecot.mailbox()
    with mailbox.connect() as client:
        client.socket().settimeout(0.2)
        spare_dovecot.freeze()
        with pytest.raises(TimeoutError):
            client.noop()
        spare_dovecot.thaw()
        client.shutdown()
    assert mailbox.folders() == ["INBOX"]


def test_renumber_changes_uidvalidity(mailbox: Mailbox) -> None:
    """A folder can be given another UIDVALIDITY."""
    mailbox.deliver(MESSAGE)
    mailbox.renumber(777)
    with mailbox.connect() as client:
        assert client.select_folder("INBOX")[b"UIDVALIDITY"] == 777


def _noop_twice(client: IMAPClient) -> None:
    """Ask for nothing, twice."""
    client.noop()
    client.noop()


def test_kick_ends_a_session(mailbox: Mailbox) -> None:
    """A kicked client finds its connection closed."""
    client = mailbox.connect()
    mailbox.kick()
    with pytest.raises((OSError, IMAPClient.AbortError)):
        _noop_twice(client)  # the first may still read the server's BYE
    client.shutdown()


# --- exim ------------------------------------------------------------------------------------


def _arrivals(mailbox: Mailbox, count: int, seconds: float = 30) -> list[bytes]:
    """Wait until that many mails are in the inbox; return what is there in the end."""
    until = time.monotonic() + seconds
    while len(found := mailbox.messages()) < count and time.monotonic() < until:
        time.sleep(0.05)
    return found


def test_exim_delivers_into_dovecot(exim: Exim, mailbox: Mailbox) -> None:
    """A mail handed to exim after STARTTLS and AUTH arrives in Dovecot with the headers of both."""
    context = ssl.create_default_context(cafile=str(exim.certificates.ca))
    with smtplib.SMTP("127.0.0.1", exim.port, timeout=20) as client:
        client.starttls(context=context)
        client.login("team@example.test", exim.password)
        client.sendmail("team@example.test", [mailbox.user], MESSAGE)
    (raw,) = _arrivals(mailbox, 1)
    assert raw.startswith(b"Return-Path: <team@example.test>\r\n")
    assert b"by mx.example.test with esmtpsa" in raw


def test_exim_relays_nothing_for_strangers(exim: Exim) -> None:
    """Without AUTH exim takes mail for its own domain alone."""
    with smtplib.SMTP("127.0.0.1", exim.port, timeout=20) as client, pytest.raises(smtplib.SMTPRecipientsRefused):
        client.sendmail("team@example.test", ["someone@example.org"], MESSAGE)


# --- the SMTP sink ---------------------------------------------------------------------------


def _send(sink: SmtpSink, recipients: list[str]) -> dict[str, tuple[int, bytes]]:
    """Send the message through a sink without TLS; return the refused recipients."""
    with smtplib.SMTP("127.0.0.1", sink.port, timeout=20) as client:
        return client.sendmail("bot@example.test", recipients, MESSAGE)


def test_sink_keeps_mails(smtp_sink: SmtpSink) -> None:
    """The sink keeps the envelope and the bytes of a mail."""
    _send(smtp_sink, ["a@example.org", "b@example.org"])
    (sent,) = smtp_sink.sent
    assert sent.sender == "bot@example.test"
    assert sent.recipients == ("a@example.org", "b@example.org")
    assert sent.content == MESSAGE


def test_sink_answers_for_a_recipient(smtp_sink: SmtpSink) -> None:
    """A scripted answer holds for its recipient and once."""
    smtp_sink.answer_recipient("a@example.org", "451 4.7.1 come back later")
    assert _send(smtp_sink, ["a@example.org", "b@example.org"]) == {"a@example.org": (451, b"4.7.1 come back later")}
    assert _send(smtp_sink, ["a@example.org"]) == {}
    assert [sent.recipients for sent in smtp_sink.sent] == [("b@example.org",), ("a@example.org",)]


def test_sink_answers_for_data(smtp_sink: SmtpSink) -> None:
    """A scripted answer to the mail itself refuses it, and nothing is kept."""
    smtp_sink.answer_data("552 5.3.4 too big")
    with pytest.raises(smtplib.SMTPDataError, match="too big"):
        _send(smtp_sink, ["a@example.org"])
    assert smtp_sink.sent == []


def test_sink_cuts_after_data(smtp_sink: SmtpSink) -> None:
    """A cut connection leaves the client without an answer though the mail was taken."""
    smtp_sink.cut_after_data()
    with pytest.raises(smtplib.SMTPServerDisconnected):
        _send(smtp_sink, ["a@example.org"])
    assert len(smtp_sink.sent) == 1


def test_sink_insists_on_tls_and_auth(smtp_sink_tls: SmtpSink, certificates: Certificates) -> None:
    """The sink with certificates takes a mail only after STARTTLS and AUTH."""
    with pytest.raises(smtplib.SMTPSenderRefused):
        _send(smtp_sink_tls, ["a@example.org"])
    with smtplib.SMTP("localhost", smtp_sink_tls.port, timeout=20) as client:
        client.starttls(context=ssl.create_default_context(cafile=str(certificates.ca)))
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login("bot", "wrong")
        client.login("bot", smtp_sink_tls.password)
        client.sendmail("bot@example.test", ["a@example.org"], MESSAGE)
    assert len(smtp_sink_tls.sent) == 1


# --- Chromium --------------------------------------------------------------------------------


def test_chromium_shows_a_file(chromium: Browser, tmp_path: Path) -> None:
    """Chromium shows a local page in the size and colour scheme asked for, and runs its script."""
    page_file = tmp_path / "index.html"
    script = "document.title = innerWidth + ' ' + matchMedia('(prefers-color-scheme: dark)').matches"
    page_file.write_text(f"<script>{script}</script>")
    page = chromium.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page.goto(page_file.as_uri())
    assert page.title() == "390 true"
    page.close()
