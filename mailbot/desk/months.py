"""Dates on a calendar: whole weeks of each month, in any zone."""

from __future__ import annotations

from calendar import Calendar
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mailbot.config.calendar import AOE
from mailbot.config.stages import next_board

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime, tzinfo

    from mailbot.config.schema import Config

MOST_MONTHS = 12

MOST_BOARDS = 60
"""So many weekly boards to come are on the calendar."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """Something that happens at an instant."""

    at: datetime
    #: ``opens``, ``closes`` or ``board``.
    kind: str
    #: What opens or closes, as the phase ``test``; "" for a board.
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Day:
    """A day, and what happens on it, with its time in the calendar's zone."""

    date: date
    #: Whether it is of the month that it is shown with.
    within: bool
    marks: Sequence[tuple[str, Mark]]


@dataclass(frozen=True, kw_only=True)
class Month:
    """A month: its first day, and its weeks from Monday to Sunday."""

    first: date
    weeks: Sequence[Sequence[Day]]


def marks(config: Config, now: datetime) -> list[Mark]:
    """Return what the dates of a contest are, in order; of the boards those to come until the last deadline."""
    windows = [(phase.name, phase.opens, phase.closes) for phase in config.calendar]
    windows += [(entry.kind, entry.opens, entry.closes) for entry in config.entries]
    windows += [("registration", None, config.registration.closes)]
    opened = [Mark(at=opens, kind="opens", name=name) for name, opens, _ in windows if opens]
    found = [*opened, *(Mark(at=closes, kind="closes", name=name) for name, _, closes in windows if closes)]
    last = max((one.at for one in found), default=now)
    return sorted([*found, *_boards(config, now, last)], key=lambda one: one.at)


def _boards(config: Config, now: datetime, last: datetime) -> Iterator[Mark]:
    at = now
    for _ in range(MOST_BOARDS):
        at = next_board(config.board.publish_at, config.challenge.zone, config.stages, at)
        yield Mark(at=at, kind="board")
        if at >= last:
            return


def months(found: Sequence[Mark], zone: tzinfo, now: datetime) -> list[Month]:
    """Return the months in which something happens and the present one; of a longer time a year."""
    by_day: defaultdict[date, list[tuple[str, Mark]]] = defaultdict(list)
    for one in found:
        local = one.at.astimezone(zone)
        by_day[local.date()].append((f"{local:%H:%M}", one))
    numbers = [day.year * 12 + day.month - 1 for day in (*by_day, now.astimezone(zone).date())]
    first = max(min(numbers), numbers[-1] - MOST_MONTHS // 2)
    return [_month(number, by_day) for number in sorted(set(numbers)) if first <= number < first + MOST_MONTHS]


def _month(number: int, by_day: defaultdict[date, list[tuple[str, Mark]]]) -> Month:
    year, month = divmod(number, 12)
    weeks = [
        [
            Day(date=day, within=day.month == month + 1, marks=by_day[day] if day.month == month + 1 else ())
            for day in week
        ]
        for week in Calendar().monthdatescalendar(year, month + 1)
    ]
    return Month(first=date(year, month + 1, 1), weeks=weeks)


def zone_named(name: str, own: ZoneInfo) -> tuple[str, tzinfo]:
    """Return a zone by the name that a page asked for, and its name; the challenge's ``own`` where there is none."""
    if name == "AoE":
        return name, AOE
    try:
        zone = ZoneInfo(name or own.key)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zone = own
    return zone.key, zone
