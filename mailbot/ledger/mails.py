"""The mails: spooled once, claimed by one worker at a time, recorded once."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from mailbot.ledger import events
from mailbot.ledger.events import Told
from mailbot.ledger.mailbox import places
from mailbot.ledger.mailbox.places import Place
from mailbot.ledger.schema import is_due
from mailbot.ledger.tables import mails
from mailbot.ledger.trail.rows import returned, touch, wrote
from mailbot.model import AuthLevel, Id, MailState, Outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from mailbot.ledger.engine import Tx
    from mailbot.model import Verdict


@dataclass(frozen=True, kw_only=True)
class MailRow:
    """A mail as the ledger knows it."""

    id: int
    place: Place
    sha256: str
    size: int
    arrived_at: datetime
    state: MailState
    attempts: int
    outcome: Outcome | None
    reason: str | None
    team_id: int | None
    filed_to: str | None
    #: How sure it is who sent it, and why; None where nobody asked.
    auth: AuthLevel | None
    auth_why: str | None
    #: What the mail says of its sender and subject; None until it was opened.
    sender: str | None = None
    subject: str | None = field(default=None, repr=False)  # it may hold a code

    @property
    def name(self) -> str:
        """The mail's public name, as ``M-000007``."""
        return Id.MAIL.of(self.id)


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """A spooled mail that is to be entered."""

    place: Place
    sha256: str
    size: int
    arrived_at: datetime


def add(tx: Tx, place: Place, *, sha256: str, size: int, arrived_at: datetime, now: datetime) -> int | None:
    """Enter a spooled mail; see :func:`add_all`. None when its place is known already."""
    return add_all(tx, [Arrived(place=place, sha256=sha256, size=size, arrived_at=arrived_at)], now=now).get(place)


def add_all(tx: Tx, arrived: Sequence[Arrived], *, now: datetime) -> dict[Place, int]:
    """Enter spooled mails, and in the audit trail where and when each came; return the ids of those at new places."""
    known = places.rows_at(tx, [one.place for one in arrived])
    new = {one.place: one for one in arrived if one.place not in known}
    if not new:
        return {}
    entered = {"spooled_at": now, "due_at": now, "state": MailState.SPOOLED, "attempts": 0}
    tx.execute(_ADD, [{**_told(one), "arrived_at": one.arrived_at, **entered} for one in new.values()])
    there = places.rows_at(tx, new, *returned("mails"))
    events.append_all(tx, (_spooled(one, there[place]) for place, one in new.items()), now=now)
    return {place: int(there[place]["id"]) for place in new}


def _told(one: Arrived) -> dict[str, object]:
    return {**asdict(one.place), "sha256": one.sha256, "size": one.size}


def _spooled(one: Arrived, row: Mapping[Any, Any]) -> Told:
    """Return what the audit trail tells of a mail that was entered, and of its row."""
    detail = {"arrived_at": one.arrived_at.astimezone(UTC).isoformat(), **_told(one)}
    return Told(kind="mail-spooled", subject=Id.MAIL.of(row["id"]), detail=detail, rows={"mails": row})


_ADD = sa.insert(mails)


def due(tx: Tx, now: datetime) -> list[tuple[int, str, int]]:
    """Return id, SHA-256 and attempts of the mails that are due, in order of arrival."""
    its = sa.select(mails.c.id, mails.c.sha256, mails.c.attempts)
    query = its.where(mails.c.state == MailState.SPOOLED, is_due(mails.c.due_at, mails.c.spooled_at, now))
    return [(row.id, row.sha256, row.attempts) for row in tx.execute(query.order_by(mails.c.arrived_at, mails.c.id))]


def claim(tx: Tx, *, now: datetime, limit: int, only: Collection[int] | None = None) -> list[MailRow]:
    """Take the oldest mails that are due, or some of them, and count the attempt; commit before going on."""
    due = (
        sa.select(mails.c.id)
        .where(mails.c.state == MailState.SPOOLED, is_due(mails.c.due_at, mails.c.spooled_at, now))
        .where(mails.c.id.in_(only) if only is not None else sa.true())
        .order_by(mails.c.arrived_at, mails.c.id)
        .limit(limit)
    )
    ids = list(tx.scalars(due))
    if ids:
        tx.execute(
            sa.update(mails).where(mails.c.id.in_(ids)).values(state=MailState.WORKING, attempts=mails.c.attempts + 1)
        )
    return rows(tx, mails.c.id.in_(ids), by=(mails.c.arrived_at, mails.c.id)) if ids else []


def record(
    tx: Tx,
    mail_id: int,
    outcome: Outcome,
    *,
    team_id: int | None,
    reason: str | None,
    fingerprint: str | None = None,
    verdict: Verdict | None = None,
    sender: str = "",
    subject: str = "",
) -> None:
    """Mark a mail that is being worked on as recorded; ``verdict`` says how sure it is who sent it.

    ``sender`` and ``subject`` are what the mail itself says.
    """
    done = {"state": MailState.RECORDED, "outcome": outcome, "team_id": team_id, "reason": reason}
    done |= {"sender": sender, "subject": subject, "fingerprint": fingerprint}
    auth = {"auth": verdict.level, "auth_why": verdict.why} if verdict else {}
    if (row := tx.execute(_RECORD, {"mail": mail_id, **done, **auth}).mappings().first()) is not None:
        wrote(tx, "mails", row)


_WORKING = (mails.c.id == sa.bindparam("mail"), mails.c.state == MailState.WORKING)
_RECORD = sa.update(mails).where(*_WORKING).returning(*returned("mails"))


def put_back(tx: Tx, mail_id: int, *, due_at: datetime, reason: str, counted: bool = True) -> None:
    """Make a mail wait for another attempt; unless this one is ``counted``, it is as if it had not been."""
    working = (mails.c.id == mail_id, mails.c.state == MailState.WORKING)
    waiting = {"state": MailState.SPOOLED, "due_at": due_at, "reason": reason}
    attempts = {} if counted else {"attempts": mails.c.attempts - 1}
    tx.execute(sa.update(mails).where(*working).values(**waiting, **attempts))


def hasten(tx: Tx, reason: str, now: datetime) -> int:
    """Make mails due that wait, or were set aside, for a reason, told by how it begins; return how many there are."""
    states = (MailState.SPOOLED, MailState.SET_ASIDE)
    waiting = (mails.c.state.in_(states), mails.c.reason.startswith(reason, autoescape=True))
    return tx.execute(sa.update(mails).where(*waiting).values(**_afresh(now))).rowcount


def set_aside(tx: Tx, mail_id: int, *, reason: str, trace: str | None = None) -> None:
    """Keep a mail whole for an organizer and go on without it."""
    working = (mails.c.id == mail_id, mails.c.state == MailState.WORKING)
    tx.execute(sa.update(mails).where(*working).values(state=MailState.SET_ASIDE, reason=reason, trace=trace))


def retry(tx: Tx, mail_id: int, now: datetime) -> None:
    """Make a mail that was set aside due again, with all its attempts."""
    aside = (mails.c.id == mail_id, mails.c.state == MailState.SET_ASIDE)
    tx.execute(sa.update(mails).where(*aside).values(**_afresh(now)))


def _afresh(now: datetime) -> dict[str, object]:
    return {"state": MailState.SPOOLED, "attempts": 0, "due_at": now, "filed_to": None}


def drop(tx: Tx, mail_id: int, _now: datetime) -> None:
    """Settle that nothing is to be done about a mail that was set aside."""
    aside = (mails.c.id == mail_id, mails.c.state == MailState.SET_ASIDE)
    touch(tx, "mails", mail_id)
    tx.execute(sa.update(mails).where(*aside).values(state=MailState.RECORDED, outcome=Outcome.DROPPED))


def trace(tx: Tx, mail_id: int) -> str | None:
    """Return where our code failed on a mail."""
    return tx.scalar(sa.select(mails.c.trace).where(mails.c.id == mail_id))


def release(tx: Tx, only: Collection[int] | None = None) -> None:
    """Make mails due again, all or some, whose attempt was cut short by us, as if there had been none."""
    working = sa.update(mails).where(mails.c.state == MailState.WORKING)
    some = working if only is None else working.where(mails.c.id.in_(only))
    tx.execute(some.values(state=MailState.SPOOLED, attempts=mails.c.attempts - 1))


def recover(tx: Tx, *, attempts: int) -> int:
    """Make mails that a dead process was working on due again; return how many.

    One that was under way at ``attempts`` deaths may be what kills us: it is set aside.
    """
    died = sa.update(mails).where(mails.c.state == MailState.WORKING)
    reason = "the process died while working on it"
    aside = tx.execute(died.where(mails.c.attempts >= attempts).values(state=MailState.SET_ASIDE, reason=reason))
    return aside.rowcount + tx.execute(died.values(state=MailState.SPOOLED, reason=reason)).rowcount


def to_file(tx: Tx, mailbox: str, uidvalidity: int) -> list[MailRow]:
    """Return the mails of a mailbox whose state is final and that still lie where they were fetched."""
    final = mails.c.state.in_([MailState.RECORDED, MailState.SET_ASIDE])
    return rows(tx, final, mails.c.filed_to.is_(None), mails.c.mailbox == mailbox, mails.c.uidvalidity == uidvalidity)


def filed(tx: Tx, mail_ids: Sequence[int], folder: str) -> None:
    """Note that mails were moved to a folder."""
    tx.execute(sa.update(mails).where(mails.c.id.in_(mail_ids)).values(filed_to=folder))


def listing(tx: Tx, states: Iterable[MailState] = tuple(MailState)) -> list[MailRow]:
    """Return the mails in the given states, in order of arrival."""
    return rows(tx, mails.c.state.in_(list(states)), by=(mails.c.arrived_at, mails.c.id))


def with_ids(tx: Tx, ids: Sequence[int]) -> list[MailRow]:
    """Return the mails of these ids, the newest first."""
    return rows(tx, mails.c.id.in_(ids), by=(mails.c.id.desc(),))


def get(tx: Tx, mail_id: int) -> MailRow | None:
    """Return one mail."""
    return next(iter(rows(tx, mails.c.id == mail_id)), None)


def at(tx: Tx, place: Place) -> MailRow:
    """Return the mail of a place that is known to be in the ledger."""
    where = (mails.c.mailbox == place.mailbox, mails.c.uidvalidity == place.uidvalidity, mails.c.uid == place.uid)
    return rows(tx, *where)[0]


def count(tx: Tx, *, state: MailState | None = None) -> int:
    """Count the mails, or those in one state."""
    query = sa.select(sa.func.count()).select_from(mails)
    return tx.scalar(query.where(mails.c.state == state) if state else query) or 0


def overdue(tx: Tx, before: datetime) -> int:
    """Count the mails that are not settled although they were due before an instant."""
    waiting = mails.c.state.in_([MailState.SPOOLED, MailState.WORKING])
    return tx.scalar(sa.select(sa.func.count()).select_from(mails).where(waiting, mails.c.due_at < before)) or 0


def digests(tx: Tx) -> list[str]:
    """Return the SHA-256 of every mail, each once: the names of what the spool must hold."""
    return list(tx.scalars(sa.select(mails.c.sha256).distinct().order_by(mails.c.sha256)))


def unfinished(tx: Tx, *, before: datetime | None = None) -> int:
    """Count the mails whose state is not final, of those that arrived before an instant if one is given."""
    query = (
        sa.select(sa.func.count()).select_from(mails).where(mails.c.state.in_([MailState.SPOOLED, MailState.WORKING]))
    )
    return tx.scalar(query.where(mails.c.arrived_at < before) if before else query) or 0


def rows(
    tx: Tx, *where: sa.ColumnElement[bool], by: Sequence[sa.ColumnElement[object]] = (mails.c.id,)
) -> list[MailRow]:
    """Return the mails that meet conditions, in some order."""
    found = tx.execute(sa.select(mails).where(*where).order_by(*by))
    return [
        MailRow(
            id=row.id,
            place=Place(mailbox=row.mailbox, uidvalidity=row.uidvalidity, uid=row.uid),
            sha256=row.sha256,
            size=row.size,
            arrived_at=row.arrived_at,
            state=MailState(row.state),
            attempts=row.attempts,
            outcome=Outcome(row.outcome) if row.outcome else None,
            reason=row.reason,
            team_id=row.team_id,
            filed_to=row.filed_to,
            auth=AuthLevel(row.auth) if row.auth else None,
            auth_why=row.auth_why,
            sender=row.sender,
            subject=row.subject,
        )
        for row in found
    ]
