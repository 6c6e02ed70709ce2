"""The daemon's six loops over the steps, one thread each: a bell wakes a loop, and it works until nothing is due."""

from __future__ import annotations

import threading
import time
import traceback
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from mailbot.daemon.mailbox_loop import MailboxLoop
from mailbot.daemon.maintenance import Maintenance
from mailbot.daemon.retention import Retention
from mailbot.daemon.trail_check import TrailCheck
from mailbot.errors import Conflict, MailbotError, Permanent, Temporary
from mailbot.ledger import daybook
from mailbot.system import heartbeat, journal

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailbot.daemon.schedule import Bells, Schedule
    from mailbot.service import Service
    from mailbot.system.bell import Bell
    from mailbot.system.heartbeat import Heartbeat

CONFLICT_SECONDS = 1.0
"""A step that the database wants to be tried once more waits so long."""

IDLE_SECONDS = 120.0
"""A loop that nobody rings looks for work by itself after so long; the schedule rings each of them more often."""


@dataclass(kw_only=True)
class Loops:
    """The loops, and what they share."""

    service: Service
    bells: Bells
    #: Rings the bells at set times, and knows which hourly and daily work is due.
    schedule: Schedule
    heartbeat: Heartbeat
    #: How soon a step that failed is tried again.
    retry_seconds: float
    #: The demo's Google Sheets on this machine; "" for Google's own.
    sheets_api: str = ""
    #: Why the mailbox could not be looked into just before.
    lost: Temporary | None = None
    stopping: threading.Event = field(default_factory=threading.Event)
    #: Whether a loop failed for good.
    failed: bool = False
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Start a thread for each loop."""
        loops = (
            self._mailbox_loop, self._intake_loop, self._sending_loop, self._weekly_loop, self._sheet_loop,
            self._care_loop,
        )  # fmt: skip
        self._threads = [
            threading.Thread(target=self._guarded, args=(loop,), name=loop.__name__.strip("_"), daemon=True)
            for loop in loops
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Make each loop end after the unit of work in hand; the bells wake those that wait."""
        self.stopping.set()
        self.bells.ring_all()

    def join(self, seconds: float) -> list[str]:
        """Wait for the loops to end, at most so many seconds in all; return the names of those that did not."""
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        return [thread.name for thread in self._threads if thread.is_alive()]

    def _mailbox_loop(self) -> None:
        """Hold the connection to the mailbox: fetch, file away, and compare it with the ledger every hour."""
        MailboxLoop(
            service=self.service,
            stopping=self.stopping,
            bell=self.bells.mailbox,
            intake_bell=self.bells.intake,
            reconciliation=self.schedule.reconciliation,
            main_bell=self.bells.main,
            lost=self.lost,
        ).run()

    def _intake_loop(self) -> None:
        """Handle spooled mails."""

        def drained() -> None:
            self.bells.sending.ring()
            self.bells.mailbox.ring()
            self.bells.weekly.ring()
            self.bells.care.ring()

        intake = self.service.intake
        step = partial(intake.step, stopping=self.stopping.is_set)
        self._loop(step, self.bells.intake, drained=drained, resume=intake.resume)

    def _sending_loop(self) -> None:
        """Send the outbox."""
        with self.service.sending() as sending:
            self._loop(sending.step, self.bells.sending, resume=sending.resume)

    def _weekly_loop(self) -> None:
        """Publish the board and write letters when they are due; compare submissions when they are not."""

        def step() -> bool:
            weekly, letters = self.service.weekly, self.service.letter_queue
            if self.service.config.imap and not self.service.fetch.guard.holds():
                self.bells.mailbox.ring()  # it compares the clocks; until then mails alone are handled
                return self.service.similar.step()
            due = self._watched("board", weekly.step) or self._watched("letters", letters.step)
            return due or self.service.similar.step()

        def drained() -> None:
            self.bells.sending.ring()
            self.bells.sheet.ring()

        self._loop(step, self.bells.weekly, drained=drained)

    def _sheet_loop(self) -> None:
        """Keep Google Sheet and roster up to date; a loop of its own, as Google may keep it waiting for minutes."""
        sheet = self.service.sheet(wait=self.stopping.wait, api=self.sheets_api)

        def step() -> bool:
            if sheet and sheet.step():
                return True
            due = self.schedule.roster.take()
            if due:
                self.service.sync.run()
            return due

        self._loop(step, self.bells.sheet, drained=self.bells.sending.ring)

    def _care_loop(self) -> None:
        """Check what no other loop would notice and the audit trail, write the metrics, drop old mails once a day."""
        maintenance = Maintenance(service=self.service, heartbeat=self.heartbeat)
        retention, trail = Retention(service=self.service), TrailCheck(service=self.service)

        def step() -> bool:
            maintenance.step()
            if self.schedule.retention.take():
                retention.run()
            if self.schedule.trail.take():
                trail.run()
            return False

        self._loop(step, self.bells.care)

    def _watched(self, part: str, step: Callable[[], bool]) -> bool:
        """Take a step; if it fails for good, the organizers are told and the loop goes on."""
        done, trouble = False, None
        try:
            done = step()
        except Temporary:
            raise
        except (Permanent, OSError) as error:
            trouble = str(error)
        except Exception as error:  # noqa: BLE001  # a board that breaks our own code must not stop the mails
            journal.trouble("step-broken", part=part, trace=traceback.format_exc())
            trouble = f"Unexpected error: {error.__class__.__name__}. The journal has the details."
        if done or trouble is not None:
            self.service.alerts.report(part, ok=done, detail=trouble or "")
        return done

    def _loop(
        self,
        step: Callable[[], bool],
        bell: Bell,
        *,
        drained: Callable[[], None] = lambda: None,
        resume: Callable[[], None] = lambda: None,
    ) -> None:
        """Take step after step while there is work, then wait for the bell; after a failure call ``resume`` first."""
        failed = False
        while not self.stopping.is_set():
            worked, wait = False, self.retry_seconds
            try:
                if failed:
                    resume()
                    failed = False
                heartbeat.beat("looking for work")
                while not self.stopping.is_set() and step():
                    worked = True
                    heartbeat.beat()
            except Temporary as error:
                failed, wait = True, CONFLICT_SECONDS if isinstance(error, Conflict) else wait
                journal.trouble("step-failed", loop=threading.current_thread().name, why=str(error))
            if worked:
                drained()
                failed = not self._is_noted() or failed
            seconds = wait if failed else IDLE_SECONDS
            heartbeat.rest("idle", seconds)
            bell.wait(seconds)

    def _is_noted(self) -> bool:
        """Bring the daybook up to the ledger; return False when the ledger cannot be used now: later will do."""
        try:
            daybook.catch_up(self.service.ledger, self.service.config.state)
        except Temporary as error:
            journal.trouble("step-failed", loop=threading.current_thread().name, why=str(error))
            return False
        return True

    def _guarded(self, loop: Callable[[], None]) -> None:
        """Run a loop; one that fails for good takes the daemon down, which says why and is started again by systemd."""
        name = threading.current_thread().name
        try:
            with self.heartbeat.loop(name.removesuffix("_loop")):
                loop()
        except Exception as error:  # noqa: BLE001  # whatever it is, the daemon ends with a word and an exit code
            trace = "" if isinstance(error, MailbotError) else traceback.format_exc()
            journal.trouble("loop-failed", loop=name, why=str(error), trace=trace)
            self.failed = True
        finally:
            self.stop()
