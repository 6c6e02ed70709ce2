"""The parts that tables are made of: constraint names, instants, ids, enumerations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from enum import StrEnum


metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


class Instant(sa.TypeDecorator[datetime]):
    """An aware instant, kept in UTC; a naive one is refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """To UTC; without its zone for SQLite, which has none."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = f"an instant needs a zone: {value!r}"
            raise ValueError(message)
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002  # the signature is SQLAlchemy's
        """Back to an aware UTC instant."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def row_id() -> sa.Column[int]:
    """Return the column of a table's own ids."""
    return sa.Column("id", Id, primary_key=True, autoincrement=True)


def one_of(column: str, values: Iterable[StrEnum]) -> sa.CheckConstraint:
    """Hold a column to the words of an enumeration."""
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def table(name: str, *items: Any) -> sa.Table:  # noqa: ANN401  # columns and constraints share no public base class
    """Return a table whose ids are never given out twice."""
    return sa.Table(
        name, metadata, *items, sqlite_autoincrement=any(c.name == "id" for c in items if isinstance(c, sa.Column))
    )


LONGEST_WAIT = timedelta(days=1)
"""Nothing is made to wait so long; what seems to was entered when the clock was ahead."""


def is_due(due_at: sa.Column[Any], entered_at: sa.Column[Any], now: datetime) -> sa.ColumnElement[bool]:
    """Whether a row's time has come, or the clock was set back since: then nobody knows, and now is as good."""
    return sa.or_(due_at <= now, entered_at > now, due_at > now + LONGEST_WAIT)


def all_rows(tx: sa.Connection, name: str) -> Iterator[dict[str, Any]]:
    """Yield every row of a table by its columns, in the order of its primary key."""
    found = metadata.tables[name]
    for row in tx.execute(sa.select(found).order_by(*found.primary_key.columns)).mappings():
        yield dict(row)


def inserted(tx: sa.Connection, statement: sa.Insert, values: Mapping[str, object]) -> int:
    """Insert a row, and return its id as the driver tells it: on SQLite faster than RETURNING."""
    return int(tx.execute(statement, values).inserted_primary_key[0])  # type: ignore[index]  # one row has one
