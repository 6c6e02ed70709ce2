"""The daemon's timetable: what happens at set times, and the scheduler that rings the bells then.

APScheduler knows the times, the ledger knows what is due. A ring only makes a loop look, so a ring that is missed or
doubled does no harm. What mails drive (fetching, handling, sending) is woken by bells of its own, and rung here as well
for retries and for what a command has left in the ledger.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from apscheduler.executors.debug import DebugExecutor
from apscheduler.schedulers.base import BaseScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from mailbot.config.calendar import HANDED_IN, WEEKDAYS
from mailbot.config.calendar import now as wall_clock
from mailbot.system.bell import Alarm, Bell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from mailbot.config.calendar import Window
    from mailbot.config.schema import Config

RETRY_SECONDS = 30.0
"""Mails and replies that are to be tried again are looked for this often."""


@dataclass(frozen=True, kw_only=True)
class Bells:
    """One bell for each loop, and one for the main thread."""

    mailbox: Bell = field(default_factory=Bell)
    intake: Bell = field(default_factory=Bell)
    sending: Bell = field(default_factory=Bell)
    weekly: Bell = field(default_factory=Bell)
    sheet: Bell = field(default_factory=Bell)
    care: Bell = field(default_factory=Bell)
    main: Bell = field(default_factory=Bell)

    def __iter__(self) -> Iterator[Bell]:
        """Yield them all."""
        return (getattr(self, one.name) for one in fields(self))

    def ring_all(self) -> None:
        """Let every loop look whether something is due."""
        for bell in self:
            bell.ring()


@dataclass(frozen=True, kw_only=True)
class Timed:
    """A line of the timetable."""

    name: str
    #: When: a trigger of APScheduler.
    trigger: Any
    #: What is rung.
    rings: tuple[Bell | Alarm, ...]
    #: Whether it is rung at the start too.
    at_start: bool = False


class Schedule:
    """Rings the daemon's bells; the thread that owns it calls ``ring_due`` again and again."""

    def __init__(
        self,
        config: Config,
        windows: Sequence[Window],
        bells: Bells,
        *,
        retry_seconds: float = RETRY_SECONDS,
        clock: Callable[[], datetime] = wall_clock,
    ) -> None:
        """Ring nothing before ``start``; ``windows`` have the deadlines.

        APScheduler reads the wall clock itself; ``clock`` only says whether that was set back.
        """
        self._config, self._windows, self._bells = config, windows, bells
        self._retry_seconds, self._clock = retry_seconds, clock
        self._scheduler = _Scheduler(config.challenge.zone)
        self._seen = clock()
        #: The roster's sources are to be read.
        self.roster = Alarm(bells.sheet)
        #: Mailbox, ledger and spool are to be compared.
        self.reconciliation = Alarm(bells.mailbox)
        #: Old mails are to be dropped, if the config wants it.
        self.retention = Alarm(bells.care)
        #: The ledger is to be held to its audit trail.
        self.trail = Alarm(bells.care)

    def table(self, begin: datetime) -> list[Timed]:
        """Return what is rung when, from an instant on."""
        bells, moment, zone = self._bells, self._config.board.publish_at, self._config.challenge.zone
        every = partial(IntervalTrigger, start_date=begin, timezone=zone)
        weekly = CronTrigger(
            day_of_week=WEEKDAYS[moment.weekday], hour=moment.at.hour, minute=moment.at.minute, timezone=zone
        )
        deadlines = [one for one in reminders(self._windows, self._config.letters.remind_days) if one > begin]
        return [
            Timed(name="retries", trigger=every(seconds=self._retry_seconds), rings=(bells.intake, bells.sending)),
            Timed(name="care", trigger=every(minutes=1), rings=(bells.care, bells.weekly, bells.sheet)),
            Timed(name="board", trigger=weekly, rings=(bells.weekly,)),
            *(Timed(name="deadline", trigger=DateTrigger(one), rings=(bells.weekly,)) for one in deadlines),
            Timed(name="roster", trigger=every(hours=1), rings=(self.roster,), at_start=True),
            Timed(name="reconciliation", trigger=every(hours=1), rings=(self.reconciliation,), at_start=True),
            Timed(name="retention", trigger=every(days=1), rings=(self.retention,), at_start=True),
            Timed(name="trail", trigger=every(hours=1), rings=(self.trail,), at_start=True),
        ]

    def start(self) -> None:
        """Enter the table, and ring what is rung at the start."""
        self._scheduler.start()
        self._enter()
        self.ring_due()

    def ring_due(self) -> float:
        """Ring what is due; return the seconds until the next ring.

        When the clock was set back the table is entered anew: APScheduler would be silent until it has caught up.
        """
        if self._clock() < self._seen:
            self._enter()
        self._seen = self._clock()
        return self._scheduler.run_due()

    def stop(self) -> None:
        """Ring no more."""
        self._scheduler.shutdown()

    def _enter(self) -> None:
        """Put the table in place of what the scheduler has."""
        self._scheduler.remove_all_jobs()
        begin = self._clock()
        for line in self.table(begin):
            first = {"next_run_time": begin} if line.at_start else {}
            self._scheduler.add_job(_ring, line.trigger, args=[line.rings], name=line.name, **first)


def reminders(windows: Iterable[Window], remind_days: Sequence[int]) -> list[datetime]:
    """Return when what teams hand in is closed, and so many days before: then letters or lists may be due."""
    closing = [window.closes for window in windows if window.closes and window.matter in HANDED_IN]
    return sorted({closes - timedelta(days=days) for closes in closing for days in (*remind_days, 0)})


def _ring(rings: Iterable[Bell | Alarm]) -> None:
    for one in rings:
        one.ring()


class _Scheduler(BaseScheduler):  # type: ignore[misc]  # apscheduler has no types
    """APScheduler without threads of its own: it runs in the one that feeds the watchdog, which so watches it too."""

    def __init__(self, zone: Any) -> None:  # noqa: ANN401
        defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}  # late is better than never
        super().__init__(timezone=zone, executors={"default": DebugExecutor()}, job_defaults=defaults)

    def run_due(self) -> float:
        """Run what is due; return the seconds until the next time."""
        seconds = self._process_jobs()
        return math.inf if seconds is None else float(seconds)

    def wakeup(self) -> None:
        """Do nothing: only the thread that calls ``run_due`` enters jobs."""

    def shutdown(self, wait: bool = True) -> None:  # noqa: FBT001, FBT002  # the signature of apscheduler
        """Stop; nothing runs beside it."""
        super().shutdown(wait)
