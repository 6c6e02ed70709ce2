"""What somebody wants who sends neither a file nor a command, and the reply that fits."""

from __future__ import annotations

import email
from email.message import EmailMessage
from email.policy import SMTP, default
from typing import TYPE_CHECKING

import pytest

from mailbot.intake import inquiry
from mailbot.intake.inquiry import Aim
from mailbot.ledger import outbox
from mailbot.mail.model import Mail
from mailbot.model import Outcome
from scoring.model import Problem
from tests.unit.services import ADA, Clock, served, take

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mailbot.ledger.mails import MailRow
    from mailbot.service import Service

CHAIR = "chair@siqa.example"

MAILS = [
    ("Question about the deadline", "Hi, when exactly is the deadline?\nThanks, Ada", Aim.OTHER, ""),
    (
        "Please withdraw my last submission",
        "Wrong file, please withdraw S-000002.",
        Aim.OTHER,
        "withdraw S-000002",
    ),
    ("withdraw", "Dear chairs, could you cancel s-7 and S-8?", Aim.OTHER, "withdraw S-000007 S-000008"),
    ("撤回", "老师您好 请撤回 S-2 谢谢", Aim.OTHER, "withdraw S-000002"),
    ("wrong file", "We want to withdraw our last submission.", Aim.OTHER, "withdraw S-12"),
    ("score", "We would like to dispute the score of S-3.", Aim.OTHER, "dispute S-000003: your text"),
    ("quota", "How many submissions do we have left this week?", Aim.OTHER, "status"),
    ("team", "Please add bo@new.example to our team.", Aim.OTHER, "members add ADDRESS"),
    ("关于截止时间的问题", "老师您好 请问最终提交的截止时间是什么时候", Aim.OTHER, ""),
    ("Thanks", "Thank you very much for the quick answer!\nBest,\nAda", Aim.THANKS, ""),
    ("你好", "谢谢老师", Aim.THANKS, ""),
    ("[SIQA Submission] Pixel Peepers - PeepNet", "Please find our file attached.", Aim.FILE, ""),
    ("[SIQA Submission] Pixel Peepers - PeepNet", "", Aim.FILE, ""),
    ("像素队", "老师您好 请查收附件", Aim.FILE, ""),
    ("[SIQA Submission] 像素队 - 方法", "您好 附件是我们的结果 请查收 谢谢", Aim.FILE, ""),
    ("[SIQA Submission] Pixel Peepers - PeepNet", "Hi, our new results. Thanks!\nAda", Aim.FILE, ""),
    ("hello", "We received the receipt with its attachment, thank you.", Aim.THANKS, ""),
    ("hello", "We moved to another institute.", Aim.OTHER, ""),
]


@pytest.mark.parametrize(("subject", "text", "aim", "command"), MAILS)
def test_what_somebody_wants(subject: str, text: str, aim: Aim, command: str) -> None:
    """A question, thanks, a file that was forgotten; and the command that a sentence asks for."""
    found = inquiry.read(Mail(subject=subject, text=text))
    assert (found.aim, found.command) == (aim, command)


def test_in_a_thread_the_subject_says_nothing() -> None:
    """It is that of the mail that is answered: only what was written below counts."""
    told = inquiry.read(Mail(subject="Re: please withdraw S-1?", text="Thank you!", references=("<a@x>",)))
    assert (told.aim, told.asks, told.command) == (Aim.THANKS, False, "")


@pytest.mark.parametrize("text", ["Thank you!", "收到 谢谢", "We run it again next week."])
def test_thanks_for_a_receipt_end_the_thread(text: str) -> None:
    """Two programs that thank each other would never end."""
    assert not inquiry.wants_an_answer(Mail(subject="Re: x", text=text, references=("<a@x>",)))


@pytest.mark.parametrize(
    "text", ["Here is the corrected file, attached.", "please withdraw S-2", "请问哪里错了", "When is the deadline?"]
)
def test_an_answer_in_our_thread_that_wants_something_is_answered(text: str) -> None:
    """A file that did not arrive, a question, a wish; and whatever came damaged."""
    assert inquiry.wants_an_answer(Mail(subject="Re: x", text=text, references=("<a@x>",)))
    link = Problem(code="cloud-link", count=1, message="A link.")
    assert inquiry.wants_an_answer(Mail(text="Here.", references=("<a@x>",), faults=(link,)))


# --- the reply -------------------------------------------------------------------------------


@pytest.fixture
def contest(tmp_path: Path) -> Iterator[Service]:
    """Give a mailbot with an organizer, a contact and a deadline."""
    challenge = {"address": "submissions@siqa.example", "organizers": [CHAIR], "contact": CHAIR}
    phases = [{"name": "test", "closes": "2026-04-25T00:00:00+08:00"}]
    entries = [{"kind": "code", "hosts": ["github.com"]}]
    with served(tmp_path, Clock(), challenge=challenge, phases=phases, entries=entries) as made:
        yield made


def sent(service: Service, subject: str, text: str) -> tuple[MailRow, EmailMessage, str]:
    """Take a mail of Ada's; return its row, the reply and the reply's text on one line."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["Subject"], mail["Message-ID"] = ADA, subject, "<m@x.org>"
    mail.set_content(text)
    row = take(service, mail.as_bytes())
    with service.ledger.read() as tx:
        (found,) = outbox.of_mail(tx, row.id)
    reply = email.message_from_bytes(found.message, policy=default)
    body = reply.get_body(("plain",))
    assert body is not None
    return row, reply, " ".join(body.get_content().split())


def test_a_question_hears_who_answers_it_and_the_deadline(contest: Service) -> None:
    """No word of a missing file; the address of a person, in the text and beside ours in Reply-To."""
    row, reply, told = sent(contest, "Question", "Hi, when exactly is the deadline?")
    assert row.outcome is Outcome.NO_SUBMISSION
    assert told.startswith("Your mail was forwarded to the organizers.")
    assert "closes Sat 25 Apr 2026, 00:00" in told
    assert f"Questions? Write to the organizers: {CHAIR}" in told
    assert reply["Reply-To"] == f"submissions@siqa.example, {CHAIR}"
    assert "result file" not in told


def test_a_wish_in_a_sentence_is_answered_with_its_command(contest: Service) -> None:
    """Nothing is carried out because of a sentence."""
    _, reply, told = sent(contest, "Please withdraw my last submission", "I sent the wrong file, please withdraw S-2.")
    assert told.startswith("Nothing was changed yet")
    assert "a mail: withdraw S-000002 " in told
    rich = reply.get_body(("html",))
    assert rich is not None
    assert ">withdraw S-000002</p>" in rich.get_content()


def test_a_link_in_a_question_hands_nothing_in(contest: Service) -> None:
    """Unless the subject says what it is."""
    text = "Hi, is https://github.com/open-siqa/toolkit the official scorer?"
    row, _, told = sent(contest, "Question - arch", text)
    assert row.outcome is Outcome.NO_SUBMISSION
    assert "forwarded to the organizers" in told


def test_a_forgotten_file_is_told_until_when(contest: Service) -> None:
    """The headline says what is missing, the text how and until when to send it."""
    _, _, told = sent(contest, "[SIQA Submission] Pixel Peepers - PeepNet", "Our file is attached.")
    assert told.startswith("No result file was found in your mail.")
    assert "You may attach one file per track." in told
    assert "Send it before Sat 25 Apr 2026, 00:00" in told


def test_without_organizers_nobody_is_promised_an_answer(tmp_path: Path) -> None:
    """The reply says that a program reads the address."""
    with served(tmp_path, Clock(), challenge={"address": "submissions@siqa.example", "organizers": []}) as made:
        _, _, told = sent(made, "Question", "When is the deadline?")
    assert told.startswith("Your mail has no file and no command")
    assert "forwarded" not in told


def test_a_team_that_was_asked_often_hears_once_that_more_waits(contest: Service) -> None:
    """A held command whose question waits for the limits is not met with silence, nor with a flood."""
    told: list[str] = []
    for number in range(6):
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["Subject"], mail["Message-ID"] = ADA, f"withdraw S-{number + 1}", f"<h{number}@x.org>"
        mail.set_content("Thanks")
        row = take(contest, mail.as_bytes())
        assert row.outcome is Outcome.HELD
        with contest.ledger.read() as tx:
            told += [one.kind for one in outbox.of_mail(tx, row.id)]
    assert told == ["confirm", "confirm", "confirm", "waits", "confirm", "confirm", "confirm"]
