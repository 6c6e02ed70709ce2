"""The daemon: six loops over the steps, one thread each, woken by bells; and the single pass of `mailbot once`."""

from __future__ import annotations

import signal
import threading
import time
import traceback
from functools import partial
from typing import TYPE_CHECKING

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from mailbot.config.calendar import WEEKDAYS
from mailbot.daemon import report
from mailbot.daemon.mailbox_loop import MailboxLoop
from mailbot.daemon.maintenance import Maintenance
from mailbot.daemon.retention import Retention
from mailbot.daemon.systemd import Notifier
from mailbot.errors import MailbotError, Permanent, Temporary
from mailbot.ledger import daybook
from mailbot.system import heartbeat, journal
from mailbot.system.bell import Bell
from mailbot.system.heartbeat import Pulse

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailbot.config.schema import Config
    from mailbot.service import Service


LOOK_SECONDS, CARE_SECONDS = 30.0, 60.0
"""A loop looks for due work at least so often, whether its bell rang or not."""


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
    ) -> None:
        """Make the loops; nothing starts yet.

        ``sheets_api`` is the demo's Google Sheets on this machine; ``reload`` reads the config anew at SIGHUP, or
        raises ConfigError; ``within``: seconds that the loops may take to end, without a limit when None; ``refused``:
        why the config on disk was, if this is not it.
        """
        self._sheets_api = sheets_api
        self._service, self._notifier, self._reload, self._within = service, notifier or Notifier({}), reload, within
        self._stopping = threading.Event()
        self._hung_up = False
        limits = service.config.limits
        self._pulse = Pulse(service.config.hang_seconds + 4 * limits.child_seconds)
        self._refuse(refused)
        self._report = report.Report(service=service, pulse=self._pulse, notifier=self._notifier)
        #: Whether a loop failed for good.
        self.failed = False
        #: The config to go on with, when a new one was asked for and is good.
        self.next_config: Config | None = None
        #: The loops that did not end in time.
        self.unfinished: list[str] = []
        self._mailbox_bell, self._intake_bell, self._sending_bell = Bell(), Bell(), Bell()
        self._weekly_bell, self._sheet_bell, self._care_bell, self._main_bell = Bell(), Bell(), Bell(), Bell()

    def run(self) -> None:
        """Run the loops until SIGTERM or SIGINT; each finishes the unit in hand."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop())
        if self._reload:
            signal.signal(signal.SIGHUP, lambda *_: self._hang_up())
        scheduler = self._scheduler()
        scheduler.start()
        loops = (
            self._mailbox_loop, self._intake_loop, self._sending_loop, self._weekly_loop, self._sheet_loop,
            self._care_loop,
        )  # fmt: skip
        threads = [
            threading.Thread(target=self._guarded, args=(loop,), name=loop.__name__.strip("_"), daemon=True)
            for loop in loops
        ]
        for thread in threads:
            thread.start()
        journal.event("running", next_board=self._service.weekly.next_at().isoformat())
        self._report.give()
        self._notifier.ready()
        self._attend()
        self._finish(threads)
        scheduler.shutdown(wait=False)
        self._report.end()
        journal.event("stopped")

    def stop(self) -> None:
        """Make the loops end."""
        self._stopping.set()
        bells = (self._mailbox_bell, self._intake_bell, self._sending_bell, self._weekly_bell, self._sheet_bell)
        for bell in (*bells, self._care_bell, self._main_bell):
            bell.ring()

    def _attend(self) -> None:
        """Report how the loops get on until told to stop; read the config anew when asked to."""
        while not self._stopping.is_set():
            self._main_bell.wait(self._report.seconds)
            if self._hung_up:
                self._hung_up = False
                self._consider()
            self._report.give()

    def _hang_up(self) -> None:
        self._hung_up = True
        self._main_bell.ring()

    def _consider(self) -> None:
        """Take a new config if it is good; go on with the old one if it is not."""
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
        """Let everybody see that the config on disk is not the one in use; the rest of ``why`` is in the journal."""
        if why:
            self._pulse.marks[report.REFUSED] = why.partition("\n")[0]

    def _finish(self, threads: list[threading.Thread]) -> None:
        """Wait for the loops; when they are given a time, what hangs is left behind and the ledger knows of it."""
        seconds = threading.TIMEOUT_MAX / 2  # a reload that hangs is for the watchdog, which is not fed meanwhile
        if self.next_config is None:
            self._notifier.stopping()
            seconds = self._within or seconds
        until = time.monotonic() + seconds
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        self.unfinished = [thread.name for thread in threads if thread.is_alive()]
        if self.unfinished:
            journal.trouble("stopped-hard", loops=", ".join(self.unfinished))

    def _mailbox_loop(self) -> None:
        lookout = MailboxLoop(
            service=self._service, stopping=self._stopping, bell=self._mailbox_bell, intake_bell=self._intake_bell
        )
        lookout.run()

    def _intake_loop(self) -> None:
        def drained() -> None:
            self._sending_bell.ring()
            self._mailbox_bell.ring()
            self._weekly_bell.ring()

        intake = self._service.intake
        step = partial(intake.step, stopping=self._stopping.is_set)
        self._loop(step, self._intake_bell, drained=drained, resume=intake.resume)

    def _sending_loop(self) -> None:
        with self._service.sending() as sending:
            self._loop(sending.step, self._sending_bell, resume=sending.resume)

    def _weekly_loop(self) -> None:
        def step() -> bool:
            weekly, post = self._service.weekly, self._service.letter_queue
            due = self._watched("board", weekly.step) or self._watched("letters", post.step)
            return due or self._service.similar.step()

        def drained() -> None:
            self._sending_bell.ring()
            self._sheet_bell.ring()

        self._loop(step, self._weekly_bell, drained=drained)

    def _sheet_loop(self) -> None:
        """Keep Google Sheet and roster up to date; a loop of its own, as Google may keep it waiting for minutes."""
        sheet = self._service.sheet(wait=self._stopping.wait, api=self._sheets_api)
        steps = [*([sheet.step] if sheet else []), self._service.sync.step]
        self._loop(lambda: any(step() for step in steps), self._sheet_bell, drained=self._sending_bell.ring)

    def _care_loop(self) -> None:
        """Look for trouble that no other loop would notice, write the figures for Prometheus, drop old mails."""
        caring = Maintenance(service=self._service, pulse=self._pulse)
        retention = Retention(service=self._service)
        self._loop(lambda: caring.step() or retention.step(), self._care_bell, seconds=CARE_SECONDS)

    def _watched(self, part: str, step: Callable[[], bool]) -> bool:
        """Publish or write if due; when that cannot be done it is told of, and the mails are served all the same."""
        done, trouble = False, None
        try:
            done = step()
        except Temporary:
            raise
        except (Permanent, OSError) as error:
            trouble = str(error)
        except Exception as error:  # noqa: BLE001  # a board that breaks our own code must not stop the mails
            journal.trouble("step-broken", part=part, trace=traceback.format_exc())
            trouble = f"Unforeseen: {error.__class__.__name__}. The journal has the trace."
        if done or trouble is not None:
            self._service.alerts.report(part, ok=done, detail=trouble or "")
        return done

    def _loop(
        self,
        step: Callable[[], bool],
        bell: Bell,
        *,
        drained: Callable[[], None] = lambda: None,
        resume: Callable[[], None] = lambda: None,
        seconds: float = LOOK_SECONDS,
    ) -> None:
        """Take step after step while there is work, then wait for the bell; after a failed one, ``resume`` first."""
        failed = False
        while not self._stopping.is_set():
            worked = False
            try:
                if failed:
                    resume()
                    failed = False
                heartbeat.beat("looking for work")
                while not self._stopping.is_set() and step():
                    worked = True
                    heartbeat.beat()
            except Temporary as error:
                failed = True
                journal.trouble("step-failed", loop=threading.current_thread().name, why=str(error))
            if worked:
                drained()
                daybook.catch_up(self._service.ledger, self._service.config.state)
            heartbeat.rest("idle", seconds)
            bell.wait(seconds)

    def _guarded(self, loop: Callable[[], None]) -> None:
        """Run a loop; one that fails for good takes the daemon down, so that it is seen and started anew."""
        name = threading.current_thread().name
        try:
            with self._pulse.loop(name.removesuffix("_loop")):
                loop()
        except Exception as error:  # noqa: BLE001  # whatever it is, the daemon ends with a word and an exit code
            trace = "" if isinstance(error, MailbotError) else traceback.format_exc()
            journal.trouble("loop-failed", loop=name, why=str(error), trace=trace)
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
