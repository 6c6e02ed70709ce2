"""Silence needs proof, and has a witness: what a team sends is served whatever forwarders and providers put on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mailbot.intake.sender import THANKS
from mailbot.ledger import observations, outbox
from mailbot.letters import strangers
from mailbot.model import Outcome
from tests.unit.services import ADA, NOW, Clock, served, submission, take

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mailbot.ledger.outbox import OutgoingRow
    from mailbot.service import Service


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Give a mailbot with an organizer."""
    with served(tmp_path, Clock()) as made:
        yield made


def sent(service: Service, kind: str) -> list[OutgoingRow]:
    """Return our mails of a kind."""
    with service.ledger.read() as tx:
        return [row for row in outbox.listing(tx) if row.kind == kind]


def said(text: str, *, sender: str = ADA, **fields: str) -> bytes:
    """Write a mail without a file."""
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return f"From: {sender}\r\n{head}\r\n{text}\r\n".encode()


@pytest.mark.parametrize(
    "fields",
    [
        {"Feedback-ID": "i90210abc:Examplemail"},
        {"Auto-Submitted": "auto-generated", "X-MS-Exchange-Inbox-Rules-Loop": "sub@old.example"},
        {"List-Unsubscribe": "<mailto:stop@alias.example>"},
        {"List-Id": "<submissions.siqa.example>", "Precedence": "list", "X-Original-Sender": ADA},
        {"Return-Path": "<>"},
        {"Return-Path": "<bounces+SRS=x=y@m365.example>"},
        {"Precedence": "bulk", "X-Loop": "x"},
        {"Auto-Submitted": "auto-replied", "X-Autoreply": "yes"},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_a_result_of_a_team_is_served_whatever_its_headers_say(service: Service, fields: dict[str, Any]) -> None:
    """Providers, forwarding rules, aliases and groups put the signs of machines on people's mail."""
    assert take(service, submission(**fields)).outcome is Outcome.SCORED
    assert len(sent(service, "reply")) == 1


@pytest.mark.parametrize("sender", ["ada+siqa@peepers.example", f"Byron, Ada <{ADA}>"])
def test_addresses_as_people_have_them(service: Service, sender: str) -> None:
    """A plus part is the same mailbox, an unquoted comma is no second sender; the registered address is answered."""
    assert take(service, submission(sender=sender)).outcome is Outcome.SCORED
    assert [row.recipient for row in sent(service, "reply")] == [ADA]


def test_a_group_that_rewrote_from_is_believed_for_nothing_more(tmp_path: Path) -> None:
    """The author is taken from X-Original-From; where the policy asks for proof, the registered address is asked."""
    group: dict[str, Any] = {
        "X-Original-From": f"Ada <{ADA}>",
        "Reply-To": ADA,
        "List-Id": "<submissions.siqa.example>",
    }
    sender = "'Ada' via SIQA <submissions@siqa.example>"
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    with served(tmp_path / "a", Clock()) as taken:
        assert take(taken, submission(sender=sender, **group)).outcome is Outcome.SCORED
        assert [row.recipient for row in sent(taken, "reply")] == [ADA]
    identity = {"require": ["dkim", "confirmed"]}
    with served(tmp_path / "b", Clock(), identity=identity) as asked:
        row = take(asked, submission(sender=sender, **group))
        assert (row.outcome, row.auth) == (Outcome.HELD, "none")
        assert [row.recipient for row in sent(asked, "confirm")] == [ADA]


@pytest.mark.parametrize(
    "subject",
    [
        "Absence de r\u00e9ponse pour notre fichier",
        "Delivery status of our receipt?",
        "Undelivered receipts since Monday",
        "Ausencia de respuesta",
        "Assenza della ricevuta",
        "\u5916\u51fa\u671f\u95f4\u63d0\u4ea4\u95ee\u9898",
        "Read: the rules page says two files a week",
    ],
)
def test_a_question_that_begins_like_an_absence_is_answered(service: Service, subject: str) -> None:
    """A subject alone makes no machine of a registered address."""
    assert take(service, said("Could you look into it?", Subject=subject)).outcome is Outcome.NO_SUBMISSION
    assert len(sent(service, "reply")) == 1


@pytest.mark.parametrize(
    ("text", "answered"),
    [
        ("Thank you!", False),
        ("Many thanks, it works now.", False),
        ("Thanks. Is the deadline at noon?", True),
        ("\u622a\u6b62\u65e5\u671f\u662f\u4ec0\u4e48\u65f6\u5019\uff1f", True),
        ("Here it is: https://drive.google.com/file/d/1/view?usp=drive_web", True),
        ('{"track": "S", "predictions": [{"id": 1, "perception": 3}]}', True),
    ],
)
def test_an_answer_in_our_thread_is_answered_where_it_wants_something(
    service: Service, text: str, *, answered: bool
) -> None:
    """A link, a pasted table and a question are; thanks are not, but the organizers' digest has them."""
    take(service, submission())
    (receipt,) = sent(service, "reply")
    row = take(service, said(text, Subject=f"Re: {receipt.subject}", In_Reply_To=receipt.message_id))
    assert len(sent(service, "reply")) == 1 + answered
    with service.ledger.read() as tx:
        silent = observations.unanswered(tx, NOW, NOW.replace(year=2027))
    assert [(one.mail, one.sender, one.reason) for one in silent] == ([] if answered else [(row.name, ADA, THANKS)])


def test_a_reaction_is_recorded_and_not_answered(service: Service) -> None:
    """Gmail sends a mail for each emoji below ours: no submission, no reply, a line in the digest."""
    take(service, submission())
    (receipt,) = sent(service, "reply")
    parts = (
        ("text/plain", "\U0001f44d\r\n\r\nAda reacted via Gmail"),
        ("text/vnd.google.email-reaction+json", '{"emoji": "\U0001f44d", "version": 1}'),
        ("text/html", "<p>Ada reacted via Gmail</p>"),
    )
    inner = "".join(f"--b\r\nContent-Type: {kind}; charset=utf-8\r\n\r\n{text}\r\n" for kind, text in parts)
    fields = {"Content-Type": "multipart/alternative; boundary=b", "In-Reply-To": receipt.message_id}
    row = take(service, said(f"{inner}--b--", Subject=f"Re: {receipt.subject}", **fields))
    assert (row.outcome, len(sent(service, "reply"))) == (Outcome.AUTOMATIC, 1)
    with service.ledger.read() as tx:
        silent = observations.unanswered(tx, NOW, NOW.replace(year=2027))
    assert [(one.mail, one.reason) for one in silent] == [(row.name, "emoji reaction")]


def test_the_organizers_hear_at_once_of_a_file_that_is_not_answered(service: Service) -> None:
    """Who sent it, what it is called and why; a second time nothing is written, and a mail without a file waits."""
    take(service, submission(sender="eve@elsewhere.example"))
    take(service, said("Hello", sender="eve@elsewhere.example", Subject="dinner"))
    assert strangers.tell(service.ledger, service.challenge, NOW)
    (row,) = sent(service, "strangers")
    text = row.message.decode()
    assert (row.recipient, row.subject) == ("chair@siqa.example", "[mailbot] 1 mail(s) with files of unknown senders")
    assert "From     eve@elsewhere.example" in text
    assert "M-000001" in text
    with service.ledger.read() as tx:
        silent = observations.unanswered(tx, NOW, NOW.replace(year=2027))
    assert [(one.mail, one.subject) for one in silent] == [("M-000002", "dinner")]
