"""What is rung when; and that a clock that is set back silences nothing."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mailbot.config import load
from mailbot.config.calendar import next_after
from mailbot.config.schema import windows
from mailbot.daemon.schedule import Bells, Schedule, reminders

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mailbot.config.schema import Config

NOW = datetime(2026, 3, 12, 8, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CLOSES = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def bells() -> Iterator[Bells]:
    """Give the daemon's bells."""
    made = Bells()
    yield made
    for bell in made:
        bell.close()


def _config(folder: Path, **more: Any) -> Config:  # noqa: ANN401  # any TOML
    given: dict[str, Any] = {
        "preset": "siqa",
        "challenge": {"address": "s@siqa.example", "zone": "Europe/Berlin"},
        "tracks": {"siqa-s": {"labels": "labels.json"}},
        "phases": [{"name": "test", "closes": CLOSES}],
        "letters": {"remind_days": [7, 1]},
    }
    return load.build(given | more, base=folder)


def _schedule(folder: Path, bells: Bells, **more: Any) -> Schedule:  # noqa: ANN401  # arguments of any kind
    config = _config(folder)
    return Schedule(config, windows(config), bells, **more)


@pytest.mark.parametrize("publish_at", ["wed 10:00", "sun 00:30", "sat 23:59"])
def test_the_board_is_rung_at_its_weekly_instant(tmp_path: Path, bells: Bells, publish_at: str) -> None:
    """The instant is the one at which the ledger calls it due: on the challenge's clock, through summer and winter."""
    config = _config(tmp_path, board={"publish_at": publish_at})
    (line,) = [one for one in Schedule(config, [], bells).table(NOW) if one.name == "board"]
    assert line.rings == (bells.weekly,)
    for days in range(366):
        now = NOW + days * DAY + timedelta(seconds=1)
        due = next_after(config.board.publish_at, config.challenge.zone, now)
        assert line.trigger.get_next_fire_time(None, now) == due


def test_deadlines_and_reminders_are_rung(tmp_path: Path, bells: Bells) -> None:
    """Each that is still to come, on the day."""
    instants = [CLOSES - 7 * DAY, CLOSES - DAY, CLOSES]
    assert reminders(windows(_config(tmp_path)), [7, 1]) == instants
    for passed, now in enumerate([NOW, CLOSES - 7 * DAY, CLOSES - HOUR, CLOSES]):
        lines = [one for one in _schedule(tmp_path, bells).table(now) if one.name == "deadline"]
        assert [one.trigger.get_next_fire_time(None, now) for one in lines] == instants[passed:]
        assert all(one.rings == (bells.weekly,) for one in lines)


def test_the_other_times(tmp_path: Path, bells: Bells) -> None:
    """Retries twice a minute, care each minute, roster, reconciliation and trail each hour, retention each day."""
    schedule = _schedule(tmp_path, bells)
    lines = {one.name: one for one in schedule.table(NOW)}
    every = {name: lines[name].trigger.interval for name in lines.keys() - {"board", "deadline"}}
    assert every == {
        "retries": MINUTE / 2, "care": MINUTE, "roster": HOUR, "reconciliation": HOUR, "retention": DAY,
        "trail": HOUR,
    }  # fmt: skip
    assert lines["retries"].rings == (bells.intake, bells.sending)
    assert lines["care"].rings == (bells.care, bells.weekly, bells.sheet)
    assert lines["roster"].rings == (schedule.roster,)
    assert [name for name, line in lines.items() if line.at_start] == ["roster", "reconciliation", "retention", "trail"]


def test_what_is_due_is_rung_once(tmp_path: Path, bells: Bells) -> None:
    """At the start the hourly work; later what the time has come for; a ring that comes late comes once."""
    schedule = _schedule(tmp_path, bells, retry_seconds=0.05)
    schedule.start()
    assert (bells.mailbox.wait(0), bells.sheet.wait(0), bells.care.wait(0)) == (True, True, True)
    alarms = (schedule.roster, schedule.reconciliation, schedule.retention, schedule.trail)
    assert [alarm.take() for alarm in alarms] == [True] * 4
    assert not bells.intake.wait(0)
    time.sleep(0.2)
    assert 0 <= schedule.ring_due() <= 0.05
    assert (bells.intake.wait(0), bells.sending.wait(0)) == (True, True)
    assert not any(bell.wait(0) for bell in bells)
    assert not schedule.roster.take()
    schedule.stop()


def test_a_clock_that_was_ahead_silences_nothing(tmp_path: Path, bells: Bells) -> None:
    """Set back by a year, the next ring comes at once, not when that time comes again."""
    ahead = datetime.now(UTC) + timedelta(days=365)
    clock = [ahead]
    schedule = _schedule(tmp_path, bells, clock=lambda: clock[0])
    schedule.start()
    assert schedule.ring_due() > DAY.total_seconds()
    assert not schedule.roster.take()
    clock[0] = datetime.now(UTC)
    assert schedule.ring_due() <= 30
    assert schedule.roster.take()
    schedule.stop()
