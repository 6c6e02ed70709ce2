"""The step that checks what no other loop would notice, and writes the metrics for Prometheus."""

from __future__ import annotations

import ctypes
import shutil
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from mailbot import lazily
from mailbot.config.calendar import shown
from mailbot.daemon.status import look
from mailbot.ledger import boards
from mailbot.letters import strangers
from mailbot.system import journal, safefile

with lazily(__name__):  # few daemons write any
    from mailbot.daemon import metrics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from mailbot.service import Service
    from mailbot.system.heartbeat import Heartbeat

MIB = 2**20

_ARENA_MAX = -8
"""M_ARENA_MAX of glibc's malloc.h."""

OUTAGE, CALM_AFTER = timedelta(minutes=1), timedelta(hours=1)
"""A ledger that is away for longer is told of; after so long without it is well again."""


@dataclass(kw_only=True)
class Maintenance:
    """What this works with, and what it has reported already."""

    service: Service
    heartbeat: Heartbeat
    _told: dict[str, bool] = field(default_factory=dict)

    def step(self) -> bool:
        """Check everything; return False, as nothing is left to do. Raises Temporary when the ledger cannot be used."""
        for part, trouble in self._checks():
            self._tell(part, trouble)
        self.service.alerts.settle()
        strangers.tell(self.service.ledger, self.service.challenge, self.service.clock())
        self._write_metrics()
        _give_back_memory()
        return False

    def _checks(self) -> Iterator[tuple[str, str]]:
        """Yield the name of each part, and what is wrong with it: "" when nothing is."""
        config, zone = self.service.config, self.service.config.challenge.zone
        free = shutil.disk_usage(config.state).free
        low = free < config.alerts.disk_mib * MIB
        yield "disk", f"{free // MIB} MiB are free, and `alerts.disk_mib` asks for more." if low else ""
        due = self.service.weekly.due_at()
        late = due is not None and self.service.clock() - due > boards.OVERDUE
        yield "overdue", f"It was due {shown(due, zone)}." if due and late else ""
        unused = list(self.service.labels.not_taken())
        yield "labels", "\n".join([*unused, "To use it: `mailbot truth add FILE --why ...`."] if unused else [])
        yield "ledger", self._outage(zone)
        yield "cluster", self.service.cluster.trouble if self.service.cluster else ""
        hanging = self.heartbeat.late()
        yield "heartbeat", f"Not heard of in time: {', '.join(hanging)}." if hanging else ""

    def _outage(self, zone: ZoneInfo) -> str:
        """Tell of the last time that the ledger was away for longer than a moment; "" once that is an hour ago."""
        found, now = self.service.ledger.outage, self.service.clock()
        if found is None or found[1] - found[0] < OUTAGE or now - found[1] > CALM_AFTER:
            return ""
        return f"From {shown(found[0], zone)} to {shown(found[1], zone)}. Mails waited meanwhile; nothing was lost."

    def _tell(self, part: str, trouble: str) -> None:
        """Report a change; nothing when this process has reported the same before."""
        if self._told.get(part) is not (not trouble):
            self.service.alerts.report(part, ok=not trouble, detail=trouble)
            self._told[part] = not trouble

    def _write_metrics(self) -> None:
        """Replace the textfile; if it cannot be written, only the journal says so."""
        path = self.service.config.metrics.file
        if path is None:
            return
        with self.service.ledger.read() as tx:
            state = look(tx, self.service.config, now=self.service.clock())
        try:
            safefile.replace(path, metrics.text(state), mode=0o644)
        except OSError as error:
            journal.trouble("metrics-failed", why=str(error))


def share_one_heap() -> None:
    """Have glibc give all threads one heap (mallopt(3)): in its own, each would keep what its busiest moment took.

    They take turns in Python anyway. To be called before they start; other C libraries do without.
    """
    choose = getattr(ctypes.CDLL(None), "mallopt", None)
    if choose is not None:
        choose(_ARENA_MAX, 1)


def _give_back_memory() -> None:
    """Have glibc give back what the last mails took (malloc_trim(3)); other C libraries do without."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
