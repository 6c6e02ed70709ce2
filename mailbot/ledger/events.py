"""The audit trail: append-only; each entry carries a hash over the one before, a signature, and the rows it changed."""

from __future__ import annotations

import json
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from mailbot.ledger.tables import events
from mailbot.ledger.trail import chaining, rows
from mailbot.ledger.trail.kinds import MEANINGS
from mailbot.model import Id
from scoring.trail import chain
from scoring.trail.chain import GENESIS, Mark
from scoring.trail.rows import ROWS, SEALED
from scoring.trail.rows import told as told_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from mailbot.ledger.engine import Tx

CHANGED = "rows-changed"
"""The kind of an entry that tells of rows alone, which a transaction changed after its last other entry."""

KINDS = frozenset(MEANINGS)
"""Every kind of entry that is written."""

STRANGER_FILE = "stranger-file"
"""The entry that a result file of an unknown sender came."""

INHERITED = "mailbox-inherited"
"""The entry that another host served the mailbox after the backup was made that this ledger comes from."""

actor: ContextVar[str] = ContextVar("actor", default="mailbot")
"""Who acts: mailbot itself, or the organizer who typed the command."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """An entry that is to be written, or was not, as what it tells of was done again."""

    kind: str
    subject: str
    detail: dict[str, Any]
    #: The row that it tells of, by its table; else those are told of that its transaction has changed.
    rows: Mapping[str, Any] | None = None


_muted: ContextVar[list[Told] | None] = ContextVar("muted", default=None)

_again: ContextVar[Mark | None] = ContextVar("again", default=None)


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
    #: The signature; None of an entry that an earlier version wrote.
    mac: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values; :func:`restore` takes them back."""
        plain = asdict(self) | {"at": self.at.astimezone(UTC).isoformat(timespec="microseconds")}
        return plain if self.mac else {name: value for name, value in plain.items() if name != "mac"}

    def link(self) -> chain.Entry:
        """Return it as a link of the chain."""
        return chain.read_entry(self.as_json())


@contextmanager
def muted() -> Iterator[list[Told]]:
    """Write no entries meanwhile, but give them: what is done again was entered when it was done first."""
    retold: list[Told] = []
    token = _muted.set(retold)
    try:
        yield retold
    finally:
        _muted.reset(token)


@contextmanager
def again(entry_id: int, digest: str) -> Iterator[None]:
    """Do again meanwhile what an entry tells of: what is written shows the trail's end as of then."""
    token = _again.set(Mark(entry=entry_id, hash=digest))
    try:
        yield
    finally:
        _again.reset(token)


def append(tx: Tx, *, kind: str, subject: str, now: datetime, **detail: Any) -> str:  # noqa: ANN401  # detail is any JSON
    """Write an entry and return its hash, the new head of the chain. Detail holds no personal address and no label.

    The entry also tells of the rows that the transaction has changed before it.
    """
    if (retold := _muted.get()) is not None:
        retold.append(Told(kind=kind, subject=subject, detail=detail))
        return head(tx)
    if kind != SEALED:
        seal_first(tx, now)
    return chaining.write(tx, _made(tx, Told(kind=kind, subject=subject, detail=detail), now))


def append_all(tx: Tx, told: Iterable[Told], *, now: datetime) -> None:
    """Write entries at once, each as :func:`append` does; the rows of each are its own alone."""
    if _muted.get() is not None:
        for each in told:
            append(tx, kind=each.kind, subject=each.subject, now=now, **each.detail)
        return
    seal_first(tx, now)
    chaining.write_all(tx, (_made(tx, each, now) for each in told))


def _made(tx: Tx, told: Told, now: datetime) -> chaining.Written:
    """Return an entry that tells of its own row, and of those that were changed."""
    for table, row in (told.rows or {}).items():
        rows.wrote(tx, table, row)
    changed = rows.pending(tx)
    detail = told.detail | ({ROWS: changed} if changed else {})
    text = json.dumps(detail, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return chaining.Written(at=now, actor=actor.get(), kind=told.kind, subject=told.subject, detail=text)


def kinds(tx: Tx) -> set[str]:
    """Return the kinds that an entry may have: those that are written now, and those of the trail."""
    return {*KINDS, *tx.scalars(sa.select(events.c.kind).distinct())}


def seal_first(tx: Tx, now: datetime) -> None:
    """Where entries of an earlier version stand and none is signed yet, tell of every row: from then on all are held.

    An unsigned entry behind a signed one is not passed over like this: somebody wrote it who has not the secret.
    """
    last = chaining.last(tx)
    if last is None or last.mac is not None or rows.secret(tx) is None:
        return
    if tx.scalar(sa.select(events.c.id).where(events.c.mac.is_not(None)).limit(1)) is None:
        seal(tx, now, upto=last.id, why="entries of an earlier version carry no signature")


def seal(tx: Tx, now: datetime, *, upto: int, why: str, **detail: Any) -> None:  # noqa: ANN401  # as of append
    """Write an entry that tells of every row there is; of the entries up to one, no signature is asked any more."""
    rows.forget_pending(tx)
    there = rows.all_of(tx)
    for place, known in told_rows(links(tx)).items():
        there.setdefault(place, {}).update({key: None for key in known if key not in there.get(place, {})})
    append(tx, kind=SEALED, subject="trail", now=now, upto=upto, why=why, **detail, **{ROWS: there})


def settle(tx: Tx) -> None:
    """Tell of the rows that no entry of the transaction has told of; to be called before it commits."""
    if _muted.get() is None and rows.has_pending(tx):
        append(tx, kind=CHANGED, subject="ledger", now=datetime.now(UTC))
    rows.forget_pending(tx)


def moment(tx: Tx) -> Mark:
    """Return the trail's present end, as receipts print it."""
    if (mark := _again.get()) is not None:
        return mark
    row = chaining.last(tx)
    return Mark(entry=row.id, hash=row.hash) if row else Mark(entry=0, hash=GENESIS)


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


def scores_told(tx: Tx) -> list[tuple[datetime, dict[str, float], str | None]]:
    """Return the scores that replies to ``status`` and letters told, by receipt; of letters also the truth.

    Oldest first. While a trail is replayed, those before the entry that is done again.
    """
    where = [events.c.kind.in_(("mail-recorded", "rescore-told")), events.c.detail.contains('"told":{')]
    where += [events.c.id < mark.entry] if (mark := _again.get()) is not None else []
    rows = tx.execute(sa.select(events.c.at, events.c.detail).where(*where).order_by(events.c.id))
    found = ((row.at, json.loads(row.detail)) for row in rows)
    return [(at, detail["told"], detail.get("truth")) for at, detail in found]


def sent(tx: Tx) -> set[str]:
    """Return by what mail or on what occasion each mail of ours was written that was sent (``OutgoingRow.of``)."""
    details = tx.scalars(sa.select(events.c.detail).where(events.c.kind == "reply-sent"))
    return {json.loads(text).get("of", "") for text in details}


def restore(tx: Tx, entry: Mapping[str, Any]) -> None:
    """Put an entry back exactly as it was."""
    tx.execute(sa.insert(events).values(**{**entry, "at": datetime.fromisoformat(entry["at"])}))
    chaining.forget(tx)


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
    row = chaining.last(tx)
    return row.hash if row else GENESIS


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


def told_until(tx: Tx) -> datetime | None:
    """Return until when whatever came due was told to the teams, as far as this ledger has to care.

    That is when the trail began, or until when another host served the mailbox whose backup this ledger is. None when
    the trail has no entry.
    """
    inherited = last(tx, kind=INHERITED)
    return datetime.fromisoformat(json.loads(inherited.detail)["until"]) if inherited else began(tx)


def happened(tx: Tx, *, kind: str, subject: str | None = None) -> bool:
    """Whether there is an entry of that kind, about that subject where one is given."""
    where = (events.c.kind == kind, *([events.c.subject == subject] if subject is not None else []))
    return tx.scalar(sa.select(events.c.id).where(*where).limit(1)) is not None


def finished(tx: Tx, *, before: datetime | None = None, phase: str | None = "") -> bool:
    """Whether final results were published, before an instant or at all; of a phase, None: of any."""
    told = [json.loads(one.detail) for one in listing(tx, kind="board-published") if before is None or one.at < before]
    return any(detail.get("final") and phase in {None, detail.get("phase", "")} for detail in told)


def first_broken(tx: Tx) -> int | None:
    """Return the id of the first entry that does not follow from the one before it; None when the chain holds."""
    found = chain.broken(links(tx))
    return found.entry if found else None


def links(tx: Tx) -> Iterator[chain.Entry]:
    """Yield the trail as the links of its chain."""
    for row in tx.execute(sa.select(events).order_by(events.c.id)).mappings():
        yield Entry(**row).link()
