"""What is no submission goes to the organizers, once, whole, and to nobody else."""

from __future__ import annotations

import email
from email.policy import default
from typing import TYPE_CHECKING

import pytest

from mailbot.ledger import outbox
from mailbot.operations import trace
from tests.unit.services import ADA, NOW, Clock, served, submission, take

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mailbot.ledger.outbox import OutgoingRow
    from mailbot.service import Service

QUESTION = f"From: {ADA}\r\nSubject: a question\r\nMessage-ID: <q@x.org>\r\n\r\nWhen is the deadline?\r\n"


@pytest.fixture
def forwarding(tmp_path: Path) -> Iterator[Service]:
    """Give a mailbot that forwards to one organizer."""
    challenge = {"address": "submissions@siqa.example", "organizers": ["chair@siqa.example"], "forward": True}
    with served(tmp_path, Clock(), challenge=challenge) as made:
        yield made


def forwarded(service: Service) -> list[OutgoingRow]:
    """Return what was queued."""
    with service.ledger.read() as tx:
        return [row for row in outbox.listing(tx) if row.kind == "forwarded"]


def test_a_question_is_forwarded_whole(forwarding: Service) -> None:
    """As an attachment that is a mail, marked as written by a machine; its writer is answered as before."""
    take(forwarding, QUESTION.encode())
    (row,) = forwarded(forwarding)
    message = email.message_from_bytes(row.message, policy=default)
    (attached,) = message.iter_attachments()
    assert (row.recipient, row.subject) == ("chair@siqa.example", "[mailbot] forwarded: a question")
    assert message["Auto-Submitted"] == "auto-generated"
    assert attached.get_content_type() == "message/rfc822"
    assert attached.get_content()["Message-ID"] == "<q@x.org>"
    assert QUESTION.encode() in row.message
    with forwarding.ledger.read() as tx:
        life = trace.of_mail(tx, 1, NOW)
        assert trace.of_reply(tx, row.id, NOW) == life
    assert row.name in {step.subject for step in life}


def test_a_mail_that_is_no_plain_text_goes_as_a_file(forwarding: Service) -> None:
    """A mail within a mail must not be encoded (RFC 2046, section 5.2.1)."""
    raw = QUESTION.replace("deadline?", "截止日期?").encode()
    take(forwarding, raw)
    (row,) = forwarded(forwarding)
    (attached,) = email.message_from_bytes(row.message, policy=default).iter_attachments()
    assert row.message.isascii()
    assert attached.get_content_type() == "application/octet-stream"
    assert attached.get_content() == raw


@pytest.mark.parametrize(
    "raw",
    [
        submission("A"),
        QUESTION.replace("When is the deadline?", "status").encode(),
        QUESTION.replace("Subject", "Auto-Submitted: auto-replied\r\nSubject").encode(),
        QUESTION.replace(f"From: {ADA}", "From: submissions@siqa.example").encode(),
    ],
    ids=["a submission", "command", "automatic", "our own"],
)
def test_nothing_else_is_forwarded(forwarding: Service, raw: bytes) -> None:
    """Submissions, commands, automatic mails and our own."""
    take(forwarding, raw)
    assert forwarded(forwarding) == []


@pytest.mark.parametrize("setting", [False, True, "all"])
def test_whose_mails_are_forwarded(tmp_path: Path, setting: object) -> None:
    """Those of teams, unless the config says otherwise; those of strangers only when it says so."""
    challenge = {"address": "submissions@siqa.example", "organizers": ["chair@siqa.example"], "forward": setting}
    with served(tmp_path, Clock(), challenge=challenge) as made:
        take(made, QUESTION.encode())
        assert len(forwarded(made)) == (1 if setting else 0)
        take(made, QUESTION.replace("<q@", "<q2@").replace(ADA, "eve@elsewhere.example").encode())
        assert len(forwarded(made)) == {False: 0, True: 1, "all": 2}[setting]


@pytest.mark.parametrize("text", ["Thank you!", "Our file is attached."], ids=["thanks", "a file forgotten"])
def test_what_nobody_need_answer_is_not_forwarded(forwarding: Service, text: str) -> None:
    """The reply says all there is to say."""
    take(forwarding, QUESTION.replace("When is the deadline?", text).replace("a question", "hello").encode())
    assert forwarded(forwarding) == []


def test_an_organizer_whom_the_mail_was_written_to_gets_no_copy(forwarding: Service) -> None:
    """It is in the mailbox already."""
    take(
        forwarding, QUESTION.replace("Subject", "To: submissions@siqa.example, chair@siqa.example\r\nSubject").encode()
    )
    assert forwarded(forwarding) == []


def test_a_large_mail_makes_no_larger_ones(forwarding: Service) -> None:
    """Forged in a team's name, fifty of 10 MB a day would fill each organizer's mailbox, and the ledger with them."""
    raw = QUESTION.encode() + b"\r\n" + b"x" * 70 + b"\r\n" * (1024**2 // 2)
    take(forwarding, raw)
    (row,) = forwarded(forwarding)
    assert len(row.message) < 10_000
    assert b"When is the deadline?" in row.message
    assert b"too large to be attached" in row.message


def test_a_flood_is_cut_off(forwarding: Service) -> None:
    """At most so many a day to each organizer."""
    for number in range(60):
        take(forwarding, QUESTION.replace("<q@", f"<q{number}@").replace("deadline", f"deadline {number}").encode())
    assert len(forwarded(forwarding)) == 50
