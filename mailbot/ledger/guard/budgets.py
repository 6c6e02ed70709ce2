"""Budgets: when the latest replies were written, of those that are counted together; files only checked, by day."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from mailbot.config.address import folded
from mailbot.ledger.guard.mailboxes import OF_OTHERS
from mailbot.ledger.guard.tables import checks
from mailbot.ledger.tables import mails, outbox
from mailbot.ledger.trail.rows import touch
from mailbot.model import AuthLevel

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from mailbot.ledger.engine import Tx
    from mailbot.model import Outcome

_ESCAPE = "/"
_SPECIAL = re.compile(f"[%_{_ESCAPE}]")


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


@dataclass(frozen=True, kw_only=True)
class Lately:
    """How many of our replies are due within a window or were: no fewer than those that are counted together."""

    in_all_hour: int
    to_domain_hour: int
    to_domain_day: int


def lately(tx: Tx, counted: Counted, *, domain: str, since: datetime, hour: datetime, day: datetime) -> Lately:
    """Count in one query the replies written since an instant that were due after those; to one domain among them.

    What became of the mails that they answer is not asked, as that takes longer than all else. It could only leave some
    out, and none of them to an address is more than to its domain: so whoever is within these counts is within every
    limit.
    """
    given = _given(counted, since, domain) | {"hour": hour, "day": day}
    return Lately(**tx.execute(_counts(_what(counted)), given).mappings().one())


def latest_reply(tx: Tx, counted: Counted, *, nth: int, since: datetime) -> datetime | None:
    """Return when the nth latest of our replies was or is due, of those written since an instant; None for fewer."""
    domain = counted.domain or counted.recipient.rpartition("@")[2]
    query = _latest(_what(counted), to_domain=bool(domain))
    given = _given(counted, since, domain)
    if not counted.recipient:
        due: datetime | None = tx.scalar(query.offset(sa.bindparam("before")).limit(1), given | {"before": nth - 1})
        return due
    mailbox = folded(counted.recipient)
    dues: Iterator[datetime] = (row.due_at for row in tx.execute(query, given) if folded(row.recipient) == mailbox)
    return next(islice(dues, nth - 1, None), None)


def _given(counted: Counted, since: datetime, domain: str) -> dict[str, object]:
    """Return what a statement is given."""
    given: dict[str, object] = {"since": since}
    given |= {"kind": counted.kind} if counted.kind else {}
    given |= {"outcomes": counted.outcomes} if counted.outcomes else {}
    return given | ({"domain": f"%@{_escaped(domain)}"} if domain else {})


_TO_DOMAIN = outbox.c.recipient.like(sa.bindparam("domain"), escape=_ESCAPE)


class _What(NamedTuple):
    """Which conditions a statement has; each statement is put together once."""

    of_team: bool
    kind: bool
    #: Whether the mails that are answered are of some outcomes, or of all others; None for any.
    among: bool | None
    proven: bool | None


def _what(counted: Counted) -> _What:
    among = counted.are_outcomes if counted.outcomes else None
    return _What(of_team=counted.of_team, kind=bool(counted.kind), among=among, proven=counted.proven)


@cache
def _latest(what: _What, *, to_domain: bool) -> sa.Select[Any]:
    """Return the statement for what is counted, the latest first."""
    query = sa.select(outbox.c.due_at, outbox.c.recipient).where(*([_TO_DOMAIN] if to_domain else []))
    return _of(query, what).order_by(outbox.c.due_at.desc())


@cache
def _counts(what: _What) -> sa.Select[Any]:
    """Return the statement of :func:`lately`."""
    in_hour, in_day = outbox.c.due_at > sa.bindparam("hour"), outbox.c.due_at > sa.bindparam("day")
    counts = {"in_all_hour": (in_hour,), "to_domain_hour": (in_hour, _TO_DOMAIN), "to_domain_day": (_TO_DOMAIN,)}
    columns: list[Any] = [sa.func.count().filter(*where).label(name) for name, where in counts.items()]
    counting: sa.Select[Any] = sa.select(*columns).select_from(outbox)
    return counting.where(*_written(what), in_day)


def _of(query: sa.Select[Any], what: _What) -> sa.Select[Any]:
    """Let a query see the replies that are counted alone."""
    where = _written(what)
    if what.among is not None:
        is_among = mails.c.outcome.in_(sa.bindparam("outcomes", expanding=True))
        where.append(is_among if what.among else ~is_among)
    if what.proven is not None:
        is_proven = sa.func.coalesce(mails.c.auth, AuthLevel.NONE) != AuthLevel.NONE
        where.append(is_proven if what.proven else ~is_proven)
    return query.outerjoin(mails, mails.c.id == outbox.c.mail_id).where(*where)


def _written(what: _What) -> list[sa.ColumnElement[bool]]:
    """Return what the outbox itself says of the replies that are counted."""
    to_teams = sa.and_(outbox.c.team_id.is_not(None), outbox.c.mail_id.is_not(None))
    to_others = sa.or_(sa.and_(outbox.c.team_id.is_(None), outbox.c.mail_id.is_not(None)), outbox.c.kind.in_(OF_OTHERS))
    where = [outbox.c.created_at >= sa.bindparam("since"), to_teams if what.of_team else to_others]
    return where + ([outbox.c.kind == sa.bindparam("kind")] if what.kind else [])


def _escaped(text: str) -> str:
    """Return a text as LIKE takes it for itself."""
    return _SPECIAL.sub(rf"{_ESCAPE}\g<0>", text)


def add_checks(tx: Tx, *, mail_id: int, team_id: int, files: Sequence[str], arrived_at: datetime) -> None:
    """Note the files of a mail, by their SHA-256."""
    row = {"mail_id": mail_id, "team_id": team_id, "arrived_at": arrived_at}
    if files:
        new = sa.insert(checks).returning(checks.c.id)
        touch(tx, "checks", *tx.scalars(new, [row | {"sha256": each} for each in files]))


def count_checks(tx: Tx, *, team_id: int, since: datetime, proven: bool) -> int:
    """Count the files of a team that were checked since an instant; those that it was proven to have sent, or all."""
    counting = sa.select(sa.func.count()).select_from(checks)
    counting = counting.where(checks.c.team_id == team_id, checks.c.arrived_at >= since)
    is_proven = sa.func.coalesce(mails.c.auth, AuthLevel.NONE) != AuthLevel.NONE
    return tx.scalar(counting.join(mails, mails.c.id == checks.c.mail_id).where(is_proven) if proven else counting) or 0
