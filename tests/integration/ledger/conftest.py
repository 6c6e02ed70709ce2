"""The ledger on both engines: every test here runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mailbot.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.postgres import Postgres


ENGINES = ("sqlite", "postgresql")


def _empty(request: pytest.FixtureRequest, folder: Path) -> str:
    """Return the URL of an empty database of the engine that a fixture is asked for."""
    if request.param == "sqlite":
        return f"sqlite:///{folder / 'ledger.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.database()


def _made(url: str) -> Iterator[Ledger]:
    """Make the tables of a ledger, and close it in the end."""
    made = Ledger(url)
    made.migrate()
    yield made
    made.close()


@pytest.fixture(params=ENGINES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of an empty database of either engine."""
    return _empty(request, tmp_path)


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    """Give an empty ledger."""
    yield from _made(url)


@pytest.fixture(params=ENGINES, scope="module")
def untouched(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """Give an empty ledger that tests of a module share: they leave nothing in it."""
    yield from _made(_empty(request, tmp_path_factory.mktemp("ledger")))
