"""The running daemon's report on itself: to systemd, and to a small file that other commands read."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from mailbot import __version__
from mailbot.config.calendar import shown
from mailbot.system import journal, safefile

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from mailbot.daemon.systemd import Notifier
    from mailbot.service import Service
    from mailbot.system.heartbeat import Heartbeat

EVERY_SECONDS = 60.0
"""The report is given at least so often; more often if systemd's watchdog wants that."""

REFUSED = "config_refused"
"""The key of the report that says why the config on disk is not the one in use."""


def path(state: Path) -> Path:
    """Return the path of the file in the state folder; it exists while the daemon runs."""
    return state / "pulse.json"


def read(state: Path) -> dict[str, Any] | None:
    """Return the daemon's last report; None when there is none."""
    try:
        found = json.loads(path(state).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


@dataclass
class Report:
    """Reports what the loops do."""

    service: Service
    heartbeat: Heartbeat
    notifier: Notifier
    _late: list[str] = field(default_factory=list)
    _started_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        """Note when the daemon started."""
        self._started_at = self.service.clock()

    @property
    def seconds(self) -> float:
        """How long to wait between two reports at most: a third of what the watchdog allows."""
        return min(EVERY_SECONDS, (self.notifier.watchdog_seconds or 3 * EVERY_SECONDS) / 3)

    def give(self) -> None:
        """Report what each loop does; systemd's watchdog is notified only when none is late."""
        now, loops, late = self.service.clock(), self.heartbeat.status(), self.heartbeat.late()
        next_board = self.service.weekly.next_at()
        if late and late != self._late:
            journal.trouble("loop-hangs", loops=", ".join(late))
        self._late = late
        said = "; ".join(f"{name}: {'HANGS, ' if name in late else ''}{one['doing']}" for name, one in loops.items())
        refused = self.heartbeat.marks.get(REFUSED)
        said += f"; the config on disk was refused: {refused}" if refused else ""
        self.notifier.doing(f"{said}; next board {shown(next_board, self.service.config.challenge.zone)}")
        if not late:
            self.notifier.alive()
        self._write(now, loops, next_board)

    def end(self) -> None:
        """Delete the file: the daemon ends."""
        path(self.service.config.state).unlink(missing_ok=True)

    def _write(self, now: datetime, loops: dict[str, dict[str, object]], next_board: datetime) -> None:
        """Replace the file; it is not synced, as it means nothing after a power cut."""
        told = {
            "pid": os.getpid(),
            "version": __version__,
            "started_at": self._started_at.isoformat(timespec="seconds"),
            "at": now.isoformat(timespec="seconds"),
            "next_board": next_board.isoformat(),
            "loops": loops,
            **self.heartbeat.marks,
            **({"compute": asdict(cluster.counts)} if (cluster := self.service.cluster) else {}),
        }
        try:
            safefile.refresh(path(self.service.config.state), json.dumps(told).encode())
        except OSError as error:  # a full disk is reported by the maintenance; the mails go on
            journal.trouble("report-failed", why=str(error))
