"""Exponential backoff: how long to wait before the next try. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TypeVar

T = TypeVar("T", float, timedelta)

DOUBLINGS = 30
"""No delay is doubled more often: without an end it would outgrow any date."""


def delay(attempts: int, *, first: T, longest: T) -> T:
    """Return the delay after so many attempts, 1 or more: ``first``, then doubled each time, at most ``longest``.

    Whoever has many peers waits a random part of it, ``chance * delay(...)`` with ``chance`` in [0, 1): "full jitter",
    M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
    """
    return min(longest, first * (1 << min(attempts - 1, DOUBLINGS)))
