"""The daemon's main thread: signals, the timetable, the report to the service manager, a reload of the config."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING

from mailbot.daemon import maintenance, report
from mailbot.daemon.loops import Loops
from mailbot.daemon.schedule import RETRY_SECONDS, Bells, Schedule
from mailbot.daemon.systemd import Notifier
from mailbot.errors import MailbotError
from mailbot.system import journal, lock
from mailbot.system.bell import Doorbell
from mailbot.system.heartbeat import Heartbeat

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailbot.config.schema import Config
    from mailbot.errors import Temporary
    from mailbot.service import Service


LEAD_SECONDS = 5.0
"""So often the main thread looks whether this host still leads."""

YIELD_SECONDS = 3.0
"""So long the loops may take to end once it does not."""


class Daemon:
    """Runs until it is told to stop."""

    def __init__(
        self,
        service: Service,
        *,
        sheets_api: str = "",
        notifier: Notifier | None = None,
        reload: Callable[[], Config] | None = None,
        within: float | None = None,
        refused: str = "",
        lost: Temporary | None = None,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        """Prepare the loops; nothing starts yet.

        Args:
            service: The parts, whose steps the loops take.
            sheets_api: The demo's Google Sheets on this machine; "" for Google's own.
            notifier: The way to the service manager; None where there is none.
            reload: Reads the config again at SIGHUP, or raises ConfigError.
            within: How many seconds the loops may take to end; None for no limit.
            lost: Why the mailbox could not be looked into just now; None when it was.
            refused: Why the config on disk is not the one in use; "" when it is.
            retry_seconds: How soon a step that failed is tried again.
        """
        self._service, self._notifier, self._reload, self._within = service, notifier or Notifier({}), reload, within
        maintenance.share_one_heap()
        self._hung_up, self._lead = False, service.ledger.lead
        self._begun = time.time()
        config = service.config
        self._heartbeat = Heartbeat(config.hang_seconds + 4 * config.limits.child_seconds)
        self._refuse(refused)
        self._report = report.Report(service=service, heartbeat=self._heartbeat, notifier=self._notifier)
        self._bells = Bells()
        self._schedule = Schedule(config, service.challenge.windows, self._bells, retry_seconds=retry_seconds)
        self._loops = Loops(
            service=service,
            bells=self._bells,
            schedule=self._schedule,
            heartbeat=self._heartbeat,
            retry_seconds=retry_seconds,
            sheets_api=sheets_api,
            lost=lost,
        )
        #: The config to continue with, when a new one was asked for and is valid.
        self.next_config: Config | None = None
        #: The loops that did not end in time.
        self.unfinished: list[str] = []

    @property
    def failed(self) -> bool:
        """Whether a loop failed for good."""
        return self._loops.failed

    def run(self, *, signals: bool = True) -> None:
        """Run the loops until SIGTERM, SIGINT or ``stop``; each finishes the unit of work in hand.

        Without ``signals`` no handler is installed, as Python allows it in the main thread only.
        """
        if signals:
            self._take_signals()
        doorbell = Doorbell(self._service.config.state)
        self._schedule.start()
        self._loops.start()
        if self._lead:
            self._lead.on_end = self.stop
        journal.event("running", next_board=self._service.weekly.next_at().isoformat())
        self._report.give()
        self._notifier.ready()
        self._attend(doorbell)
        doorbell.close()
        self._finish()
        self._schedule.stop()
        self._report.end()
        journal.event("stopped")

    def stop(self) -> None:
        """Make ``run`` end."""
        self._loops.stop()

    def close(self) -> None:
        """Close the bells, once ``run`` has returned and nobody will call ``stop`` any more."""
        for bell in self._bells:
            bell.close()

    def _take_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop())
        if self._reload:
            signal.signal(signal.SIGHUP, lambda *_: self._hang_up())

    def _attend(self, doorbell: Doorbell) -> None:
        """Ring the bells on schedule, or when somebody is at the door, and report how the loops are until told to stop.

        Reload the config if asked to.
        """
        while not self._loops.stopping.is_set():
            seconds = min(self._report.seconds, self._schedule.ring_due())
            if doorbell.wait(min(seconds, LEAD_SECONDS) if self._lead else seconds, beside=self._bells.main):
                self._bells.ring_all()
            if self._lead and (self._lead.ended or self._lead.hangs):
                self._lead.ended = self._lead.ended or "the ledger does not answer"
                self.stop()
                return
            if self._hung_up or self._is_outdated():
                self._hung_up, self._begun = False, time.time()
                self._consider()
            self._report.give()

    def _is_outdated(self) -> bool:
        """Whether a command has changed the ledger in a way that needs a reload; see :func:`lock.ask_reload`."""
        return self._reload is not None and lock.reload_asked_since(self._service.config.state, self._begun)

    def _hang_up(self) -> None:
        self._hung_up = True
        self._bells.main.ring()

    def _consider(self) -> None:
        """Take a new config if it is valid; otherwise continue with the old one."""
        self._notifier.reloading()
        try:
            self.next_config = self._reload() if self._reload else None
        except MailbotError as error:
            journal.trouble("reload-refused", why=str(error))
            self._refuse(str(error))
            self._notifier.ready()
            return
        journal.event("reloading")
        self.stop()

    def _refuse(self, why: str) -> None:
        """Show that the config on disk is not the one in use; the journal has all of ``why``, the report one line."""
        if why:
            self._heartbeat.marks[report.REFUSED] = why.partition("\n")[0]

    def _finish(self) -> None:
        """Wait for the loops; one that hangs for too long is left behind, and the ledger says what it left undone."""
        seconds = threading.TIMEOUT_MAX / 2  # a reload that hangs is left to the watchdog, which is not fed meanwhile
        if self.next_config is None:
            self._notifier.stopping()
            seconds = self._within or seconds
        if self._lead and not self._lead.leads:
            seconds = YIELD_SECONDS
        self.unfinished = self._loops.join(seconds)
        if self.unfinished:
            journal.trouble("stopped-hard", loops=", ".join(self.unfinished))
