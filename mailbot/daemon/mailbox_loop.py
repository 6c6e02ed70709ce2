"""The loop that holds the connection to the mailbox: fetch, file away, wait; reconnect when it breaks."""

from __future__ import annotations

import random
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from mailbot.errors import AuthenticationFailed, MailbotError, Temporary, Throttled
from mailbot.system import backoff, heartbeat, journal
from mailbot.transport.oauth import kept_key

if TYPE_CHECKING:
    import threading
    from datetime import datetime

    from mailbot.service import Service
    from mailbot.system.bell import Alarm, Bell
    from mailbot.transport.fetch import Fetch
    from mailbot.transport.imap.mailbox import Mailbox

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 300.0
"""Seconds: the longest pause after the first failure, and after many."""

LOGIN_PAUSE = 900.0
"""A refused login is not tried again sooner, as providers lock accounts; but for another password."""

MENDED_SECONDS = 15.0
"""After a refused login the password file is looked at this often."""

THROTTLED_PAUSE = 3600.0
"""A provider that throttles us is left alone for at most so many seconds, and for at least a quarter of them."""

HEALTHY_SECONDS = 600.0
"""After a connection that lasted longer, failures are counted from 1 again."""


@dataclass
class MailboxLoop:
    """The loop, and what it remembers from one connection to the next."""

    service: Service
    stopping: threading.Event
    #: Wakes this loop: finished mails are to be filed away, mailbox and ledger to be compared, or all is to stop.
    bell: Bell
    #: Wakes the intake: there are new mails.
    intake_bell: Bell
    #: Mailbox and ledger are to be compared.
    reconciliation: Alarm
    #: Wakes the main thread: the report has news.
    main_bell: Bell | None = None
    #: Why the mailbox could not be looked into just before this loop began.
    lost: Temporary | None = None
    _failures: int = 0
    _lost_at: datetime | None = None
    #: The login that was refused last, hashed; none when it was not.
    _refused: bytes | None = None
    _told: dict[str, bool] = field(default_factory=dict)

    def run(self) -> None:
        """Hold one connection at a time until told to stop."""
        if self.lost:  # a server that wants to be left alone is left alone from the start
            self._pause(self._lost(self.lost, time.monotonic()))
        while not self.stopping.is_set():
            self._pause(self.hold())

    def hold(self) -> float:
        """Hold a connection until told to stop or it breaks; return how long the server is to be left alone then.

        What none of us foresaw is as bad as a lost connection and no worse: it must not end the daemon.
        """
        begun = time.monotonic()
        try:
            self._watch()
        except Temporary as error:
            return self._lost(error, begun)
        except MailbotError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is, the server is asked again
            journal.trouble("server-broken", trace=traceback.format_exc())
            said = f"unexpected error: {error.__class__.__name__}; the journal has the details"
            return self._lost(Temporary(said), begun)
        return 0.0

    def _lost(self, error: Temporary, begun: float) -> float:
        """Tell of the end of a connection; return for how many seconds the server is left alone."""
        self._failures = 1 if time.monotonic() - begun > HEALTHY_SECONDS else self._failures + 1
        seconds = pause(error, self._failures, random.random())  # noqa: S311  # jitter, no secret
        journal.trouble("mailbox-lost", why=str(error), again_in_seconds=round(seconds, 1))
        with suppress(Temporary):  # the ledger is away too: the next failure is told of
            self._alarm(error)
        self._refused = kept_key(self.service.config, "imap") if isinstance(error, AuthenticationFailed) else None
        again = (self.service.clock() + timedelta(seconds=seconds)).astimezone(self.service.config.challenge.zone)
        heartbeat.rest(f"no connection; again at {again:%H:%M:%S}", seconds)
        return seconds

    def _pause(self, seconds: float) -> None:
        """Leave the server alone for so long, whatever rings meanwhile; a stop ends it sooner, or another password."""
        end = time.monotonic() + seconds
        rung = True
        while rung and not self.stopping.is_set():
            left = max(0.0, end - time.monotonic())
            if self._refused is None:
                rung = self.bell.wait(left)
            else:
                self.bell.wait(min(left, MENDED_SECONDS))
                rung = time.monotonic() < end and kept_key(self.service.config, "imap") == self._refused

    def _watch(self) -> None:
        """Fetch, then wait for the server or the bell, until told to stop or the connection breaks."""
        heartbeat.beat("connecting")
        fetch, mailbox = self.service.fetch, self.service.mailbox()
        is_news = True
        try:
            while not self.stopping.is_set():
                heartbeat.beat("reading the mailbox")
                fetch.marker.keep(mailbox)
                self._take(fetch, mailbox)
                fetch.report(self._patience)
                self._all_clear()
                fetch.file_away(mailbox)
                if self._reconcile(fetch, mailbox):
                    continue  # listing the folders used up the server's notices: look for new mails before waiting
                mailbox.select(fetch.folders[0])
                heartbeat.mark("polled_at", self.service.clock().isoformat(timespec="seconds"))
                if is_news and self.main_bell:
                    self.main_bell.ring()
                is_news = False
                heartbeat.rest("waiting for mail", self._poll_seconds)
                mailbox.wait(self._poll_seconds, self.bell)
        finally:
            mailbox.close()

    def _take(self, fetch: Fetch, mailbox: Mailbox) -> int:
        """Fetch new mails, and wake the intake if there were any."""
        taken = fetch.take_new(mailbox)
        if taken:
            self.intake_bell.ring()
        return taken

    def _reconcile(self, fetch: Fetch, mailbox: Mailbox) -> bool:
        """Compare the mailbox with the ledger if it is time to; return whether it was."""
        due = self.reconciliation.take()
        if due:
            self.service.reconciliation.run(mailbox, take=lambda: self._take(fetch, mailbox))
            self.service.reconciliation.tell_room(mailbox)
        return due

    @property
    def _poll_seconds(self) -> float:
        return self.service.config.imap.poll_seconds if self.service.config.imap else LONGEST_PAUSE

    @property
    def _patience(self) -> timedelta:
        return timedelta(minutes=self.service.config.alerts.poll_minutes)

    def _alarm(self, error: Temporary) -> None:
        """Report a refused login at once, and a mailbox that cannot be reached after a while."""
        now = self.service.clock()
        self._lost_at = self._lost_at or now
        if isinstance(error, AuthenticationFailed):
            self._tell("login", ok=False, detail=str(error))
        elif now - self._lost_at > self._patience:
            self._tell("mailbox", ok=False, detail=str(error))

    def _all_clear(self) -> None:
        """Report that login and mailbox work."""
        self._lost_at = None
        for part in ("login", "mailbox"):
            self._tell(part, ok=True)

    def _tell(self, part: str, *, ok: bool, detail: str = "") -> None:
        """Report a change; nothing when this process has reported the same before."""
        if self._told.get(part) is not ok:
            self.service.alerts.report(part, ok=ok, detail=detail)
            self._told[part] = ok


def pause(error: Temporary, failures: int, chance: float) -> float:
    """Return how many seconds to wait after so many failures in a row; ``chance``, in [0, 1), makes the jitter."""
    if isinstance(error, AuthenticationFailed):
        return LOGIN_PAUSE
    if isinstance(error, Throttled):
        return THROTTLED_PAUSE / 4 + chance * THROTTLED_PAUSE * 3 / 4
    return chance * backoff.delay(failures, first=FIRST_PAUSE, longest=LONGEST_PAUSE)
