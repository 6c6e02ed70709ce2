"""How often replies may be written, so that nobody can make a cannon of them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class ReplyLimits:
    """At most so many replies in a window of time; the ledger counts, so a restart changes nothing."""

    per_address_hour: int = 10
    per_address_day: int = 30
    per_domain_hour: int = 60
    per_hour: int = 200


@dataclass(frozen=True, kw_only=True)
class Written:
    """How many replies were written of late."""

    to_address_hour: int
    to_address_day: int
    to_domain_hour: int
    hour: int


def exceeded(limits: ReplyLimits, written: Written) -> str | None:
    """Say which limit one more reply would pass, for the journal; None when it may be written."""
    table = (
        (written.to_address_hour, limits.per_address_hour, "an hour to one address"),
        (written.to_address_day, limits.per_address_day, "a day to one address"),
        (written.to_domain_hour, limits.per_domain_hour, "an hour to one domain"),
        (written.hour, limits.per_hour, "an hour in all"),
    )
    return next((f"{most} replies {window}" for count, most, window in table if count >= most), None)
