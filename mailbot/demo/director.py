"""The weeks, played from a thread beside the daemon: deliver a mail, wait until it is dealt with, tell, go on."""

from __future__ import annotations

import email
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from mailbot.ledger import boards, mails, outbox, submissions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from mailbot.board.sheet.show import Sheet
    from mailbot.demo.listen import Journal
    from mailbot.demo.peers import Peers
    from mailbot.demo.screen import Screen
    from mailbot.demo.week import Delivery
    from mailbot.ledger.mails import MailRow
    from mailbot.service import Service

HANDLING = timedelta(seconds=4)
"""So long, on the demo's clock, a mail lies in the inbox before mailbot takes it."""


class Clock:
    """The time as mailbot is told it: it stands still but for the jumps from mail to mail, until it is let go on."""

    def __init__(self, begin: datetime) -> None:
        """Begin at an instant."""
        self._now = begin.astimezone(UTC)
        self._runs_since: float | None = None

    def __call__(self) -> datetime:
        """Return the present instant, in UTC as the real clock does."""
        since = self._runs_since
        return self._now if since is None else self._now + timedelta(seconds=time.monotonic() - since)

    def pass_on(self, to: datetime) -> None:
        """Let time pass until an instant."""
        self._now = to.astimezone(UTC)

    def go_on(self) -> None:
        """From now on let a second take a second."""
        self._runs_since = time.monotonic()


@dataclass(frozen=True, kw_only=True)
class Director:
    """The parts it works with."""

    folder: Path
    servers: Peers
    clock: Clock
    wired: Service
    heard: Journal
    screen: Screen
    #: The Google Sheet, if the demo shows one.
    sheet: Sheet | None = None
    #: Called once a mail lies in the inbox.
    delivered: Callable[[Delivery], object] = lambda _: None
    #: Replies as received, by the name of the mail they answer.
    replies: dict[str, bytes] = field(default_factory=dict)
    #: What mailbot wrote on its own account, as received.
    letters: list[bytes] = field(default_factory=list)
    #: How many mails came to each outcome.
    outcomes: Counter[str] = field(default_factory=Counter)

    def play(self, mails: Sequence[Delivery]) -> None:
        """Play all weeks. Raises Stopped when the daemon ends before."""
        names = {delivery.message_id: delivery.name for delivery in mails}
        for number, delivery in enumerate(mails, 1):
            self._deliver(delivery)
            self.heard.wait_until(partial(self._dealt_with, number))
            self._keep_sent(names)
            if delivery.is_last:
                self._see_published(delivery.board, names)
            self._tell(delivery)
            if delivery.is_last:
                self.screen.line()

    def _see_published(self, board: datetime, names: dict[str, str]) -> None:
        """Wait for a board that is due, and tell of it and of its letters."""
        self.heard.wait_until(partial(self._tidy, board))
        before = len(self.letters)
        self._keep_sent(names)
        self.screen.board(board, letters=len(self.letters) - before)

    def _deliver(self, delivery: Delivery) -> None:
        """Let time pass until a mail comes, and put it into the inbox."""
        raw = delivery.answering(self.replies[delivery.answers]) if delivery.answers else delivery.raw
        (self.folder / "inbox" / f"{delivery.name}.eml").write_bytes(raw)
        self.clock.pass_on(delivery.arrived_at + HANDLING)
        self.servers.deliver(raw, delivery.arrived_at)
        self.delivered(delivery)

    def _dealt_with(self, expected: int) -> bool:
        """Tell whether so many mails are in the ledger, and nothing of them is left to do."""
        with self.wired.ledger.read() as tx:
            return len(mails.listing(tx)) == expected and not mails.unfinished(tx) and not outbox.waiting(tx)

    def _tidy(self, board: datetime) -> bool:
        """Tell whether every mail was filed away, and the board is out, in the sheet too, and its letters are sent."""
        with self.wired.ledger.read() as tx:
            filed = all(row.filed_to for row in mails.listing(tx))
            published = boards.last_due(tx, board) == board and boards.owing(tx) is None
            sent = not outbox.waiting(tx)
        return filed and published and sent and not (self.sheet and self.sheet.behind())

    def _keep_sent(self, names: dict[str, str]) -> None:
        """Write what the SMTP server has taken: replies named after the mail they answer, letters by number."""
        for raw in self.servers.received[len(self.replies) + len(self.letters) :]:
            name = names.get(str(email.message_from_bytes(raw)["In-Reply-To"]).strip())
            if name:
                self.replies[name] = raw
            else:
                self.letters.append(raw)
            path = self.folder / (f"replies/{name}.eml" if name else f"letters/{_letter(len(self.letters), raw)}.eml")
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(raw)

    def _tell(self, delivery: Delivery) -> None:
        with self.wired.ledger.read() as tx:
            row: MailRow = mails.listing(tx)[-1]
            made = submissions.listing(tx, mail_id=row.id)
        self.outcomes.update(str(one.status) for one in made)
        self.screen.mail(delivery, row.outcome, made)


def _letter(number: int, raw: bytes) -> str:
    """Name a letter by its number and by whom it is for: ``03-figleaf``."""
    domain = str(email.message_from_bytes(raw)["To"]).rpartition("@")[2]
    return f"{number:02d}-{domain.partition('.')[0]}"
