"""What was observed: counts for the digest, the health of each component, servers that vouch for senders."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from mailbot.ledger.tables import authserv_checks, events, health, mails, outbox, pauses, submissions, teams
from mailbot.ledger.trail.rows import touch
from mailbot.model import Id, Outcome, ReplyState, Status

if TYPE_CHECKING:
    from datetime import datetime

    from mailbot.ledger.engine import Tx


def mails_by_outcome(tx: Tx, since: datetime, until: datetime) -> Counter[Outcome]:
    """Count the recorded mails that arrived in a window, by outcome."""
    window = (mails.c.arrived_at >= since, mails.c.arrived_at < until, mails.c.outcome.is_not(None))
    rows = tx.execute(sa.select(mails.c.outcome, sa.func.count()).where(*window).group_by(mails.c.outcome))
    return Counter({Outcome(outcome): count for outcome, count in rows})


def submissions_by_status(tx: Tx, since: datetime, until: datetime) -> Counter[Status]:
    """Count the submissions that arrived in a window, by status."""
    window = (submissions.c.arrived_at >= since, submissions.c.arrived_at < until)
    rows = tx.execute(sa.select(submissions.c.status, sa.func.count()).where(*window).group_by(submissions.c.status))
    return Counter({Status(status): count for status, count in rows})


def problems_by_code(tx: Tx, since: datetime, until: datetime) -> Counter[str]:
    """Count the refused submissions that arrived in a window by the codes of their problems, each once."""
    window = (submissions.c.arrived_at >= since, submissions.c.arrived_at < until)
    refused = tx.scalars(sa.select(submissions.c.problems).where(*window, submissions.c.status == Status.REFUSED))
    return Counter(code for problems in refused for code in dict.fromkeys(problem["code"] for problem in problems))


def entries_by_kind(tx: Tx, since: datetime, until: datetime) -> Counter[str]:
    """Count the entries of the audit trail in a window, by kind."""
    window = (events.c.at >= since, events.c.at < until)
    rows = tx.execute(sa.select(events.c.kind, sa.func.count()).where(*window).group_by(events.c.kind))
    return Counter({row.kind: row[1] for row in rows})


def acts_of_people(tx: Tx, since: datetime, until: datetime, *, own: str) -> Counter[str]:
    """Count the entries of a window that somebody else than ``own``, mailbot itself, brought about, by kind."""
    window = (events.c.at >= since, events.c.at < until, events.c.actor != own)
    rows = tx.execute(sa.select(events.c.kind, sa.func.count()).where(*window).group_by(events.c.kind))
    return Counter({row.kind: row[1] for row in rows})


def subjects(tx: Tx, since: datetime, until: datetime, *, kind: str) -> list[str]:
    """Return what the entries of one kind in a window are about, each once."""
    window = (events.c.at >= since, events.c.at < until, events.c.kind == kind)
    return list(dict.fromkeys(tx.scalars(sa.select(events.c.subject).where(*window).order_by(events.c.id))))


def given_up(tx: Tx, since: datetime) -> int:
    """Count our mails written since an instant that could not be sent; those withheld on purpose were never tried."""
    where = (outbox.c.created_at >= since, outbox.c.state == ReplyState.GIVEN_UP, outbox.c.attempts > 0)
    return tx.scalar(sa.select(sa.func.count()).select_from(outbox).where(*where)) or 0


def sent_since(tx: Tx, since: datetime) -> bool:
    """Whether a mail of ours was taken since an instant."""
    where = (outbox.c.state == ReplyState.SENT, outbox.c.sent_at > since)
    return tx.scalar(sa.select(outbox.c.id).where(*where).limit(1)) is not None


def submissions_by_track(tx: Tx) -> dict[tuple[str, Status], int]:
    """Count all submissions by track ("" where no track could be told) and status."""
    columns = (submissions.c.track, submissions.c.status)
    rows = tx.execute(sa.select(*columns, sa.func.count()).group_by(*columns))
    return {(row.track or "", Status(row.status)): row[2] for row in rows}


def busiest(tx: Tx, since: datetime, until: datetime, *, limit: int) -> list[tuple[int, str, str]]:
    """Return id and name of the teams with most submissions accepted on a track in a window, and the track."""
    window = (submissions.c.arrived_at >= since, submissions.c.arrived_at < until)
    one = (teams.c.id, teams.c.name, submissions.c.track)
    query = (
        sa.select(*one)
        .join(teams, teams.c.id == submissions.c.team_id)
        .where(*window, submissions.c.status == Status.ACCEPTED)
        .group_by(*one)
        .order_by(sa.func.count().desc(), teams.c.name, submissions.c.track)
        .limit(limit)
    )
    return [(row.id, row.name, row.track) for row in tx.execute(query)]


@dataclass(frozen=True, kw_only=True)
class HealthRow:
    """One part of the service."""

    part: str
    ok: bool
    #: Since when it is as it is.
    since: datetime
    seen_at: datetime
    detail: str


def note_health(tx: Tx, part: str, *, ok: bool, detail: str, now: datetime) -> bool:
    """Note how a part does; tell whether that is a change. A part that is well from the start has not changed."""
    before = tx.execute(sa.select(health).where(health.c.part == part)).first()
    if before is None:
        tx.execute(sa.insert(health).values(part=part, ok=ok, since=now, seen_at=now, detail=detail))
        return not ok
    changed = bool(before.ok != ok)
    values = {"ok": ok, "since": now if changed else before.since, "seen_at": now, "detail": detail}
    tx.execute(sa.update(health).where(health.c.part == part).values(**values))
    return changed


def health_of_parts(tx: Tx) -> list[HealthRow]:
    """Return every part, by name."""
    rows = tx.execute(sa.select(health).order_by(health.c.part))
    return [HealthRow(part=r.part, ok=r.ok, since=r.since, seen_at=r.seen_at, detail=r.detail) for r in rows]


@dataclass(frozen=True, kw_only=True)
class Pause:
    """What is not tried for a while."""

    #: In vain, since.
    attempts: int
    since: datetime
    due_at: datetime


def pause_of(tx: Tx, name: str) -> Pause | None:
    """Return the pause of what has failed and did not succeed since; it may be over."""
    row = tx.execute(sa.select(pauses).where(pauses.c.name == name)).first()
    return Pause(attempts=row.attempts, since=row.since, due_at=row.due_at) if row else None


def pause(tx: Tx, name: str, found: Pause) -> None:
    """Make something wait."""
    end_pause(tx, name)
    values = {"attempts": found.attempts, "since": found.since, "due_at": found.due_at}
    tx.execute(sa.insert(pauses).values(name=name, **values))


def end_pause(tx: Tx, name: str) -> bool:
    """Note that it works again; tell whether it had not."""
    return tx.execute(sa.delete(pauses).where(pauses.c.name == name)).rowcount > 0


def note_authserv(tx: Tx, authserv_id: str, *, forged: bool, now: datetime) -> None:
    """Note what the last check of a server's name found."""
    touch(tx, "authserv_checks", authserv_id)
    tx.execute(sa.delete(authserv_checks).where(authserv_checks.c.authserv_id == authserv_id))
    tx.execute(sa.insert(authserv_checks).values(authserv_id=authserv_id, forged=forged, checked_at=now))


def checked_authservs(tx: Tx) -> dict[str, bool]:
    """Return for each name that was checked whether a forged result came through."""
    return {row.authserv_id: row.forged for row in tx.execute(sa.select(authserv_checks))}


def distrusted_authservs(tx: Tx) -> frozenset[str]:
    """Return the names under which a forged result came through: their results count for nothing."""
    return frozenset(name for name, forged in checked_authservs(tx).items() if forged)


@dataclass(frozen=True, kw_only=True)
class Unanswered:
    """A mail that nobody was answered."""

    mail: str
    sender: str
    subject: str
    outcome: Outcome
    reason: str


def unanswered(tx: Tx, since: datetime, until: datetime) -> list[Unanswered]:
    """Return the mails that arrived in a window, were recorded, and got no mail of ours; the oldest first.

    A mail that confirms another is answered by that one's receipt.
    """
    window = (mails.c.arrived_at >= since, mails.c.arrived_at < until, mails.c.outcome.is_not(None))
    answered = sa.exists().where(outbox.c.mail_id == mails.c.id)
    query = sa.select(mails).where(*window, mails.c.outcome != Outcome.CONFIRMED, ~answered).order_by(mails.c.id)
    return [
        Unanswered(
            mail=Id.MAIL.of(row.id),
            sender=row.sender or "",
            subject=row.subject or "",
            outcome=Outcome(row.outcome),
            reason=row.reason or "",
        )
        for row in tx.execute(query)
    ]
