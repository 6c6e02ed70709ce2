"""What the running daemon says of itself: to systemd, and to a small file that other commands read."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mailbot import __version__
from mailbot.config.calendar import shown
from mailbot.system import journal, safefile

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from mailbot.daemon.systemd import Notifier
    from mailbot.service import Service
    from mailbot.system.heartbeat import Pulse

EVERY_SECONDS = 60.0
"""So often it is told, if systemd does not want it more often."""

REFUSED = "config_refused"
"""The mark that says why the config on disk is not the one in use."""


def path(state: Path) -> Path:
    """Return the file, below the state folder; it is there while the daemon runs."""
    return state / "pulse.json"


def read(state: Path) -> dict[str, Any] | None:
    """Return what the daemon said of itself last; None when none runs."""
    try:
        found = json.loads(path(state).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


@dataclass
class Report:
    """Tells how the loops get on."""

    service: Service
    pulse: Pulse
    notifier: Notifier
    _late: list[str] = field(default_factory=list)
    _started_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        """Note when the daemon started."""
        self._started_at = self.service.clock()

    @property
    def seconds(self) -> float:
        """How long to wait between two reports: a third of what the watchdog allows."""
        return min(EVERY_SECONDS, (self.notifier.watchdog_seconds or 3 * EVERY_SECONDS) / 3)

    def give(self) -> None:
        """Tell what each loop does; systemd's watchdog is fed only when none is late."""
        now, loops, late = self.service.clock(), self.pulse.status(), self.pulse.late()
        next_board = self.service.weekly.next_at()
        if late and late != self._late:
            journal.trouble("loop-hangs", loops=", ".join(late))
        self._late = late
        said = "; ".join(f"{name}: {'HANGS, ' if name in late else ''}{one['doing']}" for name, one in loops.items())
        refused = self.pulse.marks.get(REFUSED)
        said += f"; the config on disk was refused: {refused}" if refused else ""
        self.notifier.doing(f"{said}; next board {shown(next_board, self.service.config.challenge.zone)}")
        if not late:
            self.notifier.alive()
        self._write(now, loops, next_board)

    def end(self) -> None:
        """Take the file away: nobody runs any more."""
        path(self.service.config.state).unlink(missing_ok=True)

    def _write(self, now: datetime, loops: dict[str, dict[str, object]], next_board: datetime) -> None:
        """Replace the file; it need not outlive the machine, so it is not synced."""
        told = {
            "pid": os.getpid(),
            "version": __version__,
            "started_at": self._started_at.isoformat(timespec="seconds"),
            "at": now.isoformat(timespec="seconds"),
            "next_board": next_board.isoformat(),
            "loops": loops,
            **self.pulse.marks,
        }
        try:
            safefile.refresh(path(self.service.config.state), json.dumps(told).encode())
        except OSError as error:  # a full disk is told of elsewhere; mails are served all the same
            journal.trouble("report-failed", why=str(error))
