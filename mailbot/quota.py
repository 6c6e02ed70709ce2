"""What a team has left of its quota on a track."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot.ledger import submissions
from mailbot.rules import Allowance

if TYPE_CHECKING:
    from datetime import datetime

    from mailbot.ledger import Tx
    from mailbot.rules import Quota


def allowance(tx: Tx, quota: Quota, *, team_id: int, track: str, at: datetime) -> Allowance:
    """Return it for the week that holds an instant."""
    since, until = quota.week(at)
    used = submissions.used(tx, team_id=team_id, track=track, since=since, until=until)
    return Allowance(per_week=quota.per_week, used=used, renews_at=until)
