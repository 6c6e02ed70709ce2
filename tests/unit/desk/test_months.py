"""Dates on a calendar, in any zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from mailbot.config import load
from mailbot.desk.months import MOST_BOARDS, Mark, marks, months, zone_named

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mailbot.desk.months import Month

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 4, 20, 12, tzinfo=UTC)
CLOSES = Mark(at=datetime(2026, 4, 30, 18, tzinfo=UTC), kind="closes", name="test")


def _days(found: Sequence[Month]) -> dict[str, list[str]]:
    """Return what happens on each day on which something does."""
    days = [day for month in found for week in month.weeks for day in week]
    return {f"{day.date}": [f"{at} {one.kind} {one.name}" for at, one in day.marks] for day in days if day.marks}


@pytest.mark.parametrize(
    ("name", "day"),
    [("Asia/Shanghai", {"2026-05-01": ["02:00 closes test"]}), ("AoE", {"2026-04-30": ["06:00 closes test"]}),
     ("Pacific/Kiritimati", {"2026-05-01": ["08:00 closes test"]})],
)  # fmt: skip
def test_an_instant_is_on_the_day_that_it_has_there(name: str, day: dict[str, list[str]]) -> None:
    """A deadline is on one day in Shanghai and on another anywhere on earth."""
    called, zone = zone_named(name, SHANGHAI)
    assert called == name
    assert _days(months([CLOSES], zone, NOW)) == day


@pytest.mark.parametrize("name", ["", "Nowhere/Town", "../../etc/passwd", "/etc/localtime", "a\0b", "x" * 5000])
def test_what_is_no_zone_is_the_challenges(name: str) -> None:
    """Whatever stands in the address of the page."""
    assert zone_named(name, SHANGHAI) == ("Asia/Shanghai", SHANGHAI)


def test_a_month_has_whole_weeks_and_what_is_far_away_is_left_out() -> None:
    """Days of the month beside are there, and empty; the present month is always shown."""
    found = months([CLOSES], UTC, NOW)
    assert [month.first.month for month in found] == [4]
    assert all(len(week) == 7 and week[0].date.weekday() == 0 for week in found[0].weeks)
    far = [Mark(at=datetime(year, 1, 5, tzinfo=UTC), kind="closes", name="x") for year in (2010, 2040)]
    shown = [month.first for month in months(far, UTC, NOW)]
    assert shown == [NOW.date().replace(day=1)]


def test_a_contest_marks_its_phases_and_boards_to_come(tmp_path: Path) -> None:
    """The preset's two phases open and close; boards are there until the last of these, and not for ever."""
    phase = {"name": "test", "opens": NOW - timedelta(days=9), "closes": NOW + timedelta(days=9)}
    given = {
        "challenge": {"address": "s@siqa.example"}, "tracks": {"siqa-s": {"labels": "s.json"}}, "phases": [phase],
    }  # fmt: skip
    found = marks(load.build({"preset": "siqa", **given}, base=tmp_path), NOW)
    assert {(one.kind, one.name) for one in found} == {("opens", "test"), ("closes", "test"), ("board", "")}
    boards = [one for one in found if one.kind == "board"]
    assert 1 <= len(boards) <= MOST_BOARDS
    assert found == sorted(found, key=lambda one: one.at)
