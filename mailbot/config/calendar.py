"""Instants, weeks, phases and deadlines: when a quota renews, when a board is due. Pure; time is an argument."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta, timezone
from enum import StrEnum
from typing import TYPE_CHECKING

from scoring.model import Policy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from zoneinfo import ZoneInfo


WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A weekday and a time of day, on the wall clock of some zone: ``wed 10:00``."""

    #: 0 is Monday, as in :meth:`datetime.weekday`.
    weekday: int
    at: time

    @classmethod
    def parse(cls, text: str) -> Moment:
        """Read ``wed 10:00``. Raises ValueError."""
        found = re.fullmatch(rf"({'|'.join(WEEKDAYS)}) +([01]?\d|2[0-3]):([0-5]\d)", text.strip().lower(), re.ASCII)
        if not found:
            message = (
                f"{text!r} is not a weekly moment; write it as 'wed 10:00' (mon tue wed thu fri sat sun, 24-hour clock)"
            )
            raise ValueError(message)
        return cls(weekday=WEEKDAYS.index(found[1]), at=time(int(found[2]), int(found[3])))

    def __str__(self) -> str:
        """Show it as people write it: ``Wednesday 10:00``."""
        names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
        return f"{names[self.weekday]} {self.at:%H:%M}"


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A window of time in which submissions are taken; an open end has no bound."""

    name: str
    opens: datetime | None
    closes: datetime | None
    #: What replies tell of scores.
    feedback: Policy = Policy.FULL
    #: The step that the policy ``rounded`` rounds to.
    rounding: float = 1.0
    #: Accepted submissions per team and track in a week; None: as the quota says.
    per_week: int | None = None

    def holds(self, instant: datetime) -> bool:
        """Whether a mail that arrived then is in time; the closing instant itself is too late."""
        return within(self.opens, self.closes, instant)


def within(opens: datetime | None, closes: datetime | None, instant: datetime) -> bool:
    """Whether an instant lies in a window of time; None is no bound, and the closing instant itself is too late."""
    return (opens is None or opens <= instant) and (closes is None or instant < closes)


def phase_at(phases: Sequence[Phase], instant: datetime) -> Phase | None:
    """Return the phase an instant lies in, the first if several do."""
    return next((phase for phase in phases if phase.holds(instant)), None)


def last_before(moment: Moment, zone: ZoneInfo, instant: datetime) -> datetime:
    """Return the latest weekly moment at or before an instant, on the wall clock of the zone."""
    return max(found for found in _around(moment, zone, instant) if found <= instant.astimezone(UTC)).astimezone(zone)


def next_after(moment: Moment, zone: ZoneInfo, instant: datetime) -> datetime:
    """Return the first weekly moment after an instant, on the wall clock of the zone."""
    return min(found for found in _around(moment, zone, instant) if found > instant.astimezone(UTC)).astimezone(zone)


def _around(moment: Moment, zone: ZoneInfo, instant: datetime) -> list[datetime]:
    """Return the moments of the week of an instant and of both beside it, in UTC: wall clocks are put back at times.

    A wall time that comes twice counts the first time; one that is leapt over counts as long after the leap as it
    would have come (PEP 495).
    """
    local = instant.astimezone(zone)
    day = local.date() - timedelta(days=(local.weekday() - moment.weekday) % 7)
    days = (day + timedelta(weeks=weeks) for weeks in (-1, 0, 1))
    return [datetime.combine(one, moment.at, tzinfo=zone).astimezone(UTC) for one in days]


def shown(instant: datetime, zone: ZoneInfo) -> str:
    """Show an instant to people, never without its zone: ``Wed 25 Nov 2026, 10:00 (Asia/Shanghai, UTC+08:00)``."""
    local = instant.astimezone(zone)
    offset = local.strftime("%z")
    utc = "UTC" if offset == "+0000" else f"UTC{offset[:3]}:{offset[3:5]}"
    name = zone.key if zone.key != "UTC" else ""
    return f"{local:%a %d %b %Y, %H:%M} ({f'{name}, ' if name else ''}{utc})"


YEARS = range(1970, 9000)
"""Years of instants that are taken: near the ends of what a datetime can hold, some zones cannot show one."""


def within_reach(instant: datetime) -> datetime:
    """Return an instant that every zone can show. Raises ValueError for any other."""
    if instant.year not in YEARS:
        message = f"its year is not between {YEARS[0]} and {YEARS[-1]}; an end that never comes is left out"
        raise ValueError(message)
    return instant


def typed(text: str, zone: ZoneInfo) -> datetime:
    """Read a day or an instant that somebody typed; without an offset it is in the zone. Raises ValueError."""
    found = within_reach(datetime.fromisoformat(text))
    return found if found.tzinfo else found.replace(tzinfo=zone)


AOE = timezone(timedelta(hours=-12))
"""Anywhere on Earth: while a day lasts there, it is not over for anybody (IEEE 802.16)."""


def shown_aoe(instant: datetime) -> str:
    """Show an instant as deadlines often are: ``Sat 25 Apr 2026, 04:00 AoE (UTC-12:00)``."""
    return f"{instant.astimezone(AOE):%a %d %b %Y, %H:%M} AoE (UTC-12:00)"


class Matter(StrEnum):
    """What a window of time is about."""

    #: A phase: submissions are taken.
    PHASE = "phase"
    #: One kind of what teams hand in besides result files is taken.
    ENTRIES = "entries"
    #: Teams can register.
    REGISTRATION = "registration"
    #: A date that ``[page]`` announces, told as an end; mailbot itself does nothing then.
    DATE = "date"


HANDED_IN = frozenset({Matter.PHASE, Matter.ENTRIES})
"""What teams send to mailbot, which takes it until then."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """From when and until when something is possible; an open end has no bound."""

    matter: Matter
    #: Of a phase its name, of an entry its kind, of a date what is announced.
    name: str
    opens: datetime | None = None
    closes: datetime | None = None

    @property
    def key(self) -> str:
        """What the ledger calls it: a phase by its name, anything else with its matter before it."""
        return self.name if self.matter is Matter.PHASE else f"{self.matter} {self.name}"

    def holds(self, instant: datetime) -> bool:
        """Whether an instant lies in it; the closing instant itself is too late."""
        return within(self.opens, self.closes, instant)

    def of_team(self, ends: Mapping[str, datetime]) -> Window:
        """Return it as it is for a team: a phase that it has more time for, by its name, closes later."""
        own = ends.get(self.name) if self.matter is Matter.PHASE else None
        return replace(self, closes=own) if own and self.closes and own > self.closes else self


def now() -> datetime:
    """Return the present instant, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Quota:
    """How many submissions a team may have accepted on a track in a week, and when the week begins; what it may ask."""

    per_week: int
    week_starts: Moment
    zone: ZoneInfo
    #: Files that a team may have checked in a day, and scores that it may dispute in one.
    checks_per_day: int = 20
    disputes_per_day: int = 3

    def week(self, instant: datetime) -> tuple[datetime, datetime]:
        """Return the first instant of the week that holds ``instant``, and of the one after."""
        return last_before(self.week_starts, self.zone, instant), next_after(self.week_starts, self.zone, instant)


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What a team has left on a track this week, after the submission it is told about."""

    per_week: int
    used: int
    #: When the count starts anew.
    renews_at: datetime

    @property
    def left(self) -> int:
        """How many more may be accepted before ``renews_at``."""
        return max(0, self.per_week - self.used)


def neighbours(phases: Sequence[Phase], instant: datetime) -> tuple[Phase | None, Phase | None]:
    """Return the phase that closed last and the one that opens next, around an instant in no phase."""
    closed = [phase for phase in phases if phase.closes and phase.closes <= instant]
    coming = [phase for phase in phases if phase.opens and phase.opens > instant]
    last = max(closed, key=lambda phase: phase.closes or instant, default=None)
    return last, min(coming, key=lambda phase: phase.opens or instant, default=None)


HOUR, DAY = timedelta(hours=1), timedelta(days=1)
