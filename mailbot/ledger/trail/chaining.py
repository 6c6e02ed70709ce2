"""The end of the audit trail's chain: entries are hashed over the last one, signed, and written.

A transaction that is held to the trail reads the last entry once: nobody else writes meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from mailbot.ledger.schema import inserted
from mailbot.ledger.tables import events
from mailbot.ledger.trail import rows
from scoring.trail import chain
from scoring.trail.chain import GENESIS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mailbot.ledger.engine import Tx


@dataclass(frozen=True, kw_only=True)
class Written:
    """An entry that is to be written."""

    at: datetime
    actor: str
    kind: str
    subject: str
    #: Canonical JSON.
    detail: str


class Last(NamedTuple):
    """The last entry of the trail, as far as the next one needs it."""

    id: int
    hash: str
    mac: str | None


_LAST = sa.select(events.c.id, events.c.hash, events.c.mac).order_by(events.c.id.desc()).limit(1)
_WRITE = sa.insert(events)


def last(tx: Tx) -> Last | None:
    """Return the last entry; None when there is none."""
    found: Last | None = tx.info.get(rows.LAST)
    if found is None and (row := tx.execute(_LAST).first()) is not None:
        found = Last(*row)
        _keep(tx, found)
    return found


def forget(tx: Tx) -> None:
    """Forget the last entry, as another was put behind it."""
    tx.info.pop(rows.LAST, None)


def write(tx: Tx, entry: Written) -> str:
    """Write an entry; return its hash."""
    values = _chained(tx, entry, _hash(last(tx)))
    _keep(tx, Last(inserted(tx, _WRITE, values), values["hash"], values["mac"]))
    return str(values["hash"])


def write_all(tx: Tx, entries: Iterable[Written]) -> None:
    """Write entries, each behind the one before, with one statement."""
    values, before = [], _hash(last(tx))
    for entry in entries:
        values.append(_chained(tx, entry, before))
        before = values[-1]["hash"]
    if values:
        tx.execute(_WRITE, values)
        forget(tx)


def _chained(tx: Tx, entry: Written, before: str) -> dict[str, Any]:
    """Return the columns of an entry, with its hash over the one before and its signature."""
    fields = {"actor": entry.actor, "kind": entry.kind, "subject": entry.subject, "detail": entry.detail}
    at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    digest = chain.hash_of(before, chain.read_entry({**fields, "at": at, "id": 0, "hash": ""}))
    secret = rows.secret(tx)
    mac = chain.signed(secret, digest) if secret is not None else None
    return {**fields, "at": entry.at, "hash": digest, "mac": mac}


def _hash(found: Last | None) -> str:
    return found.hash if found else GENESIS


def _keep(tx: Tx, found: Last) -> None:
    if rows.SECRET in tx.info:  # else nothing says when the next transaction of this connection begins
        tx.info[rows.LAST] = found
