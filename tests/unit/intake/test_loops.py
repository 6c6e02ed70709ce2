"""No two programs answer each other for ever: an hour of mail between mailbots, an autoresponder and a list."""

from __future__ import annotations

import email
from dataclasses import dataclass, field
from datetime import timedelta
from email.policy import default
from typing import TYPE_CHECKING

from mailbot.ledger import outbox, teams
from tests.unit.services import NOW, Clock, served, submission, take

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mailbot.service import Service

BOT, OTHER, AWAY, LIST, RUDE = (
    "submissions@siqa.example",
    "submissions@other.example",
    "away@lab.example",
    "list@lists.example",
    "rude@lab.example",
)


@dataclass
class World:
    """Carries mail between mailbots and programs, a minute at a time."""

    clock: Clock
    bots: dict[str, Service]
    #: What answers at an address: a mail in, the mails that follow from it, with their recipients.
    programs: dict[str, Callable[[bytes], list[tuple[str, bytes]]]]
    #: Of each mailbot, the rows of its outbox that were carried.
    carried: dict[str, set[int]] = field(default_factory=dict)
    waiting: list[tuple[str, bytes]] = field(default_factory=list)

    def hour(self) -> dict[str, int]:
        """Let an hour pass; return how many mails each mailbot wrote in it."""
        for _ in range(60):
            self.clock.forward(minutes=1)
            self._collect()
            due, self.waiting = self.waiting, []
            for recipient, raw in due:
                if recipient in self.bots:
                    take(self.bots[recipient], raw, arrived_at=self.clock())
                elif recipient in self.programs:
                    self.waiting += self.programs[recipient](raw)
        return {address: len(rows) for address, rows in self.carried.items()}

    def _collect(self) -> None:
        for address, bot in self.bots.items():
            seen = self.carried.setdefault(address, set())
            with bot.ledger.read() as tx:
                new = [row for row in outbox.listing(tx) if row.id not in seen]
            seen.update(row.id for row in new)
            self.waiting += [(row.recipient, row.message) for row in new]


def _vacation(raw: bytes) -> list[tuple[str, bytes]]:
    """Answer as RFC 3834 wants it."""
    mail = email.message_from_bytes(raw, policy=default)
    head = f"From: {AWAY}\r\nTo: {mail['From']}\r\nSubject: Auto: {mail['Subject']}\r\nAuto-Submitted: auto-replied\r\n"
    text = f"{head}In-Reply-To: {mail['Message-ID']}\r\n\r\nI am away.\r\n"
    return [(BOT, text.encode())]


def _rude(raw: bytes) -> list[tuple[str, bytes]]:
    """Answer everything, with no sign of a machine, no thread and a question: the worst there is."""
    mail = email.message_from_bytes(raw, policy=default)
    head = f"From: {RUDE}\r\nSubject: {mail['Subject']}\r\nMessage-ID: <{hash(raw)}@lab.example>\r\n"
    return [(BOT, f"{head}\r\nWhat do you want, {mail['Message-ID']}?\r\n".encode())]


def _list(raw: bytes) -> list[tuple[str, bytes]]:
    """Send what comes in to all members, of whom the mailbot is one, and keep From."""
    return [(BOT, b"List-Id: <list.lists.example>\r\nPrecedence: list\r\n" + raw)]


def test_an_hour_of_mail_comes_to_an_end(tmp_path: Path) -> None:
    """Whoever is on the roster: each is answered a few times at most, and two mailbots soon fall silent."""
    clock = Clock()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    one = {"address": BOT, "organizers": ["chair@siqa.example"]}
    two = {"address": OTHER, "organizers": ["chair@other.example"]}
    with (
        served(tmp_path / "one", clock, challenge=one) as first,
        served(tmp_path / "two", clock, challenge=two) as second,
    ):
        for bot, members in ((first, (OTHER, AWAY, LIST, RUDE)), (second, (BOT,))):
            with bot.ledger.write("enter") as tx:
                for number, member in enumerate(members):
                    teams.add(tx, f"Team {number}", [member], NOW)
        world = World(
            clock, {BOT: first, OTHER: second}, {AWAY: _vacation, LIST: _list, RUDE: _rude, "chair@siqa.example": _list}
        )
        for sender in (OTHER, AWAY, LIST, RUDE):
            take(first, submission(f"Of {sender}", sender=sender))
            take(first, f"From: {sender}\r\nSubject: a question\r\n\r\nWhen?\r\n".encode(), arrived_at=clock())
        take(second, submission("Of bot", sender=BOT), arrived_at=clock() + timedelta(seconds=1))
        written = world.hour()
        limit = first.config.replies.per_address_hour
        with first.ledger.read() as tx:
            to = [row.recipient for row in outbox.listing(tx)]
        assert to.count(OTHER) <= 2
        assert to.count(AWAY) <= 2
        assert to.count(LIST) <= 2
        assert to.count(RUDE) == 1 + limit  # its receipt, and as many notes as the hour allows
        assert written[OTHER] <= 3
        quiet = world.hour()
        with first.ledger.read() as tx:
            later = [row.recipient for row in outbox.listing(tx)][len(to) :]
        assert set(later) <= {RUDE, "chair@siqa.example"}
        assert quiet[OTHER] == written[OTHER]
