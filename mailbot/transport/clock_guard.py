"""Hold this host's clock to the mail server's and to the ledger: while it is wrong no board and no letter goes out.

A clock that ran ahead by days would publish boards before their time and write to all teams. Mails are handled and
answered all the same: when they arrived is the mail server's word.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mailbot.ledger import events, observations
from mailbot.system import journal

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailbot.ledger import Ledger
    from mailbot.transport.alerts import Alerts

JUMP = timedelta(minutes=15)
"""A clock that differs by more is wrong."""

MEND = (
    "No board is published and no letter written until it is right: `timedatectl set-ntp true`, then restart mailbot."
)


@dataclass(kw_only=True)
class ClockGuard:
    """Compares clocks; :meth:`holds` is asked before each board and letter."""

    ledger: Ledger
    alerts: Alerts
    clock: Callable[[], datetime]
    #: Whether the clock is this host's; one that a test or the demo sets is compared with nothing.
    is_real: bool
    #: Seconds of a clock that nobody sets.
    steady: Callable[[], float] = time.monotonic
    #: Whether it is to be compared at once, as it seems to have jumped.
    asks: bool = False
    #: By how much this host's clock is ahead of the mail server's, when they were compared last.
    ahead: timedelta = timedelta()
    #: What is wrong with it; "" when nothing was at the last look.
    trouble: str = ""
    _held: tuple[datetime, float] | None = None
    #: Where the ledger ended when this process began, if no server tells the time.
    _began_after: datetime | None = None

    def compare(self, server: datetime | None) -> None:
        """Compare with what the mail server's clock shows now; None where it does not tell: then with the ledger's."""
        if not self.is_real:
            return
        now, steady, self.asks = self.clock(), self.steady(), False
        self.ahead = now - server if server else timedelta()
        self.trouble = trouble = self._by_server(now, server) if server else self._by_itself(now, steady)
        journal.event("clock-compared", ahead_seconds=round(self.ahead.total_seconds()), ok=not trouble)
        if server or not trouble:  # else the clock has still jumped at the next look
            self._held = None if trouble else (now, steady)
        with self.ledger.read() as tx:
            known = {row.part: row.ok for row in observations.health_of_parts(tx)}
        if known.get("clock", True) is not (not trouble):
            self.alerts.report("clock", ok=not trouble, detail=trouble and f"{trouble} {MEND}")

    def holds(self) -> bool:
        """Whether the clock can be trusted: it was compared, was right, and has not jumped since."""
        if not self.is_real:
            return True
        self.asks = self._held is None or abs(self._jump(self.clock(), self.steady())) > JUMP
        return not self.asks

    def _jump(self, now: datetime, steady: float) -> timedelta:
        """Return by how much the clock was set forward since it was compared, or (negative) back."""
        if self._held is None:
            return timedelta()
        then, steady_then = self._held
        return now - then - timedelta(seconds=steady - steady_then)

    def _by_server(self, now: datetime, server: datetime) -> str:
        if abs(now - server) <= JUMP:
            return ""
        return f"This host's clock shows {now:%Y-%m-%d %H:%M} UTC, the mail server's {_utc(server, now)}."

    def _by_itself(self, now: datetime, steady: float) -> str:
        if self._began_after is None:
            with self.ledger.read() as tx:
                self._began_after = events.last_entered(tx) or now
        if (last := self._began_after) > now + JUMP:
            return f"This host's clock shows {now:%Y-%m-%d %H:%M} UTC, and the ledger ends at {_utc(last, now)}."
        jump = self._jump(now, steady)
        return f"This host's clock jumped by {jump.total_seconds() / 60:+.0f} minutes." if abs(jump) > JUMP else ""


def _utc(instant: datetime, like: datetime) -> str:
    return f"{instant.astimezone(like.tzinfo):%Y-%m-%d %H:%M}"
