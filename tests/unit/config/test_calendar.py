"""Weeks, weekly moments and phases, in zones whose clocks jump."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailbot.config.calendar import WEEKDAYS, Moment, Phase, last_before, next_after, phase_at, shown, shown_aoe, typed

BERLIN = ZoneInfo("Europe/Berlin")
SHANGHAI = ZoneInfo("Asia/Shanghai")

#: Clocks that jump by an hour, by half an hour, at midnight, by a day, and never.
zones = st.sampled_from(
    [BERLIN, SHANGHAI, *map(ZoneInfo, ("Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia", "UTC"))]
)
instants = st.datetimes(datetime(1975, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis adds the zone
moments = st.builds(
    Moment, weekday=st.integers(0, 6), at=st.builds(time, hour=st.integers(0, 23), minute=st.sampled_from([0, 15, 30]))
)

#: 02:30 on a Sunday: twice on 2026-10-25 and never on 2026-03-29, in Berlin.
HALF_PAST_TWO = Moment(weekday=6, at=time(2, 30))


@given(moments, zones, instants)
@example(HALF_PAST_TWO, BERLIN, datetime(2026, 10, 25, 1, 15, tzinfo=UTC))
@example(HALF_PAST_TWO, BERLIN, datetime(2026, 3, 29, 1, 15, tzinfo=UTC))
def test_every_instant_lies_in_exactly_one_week(moment: Moment, zone: ZoneInfo, instant: datetime) -> None:
    """The week of an instant holds it, and the weeks beside it begin and end where it does."""
    start, end = _in_utc(last_before(moment, zone, instant)), _in_utc(next_after(moment, zone, instant))
    assert start <= instant < end
    assert _in_utc(next_after(moment, zone, start)) == end
    assert _in_utc(last_before(moment, zone, end)) == end
    just_before = _in_utc(last_before(moment, zone, start - timedelta(microseconds=1)))
    assert just_before < start
    assert _in_utc(next_after(moment, zone, just_before)) == start


def _in_utc(instant: datetime) -> datetime:
    """Return the instant in UTC; a wall time that comes twice equals nothing in another zone (PEP 495)."""
    return instant.astimezone(UTC)


@given(moments, zones, instants)
def test_a_week_begins_at_its_moment(moment: Moment, zone: ZoneInfo, instant: datetime) -> None:
    """The wall clock shows the moment when a week begins, unless it leaps over it on that day."""
    begun = last_before(moment, zone, instant)
    assert begun.tzinfo is zone
    wall = datetime.combine(begun.date(), moment.at, tzinfo=zone)
    leapt_over = wall.astimezone(UTC).astimezone(zone).time() != moment.at
    assert leapt_over or (begun.weekday(), begun.time()) == (moment.weekday, moment.at)


@given(moments, zones, instants)
def test_only_the_instant_counts(moment: Moment, zone: ZoneInfo, instant: datetime) -> None:
    """An instant is the same in whatever zone it is written."""
    for other in (SHANGHAI, BERLIN, UTC):
        for found in (last_before, next_after):
            assert _in_utc(found(moment, zone, instant.astimezone(other))) == _in_utc(found(moment, zone, instant))


@pytest.mark.parametrize(
    ("text", "moment", "written"),
    [
        ("wed 10:00", Moment(weekday=2, at=time(10)), "Wednesday 10:00"),
        (" Sun 23:59 ", Moment(weekday=6, at=time(23, 59)), "Sunday 23:59"),
        ("mon 00:00", Moment(weekday=0, at=time(0)), "Monday 00:00"),
    ],
)
def test_a_moment_is_read_and_written(text: str, moment: Moment, written: str) -> None:
    """A weekly moment is read as the config says it and written as people do."""
    assert Moment.parse(text) == moment
    assert str(moment) == written


@pytest.mark.parametrize("text", ["", "wed", "10:00", "wednesday 10:00", "wed 24:00", "wed 10.00", "wed 1"])
def test_what_is_no_moment_is_said_so(text: str) -> None:
    """Anything else is refused with the way to write it."""
    with pytest.raises(ValueError, match="wed 10:00"):
        Moment.parse(text)


@pytest.mark.parametrize("zone", ["+01:00", "Z"])
def test_a_moment_carries_no_zone(zone: str) -> None:
    """The zone of a moment is the challenge's, so one that is written with it is refused."""
    with pytest.raises(ValueError, match="wed 10:00"):
        Moment.parse(f"wed 10:00{zone}")


@given(st.sampled_from(WEEKDAYS), st.times())
def test_every_weekday_and_time_is_a_moment(day: str, at: time) -> None:
    """Whatever weekday and time of day is written is read back."""
    assert Moment.parse(f"{day} {at:%H:%M}") == Moment(
        weekday=WEEKDAYS.index(day), at=at.replace(second=0, microsecond=0)
    )


OPENS, CLOSES = datetime(2026, 3, 10, tzinfo=SHANGHAI), datetime(2026, 4, 26, tzinfo=SHANGHAI)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("instant", "holds"),
    [(OPENS - SECOND, False), (OPENS, True), (CLOSES - SECOND, True), (CLOSES, False), (CLOSES + SECOND, False)],
)
def test_a_phase_holds_its_first_instant_and_not_its_last(instant: datetime, *, holds: bool) -> None:
    """The opening instant is in time, the closing instant is too late, in any zone."""
    phase = Phase(name="test", opens=OPENS, closes=CLOSES)
    assert phase.holds(instant) is holds
    assert phase.holds(instant.astimezone(UTC)) is holds
    assert (phase_at([phase], instant) is phase) is holds


def test_an_open_end_has_no_bound() -> None:
    """A phase without an end holds everything on that side."""
    assert Phase(name="x", opens=None, closes=None).holds(OPENS)
    assert Phase(name="x", opens=None, closes=CLOSES).holds(datetime(1990, 1, 1, tzinfo=UTC))
    assert not Phase(name="x", opens=OPENS, closes=None).holds(OPENS - SECOND)


def test_of_phases_that_overlap_the_first_counts() -> None:
    """The order of the config decides between phases that hold the same instant."""
    first, second = (Phase(name=name, opens=OPENS, closes=CLOSES) for name in "ab")
    assert phase_at([first, second], OPENS) is first
    assert phase_at([], OPENS) is None


@pytest.mark.parametrize(
    ("instant", "zone", "text"),
    [
        (datetime(2026, 11, 25, 2, tzinfo=UTC), SHANGHAI, "Wed 25 Nov 2026, 10:00 (Asia/Shanghai, UTC+08:00)"),
        (datetime(2026, 7, 1, tzinfo=UTC), BERLIN, "Wed 01 Jul 2026, 02:00 (Europe/Berlin, UTC+02:00)"),
        (datetime(2026, 7, 1, tzinfo=UTC), ZoneInfo("UTC"), "Wed 01 Jul 2026, 00:00 (UTC)"),
        (datetime(2026, 1, 1, tzinfo=UTC), ZoneInfo("Europe/London"), "Thu 01 Jan 2026, 00:00 (Europe/London, UTC)"),
        (
            datetime(2026, 7, 1, tzinfo=UTC),
            ZoneInfo("America/St_Johns"),
            "Tue 30 Jun 2026, 21:30 (America/St_Johns, UTC-02:30)",
        ),
    ],
)
def test_an_instant_is_shown_with_its_zone(instant: datetime, zone: ZoneInfo, text: str) -> None:
    """People see the wall clock of the challenge, never without its zone."""
    assert shown(instant, zone) == text


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31T23:59:59", "9999-12-31T23:59:59-12:00", "1969-12-31"])
def test_an_instant_that_some_zone_cannot_show_is_refused(text: str) -> None:
    """Whoever writes 9999 for an end that never comes is told so, and no command fails at it later."""
    with pytest.raises(ValueError, match="1970"):
        typed(text, BERLIN)


@given(instant=st.datetimes(datetime(1970, 1, 1), datetime(8999, 12, 31)), zone=zones)  # noqa: DTZ001  # it gets a zone
def test_every_other_instant_can_be_shown_everywhere(instant: datetime, zone: ZoneInfo) -> None:
    """Up to the ends of what is taken."""
    found = typed(instant.isoformat(), zone)
    assert shown_aoe(found)
    assert all(shown(found, other) for other in (BERLIN, SHANGHAI, ZoneInfo("Pacific/Apia"), ZoneInfo("Etc/GMT+12")))
