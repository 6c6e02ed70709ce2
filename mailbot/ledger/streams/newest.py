"""Pages of the long tables, newest first: mails, submissions, our own mails, the audit trail.

A page is asked for by the id that it lies before (keyset pagination: https://use-the-index-luke.com/no-offset), and
looks at no more than :data:`SPAN` rows: a filter that hardly a row meets returns what it found so far, and how far
it looked. So no page costs more in a ledger of years than in one of a week.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import sqlalchemy as sa

from mailbot.ledger import mails, submissions, tables
from mailbot.ledger.events import Entry
from mailbot.ledger.outbox import OutgoingRow
from mailbot.model import MailState, Outcome, ReplyState, Status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mailbot.ledger.engine import Tx
    from mailbot.ledger.mails import MailRow
    from mailbot.ledger.submissions import SubmissionRow

T = TypeVar("T")

SPAN = 5_000
"""Rows that one page looks at, at the most."""

ROWS = 50
"""Rows of a page."""

LONGEST_WORDS = 100


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    """Some rows of a table, newest first."""

    rows: Sequence[T]
    #: The page that follows lies before this id; None where nothing is older.
    before: int | None
    #: Whether rows were found up to the page's size; else it ends where the look ended.
    full: bool


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which rows are wanted; what is None does not matter."""

    before: int | None = None
    rows: int = ROWS
    #: An outcome of a mail, or a status of a submission, of an outgoing mail, or the kind of an entry.
    what: str | None = None
    team_id: int | None = None
    track: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    #: Words that sender, subject, file, method or name hold.
    words: str = ""
    #: Who acted; in the audit trail.
    actor: str | None = None


def latest_mails(tx: Tx, limit: int) -> list[MailRow]:
    """Return the mails that were entered last, newest first."""
    return list(mail_page(tx, Wanted(rows=limit)).rows)


def waiting_mails(tx: Tx, what: Outcome | MailState, limit: int) -> list[MailRow]:
    """Return mails of an outcome, or in a state, newest first, however old they are: an index leads to them."""
    of = tables.mails.c
    where = (of.state == what,) if isinstance(what, MailState) else (of.outcome == what, of.state == MailState.RECORDED)
    return mails.with_ids(tx, list(tx.scalars(sa.select(of.id).where(*where).order_by(of.id.desc()).limit(limit))))


def given_up(tx: Tx, limit: int) -> list[OutgoingRow]:
    """Return mails of ours that were given up, newest first, without their text."""
    of = tables.outbox.c
    found = sa.select(of.id).where(of.state == ReplyState.GIVEN_UP).order_by(of.id.desc()).limit(limit)
    return _outgoing(tx, list(tx.scalars(found)))


def mail_page(tx: Tx, wanted: Wanted) -> Page[MailRow]:
    """Return mails; ``what`` is an :class:`Outcome`, or the state of a mail without one."""
    of = tables.mails.c
    where = [*_within(of.arrived_at, wanted), *_words(wanted, of.sender, of.subject)]
    if wanted.what is not None:
        where.append(_looked_at(of.outcome if wanted.what in set(Outcome) else of.state) == wanted.what)
    if wanted.team_id is not None:
        where.append(_looked_at(of.team_id) == wanted.team_id)
    if wanted.track is not None:
        its = (tables.submissions.c.mail_id == of.id, tables.submissions.c.track == wanted.track)
        where.append(sa.exists().where(*its))
    ids, before, full = _ids(tx, of.id, where, wanted)
    return Page(rows=mails.with_ids(tx, ids), before=before, full=full)


def submission_page(tx: Tx, wanted: Wanted) -> Page[SubmissionRow]:
    """Return submissions; ``what`` is a :class:`Status`."""
    of = tables.submissions.c
    where = [*_within(of.arrived_at, wanted), *_words(wanted, of.file_name, of.method)]
    where += [_looked_at(of.status) == Status(wanted.what)] if wanted.what in set(Status) else []
    where += [_looked_at(of.team_id) == wanted.team_id] if wanted.team_id is not None else []
    where += [_looked_at(of.track) == wanted.track] if wanted.track is not None else []
    ids, before, full = _ids(tx, of.id, where, wanted)
    rows = sorted(submissions.with_ids(tx, ids), key=lambda row: -row.id)
    return Page(rows=rows, before=before, full=full)


def outbox_page(tx: Tx, wanted: Wanted) -> Page[OutgoingRow]:
    """Return mails of ours without their text; ``what`` is a :class:`ReplyState`."""
    of = tables.outbox.c
    where = [*_within(of.created_at, wanted), *_words(wanted, of.recipient, of.subject)]
    where += [_looked_at(of.state) == ReplyState(wanted.what)] if wanted.what in set(ReplyState) else []
    where += [_looked_at(of.team_id) == wanted.team_id] if wanted.team_id is not None else []
    ids, before, full = _ids(tx, of.id, where, wanted)
    return Page(rows=_outgoing(tx, ids), before=before, full=full)


def _outgoing(tx: Tx, ids: Sequence[int]) -> list[OutgoingRow]:
    of = tables.outbox.c
    columns = [column for column in tables.outbox.columns if column.name != "message"]
    found = tx.execute(sa.select(*columns).where(of.id.in_(ids)).order_by(of.id.desc())).mappings()
    return [OutgoingRow(**{**row, "state": ReplyState(row["state"])}, message=b"") for row in found]


def event_page(tx: Tx, wanted: Wanted) -> Page[Entry]:
    """Return entries of the audit trail; ``what`` is their kind."""
    of = tables.events.c
    where = [*_within(of.at, wanted), *_words(wanted, of.subject, of.detail)]
    where += [_looked_at(of.kind) == wanted.what] if wanted.what else []
    where += [_looked_at(of.actor) == wanted.actor] if wanted.actor else []
    ids, before, full = _ids(tx, of.id, where, wanted)
    found = tx.execute(sa.select(tables.events).where(of.id.in_(ids)).order_by(of.id.desc())).mappings()
    return Page(rows=[Entry(**row) for row in found], before=before, full=full)


def _within(column: sa.ColumnElement[Any], wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    since = [_looked_at(column) >= wanted.since] if wanted.since else []
    return [*since, *([_looked_at(column) < wanted.until] if wanted.until else [])]


def _looked_at(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return a column that no index serves: else all rows of a team or a state would be read, not those of the span."""
    return sa.func.coalesce(column, column)


def _words(wanted: Wanted, *columns: sa.ColumnElement[Any]) -> list[sa.ColumnElement[bool]]:
    """Every word stands in one of the columns, whatever its case."""
    words = wanted.words[:LONGEST_WORDS].split()
    return [sa.or_(*(column.icontains(word, autoescape=True) for column in columns)) for word in words]


def _ids(
    tx: Tx, column: sa.ColumnElement[int], where: Sequence[sa.ColumnElement[bool]], wanted: Wanted
) -> tuple[list[int], int | None, bool]:
    """Return the ids of a page, what the next page lies before, and whether the page is full."""
    before = wanted.before if wanted.before is not None else (tx.scalar(sa.select(sa.func.max(column))) or 0) + 1
    lowest = max(before - SPAN, 0)
    query = sa.select(column).where(column < before, column >= lowest, *where).order_by(column.desc())
    ids = list(tx.scalars(query.limit(wanted.rows)))
    full = len(ids) == wanted.rows
    edge = ids[-1] if full else lowest
    return ids, (edge if edge > 1 else None), full
