"""What a team has left of its quota on a track, with what the organizers granted it beyond."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot.intake.rules import Allowance
from mailbot.ledger import events, grants, submissions

if TYPE_CHECKING:
    from datetime import datetime

    from mailbot.intake.rules import Quota
    from mailbot.ledger import Tx
    from mailbot.model import Team

GRANTED = "quota-granted"
"""The kind of a grant in the audit trail; its subject is the team's name."""


def allowance(tx: Tx, quota: Quota, *, team_id: int, track: str, at: datetime) -> Allowance:
    """Return it for the week that holds an instant."""
    since, until = quota.week(at)
    used = submissions.used(tx, team_id=team_id, track=track, since=since, until=until)
    more = grants.more(tx, team_id=team_id, track=track, week=since)
    return Allowance(per_week=quota.per_week + more, used=used, renews_at=until)


def grant(tx: Tx, quota: Quota, team: Team, track: str, *, more: int, why: str, now: datetime) -> Allowance:
    """Let a team have more submissions accepted on a track in the week that holds ``now``; return what it has left."""
    grants.add(tx, team_id=team.id, track=track, week=quota.week(now)[0], more=more, why=why, now=now)
    events.append(tx, kind=GRANTED, subject=team.name, now=now, track=track, more=more, why=why)
    return allowance(tx, quota, team_id=team.id, track=track, at=now)
