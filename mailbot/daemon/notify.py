"""Telling systemd how the service does: ready, what it is doing, alive, stopping (sd_notify(3)).

Without systemd there is no socket, and nothing is told to anybody.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from scoring.text import printable

if TYPE_CHECKING:
    from collections.abc import MutableMapping

LONGEST_STATUS = 300


class Notifier:
    """The way to the service manager; the variables that name it are taken out, so that no child has them."""

    def __init__(self, environment: MutableMapping[str, str] = os.environ) -> None:
        """Take the socket and the watchdog's interval from the environment."""
        path = environment.pop("NOTIFY_SOCKET", "")
        micros, pid = environment.pop("WATCHDOG_USEC", ""), environment.pop("WATCHDOG_PID", "")
        self._address = f"\0{path[1:]}" if path.startswith("@") else path
        ours = pid in {"", str(os.getpid())}
        #: Seconds within which systemd wants to be told that all is well; None when it does not watch.
        self.watchdog_seconds = int(micros) / 1_000_000 if micros.isdecimal() and ours else None

    def ready(self) -> None:
        """Say that the service works, after its start or a reload."""
        self._tell("READY=1")

    def reloading(self) -> None:
        """Say that the config is being read anew."""
        self._tell("RELOADING=1")

    def alive(self) -> None:
        """Feed the watchdog."""
        self._tell("WATCHDOG=1")

    def doing(self, words: str) -> None:
        """Say in words what the service does; `systemctl status` shows it."""
        self._tell(f"STATUS={printable(words, LONGEST_STATUS)}")

    def stopping(self) -> None:
        """Say that the service comes to its end."""
        self._tell("STOPPING=1")

    def _tell(self, message: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
            try:
                way.sendto(message.encode(), self._address)
            except OSError:  # a manager that does not listen is no reason to stop serving mails
                return
