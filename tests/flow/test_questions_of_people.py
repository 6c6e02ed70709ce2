"""An organizer's answer to a forwarded mail reaches the team that had asked, and nobody else's does."""

from __future__ import annotations

import email
from email.message import EmailMessage
from email.policy import SMTP, default
from typing import TYPE_CHECKING

import pytest

from mailbot.intake import relay
from mailbot.ledger import outbox, teams
from mailbot.mail import tasks as mail_tasks
from mailbot.mail.open import reach_of
from mailbot.mail.subject import own_text
from mailbot.model import Outcome
from mailbot.operations import trace
from tests.unit.services import ADA, NOW, Clock, served, take

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mailbot.ledger.mails import MailRow
    from mailbot.ledger.outbox import OutgoingRow
    from mailbot.service import Service

CHAIR = "chair@siqa.example"
WRITTEN = "Dear Ada,\n\nthe deadline is 25 April,\nat noon."
ANSWER = WRITTEN + "\n\nOn Thu, 12 Mar 2026 at 16:00, SIQA\n<submissions@siqa.example> wrote:\n> When?\n"


@pytest.fixture
def contest(tmp_path: Path) -> Iterator[Service]:
    """Give a mailbot that was asked something and has forwarded it."""
    challenge = {"address": "submissions@siqa.example", "organizers": [CHAIR], "contact": "help@siqa.example"}
    with served(tmp_path, Clock(), challenge=challenge, identity={"authserv_ids": ["mx.siqa.example"]}) as made:
        mail_tasks.hold(reach_of(made.config.limits, made.config.identity.authserv_ids))
        take(made, mail(ADA, "a question", "When is the deadline?", number=1))
        yield made
        mail_tasks.hold(reach_of(made.config.limits, ()))


def mail(sender: str, subject: str, text: str, *, number: int, **fields: str) -> bytes:
    """Return a mail."""
    made = EmailMessage(policy=SMTP)
    made["From"], made["Subject"], made["Message-ID"] = sender, subject, f"<m{number}@x.org>"
    for name, value in fields.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made.as_bytes()


def written(service: Service, kind: str) -> list[OutgoingRow]:
    """Return our mails of a kind."""
    with service.ledger.read() as tx:
        return [row for row in outbox.listing(tx) if row.kind == kind]


def answer(service: Service, sender: str = CHAIR, **fields: str) -> MailRow:
    """Let somebody answer the forwarded mail."""
    (forwarded,) = written(service, "forwarded")
    return take(service, mail(sender, "Re: x", ANSWER, number=2, In_Reply_To=forwarded.message_id, **fields))


def test_an_answer_goes_to_the_team_in_its_thread(contest: Service) -> None:
    """As it was written, to the address that had asked; an answer to it comes to us and to the contact."""
    row = answer(contest)
    assert row.outcome is Outcome.RELAYED
    (relayed,), (replied,) = written(contest, "relayed"), written(contest, "reply")
    message = email.message_from_bytes(relayed.message, policy=default)
    assert relayed.recipient == ADA
    assert message["Subject"] == "Re: a question"
    assert message["In-Reply-To"] == replied.message_id
    assert message["References"] == f"<m1@x.org> {replied.message_id}"
    assert message["Reply-To"] == "submissions@siqa.example, help@siqa.example"
    assert f"\n\n{WRITTEN}\n\nTo ask more" in message.get_content().replace("\r\n", "\n")
    assert CHAIR not in message.get_content()
    assert len(written(contest, "forwarded")) == 1


def test_it_is_in_the_trace_of_the_question(contest: Service) -> None:
    """With the mail that brought it, and from the answer's own side too."""
    row = answer(contest)
    (relayed,) = written(contest, "relayed")
    with contest.ledger.read() as tx:
        steps = trace.of_mail(tx, 1, NOW)
        assert trace.of_reply(tx, relayed.id, NOW) == steps
        assert "an organizer's answer to M-000001" in trace.of_mail(tx, row.id, NOW)[-1].detail
    assert relayed.name in {step.subject for step in steps}
    assert row.name in " ".join(step.detail for step in steps if step.what == "answer-relayed")


@pytest.mark.parametrize(
    ("sender", "fields"),
    [
        ("eve@elsewhere.example", {}),
        (CHAIR, {"Auto_Submitted": "auto-replied"}),
        (CHAIR, {"Authentication_Results": "mx.siqa.example; dmarc=fail header.from=siqa.example"}),
    ],
    ids=["another address", "an absence", "a forger who knows the Message-ID"],
)
def test_nobody_else_speaks_to_a_team(contest: Service, sender: str, fields: dict[str, str]) -> None:
    """Whoever was not sent the mail; a program that says that the organizer is away; who only writes its address."""
    answer(contest, sender, **fields)
    assert written(contest, "relayed") == []


def test_a_message_id_that_anybody_can_write_is_none(contest: Service) -> None:
    """The organizer's address alone proves nothing."""
    (replied,) = written(contest, "reply")
    take(contest, mail(CHAIR, "Re: x", ANSWER, number=3, In_Reply_To=replied.message_id))
    assert written(contest, "relayed") == []


def test_an_answer_that_says_nothing_is_not_passed_on(contest: Service) -> None:
    """A quotation alone."""
    (forwarded,) = written(contest, "forwarded")
    row = take(contest, mail(CHAIR, "Re: x", "> When?\n", number=2, In_Reply_To=forwarded.message_id))
    assert row.outcome is Outcome.RELAYED
    assert written(contest, "relayed") == []


def test_what_was_written_above_a_quotation_stays_as_it_was() -> None:
    """Empty lines, indents, and lines that only look like the beginning of one."""
    assert own_text(ANSWER) == WRITTEN
    assert own_text("a\n\n  b\n") == "a\n\n  b"
    assert own_text("On 25 April we close.\nSee you\n-- \nChair") == "On 25 April we close.\nSee you"
    assert own_text("> a\nyes\n> b\nno") == "yes\nno"


VICE = "vice@siqa.example"


def test_the_other_organizers_learn_who_answered_and_what(tmp_path: Path) -> None:
    """Each once, in the thread of the question; the second answer, given meanwhile, goes to the team as well."""
    challenge = {"address": "submissions@siqa.example", "organizers": [CHAIR, VICE]}
    with served(tmp_path, Clock(), challenge=challenge) as contest:
        take(contest, mail(ADA, "a question", "When is the deadline?", number=1))
        sent_to = {row.recipient: row for row in written(contest, "forwarded")}
        for number, organizer in enumerate((CHAIR, VICE), 2):
            reply = mail(organizer, "Re: x", ANSWER, number=number, In_Reply_To=sent_to[organizer].message_id)
            assert take(contest, reply).outcome is Outcome.RELAYED
        told = written(contest, "answered")
        assert [row.recipient for row in told] == [VICE, CHAIR]
        message = email.message_from_bytes(told[0].message, policy=default)
        assert message["In-Reply-To"] == sent_to[VICE].message_id
        assert f"{CHAIR} answered the mail M-000001 of team Pixel Peepers" in message.get_content()
        assert "> the deadline is 25 April," in message.get_content()
        assert [row.recipient for row in written(contest, "relayed")] == [ADA, ADA]
        more = mail(VICE, "Re: x", "At noon in Berlin.", number=4, In_Reply_To=told[0].message_id)
        assert take(contest, more).outcome is Outcome.RELAYED
        assert len(written(contest, "relayed")) == 3


def test_so_many_copies_go_to_an_organizer_in_a_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer beyond that still goes to the team."""
    monkeypatch.setattr(relay, "PER_DAY", 1)
    challenge = {"address": "submissions@siqa.example", "organizers": [CHAIR, VICE]}
    with served(tmp_path, Clock(), challenge=challenge) as contest:
        take(contest, mail(ADA, "a question", "When is the deadline?", number=1))
        sent_to = {row.recipient: row for row in written(contest, "forwarded")}
        for number in (2, 3):
            take(contest, mail(CHAIR, "Re: x", ANSWER, number=number, In_Reply_To=sent_to[CHAIR].message_id))
        assert len(written(contest, "relayed")) == 2
        assert len(written(contest, "answered")) == 1


def test_an_answer_goes_to_the_team_as_it_is_now(contest: Service) -> None:
    """Not to an address that has left it since, but to who leads it."""
    with contest.ledger.write("test") as tx:
        (team,) = teams.by_address(tx, [ADA]).values()
        teams.add(tx, team.name, ["bert@peepers.example"], NOW)
        teams.leave(tx, team.id, ADA, NOW)
    answer(contest)
    assert [row.recipient for row in written(contest, "relayed")] == ["bert@peepers.example"]


def test_the_organizers_are_told_of_an_answer_that_reaches_nobody(contest: Service) -> None:
    """The team has no address any more: nothing goes out but to them, and the trail says so."""
    with contest.ledger.write("test") as tx:
        (team,) = teams.by_address(tx, [ADA]).values()
        teams.leave(tx, team.id, ADA, NOW)
    assert answer(contest).outcome is Outcome.RELAYED
    assert written(contest, "relayed") == []
    (told,) = written(contest, "answered")
    assert told.recipient == CHAIR
    assert "The answer was not sent" in email.message_from_bytes(told.message, policy=default).get_content()
    with contest.ledger.read() as tx:
        assert "answer-not-sent" in {step.what for step in trace.of_mail(tx, 1, NOW)}
