"""Whose mail is next: turns go round by sender, teams before strangers, so that nobody keeps others waiting.

A sender is a team, whichever of its addresses wrote, or a stranger's address. Who a mail says that it is from decides
nothing but its place in the queue: whoever writes in a team's name delays that team's other mails, and nobody else's.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from mailbot.config.address import canonical
from mailbot.ledger import mails, teams
from mailbot.mail.mime.addresses import addresses
from mailbot.mail.mime.headers import DEFAULT, read_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from mailbot.ledger import Ledger, Tx
    from mailbot.ledger.mails import MailRow
    from mailbot.transport.spool import Spool

A_STRANGERS = 8
"""One of so many turns is a stranger's although teams' mails wait: those of strangers are not put off for ever."""

FRESH_SECONDS = 1.0
"""While mails are under way, the ledger is asked no more often what else is due, as long as something is."""

_HEAD_BYTES = 64 * 1024
_HEAD_ENDS = re.compile(rb"\n\r?\n")
_REMEMBERED = 20_000


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Who takes a turn."""

    #: The team's id, or the address; the mail's own hash where it has none.
    key: str
    stranger: bool = False


@dataclass
class Turns:
    """Gives turns."""

    ledger: Ledger
    spool: Spool
    #: Mails of each sender that had their turn since the queue was last empty.
    _served: Counter[str] = field(default_factory=Counter)
    #: The mails that were due when the ledger was last asked, in order of arrival, and when that was (monotonic).
    _waiting: dict[int, Sender] = field(default_factory=dict)
    #: Those of them that were tried before.
    _tried: set[int] = field(default_factory=set)
    _asked: float = 0.0

    def few(
        self, now: datetime, busy: Collection[Sender], *, strangers: Callable[[Collection[Sender]], int], most: int
    ) -> list[tuple[MailRow, Sender]]:
        """Claim the mails whose turns are next, so many at the most; none when none is due whose sender may take one.

        Who is ``busy`` has a mail under way, and takes no other turn before it is done: so mails of a team are handled
        in the order in which they came. ``strangers`` says how many of them may be busy at once, beside whom. A mail
        that was tried before is claimed alone: it may be what kills us, and every claim counts as an attempt.
        """
        is_fresh = bool(busy) and time.monotonic() < self._asked + FRESH_SECONDS
        if is_fresh and (found := self._take(now, busy, strangers, most)):
            return found
        with self.ledger.read() as tx:
            due = mails.due(tx, now)
            roster = _roster(tx) if due else {}
        self._waiting = {mail_id: self._sender(sha256, roster) for mail_id, sha256, _ in due}
        self._tried = {mail_id for mail_id, _, attempts in due if attempts}
        self._asked = time.monotonic()
        if not due and not busy:
            self._served.clear()
        return self._take(now, busy, strangers, most)

    def give_back(self, claimed: Collection[tuple[MailRow, Sender]]) -> None:
        """Make mails due again that were claimed and not begun."""
        with self.ledger.write("give-back-mails") as tx:
            mails.release(tx, [row.id for row, _ in claimed])
        for _, sender in claimed:
            self._served[sender.key] -= 1

    def _take(
        self, now: datetime, busy: Collection[Sender], strangers: Callable[[Collection[Sender]], int], most: int
    ) -> list[tuple[MailRow, Sender]]:
        """Claim the mails whose turns are next of those known to wait; another process may have been faster."""
        while chosen := self._choose(busy, strangers, most):
            with self.ledger.write("claim-mails") as tx:
                claimed = {row.id: row for row in mails.claim(tx, now=now, limit=most, only=list(chosen))}
            for mail_id in chosen.keys() - claimed.keys():
                self._served[chosen[mail_id].key] -= 1
            if claimed:
                return [(claimed[mail_id], sender) for mail_id, sender in chosen.items() if mail_id in claimed]
        return []

    def _choose(
        self, busy: Collection[Sender], strangers: Callable[[Collection[Sender]], int], most: int
    ) -> dict[int, Sender]:
        """Return the mails whose turns are next, in that order, and whose each is; they wait no more."""
        first: dict[Sender, int] = {}
        for mail_id, sender in self._waiting.items():
            first.setdefault(sender, mail_id)
        for sender in busy:
            first.pop(sender, None)
        chosen: dict[int, Sender] = {}
        while len(chosen) < most:
            taken = [*busy, *chosen.values()]
            full = sum(sender.stranger for sender in taken) >= strangers(taken)
            free = [sender for sender in first if not (full and sender.stranger)]
            if not free:
                break
            whose = self._whose(free)
            mail_id = first.pop(whose)
            if chosen and mail_id in self._tried:
                break
            del self._waiting[mail_id]
            self._served[whose.key] += 1
            chosen[mail_id] = whose
            if mail_id in self._tried:
                break
        return chosen

    def _whose(self, free: Sequence[Sender]) -> Sender:
        """Return whose turn it is: who had the fewest, in the order in which their mails came; strangers come last."""
        is_a_strangers = not (self._served.total() + 1) % A_STRANGERS
        return min(free, key=lambda each: (each.stranger is not is_a_strangers, self._served[each.key]))

    def _sender(self, sha256: str, roster: Mapping[str, int]) -> Sender:
        address = _address(self.spool, sha256)
        team = roster.get(address) or roster.get(canonical(address))
        if team is not None:
            return Sender(key=f"team {team}")
        return Sender(key=canonical(address) if address else sha256, stranger=True)


def _roster(tx: Tx) -> dict[str, int]:
    """Return the team of each address."""
    return {address: team.id for team in teams.everyone(tx) for address in team.addresses}


@lru_cache(_REMEMBERED)
def _address(spool: Spool, sha256: str) -> str:
    """Return the first address of a mail's From fields, in its first 64 KiB; "" when there is none."""
    head = spool.head(sha256, _HEAD_BYTES)
    end = _HEAD_ENDS.search(head)
    return next(iter(addresses(read_headers(head[: end.start() + 1 if end else None], DEFAULT).texts("from"))), "")
