"""Reads a ledger from outside, whichever engine it is on, with the words of SQLite."""

from __future__ import annotations

import sqlite3
from typing import Any

import psycopg
import sqlalchemy as sa

BROKEN = (sqlite3.OperationalError, psycopg.Error)
"""What reading raises while a ledger is being made or cannot be reached."""


class Reader:
    """A connection that only reads."""

    def __init__(self, url: str) -> None:
        """Connect to the ledger at an SQLAlchemy URL."""
        parsed = sa.make_url(url)
        self._is_file = parsed.get_backend_name() == "sqlite"
        self._connection: Any = (
            sqlite3.connect(f"file:{parsed.database}?mode=ro", uri=True, timeout=30)
            if self._is_file
            else psycopg.connect(parsed.set(drivername="postgresql").render_as_string(hide_password=False))
        )

    def execute(self, query: str, values: tuple[str, ...] = ()) -> Any:  # noqa: ANN401  # a cursor of either driver
        """Run a query whose values stand as question marks; return a cursor."""
        return self._connection.execute(query if self._is_file else query.replace("?", "%s"), values)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()
