"""Whose mail is next: senders take turns, teams before strangers, and a mail of each at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mailbot.ledger import mails
from mailbot.transport.turns import A_STRANGERS, Sender, Turns
from tests.unit.services import ADA, NOW, Clock, drop, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mailbot.service import Service

CARL = "carl@muenster.example"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Give a mailbot with two teams."""
    with served(tmp_path, Clock()) as made:
        yield made


def _drop(service: Service, *senders: str) -> None:
    with service.ledger.read() as tx:
        before = mails.count(tx)
    for number, sender in enumerate(senders, before + 1):
        drop(service, f"From: {sender}\r\nSubject: {number}\r\n\r\nx\r\n".encode())


def _order(service: Service, busy: tuple[Sender, ...] = (), strangers: int = 1) -> list[int]:
    """Return the numbers of the mails in the order of their turns, each done before the next one is begun."""
    turns, found = Turns(service.ledger, service.spool), list[int]()
    while taken := turns.few(NOW, busy, strangers=lambda _: strangers, most=1):
        found.append(taken[0][0].id)
    return found


def test_senders_take_turns(service: Service) -> None:
    """However many mails one sender has, another's first comes second; a team is one, whichever of its people wrote."""
    _drop(service, ADA, f"Ada <{ADA.upper()}>", ADA.replace("@", "+x@"), CARL, CARL)
    assert _order(service) == [1, 4, 2, 5, 3]


def test_strangers_come_last_but_not_never(service: Service) -> None:
    """Teams go first, yet one of some turns is a stranger's."""
    _drop(service, "eve@evil.example", "mallory@evil.example", *[ADA] * 12)
    order = _order(service)
    assert order.index(1) == A_STRANGERS - 1
    assert order.index(2) == len(order) - 1


def test_who_is_busy_takes_no_other_turn(service: Service) -> None:
    """So a team's mails are handled in the order in which they came."""
    _drop(service, ADA, CARL, "eve@evil.example", "eve2@evil.example")
    turns = Turns(service.ledger, service.spool)
    ((_, first),) = turns.few(NOW, (), strangers=_one, most=1)
    busy = [first]
    for expected in (2, 3):
        ((row, sender),) = turns.few(NOW, busy, strangers=_one, most=1)
        assert row.id == expected
        busy.append(sender)
    assert turns.few(NOW, busy, strangers=_one, most=1) == []
    assert len(turns.few(NOW, busy, strangers=lambda _: 2, most=1)) == 1


def test_few_are_claimed_at_once_as_one_by_one(service: Service) -> None:
    """In the same order, one of each sender, with no more strangers than may be busy."""
    _drop(service, ADA, CARL, ADA, "eve@evil.example", "eve2@evil.example")
    turns = Turns(service.ledger, service.spool)
    claimed = turns.few(NOW, (), strangers=_one, most=9)
    assert [row.id for row, _ in claimed] == [1, 2, 4]
    assert all(row.attempts == 1 for row, _ in claimed)
    turns.give_back(claimed)
    assert [row.attempts for row, _ in turns.few(NOW, (), strangers=_one, most=2)] == [1, 1]


def test_a_mail_that_was_tried_before_is_claimed_alone(service: Service) -> None:
    """It may be what kills us, and those that were claimed with it would have an attempt less."""
    _drop(service, ADA)
    with service.ledger.write() as tx:
        mails.claim(tx, now=NOW, limit=1)
        mails.recover(tx, attempts=3)
    _drop(service, CARL, "eve@evil.example")
    turns = Turns(service.ledger, service.spool)
    ((first, ada),) = turns.few(NOW, (), strangers=_one, most=9)
    assert (first.id, first.attempts) == (1, 2)
    assert [row.id for row, _ in turns.few(NOW, [ada], strangers=_one, most=9)] == [2, 3]


def _one(_: object) -> int:
    return 1


@pytest.mark.parametrize("raw", [b"", b"\r\n\r\nx", b"From: " + b"(" * 60_000, b"From:" + b"x" * 100_000, b"\xff"])
def test_a_mail_without_a_sender_has_a_turn_too(raw: bytes, service: Service) -> None:
    """Whatever its header is."""
    drop(service, raw)
    _drop(service, CARL)
    assert _order(service) == [2, 1]
