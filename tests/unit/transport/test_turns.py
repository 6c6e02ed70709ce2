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
    while (taken := turns.next(NOW, busy, strangers=strangers)) is not None:
        found.append(taken[0].id)
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
    first = turns.next(NOW, (), strangers=1)
    assert first is not None
    busy = [first[1]]
    for expected in (2, 3):
        taken = turns.next(NOW, busy, strangers=1)
        assert taken is not None
        assert taken[0].id == expected
        busy.append(taken[1])
    assert turns.next(NOW, busy, strangers=1) is None
    assert turns.next(NOW, busy, strangers=2) is not None


@pytest.mark.parametrize("raw", [b"", b"\r\n\r\nx", b"From: " + b"(" * 60_000, b"From:" + b"x" * 100_000, b"\xff"])
def test_a_mail_without_a_sender_has_a_turn_too(raw: bytes, service: Service) -> None:
    """Whatever its header is."""
    drop(service, raw)
    _drop(service, CARL)
    assert _order(service) == [2, 1]
