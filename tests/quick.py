"""What each test and each command that a test runs would do again, done once.

Every ledger has an engine of its own, and SQLAlchemy keeps what it compiled for one engine only. The tests open
thousands of ledgers, so their engines share it; what is run, and on which database, stays the same.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.util import LRUCache

from mailbot.ledger import engine

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

_STATEMENTS = 3000
"""More than the tests have."""


class Compiled:
    """The statements that any engine compiled, by the name of its dialect instead of the dialect itself."""

    def __init__(self) -> None:
        """Begin without any."""
        self._kept: MutableMapping[Any, Any] = LRUCache(_STATEMENTS)

    def get(self, key: tuple[Any, ...]) -> object:
        """Return what was made of a statement; None when it was not yet compiled."""
        return self._kept.get((key[0].name, *key[1:]))

    def __setitem__(self, key: tuple[Any, ...], made: object) -> None:
        """Keep it."""
        self._kept[key[0].name, *key[1:]] = made


def share() -> None:
    """Let every engine that is made from now on share its statements, and the words that make a ledger's tables."""
    sa.create_engine = partial(sa.create_engine, execution_options={"compiled_cache": Compiled()})
    engine.create = _Tables(engine.create)


class _Tables:
    """Makes the tables of a new ledger in the words that made the first of its dialect."""

    def __init__(self, create: Callable[[sa.Connection, str], None]) -> None:
        self._create = create
        self._words: dict[tuple[str, str], list[str]] = {}

    def __call__(self, connection: sa.Connection, version: str) -> None:
        kept = (connection.dialect.name, version)
        if kept not in self._words:
            self._words[kept] = self._first(connection, version)
            return
        for words in self._words[kept]:
            connection.exec_driver_sql(words)
        connection.execute(sa.text("INSERT INTO alembic_version VALUES (:version)"), {"version": version})

    def _first(self, connection: sa.Connection, version: str) -> list[str]:
        words: list[str] = []

        def note(*said: Any) -> None:  # noqa: ANN401  # what SQLAlchemy tells of a statement; its words are the third
            words.append(said[2])

        sa.event.listen(connection, "before_cursor_execute", note)
        try:
            self._create(connection, version)
        finally:
            sa.event.remove(connection, "before_cursor_execute", note)
        return [each for each in words if each.lstrip().startswith("CREATE ")]
