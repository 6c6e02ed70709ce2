"""How long to wait before the next try."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mailbot.system import backoff

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 2.0), (2, 4.0), (3, 8.0), (7, 128.0), (8, 256.0), (9, 300.0), (10**9, 300.0)]
)
def test_the_delay_doubles_to_a_ceiling(attempts: int, seconds: float) -> None:
    """From the first on, and however many attempts there were."""
    assert backoff.delay(attempts, first=2.0, longest=300.0) == seconds


def test_a_delay_may_be_a_timedelta() -> None:
    """Such a one never outgrows what a timedelta can hold."""
    delays = [backoff.delay(attempts, first=MINUTE, longest=HOUR) for attempts in (1, 2, 6, 7, 10**9)]
    assert delays == [MINUTE, 2 * MINUTE, 32 * MINUTE, HOUR, HOUR]
