"""Mails that a server lists and does not give: asked for again, alone where they break the connection, and told of."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mailbot.system import backoff

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

FIRST_REST, LONGEST_REST = timedelta(minutes=1), timedelta(hours=1)
"""So long a mail that broke the connection twice is left alone, and one that did so often."""

SHOWN = 5
"""So many of them are named."""


@dataclass
class _Trouble:
    since: datetime
    why: str
    breaks: int = 0
    rests_until: datetime | None = None


@dataclass
class Unserved:
    """What this process remembers of them, by mailbox and UID."""

    clock: Callable[[], datetime]
    _mails: dict[tuple[str, int], _Trouble] = field(default_factory=dict)

    def rests(self, mailbox: str, uid: int) -> bool:
        """Whether a mail is not to be asked for now."""
        trouble = self._mails.get((mailbox, uid))
        return trouble is not None and trouble.rests_until is not None and self.clock() < trouble.rests_until

    def breaks(self, mailbox: str, uid: int) -> bool:
        """Whether a connection broke while a mail was fetched: it is to be asked for alone, and last."""
        return (mailbox, uid) in self._mails and self._mails[mailbox, uid].breaks > 0

    def missing(self, mailbox: str, uid: int, why: str) -> None:
        """Note that a mail did not come."""
        self._mails.setdefault((mailbox, uid), _Trouble(self.clock(), why)).why = why

    def broke(self, mailbox: str, uid: int, why: str) -> None:
        """Note that the connection broke while a mail was fetched."""
        self.missing(mailbox, uid, why)
        trouble = self._mails[mailbox, uid]
        trouble.breaks += 1
        if trouble.breaks > 1:
            rest = backoff.delay(trouble.breaks - 1, first=FIRST_REST, longest=LONGEST_REST)
            trouble.rests_until = self.clock() + rest

    def forget(self, mailbox: str, *, but: Collection[int]) -> None:
        """Forget the mails of a mailbox that came or are gone: all but those that are still to be fetched."""
        for key in [key for key in self._mails if key[0] == mailbox and key[1] not in but]:
            del self._mails[key]

    def told(self, patience: timedelta) -> str:
        """Say which mails did not come for so long, and why; "" when none is that late."""
        late = [(key, one) for key, one in self._mails.items() if self.clock() - one.since >= patience]
        named = [f"UID {uid} of {mailbox.partition('/')[2]}: {one.why}" for (mailbox, uid), one in late[:SHOWN]]
        more = [f"{len(late) - SHOWN} more"] if len(late) > SHOWN else []
        return "; ".join(named + more)
