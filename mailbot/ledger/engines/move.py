"""Move a ledger from one engine to another: every row, and every id that was ever given out.

One transaction of the target: it has all of the ledger or nothing. Before it commits, each table is read back and held
to the source. The source is only read.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import DataError

from mailbot.errors import Permanent
from mailbot.ledger import engine
from mailbot.ledger.engines.leads import leads
from mailbot.ledger.tables import metadata
from mailbot.system import crash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mailbot.ledger.engine import Ledger, Tx

AT_ONCE = 500
"""So many rows are read and written with one statement."""

BYTEWISE = frozenset({"C", "POSIX", "C.UTF-8", "C.utf8", "ucs_basic"})
"""Orders of texts in PostgreSQL that are SQLite's: by bytes."""

_HASH_BYTES = 32
_SPACE = 1 << 8 * _HASH_BYTES


def move(source: Ledger, target: Ledger, told: Callable[[str, int], None] = lambda *_: None) -> dict[str, int]:
    """Bring a whole ledger into another database, which must have no tables; return how many rows each table has.

    ``told`` is called after each table. Raises Permanent when the source is of another version, when the target holds
    something or sorts texts in an order of its own, or when a row cannot be kept there; nothing is left there then.
    """
    head = engine.newest_version(engine.MIGRATIONS)
    with source.read() as theirs:
        found = engine.present_version(theirs)
        if found != head:
            message = f"the ledger is of version {found} of its tables, ours is {head}: call `mailbot status` first"
            raise Permanent(message)
        with target.write("migrate-ledger") as ours:
            _verify_room(ours)
            engine.create(ours, head)
            counts = {}
            for table in metadata.sorted_tables:
                if table is leads:
                    continue  # who leads on the one has no say on the other
                counts[table.name] = _copy(theirs, ours, table)
                told(table.name, counts[table.name])
                crash.point("migrate-ledger.table")
            _keep_ids(theirs, ours)
    return counts


def _verify_room(tx: Tx) -> None:
    """Raise Permanent unless nothing is there, and texts are ordered as everywhere else."""
    names = sa.inspect(tx).get_table_names()
    if names:
        message = (
            f"the target holds {len(names)} tables already ({', '.join(sorted(names)[:3])}): name an empty database"
        )
        raise Permanent(message)
    if tx.dialect.name == "postgresql":
        query = "SELECT datcollate, pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()"
        order, encoding = tx.exec_driver_sql(query).one()
        if order not in BYTEWISE or encoding != "UTF8":
            message = (
                f"the target sorts texts by {order} in {encoding}, so that lists would change their order: make it by "
                "`createdb --template template0 --encoding UTF8 --locale C NAME`"
            )
            raise Permanent(message)


def _copy(theirs: Tx, ours: Tx, table: sa.Table) -> int:
    """Copy the rows of a table; return how many. Raises Permanent when what was written reads otherwise."""
    count, before = 0, bytes(_HASH_BYTES)
    for rows in _rows(theirs, table):
        try:
            ours.execute(sa.insert(table), rows)
        except (DataError, ValueError) as error:  # a NUL in a text, a number that is too large
            message = f"the rows {count + 1} to {count + len(rows)} of {table.name} cannot be kept there: {error}"
            raise Permanent(message.partition("\n")[0]) from error
        count, before = count + len(rows), _added(before, rows)
    after, kept = bytes(_HASH_BYTES), 0
    for rows in _rows(ours, table):
        kept, after = kept + len(rows), _added(after, rows)
    if (kept, after) != (count, before):
        message = f"{table.name} reads otherwise there ({kept} of {count} rows): nothing was moved"
        raise Permanent(message)
    return count


def _rows(tx: Tx, table: sa.Table) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of a table in pieces; ``tx`` reads nothing else meanwhile."""
    query = sa.select(table).order_by(*table.primary_key.columns).execution_options(yield_per=AT_ONCE)
    for part in tx.execute(query).mappings().partitions():
        yield [dict(row) for row in part]


def _added(digest: bytes, rows: list[dict[str, Any]]) -> bytes:
    """Add rows to a digest of rows that says nothing of their order."""
    total = int.from_bytes(digest)
    for row in rows:
        total += int.from_bytes(hashlib.sha256(_plain(row)).digest())
    return (total % _SPACE).to_bytes(_HASH_BYTES)


def _plain(row: Mapping[str, Any]) -> bytes:
    """Return a row as bytes that are the same whichever engine gave it."""
    values = [
        value.astimezone(UTC).isoformat(timespec="microseconds")
        if isinstance(value, datetime)
        else bytes(value)
        if isinstance(value, memoryview)
        else value
        for value in row.values()
    ]
    return repr(values).encode("utf-8", "surrogatepass")


def _keep_ids(theirs: Tx, ours: Tx) -> None:
    """Let the target go on with ids where the source stood: one whose row is gone is not given out again."""
    for table in metadata.sorted_tables:
        if "id" not in table.c or table.c.id.autoincrement is not True:
            continue
        last = max(_last_id(theirs, table.name), ours.scalar(sa.select(sa.func.max(table.c.id))) or 0)
        if not last:
            continue
        if ours.dialect.name == "postgresql":
            ours.execute(sa.select(sa.func.setval(sa.func.pg_get_serial_sequence(table.name, "id"), last)))
            continue
        known = ours.execute(sa.text("UPDATE sqlite_sequence SET seq = :seq WHERE name = :name"), _seq(table, last))
        if not known.rowcount:
            ours.execute(sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)"), _seq(table, last))


def _seq(table: sa.Table, last: int) -> dict[str, Any]:
    return {"name": table.name, "seq": last}


def _last_id(tx: Tx, name: str) -> int:
    """Return the last id that a table has given out; 0 for none."""
    if tx.dialect.name == "sqlite":
        found = tx.execute(sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": name}).scalar()
        return int(found or 0)
    query = "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence(:name, 'id')::regclass), 0)"
    return int(tx.execute(sa.text(query), {"name": name}).scalar_one())
