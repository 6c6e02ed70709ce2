"""When something that waits is due, also on a clock that somebody has set."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

LONGEST_WAIT = timedelta(days=1)
"""Nothing is made to wait so long; what seems to was entered when the clock was ahead."""


def is_due(due_at: sa.Column[Any], entered_at: sa.Column[Any], now: datetime) -> sa.ColumnElement[bool]:
    """Whether a row's time has come, or the clock was set back since: then nobody knows, and now is as good."""
    return sa.or_(due_at <= now, entered_at > now, due_at > now + LONGEST_WAIT)
