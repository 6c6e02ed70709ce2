"""``python ahead.py SECONDS COMMAND...``: mailbot on a host whose clock is some seconds ahead, or behind."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta

from mailbot.config import calendar

_right = calendar.now
_shift = timedelta(seconds=int(sys.argv.pop(1)))


def _now() -> datetime:
    """Return what the wrong clock shows."""
    return _right() + _shift


calendar.now = _now  # whoever imports it from here on has this one

from mailbot.cli import main  # noqa: E402  # it must come after

if __name__ == "__main__":
    main()
