"""What is left of a team's quota of submissions, with grants beyond the rules: files and time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from mailbot.config.calendar import Allowance
from mailbot.ledger import events, submissions
from mailbot.ledger import teams as roster
from mailbot.ledger.tables import grants, teams
from mailbot.ledger.trail.rows import touch
from mailbot.model import name_key

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from mailbot.config.calendar import Quota
    from mailbot.ledger.engine import Tx
    from mailbot.model import Judged, Team


EXTENDED = "deadline-extended"
"""The kind of a moved deadline in the audit trail; its subject is the phase's name."""

GRANTED = "quota-granted"
"""The kind of a grant in the audit trail; its subject is the team's name."""


def allowance(
    tx: Tx, quota: Quota, *, team_id: int, track: str, at: datetime, phases: Collection[str] | None = None
) -> Allowance:
    """Return it for the week that holds an instant; of the submissions in some phases where they are named."""
    since, until = quota.week(at)
    given = {"team_id": team_id, "track": track, "since": since, "until": until}
    row = tx.execute(_query(in_phases=phases is not None), given | submissions.phases_given(phases)).one()
    return Allowance(per_week=quota.per_week + row.more, used=row.used, renews_at=until)


def before(
    tx: Tx, quota: Quota, judged: Judged, *, team_id: int, phase: str, at: datetime, phases: Collection[str] | None
) -> tuple[Allowance, int | None]:
    """Return in one query what a team may still have accepted before a file is, and what submission the file repeats.

    See :func:`allowance` and :func:`mailbot.ledger.submissions.find_same`.
    """
    since, until = quota.week(at)
    evaluation, values = judged.evaluation, judged.values_sha256
    query = _query(in_phases=phases is not None, same=(values is not None, evaluation.method is not None))
    given = {
        "team_id": team_id, "track": evaluation.track, "since": since, "until": until, "phase": phase,
        "same": values or judged.sha256,
    }  # fmt: skip
    given |= {} if evaluation.method is None else {"said": evaluation.method}
    row = tx.execute(query, given | submissions.phases_given(phases)).one()
    return Allowance(per_week=quota.per_week + row.more, used=row.used, renews_at=until), row.same


@cache
def _query(*, in_phases: bool, same: tuple[bool, bool] | None = None) -> sa.Select[Any]:
    """Return the statement of :func:`allowance`, and with ``same`` that of :func:`before`; each is built once."""
    of = (grants.c.team_id, grants.c.track, grants.c.week)
    mine = (column == sa.bindparam(name) for column, name in zip(of, ("team_id", "track", "since"), strict=True))
    its = sa.or_(grants.c.phase.is_(None), grants.c.phase.in_(sa.bindparam("phases", expanding=True)))
    own = (its,) if in_phases else ()
    more = sa.select(sa.func.coalesce(sa.func.sum(grants.c.more), 0)).where(*mine, *own)
    parts = {"used": submissions.count_used(in_phases=in_phases), "more": more}
    if same is not None:
        by_values, says_method = same
        parts["same"] = submissions.find_same(by_values=by_values, says_method=says_method)
    return sa.select(*(part.scalar_subquery().label(name) for name, part in parts.items()))


def grant(
    tx: Tx,
    quota: Quota,
    team: Team,
    track: str,
    *,
    more: int,
    why: str,
    now: datetime,
    phase: str | None = None,
    phases: Collection[str] | None = None,
) -> Allowance:
    """Let a team have more submissions accepted on a track in the week that holds ``now``; return what it has left.

    They count in a ``phase`` and in those whose submissions its quota counts too; None: in every phase of the week.
    """
    _add_grant(tx, team_id=team.id, track=track, week=quota.week(now)[0], more=more, why=why, now=now, phase=phase)
    of = {"phase": phase} if phase is not None else {}
    events.append(tx, kind=GRANTED, subject=team.name, now=now, track=track, more=more, why=why, **of)
    return allowance(tx, quota, team_id=team.id, track=track, at=now, phases=phases)


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
    return extensions_by_team(tx)(team)


def extensions_by_team(tx: Tx) -> Callable[[str | None], dict[str, datetime]]:
    """Return what gives the extensions for a team by its name, as :func:`extensions`; the trail is read once for all.

    A team keeps its time under another name, and brings it along when it is merged.
    """
    entries = [(entry.subject, json.loads(entry.detail)) for entry in events.listing(tx, kind=EXTENDED)]

    @cache
    def names() -> tuple[dict[str, str], dict[str, str]]:
        return roster.former_names(tx, roster.RENAMED), roster.former_names(tx)

    def of(team: str | None) -> dict[str, datetime]:
        renamed, former = names() if team and entries else ({}, {})
        found: dict[tuple[str, str | None], datetime] = {}
        for phase, detail in entries:
            whose = detail["team"] and renamed.get(name_key(detail["team"]), detail["team"])
            found[phase, whose] = datetime.fromisoformat(detail["until"])
        until: dict[str, datetime] = {}
        for (phase, whose), instant in found.items():
            if whose is None or (team and team in {whose, former.get(name_key(whose))}):
                until[phase] = max(instant, until.get(phase, instant))
        return until

    return of


@dataclass(frozen=True, kw_only=True)
class GrantRow:
    """A grant as the ledger knows it."""

    team: str
    track: str
    more: int
    why: str


def _add_grant(
    tx: Tx, *, team_id: int, track: str, week: datetime, more: int, why: str, now: datetime, phase: str | None
) -> None:
    """Let a team have so many more submissions accepted on a track in the week that begins at ``week``."""
    row = {
        "team_id": team_id, "track": track, "week": week, "more": more, "why": why, "granted_at": now, "phase": phase,
    }  # fmt: skip
    touch(tx, "grants", tx.execute(sa.insert(grants).values(**row).returning(grants.c.id)).scalar_one())


def grants_between(tx: Tx, since: datetime, until: datetime) -> list[GrantRow]:
    """Return the grants made from ``since`` until before ``until``, oldest first."""
    columns = (teams.c.name, grants.c.track, grants.c.more, grants.c.why)
    window = (grants.c.granted_at >= since, grants.c.granted_at < until)
    query = sa.select(*columns).join(teams, teams.c.id == grants.c.team_id).where(*window).order_by(grants.c.id)
    return [GrantRow(team=row.name, track=row.track, more=row.more, why=row.why) for row in tx.execute(query)]
