"""The check of the audit trail that the daemon makes by itself, so that nobody has to ask for it.

Every hour what was entered since the last check is looked at, with the rows that it tells of: that costs little. At the
start and once a day everything is, as by ``mailbot audit verify`` of the ledger. The organizers are told once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from mailbot.ledger.trail import verify as trail
from mailbot.system import heartbeat
from scoring.trail.chain import Mark

if TYPE_CHECKING:
    from datetime import datetime

    from mailbot.ledger.trail.verify import Checked
    from mailbot.service import Service

PART = "trail"
"""What alerts call it."""

WHOLE = timedelta(days=1)
"""Everything is looked at this often."""

_NAMED = 5
"""At most so many faults are named in a mail."""


@dataclass(kw_only=True)
class TrailCheck:
    """What this works with, and how far it has come."""

    service: Service
    #: The last entry that was found in order; None: everything is to be looked at.
    _seen: Mark | None = None
    _whole_at: datetime | None = None

    def run(self) -> None:
        """Check what is due, and tell the organizers of a change. Raises Temporary when the ledger cannot be used."""
        heartbeat.beat("comparing the ledger with the audit trail")
        checked = self._look()
        whats = [fault.what for fault in checked.faults]
        more = [f"and {len(whats) - _NAMED} more"] if len(whats) > _NAMED else []
        told = [*whats[:_NAMED], *more, "", "`mailbot audit verify` shows all of it, and what else does not fit."]
        self.service.alerts.report(PART, ok=not whats, detail="\n".join(told) if whats else "")
        last = checked.entries[-1] if checked.entries else None
        if whats:
            self._seen = None  # everything is looked at until it is in order again
        elif last is not None:
            self._seen = Mark(entry=last.id, hash=last.hash) if last.mac else None

    def _look(self) -> Checked:
        now = self.service.clock()
        is_recent = self._whole_at is not None and timedelta(0) <= now - self._whole_at < WHOLE
        with self.service.ledger.read() as tx:
            if self._seen is not None and is_recent:
                return trail.verify_since(tx, self._seen)
            checked = trail.verify(tx)
        self._whole_at = now
        return checked
