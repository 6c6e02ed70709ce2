"""The audit trail: append-only, each entry carrying a hash over the one before."""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from mailbot.ledger.tables import events
from mailbot.model import Id

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from mailbot.ledger.engine import Tx

GENESIS = "0" * 64
"""What stands before the first entry."""

_WRITTEN = """
address-bounced answer-relayed authserv-checked board-published command deadline-extended dispute-ruled health
ledger-begun letters-queued letters-written likeness-found mail-approved mail-assigned mail-confirmed mail-dropped
mail-forwarded mail-recorded mail-retried-by-hand mail-set-aside mail-spooled mail-taken-up mails-dropped
quota-granted receipts-published registration-waits reminders-queued reply-given-up reply-resent
reply-retried-by-hand reply-sent reply-withheld rescore-told rescored roster-problems rules selected
submission-accepted submission-excluded submission-reinstated team-added team-asked team-confirmed team-excluded
team-forgotten team-key team-leader-set team-left team-letters team-merged team-reinstated team-renamed truth-chosen
"""

KINDS = frozenset(_WRITTEN.split())
"""Every kind of entry that is written."""

STRANGER_FILE = "stranger-file"
"""The entry that a result file of an unknown sender came."""

actor: ContextVar[str] = ContextVar("actor", default="mailbot")
"""Who acts: mailbot itself, or the organizer who typed the command."""


@dataclass(frozen=True, kw_only=True)
class Retold:
    """An entry that was not written, as what it tells of was done again."""

    kind: str
    subject: str
    detail: dict[str, Any]


_muted: ContextVar[list[Retold] | None] = ContextVar("muted", default=None)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An entry of the trail."""

    id: int
    at: datetime
    actor: str
    kind: str
    subject: str
    #: Canonical JSON.
    detail: str
    hash: str

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values; :func:`restore` takes them back."""
        return asdict(self) | {"at": self.at.astimezone(UTC).isoformat(timespec="microseconds")}


@contextmanager
def muted() -> Iterator[list[Retold]]:
    """Write no entries meanwhile, but give them: what is done again was entered when it was done first."""
    retold: list[Retold] = []
    token = _muted.set(retold)
    try:
        yield retold
    finally:
        _muted.reset(token)


def append(tx: Tx, *, kind: str, subject: str, now: datetime, **detail: Any) -> str:  # noqa: ANN401  # detail is any JSON
    """Write an entry and return its hash, the new head of the chain. Detail holds no personal address and no label."""
    if (retold := _muted.get()) is not None:
        retold.append(Retold(kind=kind, subject=subject, detail=detail))
        return head(tx)
    text = json.dumps(detail, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    entry = {"at": now, "actor": actor.get(), "kind": kind, "subject": subject, "detail": text}
    digest = _hash(head(tx), entry)
    tx.execute(sa.insert(events).values(**entry, hash=digest))
    return digest


def kinds(tx: Tx) -> set[str]:
    """Return the kinds that an entry may have: those that are written now, and those of the trail."""
    return {*KINDS, *tx.scalars(sa.select(events.c.kind).distinct())}


def since(tx: Tx, entry_id: int) -> list[Entry]:
    """Return the entries after the one of that id."""
    rows = tx.execute(sa.select(events).where(events.c.id > entry_id).order_by(events.c.id)).mappings()
    return [Entry(**row) for row in rows]


def listing(
    tx: Tx, *, since: datetime | None = None, kind: str | None = None, subjects: Collection[str] | None = None
) -> list[Entry]:
    """Return the entries from an instant on, of one kind, about any of these subjects, oldest first."""
    where = [] if since is None else [events.c.at >= since]
    where += [] if kind is None else [events.c.kind == kind]
    where += [] if subjects is None else [events.c.subject.in_(subjects)]
    rows = tx.execute(sa.select(events).where(*where).order_by(events.c.id)).mappings()
    return [Entry(**row) for row in rows]


def about(tx: Tx, subjects: Collection[str]) -> list[Entry]:
    """Return the entries about any of these subjects, oldest first."""
    return listing(tx, subjects=subjects)


def told(tx: Tx, mail_ids: Collection[int]) -> dict[str, float | None]:
    """Return the score that the reply to each submission of these mails told, by receipt."""
    names = [Id.MAIL.of(mail_id) for mail_id in mail_ids]
    recorded = (events.c.kind == "mail-recorded", events.c.subject.in_(names))
    details = tx.scalars(sa.select(events.c.detail).where(*recorded).order_by(events.c.id))
    return {one["receipt"]: one["score"] for text in details for one in json.loads(text)["submissions"]}


def sent(tx: Tx) -> set[str]:
    """Return by what mail or on what occasion each mail of ours was written that was sent (``OutgoingRow.of``)."""
    details = tx.scalars(sa.select(events.c.detail).where(events.c.kind == "reply-sent"))
    return {json.loads(text).get("of", "") for text in details}


def restore(tx: Tx, entry: Mapping[str, Any]) -> None:
    """Put an entry back exactly as it was."""
    tx.execute(sa.insert(events).values(**{**entry, "at": datetime.fromisoformat(entry["at"])}))


def has(tx: Tx, entry_id: int, digest: str) -> bool:
    """Whether an entry is there, with that hash."""
    return tx.scalar(sa.select(events.c.hash).where(events.c.id == entry_id)) == digest


def last(tx: Tx, *, kind: str) -> Entry | None:
    """Return the newest entry of a kind."""
    newest = sa.select(events).where(events.c.kind == kind).order_by(events.c.id.desc()).limit(1)
    row = tx.execute(newest).mappings().first()
    return Entry(**row) if row else None


def head(tx: Tx) -> str:
    """Return the hash of the last entry."""
    return tx.scalar(sa.select(events.c.hash).order_by(events.c.id.desc()).limit(1)) or GENESIS


def began(tx: Tx) -> datetime | None:
    """Return when the trail begins: since when this ledger is kept."""
    return tx.scalar(sa.select(events.c.at).order_by(events.c.id).limit(1))


def last_entered(tx: Tx) -> datetime | None:
    """Return the instant of the entry that was written last, whatever clock it was written by."""
    found: datetime | None = tx.scalar(sa.select(events.c.at).order_by(events.c.id.desc()).limit(1))
    return found


def last_at(tx: Tx) -> datetime | None:
    """Return the instant of the newest entry."""
    found: datetime | None = tx.scalar(sa.select(sa.func.max(events.c.at)))
    return found


def happened(tx: Tx, *, kind: str, subject: str | None = None) -> bool:
    """Whether there is an entry of that kind, about that subject where one is given."""
    where = (events.c.kind == kind, *([events.c.subject == subject] if subject is not None else []))
    return tx.scalar(sa.select(events.c.id).where(*where).limit(1)) is not None


def finished(tx: Tx, *, before: datetime, phase: str = "") -> bool:
    """Whether final results were published before an instant; of a phase, where phases have boards of their own."""
    published = [json.loads(entry.detail) for entry in listing(tx, kind="board-published") if entry.at < before]
    return any(detail.get("final") and detail.get("phase", "") == phase for detail in published)


def first_broken(tx: Tx) -> int | None:
    """Return the id of the first entry that does not follow from the one before it; None when the chain holds."""
    before = GENESIS
    for row in tx.execute(sa.select(events).order_by(events.c.id)).mappings():
        if row["hash"] != _hash(before, dict(row)):
            return int(row["id"])
        before = row["hash"]
    return None


def _hash(before: str, entry: Mapping[str, Any]) -> str:
    """SHA-256 over the hash before and the entry's fields, one to a line."""
    at = entry["at"].astimezone(UTC).isoformat(timespec="microseconds")
    lines = (before, at, entry["actor"], entry["kind"], entry["subject"], entry["detail"])
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
