"""Mails that came before: known by their marks however they were written anew, or moved or renumbered by a server."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from mailbot.ledger.guard.tables import marks
from mailbot.ledger.schema import inserted
from mailbot.ledger.tables import addresses, mails
from mailbot.ledger.trail.rows import wrote
from mailbot.model import Id, MailState, Outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from mailbot.ledger.engine import Tx
    from mailbot.ledger.mails import MailRow


def of_command(team_id: int, message_id: str) -> str:
    """Return the mark of a team's command: it is carried out once for its Message-ID."""
    return hashlib.sha256(f"command {team_id} {message_id}".encode()).hexdigest()


def of_delivery(team_id: int, message_id: str, said: Iterable[str]) -> str:
    """Return the mark of a team's mail by all that it says: a server that delivers it twice changes Received alone."""
    return hashlib.sha256("\n".join((f"delivery {team_id} {message_id}", *said)).encode()).hexdigest()


MOST_SENDER = 300
"""Characters of what a mail says it is from that are kept."""


def as_kept(senders: Collection[str]) -> str:
    """Return what is kept of the addresses that a mail says it is from."""
    return ", ".join(senders)[:MOST_SENDER]


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the ledger knows of a mail that is to be recorded."""

    #: Whether it is being worked on: neither waiting, nor recorded by somebody else meanwhile.
    is_working: bool
    #: The name of a recorded mail that is this very one; None when there is none.
    twin: str | None
    #: The marks that it has already.
    marks: frozenset[str]
    #: Whether an address that it was sent from is noted as one that takes no mail.
    from_bouncing: bool


def look(
    tx: Tx, row: MailRow, fingerprint: str, *, found: Collection[str], team_id: int | None, senders: Collection[str]
) -> Seen:
    """Look in one query for what a mail repeats, by its bytes, by what it says, and by the marks ``found`` on it.

    The same bytes that arrived at the same instant were moved by somebody. After a change of UIDVALIDITY every place
    of a mailbox is new (RFC 9051, section 2.3.1.1), and a server may have written the bytes anew, so there what the
    mail says decides. Another mail that bears one of the marks and was taken as its team's is the same sent again; not
    one of another team's and sender's, who may have put a signature that they saw on a mail of their own.
    """
    place = row.place
    given = {
        "id": row.id, "sha256": row.sha256, "arrived_at": row.arrived_at, "fingerprint": fingerprint,
        "mailbox": place.mailbox, "uidvalidity": place.uidvalidity, "marks": list(found), "senders": list(senders),
        "team_id": team_id, "sender": as_kept(senders),
    }  # fmt: skip
    by_what: dict[str, list[Any]] = {}
    for each in tx.execute(_LOOK, given):
        by_what.setdefault(each.what, []).append(each)
    recorded = [
        each for what in ("moved", "renumbered", "marked") for each in by_what.get(what, ())
        if each.id != row.id and each.state == MailState.RECORDED and each.outcome != Outcome.KNOWN
    ]  # fmt: skip
    same = [each.id for each in recorded if each.what != "marked"]
    again = [each.id for each in recorded if each.what == "marked" and each.outcome != Outcome.HELD]
    twin = min(same, default=None) or min(again, default=None)
    return Seen(
        is_working=[each.state for each in by_what.get("own", ())] == [MailState.WORKING],
        twin=Id.MAIL.of(twin) if twin else None,
        marks=frozenset(each.state for each in by_what.get("mark", ())),
        from_bouncing="bouncing" in by_what,
    )


def _part(
    what: str | sa.ColumnElement[str], number: sa.ColumnElement[Any], *others: sa.ColumnElement[Any]
) -> sa.Select[Any]:
    state, outcome = others
    named = (number.label("id"), state.label("state"), outcome.label("outcome"))
    named_so = sa.literal_column(f"'{what}'") if isinstance(what, str) else what
    return sa.select(named_so.label("what"), *named)


_MAIL = (mails.c.id, mails.c.state, mails.c.outcome)
_NONE = sa.cast(sa.null(), sa.Text)

_MARKED = sa.case(
    (
        sa.or_(mails.c.team_id == sa.bindparam("team_id"), mails.c.sender == sa.bindparam("sender")),
        sa.literal_column("'marked'"),
    ),
    else_=sa.literal_column("'foreign'"),
)
"""A team's mail, or one of the same sender's, who may have been on another team then."""

_LOOK = sa.union_all(  # were its parts to ask for the state too, SQLite would look through all mails of that state
    _part("own", *_MAIL).where(mails.c.id == sa.bindparam("id")),
    _part("moved", *_MAIL).where(
        mails.c.sha256 == sa.bindparam("sha256"), mails.c.arrived_at == sa.bindparam("arrived_at")
    ),
    _part("renumbered", *_MAIL).where(
        mails.c.fingerprint == sa.bindparam("fingerprint"),
        mails.c.mailbox == sa.bindparam("mailbox"),
        mails.c.uidvalidity != sa.bindparam("uidvalidity"),
    ),
    _part(_MARKED, *_MAIL)
    .join(marks, marks.c.mail_id == mails.c.id)
    .where(marks.c.mark.in_(sa.bindparam("marks", expanding=True))),
    _part("mark", marks.c.id, marks.c.mark, _NONE).where(marks.c.mail_id == sa.bindparam("id")),
    _part("bouncing", addresses.c.id, _NONE, _NONE).where(
        addresses.c.address.in_(sa.bindparam("senders", expanding=True)), addresses.c.bouncing_since.is_not(None)
    ),
)

_ADD = sa.insert(marks)


def add_marks(tx: Tx, mail_id: int, found: Collection[str], *, known: Collection[str]) -> None:
    """Keep the marks of a mail; one that was held has some of them already."""
    for mark in dict.fromkeys(found):
        if mark not in known:
            row = {"mail_id": mail_id, "mark": mark}
            wrote(tx, "marks", row | {"id": inserted(tx, _ADD, row)})
