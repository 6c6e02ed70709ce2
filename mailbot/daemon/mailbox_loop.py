"""The loop that holds the connection to the mailbox: look, file away, wait; and come back when it breaks."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from mailbot.errors import AuthenticationFailed, Temporary, Throttled
from mailbot.system import heartbeat, journal

if TYPE_CHECKING:
    import threading
    from datetime import datetime

    from mailbot.service import Service
    from mailbot.system.bell import Bell
    from mailbot.transport.fetch import Fetch
    from mailbot.transport.imap import Mailbox

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
LOGIN_PAUSE = 900.0
"""A refused login is not tried again sooner: providers lock accounts."""

THROTTLED_PAUSE = 3600.0
"""A provider that says we ask for too much is left alone for up to so long, and never for less than a quarter of it."""

HEALTHY_SECONDS = 600.0
"""A connection that held so long wipes the slate of failures clean."""

RECONCILE_EVERY = 3600.0


@dataclass
class MailboxLoop:
    """The loop and what it remembers between two connections."""

    service: Service
    stopping: threading.Event
    #: Wakes this loop: finished mails are to be filed away, or all is to stop.
    bell: Bell
    #: Wakes the intake: there are new mails.
    intake_bell: Bell
    _failures: int = 0
    _lost_at: datetime | None = None
    _reconciled: float = float("-inf")
    _told: dict[str, bool] = field(default_factory=dict)

    def run(self) -> None:
        """Hold one connection at a time until told to stop."""
        while not self.stopping.is_set():
            begun = time.monotonic()
            try:
                self._watch()
            except Temporary as error:
                self._failures = 1 if time.monotonic() - begun > HEALTHY_SECONDS else self._failures + 1
                seconds = pause(error, self._failures, random.random())  # noqa: S311  # jitter, no secret
                journal.trouble("mailbox-lost", why=str(error), again_in_seconds=round(seconds, 1))
                self._alarm(error)
                again = (self.service.clock() + timedelta(seconds=seconds)).astimezone(
                    self.service.config.challenge.zone
                )
                heartbeat.rest(f"no connection; again at {again:%H:%M:%S}", seconds)
                self.bell.wait(seconds)

    def _watch(self) -> None:
        """Look, then wait for the server or the bell, until told to stop or the connection breaks."""
        heartbeat.beat("connecting")
        fetch, mailbox = self.service.fetch, self.service.mailbox()
        try:
            while not self.stopping.is_set():
                heartbeat.beat("looking into the mailbox")
                self._take(fetch, mailbox)
                fetch.file_away(mailbox)
                self._all_clear()
                if self._reconcile(fetch, mailbox):
                    continue  # it has listed the folders: what came meanwhile would not end the wait
                mailbox.select(fetch.folders[0])
                heartbeat.mark("polled_at", self.service.clock().isoformat(timespec="seconds"))
                heartbeat.rest("waiting for mail", self._poll_seconds)
                mailbox.wait(self._poll_seconds, self.bell)
        finally:
            mailbox.close()

    def _take(self, fetch: Fetch, mailbox: Mailbox) -> int:
        """Take what is new, and wake the intake if there was anything."""
        taken = fetch.take_new(mailbox)
        if taken:
            self.intake_bell.ring()
        return taken

    def _reconcile(self, fetch: Fetch, mailbox: Mailbox) -> bool:
        """Compare the mailbox with the ledger, once an hour; tell whether it was the time for it."""
        due = time.monotonic() - self._reconciled > RECONCILE_EVERY
        if due:
            self._reconciled = time.monotonic()
            self.service.reconciliation.run(mailbox, take=lambda: self._take(fetch, mailbox))
        return due

    @property
    def _poll_seconds(self) -> float:
        return self.service.config.imap.poll_seconds if self.service.config.imap else LONGEST_PAUSE

    def _alarm(self, error: Temporary) -> None:
        """Tell of a refused login at once, of a mailbox that cannot be looked into after a while."""
        now, patience = self.service.clock(), timedelta(minutes=self.service.config.alerts.poll_minutes)
        self._lost_at = self._lost_at or now
        if isinstance(error, AuthenticationFailed):
            self._tell("login", ok=False, detail=str(error))
        elif now - self._lost_at > patience:
            self._tell("mailbox", ok=False, detail=str(error))

    def _all_clear(self) -> None:
        self._lost_at = None
        for part in ("login", "mailbox"):
            self._tell(part, ok=True)

    def _tell(self, part: str, *, ok: bool, detail: str = "") -> None:
        """Report a change; what this process has said before it does not say again."""
        if self._told.get(part) is not ok:
            self.service.alerts.report(part, ok=ok, detail=detail)
            self._told[part] = ok


def pause(error: Temporary, failures: int, chance: float) -> float:
    """Return how many seconds to wait: full jitter (``chance`` in [0, 1)) below a ceiling that doubles.

    Source: M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
    """
    if isinstance(error, AuthenticationFailed):
        return LOGIN_PAUSE
    if isinstance(error, Throttled):
        return THROTTLED_PAUSE / 4 + chance * THROTTLED_PAUSE * 3 / 4
    return chance * min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(failures, 20))
