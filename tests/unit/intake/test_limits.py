"""Limits delay what is owed: each kind of reply has a budget of its own, and what is proven is counted apart."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mailbot.identity.confirmation import PER_HOUR, VALID
from mailbot.ledger import held, mails, outbox
from mailbot.model import Id, Outcome
from tests.unit.services import ADA, Clock, keyed, served, submission, take

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mailbot.ledger.outbox import OutgoingRow
    from mailbot.service import Service

AT_ONCE = timedelta()


@pytest.fixture
def clock() -> Clock:
    """Give the time."""
    return Clock()


@pytest.fixture
def service(tmp_path: Path, clock: Clock) -> Iterator[Service]:
    """Give a mailbot that writes two replies an hour to an address."""
    with served(tmp_path, clock, replies={"per_address_hour": 2}, quota={"per_week": 50}) as made:
        yield made


@pytest.fixture
def strict(tmp_path: Path, clock: Clock) -> Iterator[Service]:
    """Give one that asks about every mail that nothing proves."""
    with served(tmp_path, clock, identity={"require": ["key", "confirmed"]}, quota={"per_week": 50}) as made:
        yield made


def waits(service: Service, kind: str = "reply") -> list[timedelta]:
    """Return how long each of our mails of a kind waits."""
    return [row.due_at - row.created_at for row in written(service, kind)]


def written(service: Service, kind: str) -> list[OutgoingRow]:
    """Return our mails of a kind."""
    with service.ledger.read() as tx:
        return [row for row in outbox.listing(tx) if row.kind == kind]


def said(number: int, text: str) -> bytes:
    """Write a mail of the team without a file."""
    return f"From: {ADA}\r\nSubject: {number}\r\nMessage-ID: <n{number}@x.org>\r\n\r\n{text}\r\n".encode()


def test_what_anybody_may_write_uses_up_nothing_of_what_is_proven(service: Service) -> None:
    """Four forged mails fill the hour of the address; the mail with the team's key is answered at once."""
    for number in range(4):
        take(service, submission(f"forged{number}"))
    take(service, keyed(service, submission("own")))
    assert waits(service) == [AT_ONCE, AT_ONCE, timedelta(hours=1), timedelta(hours=1), AT_ONCE]


def test_notes_use_up_nothing_of_the_receipts(service: Service) -> None:
    """And of the notes themselves, one that is proven waits where another is left out."""
    for number in range(3):
        take(service, said(number, "Is anybody there?"))
    take(service, submission())
    assert waits(service) == [AT_ONCE] * 3
    for number in range(3, 6):
        take(service, keyed(service, said(number, "Is anybody there?")))
    assert waits(service) == [AT_ONCE] * 5 + [timedelta(hours=1)]


def test_every_command_is_answered(service: Service) -> None:
    """Later, where there were too many."""
    for number in range(4):
        take(service, said(number, "status"))
    assert waits(service) == [AT_ONCE, AT_ONCE, timedelta(hours=1), timedelta(hours=1)]


def test_a_held_mail_is_always_asked_about(strict: Service) -> None:
    """Forged files delay the question about the team's own, by an hour at most for every three of them."""
    for number in range(PER_HOUR + 1):
        assert take(strict, submission(f"m{number}")).outcome is Outcome.HELD
    take(strict, said(9, "withdraw S-1"))
    assert waits(strict, "confirm") == [AT_ONCE] * PER_HOUR + [timedelta(hours=1)] * 2
    assert {row.kind for row in written(strict, "health-replies")} == set()


def test_a_code_holds_from_when_it_was_sent(strict: Service, clock: Clock) -> None:
    """A question that waited gives as much time as any other, and says so."""
    for number in range(PER_HOUR):
        take(strict, submission(f"m{number}"))
    row = take(strict, submission("own"))
    question = written(strict, "confirm")[-1]
    with strict.ledger.read() as tx:
        assert held.asked_at(tx, row.id) == question.due_at
    clock.now = question.due_at + VALID - timedelta(minutes=1)
    code = question.subject.partition("[")[2].partition("]")[0]
    answer = f"From: {ADA}\r\nSubject: Re: [{code}]\r\n\r\nconfirm\r\n".encode()
    assert take(strict, answer, arrived_at=clock()).outcome is Outcome.CONFIRMED
    with strict.ledger.read() as tx:
        confirmed = mails.get(tx, row.id)
    assert confirmed is not None
    assert confirmed.outcome is Outcome.SCORED
    (receipt,) = [one for one in written(strict, "reply") if one.mail_id == row.id]
    assert f"{PER_HOUR} other mails of your team still wait".encode() in receipt.message


@pytest.mark.parametrize(("text", "count"), [("confirm", 3), ("Perhaps", 3)])
def test_a_refused_confirmation_is_answered(strict: Service, clock: Clock, text: str, count: int) -> None:
    """Once its code was used, has expired, or the word is missing: each is told why."""
    take(strict, submission())
    code = written(strict, "confirm")[0].subject.partition("[")[2].partition("]")[0]
    clock.forward(hours=80)
    for number in range(count):
        answer = f"From: {ADA}\r\nSubject: Re: [{code}]\r\nMessage-ID: <{number}@x>\r\n\r\n{text}\r\n".encode()
        assert take(strict, answer, arrived_at=clock()).outcome is Outcome.NOT_CONFIRMED
    assert len(written(strict, "reply")) == count


def test_guessed_codes_make_no_cannon(service: Service) -> None:
    """An answer with a wrong code may be anybody's: beyond the limit it is not answered."""
    take(service, submission())
    for number in range(5):
        take(service, said(number, f"confirm {Id.MAIL.of(1)} {number:032x}"))
    assert len(written(service, "reply")) == 1 + 2
