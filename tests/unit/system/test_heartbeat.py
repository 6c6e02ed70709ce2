"""When a loop is late."""

from __future__ import annotations

from mailbot.system import heartbeat
from mailbot.system.heartbeat import Heartbeat


class Ticks:
    """Seconds that the test counts."""

    now = 0.0

    def __call__(self) -> float:
        """Tell them."""
        return self.now


def test_a_loop_is_late_when_it_is_silent_for_too_long() -> None:
    """A busy loop has its patience, a waiting one its wait besides; each beat counts anew."""
    ticks = Ticks()
    watched = Heartbeat(10, ticks)
    with watched.loop("intake"):
        ticks.now = 11
        assert watched.late() == ["intake"]
        heartbeat.beat("handling M-000001")
        assert watched.late() == []
        heartbeat.rest("idle", 30)
        ticks.now = 51
        assert watched.late() == []
        ticks.now = 51.5
        assert watched.status() == {"intake": {"doing": "idle", "seconds": 40.5, "late": True}}
    assert watched.late() == []


def test_outside_a_loop_nothing_is_noted() -> None:
    """The same steps serve `mailbot once`, which nobody watches."""
    heartbeat.beat("x")
    heartbeat.rest("x", 1)
    heartbeat.mark("x", "y")
