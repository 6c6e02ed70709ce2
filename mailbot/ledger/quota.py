"""What is left of quotas: of a team's submissions (with grants beyond the rules: files and time) and of our replies."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

import sqlalchemy as sa

from mailbot.config.address import folded
from mailbot.config.calendar import Allowance
from mailbot.ledger import events, submissions
from mailbot.ledger.guard.mailboxes import OF_OTHERS
from mailbot.ledger.tables import grants, mails, outbox, teams
from mailbot.model import AuthLevel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailbot.config.calendar import Quota
    from mailbot.ledger.engine import Tx
    from mailbot.model import Outcome, Team


EXTENDED = "deadline-extended"
"""The kind of a moved deadline in the audit trail; its subject is the phase's name."""

GRANTED = "quota-granted"
"""The kind of a grant in the audit trail; its subject is the team's name."""


def allowance(tx: Tx, quota: Quota, *, team_id: int, track: str, at: datetime) -> Allowance:
    """Return it for the week that holds an instant."""
    since, until = quota.week(at)
    used = submissions.used(tx, team_id=team_id, track=track, since=since, until=until)
    more = granted(tx, team_id=team_id, track=track, week=since)
    return Allowance(per_week=quota.per_week + more, used=used, renews_at=until)


def grant(tx: Tx, quota: Quota, team: Team, track: str, *, more: int, why: str, now: datetime) -> Allowance:
    """Let a team have more submissions accepted on a track in the week that holds ``now``; return what it has left."""
    _add_grant(tx, team_id=team.id, track=track, week=quota.week(now)[0], more=more, why=why, now=now)
    events.append(tx, kind=GRANTED, subject=team.name, now=now, track=track, more=more, why=why)
    return allowance(tx, quota, team_id=team.id, track=track, at=now)


@dataclass(frozen=True, kw_only=True)
class Extension:
    """A deadline that the organizers have moved, as the audit trail has it."""

    #: Name of the phase.
    phase: str
    until: datetime
    #: The team it is for; None: for all.
    team: str | None


def extend(tx: Tx, extension: Extension, *, why: str, now: datetime) -> None:
    """Move the end of a phase, for a team or for all; a later entry takes the place of an earlier one."""
    until = extension.until.astimezone(UTC).isoformat()
    events.append(tx, kind=EXTENDED, subject=extension.phase, now=now, team=extension.team, until=until, why=why)


def extensions(tx: Tx, team: str | None = None) -> dict[str, datetime]:
    """Return until when each phase is extended, by its name: for all, and for a team where one is named."""
    found: dict[tuple[str, str | None], datetime] = {}
    for entry in events.listing(tx, kind=EXTENDED):
        detail = json.loads(entry.detail)
        found[entry.subject, detail["team"]] = datetime.fromisoformat(detail["until"])
    until: dict[str, datetime] = {}
    for (phase, whose), instant in found.items():
        if whose in {None, team}:
            until[phase] = max(instant, until.get(phase, instant))
    return until


@dataclass(frozen=True, kw_only=True)
class GrantRow:
    """A grant as the ledger knows it."""

    team: str
    track: str
    more: int
    why: str


def _add_grant(tx: Tx, *, team_id: int, track: str, week: datetime, more: int, why: str, now: datetime) -> None:
    """Let a team have so many more submissions accepted on a track in the week that begins at ``week``."""
    row = {"team_id": team_id, "track": track, "week": week, "more": more, "why": why, "granted_at": now}
    tx.execute(sa.insert(grants).values(**row))


def granted(tx: Tx, *, team_id: int, track: str, week: datetime) -> int:
    """Return how many more a team may have on a track in a week."""
    where = (grants.c.team_id == team_id, grants.c.track == track, grants.c.week == week)
    return tx.scalar(sa.select(sa.func.sum(grants.c.more)).where(*where)) or 0


def grants_between(tx: Tx, since: datetime, until: datetime) -> list[GrantRow]:
    """Return the grants made from ``since`` until before ``until``, oldest first."""
    columns = (teams.c.name, grants.c.track, grants.c.more, grants.c.why)
    window = (grants.c.granted_at >= since, grants.c.granted_at < until)
    query = sa.select(*columns).join(teams, teams.c.id == grants.c.team_id).where(*window).order_by(grants.c.id)
    return [GrantRow(team=row.name, track=row.track, more=row.more, why=row.why) for row in tx.execute(query)]


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Which of our replies are counted together."""

    #: Replies to teams; else those to strangers, with what others had us write.
    of_team: bool
    #: Any kind when empty.
    kind: str = ""
    #: What became of the mails that they answer: one of these, or none of them.
    outcomes: tuple[Outcome, ...] = ()
    are_outcomes: bool = True
    #: Whether something proved who sent those mails; None for all.
    proven: bool | None = None
    recipient: str = ""
    domain: str = ""

    def to(self, *, recipient: str = "", domain: str = "") -> Counted:
        """Count those to one address, or to one domain."""
        return replace(self, recipient=recipient, domain=domain)


def latest_reply(tx: Tx, counted: Counted, *, nth: int, since: datetime) -> datetime | None:
    """Return when the nth latest of our replies was or is due, of those written since an instant; None for fewer."""
    to_teams = sa.and_(outbox.c.team_id.is_not(None), outbox.c.mail_id.is_not(None))
    to_others = sa.or_(sa.and_(outbox.c.team_id.is_(None), outbox.c.mail_id.is_not(None)), outbox.c.kind.in_(OF_OTHERS))
    where = [outbox.c.created_at >= since, to_teams if counted.of_team else to_others]
    where += [outbox.c.kind == counted.kind] if counted.kind else []
    domain = counted.domain or counted.recipient.rpartition("@")[2]
    where += [outbox.c.recipient.endswith(f"@{domain}", autoescape=True)] if domain else []
    if counted.outcomes:
        among = mails.c.outcome.in_(counted.outcomes)
        where.append(among if counted.are_outcomes else ~among)
    if counted.proven is not None:
        proven = sa.func.coalesce(mails.c.auth, AuthLevel.NONE) != AuthLevel.NONE
        where.append(proven if counted.proven else ~proven)
    query = sa.select(outbox.c.due_at, outbox.c.recipient).outerjoin(mails, mails.c.id == outbox.c.mail_id)
    found = tx.execute(query.where(*where).order_by(outbox.c.due_at.desc()))
    mailbox = folded(counted.recipient) if counted.recipient else ""
    dues: Iterator[datetime] = (row.due_at for row in found if not mailbox or folded(row.recipient) == mailbox)
    return next(islice(dues, nth - 1, None), None)
