"""The files of an SQLite ledger are their owner's alone, whatever the umask."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from mailbot.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def _loose_umask() -> Iterator[None]:
    """Let everybody read what is made, as most shells do."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_loose_umask")
def test_a_new_ledger_is_its_owners_alone(tmp_path: Path) -> None:
    """So are what SQLite puts beside it and a copy; one that is there keeps the mode that somebody gave it."""
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    ledger.migrate()
    ledger.copy_to(tmp_path / "copy.db")
    with ledger.read():
        found = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    ledger.close()
    assert found == dict.fromkeys(("ledger.db", "ledger.db-wal", "ledger.db-shm", "copy.db"), 0o600)
    (tmp_path / "copy.db").chmod(0o640)
    Ledger(f"sqlite:///{tmp_path / 'copy.db'}").close()
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o640
