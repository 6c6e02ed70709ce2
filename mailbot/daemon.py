"""The daemon: four loops over the steps, one thread each, woken by bells; and the single pass of `mailbot once`."""

from __future__ import annotations

import random
import signal
import threading
from typing import TYPE_CHECKING

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from mailbot import journal
from mailbot.bell import Bell
from mailbot.errors import AuthenticationFailed, MailbotError, Temporary
from mailbot.instants import WEEKDAYS
from mailbot.ledger import mails, outbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailbot.fetch import Fetch
    from mailbot.imap import Mailbox
    from mailbot.service import Service

LOOK_SECONDS = 30.0
"""A loop looks for due work at least so often, whether its bell rang or not."""

FIRST_BACKOFF, LONGEST_BACKOFF = 1.0, 300.0
LOGIN_BACKOFF = 900.0
"""A refused login is not tried again sooner: providers lock accounts."""


def once(service: Service) -> int:
    """Fetch all, process, send, publish if due; return how many mails and replies are left undone."""
    fetch = service.fetch()
    mailbox = service.mailbox()
    try:
        fetch.take_new(mailbox)
        while service.intake.step():
            pass
        fetch.file_away(mailbox)
    finally:
        mailbox.close()
    with service.sending() as sending:
        while sending.step():
            pass
    service.weekly.step()
    with service.ledger.read() as tx:
        return mails.unfinished(tx) + outbox.waiting(tx)


class Daemon:
    """Runs until it is told to stop."""

    def __init__(self, service: Service) -> None:
        """Make the loops; nothing starts yet."""
        self._service = service
        self._stopping = threading.Event()
        #: Whether a loop failed for good.
        self.failed = False
        self._mailbox_bell, self._intake_bell, self._sending_bell, self._weekly_bell = (Bell() for _ in range(4))

    def run(self) -> None:
        """Run the loops until SIGTERM or SIGINT; each finishes the unit in hand."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop())
        scheduler = self._scheduler()
        scheduler.start()
        loops = (self._mailbox_loop, self._intake_loop, self._sending_loop, self._weekly_loop)
        threads = [
            threading.Thread(target=self._guarded, args=(loop,), name=loop.__name__.strip("_")) for loop in loops
        ]
        for thread in threads:
            thread.start()
        journal.event("running", next_board=self._service.weekly.next_at().isoformat())
        while any(thread.is_alive() for thread in threads):
            for thread in threads:
                thread.join(timeout=0.5)
        scheduler.shutdown(wait=False)
        journal.event("stopped")

    def stop(self) -> None:
        """Make the loops end."""
        self._stopping.set()
        for bell in (self._mailbox_bell, self._intake_bell, self._sending_bell, self._weekly_bell):
            bell.ring()

    def _mailbox_loop(self) -> None:
        """Hold one connection at a time; when it breaks, wait with full jitter and make a new one."""
        failures = 0
        while not self._stopping.is_set():
            try:
                self._watch(self._service.mailbox(), self._service.fetch())
                failures = 0
            except Temporary as error:
                failures += 1
                refused = isinstance(error, AuthenticationFailed)
                pause = LOGIN_BACKOFF if refused else backoff(failures, random.random())  # noqa: S311  # jitter, no secret
                journal.trouble("mailbox-lost", why=str(error), again_in_seconds=round(pause, 1))
                self._mailbox_bell.wait(pause)

    def _watch(self, mailbox: Mailbox, fetch: Fetch) -> None:
        """Look, then wait for the server or the bell, until told to stop or the connection breaks."""
        try:
            while not self._stopping.is_set():
                if fetch.take_new(mailbox):
                    self._intake_bell.ring()
                fetch.file_away(mailbox)
                mailbox.select(fetch.folders[0])
                mailbox.wait(self._poll_seconds, self._mailbox_bell)
        finally:
            mailbox.close()

    @property
    def _poll_seconds(self) -> float:
        return self._service.config.imap.poll_seconds if self._service.config.imap else LOOK_SECONDS

    def _intake_loop(self) -> None:
        def drained() -> None:
            self._sending_bell.ring()
            self._mailbox_bell.ring()
            self._weekly_bell.ring()

        self._loop(self._service.intake.step, self._intake_bell, drained)

    def _sending_loop(self) -> None:
        with self._service.sending() as sending:
            self._loop(sending.step, self._sending_bell)

    def _weekly_loop(self) -> None:
        self._loop(self._service.weekly.step, self._weekly_bell)

    def _loop(self, step: Callable[[], bool], bell: Bell, drained: Callable[[], None] = lambda: None) -> None:
        """Take step after step while there is work, then wait for the bell."""
        while not self._stopping.is_set():
            worked = False
            try:
                while not self._stopping.is_set() and step():
                    worked = True
            except Temporary as error:
                journal.trouble("step-failed", loop=threading.current_thread().name, why=str(error))
            if worked:
                drained()
            bell.wait(LOOK_SECONDS)

    def _guarded(self, loop: Callable[[], None]) -> None:
        """Run a loop; one that fails for good takes the daemon down, so that it is seen and started anew."""
        try:
            loop()
        except MailbotError as error:
            journal.trouble("loop-failed", loop=threading.current_thread().name, why=str(error))
            self.failed = True
        finally:
            self.stop()

    def _scheduler(self) -> BackgroundScheduler:
        """Ring the weekly bell at the minute; what is due is decided by the ledger, so a missed ring is no harm."""
        moment = self._service.config.board.publish_at
        trigger = CronTrigger(
            day_of_week=WEEKDAYS[moment.weekday],
            hour=moment.at.hour,
            minute=moment.at.minute,
            timezone=self._service.config.challenge.zone,
        )
        scheduler = BackgroundScheduler(timezone=self._service.config.challenge.zone)
        scheduler.add_job(self._weekly_bell.ring, trigger, misfire_grace_time=None, coalesce=True, max_instances=1)
        return scheduler


def backoff(failures: int, chance: float) -> float:
    """Return how many seconds to wait after so many failures; ``chance`` in [0, 1) spreads it over the whole range."""
    return chance * min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0**failures)
