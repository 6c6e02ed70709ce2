"""Connect to SQLite or PostgreSQL, and turn what their drivers raise into our errors."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import (
    ArgumentError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    SQLAlchemyError,
)

from mailbot import errors
from mailbot.errors import ConfigError, Conflict, Damaged, Permanent, Temporary

if TYPE_CHECKING:
    from collections.abc import Iterator

BUSY_SECONDS = 30

PATIENT = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 20000,
    "client_encoding": "utf8",
}
"""How long PostgreSQL may be silent before a connection counts as lost; libpq's words, seconds and milliseconds."""

ROLLED_BACK = "40"
"""PostgreSQL's class of errors that ask for another try: a failed serialization, a deadlock."""


def engine(url: str, name: str = "mailbot") -> sa.Engine:
    """Make the engine of a URL; nothing is connected to yet. No error tells the URL: it may hold a password."""
    try:
        parsed = sa.make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return sa.create_engine(parsed, connect_args={"timeout": BUSY_SECONDS})
        said = {**PATIENT, "application_name": name} | dict(parsed.query)
        return sa.create_engine(parsed, connect_args=said, isolation_level="READ COMMITTED")
    except (ArgumentError, ValueError):
        message = "ledger_url: is not a URL of a ledger; write postgresql+psycopg://USER@HOST:PORT/NAME"
    except ImportError as error:
        message = f"ledger_url: its driver is not installed ({error.name}): {errors.how('postgres')}"
    raise ConfigError(message)


def set_up_sqlite(connection: object, _record: object) -> None:
    """Set up a new connection to SQLite; an event's listener."""
    connection.isolation_level = None  # type: ignore[attr-defined]  # sqlite3's own switch: transactions begin by our words
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")  # type: ignore[attr-defined]  # a sqlite3.Connection, typed object by the event


@contextmanager
def translated() -> Iterator[None]:
    """Turn the drivers' errors into ours: trouble that may pass, and trouble that will not."""
    try:
        yield
    except IntegrityError as error:
        message = f"the ledger refused a record: {error.orig}"
        raise Permanent(message) from error
    except (OperationalError, InterfaceError, InternalError) as error:  # the last: read-only, ended for idleness
        message = f"the ledger cannot be used now: {error.orig}"
        kind = Conflict if str(getattr(error.orig, "sqlstate", "")).startswith(ROLLED_BACK) else Temporary
        raise kind(message) from error
    except SQLAlchemyError as error:
        if type(error.__cause__) is sqlite3.DatabaseError:  # of bytes that are no ledger; all else is a subclass
            message = f"the ledger is damaged ({error.__cause__}): `mailbot rebuild --from-spool` makes a new one"
            raise Damaged(message) from error
        message = f"the ledger failed: {error.__class__.__name__}"
        raise Permanent(message) from error
