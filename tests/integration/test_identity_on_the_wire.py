"""Identity through a real exim4, a real Dovecot and real children: signed, keyed, forged, held and confirmed."""

from __future__ import annotations

import email
import json
import re
import smtplib
from email.policy import default
from typing import TYPE_CHECKING, Any

import pytest

from tests.command import mailbot
from tests.integration.bot import submission, wait
from tests.integration.identity_cases import note, record, signed
from tests.servers.dns import Nameserver
from tests.servers.exim import Exim

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage

    from tests.integration.bot import Bot
    from tests.servers.dovecot import Dovecot, Mailbox

STRICT = ["key", "dmarc", "dkim", "confirmed"]


@pytest.fixture
def dns() -> Iterator[Nameserver]:
    """Give a nameserver that publishes the key of the domain all mailboxes here are in."""
    with Nameserver() as server:
        server.records["s1._domainkey.example.test"] = [record("honest")]
        yield server


def _strict(bot: Bot, dns: Nameserver, **more: object) -> None:
    """Have the bot take nothing that does not prove who sent it."""
    settings = {"require": STRICT, "nameservers": [dns.address]} | more
    lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in settings.items())
    config = bot.folder / "config.toml"
    config.write_text(f"{config.read_text()}\n[identity]\n{lines}\n")


def _post(exim: Exim, mailbox: Mailbox, raw: bytes, *, sender: str, to: str = "", count: int = 1) -> None:
    """Bring a mail by SMTP and wait until the mailbox has so many."""
    with smtplib.SMTP("127.0.0.1", exim.port) as client:
        client.sendmail(sender, [to or mailbox.user], raw)
    wait(lambda: len(mailbox.messages()) >= count)


def _mails(bot: Bot) -> list[tuple[Any, ...]]:
    return [(row["outcome"], row["auth"], row["auth_why"]) for row in bot.rows("mails")]


def _received(team: Mailbox, count: int) -> list[EmailMessage]:
    """Wait until the team has so many mails; return them."""
    found = wait(lambda: raws if len(raws := team.messages()) >= count else None)
    return [email.message_from_bytes(raw, policy=default) for raw in found]


def test_a_signature_survives_the_way(
    posted: Bot, mailbox: Mailbox, team: Mailbox, exim: Exim, dns: Nameserver
) -> None:
    """Signed by the team's domain, brought by exim and Dovecot: it holds in the child, and its receipt says so."""
    _strict(posted, dns)
    _post(exim, mailbox, signed(submission(team.user, mailbox.user), "example.test"), sender=team.user)
    posted.once()
    assert _mails(posted) == [("scored", "dkim", "a signature of the sender's domain holds")]
    (receipt,) = _received(team, 1)
    text = receipt.get_body(("plain",))
    assert text is not None
    assert "    Identity: dkim (a signature of the sender's domain holds)" in text.get_content()


def test_a_key_in_a_plus_address_arrives(
    posted: Bot, mailbox: Mailbox, team: Mailbox, exim: Exim, dns: Nameserver
) -> None:
    """`mailbot teams key` prints a key once; a mail to the plus address proves it; the next key makes it void."""
    _strict(posted, dns)
    posted.once()
    printed = mailbot("teams", "key", "--yes", "Pixel Peepers", folder=posted.folder).out
    plus = re.search(r"\S+\+mbk[a-z2-7]{26}@\S+", printed)
    assert plus is not None
    _post(exim, mailbox, submission(team.user, plus[0]), sender=team.user, to=plus[0])
    posted.once()
    mailbot("teams", "key", "--yes", "Pixel Peepers", folder=posted.folder)
    _post(exim, mailbox, submission(team.user, plus[0], method="Late"), sender=team.user, to=plus[0])
    posted.once()
    why = "its key was replaced by a newer one; no signature of the sender's domain"
    assert _mails(posted) == [("scored", "key", "the team's key"), ("held", "none", why)]
    key = plus[0].partition("+")[2].partition("@")[0]
    kept = [path for path in (posted.folder / "state").rglob("*") if path.is_file() and path.suffix != ".eml"]
    assert not [path for path in kept if key.encode() in path.read_bytes()]


def test_a_forged_mail_is_held_until_the_team_says_so(
    posted: Bot, mailbox: Mailbox, team: Mailbox, exim: Exim, dns: Nameserver
) -> None:
    """The question reaches the registered address; the reply, by SMTP again, brings the receipt."""
    _strict(posted, dns)
    _post(exim, mailbox, submission(team.user, mailbox.user), sender="eve@example.test")
    posted.once()
    assert posted.rows("submissions") == []
    held = mailbot("mails", "list", "--held", "--json", folder=posted.folder).json
    assert [row["mail"] for row in held] == ["M-000001"]
    (asked,) = _received(team, 1)
    answer = note(team.user, f"Re: {asked['Subject']}", "Confirm.\n\n> Is this", In_Reply_To=str(asked["Message-ID"]))
    _post(exim, mailbox, answer, sender=team.user)
    posted.once()
    assert [row[:2] for row in _mails(posted)] == [("scored", "confirmed"), ("confirmed", None)]
    (submitted,) = posted.rows("submissions")
    assert (submitted["mail"], submitted["status"]) == ("M-000001", "accepted")
    assert submitted["arrived_at"] == held[0]["arrived_at"]
    assert len(_received(team, 2)) == 2


def test_an_organizer_approves(posted: Bot, mailbox: Mailbox, team: Mailbox, exim: Exim, dns: Nameserver) -> None:
    """By command and with a reason, once; what is not held cannot be approved."""
    _strict(posted, dns, require=["key"])
    _post(exim, mailbox, submission(team.user, mailbox.user), sender=team.user)
    posted.once()
    mailbot("mails", "approve", "--yes", "M-1", "--why", "they called", folder=posted.folder)
    assert "is not held" in mailbot("mails", "approve", "M-1", "--why", "x", folder=posted.folder, code=2).err
    posted.once()
    assert _mails(posted) == [("scored", "confirmed", "an organizer said so")]


def test_a_provider_that_lets_forged_results_through_is_not_believed(
    posted: Bot, mailbox: Mailbox, team: Mailbox, exim: Exim, dns: Nameserver
) -> None:
    """Exim strips nothing: `doctor --check-auth` finds its own forgery again, and DMARC proves nothing any more."""
    _strict(posted, dns, authserv_ids=["mx.example.test"])
    rows = mailbot("doctor", "--check-auth", "--json", folder=posted.folder, code=1).json
    (found,) = [row for row in rows if row["part"] == "check-auth"]
    assert (found["level"], found["detail"]) == (
        "red",
        "mx.example.test lets forged results through: it is no longer trusted",
    )
    forged = b"Authentication-Results: mx.example.test; dmarc=pass header.from=example.test\r\n"
    _post(exim, mailbox, forged + submission(team.user, mailbox.user), sender="eve@example.test", count=2)
    posted.once()
    assert [row[:2] for row in _mails(posted)] == [("own", None), ("held", "none")]


def test_a_provider_that_strips_them_is_believed(
    posted: Bot, mailbox: Mailbox, dovecot: Dovecot, dns: Nameserver
) -> None:
    """An exim that takes incoming results out passes the check."""
    exim = Exim(lmtp_port=dovecot.lmtp_port, strips=True)
    try:
        exim.start()
        config = posted.folder / "config.toml"
        text = re.sub(r"(?s)(\[smtp\].*?port = )\d+", rf"\g<1>{exim.port}", config.read_text())
        config.write_text(re.sub(r"(?s)(\[smtp\].*?ca_file = )[^\n]+", rf'\g<1>"{exim.certificates.ca}"', text))
        _strict(posted, dns, authserv_ids=["mx.example.test"])
        rows = mailbot("doctor", "--check-auth", "--json", folder=posted.folder).json
    finally:
        exim.remove()
    (found,) = [row for row in rows if row["part"] == "check-auth"]
    assert (found["level"], found["detail"]) == ("green", "mx.example.test strips forged results")
    assert len(mailbox.messages()) == 1
