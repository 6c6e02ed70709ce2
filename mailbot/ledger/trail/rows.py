"""The rows that decide, as entries of the audit trail tell of them: what a transaction has changed, and all there are.

Whoever changes such a row says so by :func:`touch`; the next entry of the transaction tells of it, or one of its own at
the end. What an address or a key is told by is keyed, so that nobody can guess it out of an export.
"""

from __future__ import annotations

import hashlib
import hmac
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from mailbot.ledger import tables
from mailbot.ledger.trail import beside
from scoring.trail import rows as told

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence

    from mailbot.ledger.engine import Tx

Digests = dict[str, str | None]
"""Digests of rows by their keys; None: it was taken out."""

Rows = dict[str, Digests]
"""The same by place."""

PENDING, SECRET, KNOWN = "mailbot.trail.pending", "mailbot.trail.secret", "mailbot.trail.known"  # names, not values
"""Where a connection has what its transaction changed, what gives the secret, and the secret once it was given."""

MADE = "digests"
"""Where it has, beside the rows of each table, digests that are made already."""

LAST = "mailbot.trail.last"
"""Where it has the trail's last entry, once its transaction has read or written it: nobody else writes meanwhile."""

PRIVATE = ("addresses", "team_keys")
"""Tables that an export shows nobody: only organizers can hold these to the trail."""

ORDER = "orders"
"""Under which the trail tells of the order of each team's addresses, by the team's id: the first one leads."""


_COLUMNS = {
    "scores": ("submission_id", "truth", "scorer"),
    "exclusions": ("team_id", "submission_id"),
    "truths": ("track", "sha256"),
    "selections": ("submission_id",),
    "addresses": ("address",),
    "authserv_checks": ("authserv_id",),
}
"""What rows are known by; else their id."""

PLACES = (*told.FIELDS, *PRIVATE, ORDER, *beside.BESIDE)
"""Under which entries tell of rows; those of scores have the labels and the formula behind them."""

_AT_ONCE = 500


def columns_of(table: str) -> tuple[str, ...]:
    """Return the columns that a row of a table is known by."""
    return _COLUMNS.get(table, ("id",))


def begin(tx: Tx, give: Callable[[Tx], bytes]) -> None:
    """Begin to note what a transaction changes; ``give`` returns the secret of the state folder, when it is needed."""
    tx.info[SECRET] = give
    for what in (KNOWN, LAST, PENDING):
        tx.info.pop(what, None)


def touch(tx: Tx, table: str, *keys: tuple[Hashable, ...] | Hashable) -> None:
    """Note that rows are new, changed or gone, each by its key: a value, or several for a key of several columns."""
    if SECRET in tx.info:  # else nothing holds this ledger to a trail
        _pending_in(tx, table).update((key if isinstance(key, tuple) else (key,), None) for key in keys)


def wrote(tx: Tx, table: str, row: Mapping[Any, Any]) -> None:
    """Note a row that is new or changed as the ledger gave it back (RETURNING): it need not be read again."""
    if SECRET in tx.info:
        _pending_in(tx, table)[tuple(row[name] for name in columns_of(table))] = row


def wrote_scores(tx: Tx, same: Mapping[str, Any], columns: Mapping[str, Any]) -> None:
    """Note many new scores: ``same`` has what they have in common, ``columns`` one value or more for each of them."""
    if SECRET not in tx.info:
        return
    ids = columns["submission_id"]
    place, _ = told.place_of("scores", {**same, "submission_id": ids[0]})
    made = tx.info.setdefault(PENDING, {}).setdefault(MADE, {})
    made[place] = {
        **made.get(place, {}),
        **dict(zip(map(str, ids), told.digests_of("scores", same, columns), strict=True)),
    }
    if secret(tx) is not None:
        made[_under("computed", "scores", place)] = _private(tx, beside.line_of("computed", "", same))


def returned(table: str) -> list[sa.Column[Any]]:
    """Return the columns that a statement must give back for :func:`wrote`."""
    of = tables.metadata.tables[table]
    names = (*columns_of(table), *told.FIELDS.get(table, ()), *beside.columns_of(table))
    return [of.c[name] for name in dict.fromkeys(names)]


def _pending_in(tx: Tx, table: str) -> dict[tuple[Hashable, ...], Mapping[Any, Any] | None]:
    """Return what is noted of a table, by key: the row as it is now, or None where it is to be read."""
    noted: dict[tuple[Hashable, ...], Mapping[Any, Any] | None] = tx.info.setdefault(PENDING, {}).setdefault(table, {})
    return noted


def touch_team(tx: Tx, team_id: int) -> None:
    """Note that everything of a team changes: to be called before it goes to another one, and after."""
    touch(tx, "teams", team_id)
    touch(tx, ORDER, team_id)
    for table in dict.fromkeys((*told.FIELDS, *PRIVATE, *beside.OF)):
        of = tables.metadata.tables[table]
        if "team_id" in of.c:
            columns = [of.c[name] for name in columns_of(table)]
            touch(tx, table, *(tuple(row) for row in tx.execute(sa.select(*columns).where(of.c.team_id == team_id))))


def has_pending(tx: Tx) -> bool:
    """Whether rows were changed that no entry has told of yet."""
    return bool(tx.info.get(PENDING))


def forget_pending(tx: Tx) -> None:
    """Leave out what was noted: nobody is to tell of it."""
    tx.info.pop(PENDING, None)


def pending(tx: Tx) -> dict[str, Any]:
    """Return the rows that the transaction has changed since it was asked last, as they are now, as entries tell it."""
    found: dict[str, Any] = {}
    noted = tx.info.pop(PENDING, {})
    made = noted.pop(MADE, {})
    for table, keys in noted.items():
        if table in {*PRIVATE, ORDER} and secret(tx) is None:
            continue
        if table == ORDER:
            ids = {team_id for (team_id,) in keys}
            found[ORDER] = {**{str(team_id): None for team_id in ids}, **_orders(tx, ids)}
            continue
        unread = [key for key, row in keys.items() if row is None]
        for each in unread:
            _gone(tx, table, dict(zip(columns_of(table), each, strict=True)), found)
        _digests(tx, table, (row for row in keys.values() if row is not None), found, of=beside.NOW)
        _digests(tx, table, _picked(tx, table, unread), found)
    for place, digests in made.items():
        found[place] = digests if isinstance(digests, str) else {**found.get(place, {}), **digests}
    return found


@contextmanager
def part(tx: Tx) -> Iterator[None]:
    """Begin a part of a transaction: should it fail, what it noted is forgotten, and what was noted before it stays."""
    before = {table: dict(keys) for table, keys in tx.info.get(PENDING, {}).items()}
    try:
        yield
    except BaseException:
        if not tx.invalidated:  # else the connection is lost, with what it knew
            tx.info.pop(LAST, None)
            tx.info[PENDING] = before
        raise


def all_of(tx: Tx, only: Iterable[str] = ()) -> Rows:
    """Return every row that decides, or those of some tables."""
    found: Rows = {}
    for table in _tables(only):
        if table in {*PRIVATE, ORDER} and secret(tx) is None:
            continue
        if table == ORDER:
            found[ORDER] = _orders(tx)
        else:
            found |= {place: {} for place in (table, *beside.OF.get(table, ())) if place in PLACES}
            _digests(tx, table, tx.execute(sa.select(tables.metadata.tables[table])).mappings(), found)
    return {place: rows for place, rows in found.items() if rows or place in PLACES}


def _tables(only: Iterable[str]) -> Iterable[str]:
    """Return the tables in which the rows of some places are, or of all."""
    return dict.fromkeys(beside.BESIDE[place].table if place in beside.BESIDE else place for place in only or PLACES)


def secret(tx: Tx) -> bytes | None:
    """Return the secret of the state folder; None for a ledger that was opened without it."""
    info = tx.info
    if SECRET not in info:
        return None
    if KNOWN not in info:
        info[KNOWN] = info[SECRET](tx)
    known: bytes = info[KNOWN]
    return known


def _picked(tx: Tx, table: str, keys: list[tuple[Hashable, ...]]) -> Iterator[Mapping[Any, Any]]:
    """Yield the rows of some keys; the first columns but one are few, so rows are asked for by the rest at once."""
    of, names = tables.metadata.tables[table], columns_of(table)
    groups: dict[tuple[Hashable, ...], list[Hashable]] = {}
    for key in keys:
        groups.setdefault(key[1:], []).append(key[0])
    for rest, firsts in groups.items():
        same = [
            of.c[name].is_(None) if value is None else of.c[name] == value
            for name, value in zip(names[1:], rest, strict=True)
        ]
        left = iter(firsts)
        while some := list(islice(left, _AT_ONCE)):
            yield from tx.execute(sa.select(of).where(of.c[names[0]].in_(some), *same)).mappings()


def _digests(
    tx: Tx,
    table: str,
    rows: Iterable[Mapping[Any, Any]],
    found: Rows,
    *,
    of: Mapping[str, Sequence[str]] = beside.OF,
) -> None:
    """Add the digests of rows, by place and key; ``of``: the places beside that are told of."""
    for row in rows:
        place, key = _place(tx, table, row)
        if table in PRIVATE:
            found.setdefault(place, {})[key] = _private(tx, _secret_line(table, row))
        elif table in told.FIELDS:
            found.setdefault(place, {})[key] = told.digest_of(table, _as_told(table, row))
        for name in of.get(table, ()):
            if _is_told(tx, name):
                line = beside.line_of(name, key, row)
                digest = beside.digest_of(line) if beside.BESIDE[name].public else _private(tx, line)
                found.setdefault(_under(name, table, place), {})[key] = digest


def _gone(tx: Tx, table: str, row: Mapping[Any, Any], found: Rows) -> None:
    """Note, until it is read, that a row of this key is not there."""
    place, key = _place(tx, table, row)
    if table in told.FIELDS or table in PRIVATE:
        found.setdefault(place, {})[key] = None
    for name in beside.OF.get(table, ()):
        if _is_told(tx, name):
            found.setdefault(_under(name, table, place), {})[key] = None


def _is_told(tx: Tx, name: str) -> bool:
    """Whether there is a key for what is told of beside a row, where it takes one."""
    return beside.BESIDE[name].public is not None or secret(tx) is not None


def _under(name: str, table: str, place: str) -> str:
    """Return the place beside that of a row: of scores it has the same labels and formula in it."""
    return name + place.removeprefix(table)


def _orders(tx: Tx, team_ids: Collection[Hashable] | None = None) -> Digests:
    """Return the digest of the order of addresses of each team that has some, or of some teams; keyed, as those are."""
    of = tables.addresses.c
    rows = tx.execute(sa.select(of.team_id, of.address).where(of.left_at.is_(None)).order_by(of.id))
    found: dict[int, list[str]] = {}
    for row in rows:
        if team_ids is None or row.team_id in team_ids:
            found.setdefault(row.team_id, []).append(row.address)
    return {str(team): _private(tx, f"order {team} {' '.join(addresses)}") for team, addresses in found.items()}


def _as_told(table: str, row: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Return a row with what is told of it; of a board that is the hash of its text, not the one noted beside it."""
    return {**row, "sha256": hashlib.sha256(row["board"].encode()).hexdigest()} if table == "boards" else row


def _place(tx: Tx, table: str, row: Mapping[Any, Any]) -> tuple[str, str]:
    if table == "addresses":
        return table, _private(tx, row["address"])
    if table in told.FIELDS:
        return told.place_of(table, row)
    return table, " ".join(str(row[name]) for name in columns_of(table))


def _secret_line(table: str, row: Mapping[Any, Any]) -> str:
    """Return what is told of a row that nobody else sees: whose it is, and whether still."""
    if table == "addresses":
        return f"{row['address']} {row['team_id']} {row['left_at'] is not None}"
    return f"{row['id']} {row['team_id']} {row['hash']} {row['ended_at'] is not None}"


def _private(tx: Tx, text: str) -> str:
    return hmac.digest(secret(tx) or b"", f"audit row {text}".encode(), "sha256").hex()[:32]
