"""What hosts write side by side on a disk that has no locks of files, as NFS may have none: whole, and once."""

from __future__ import annotations

import errno
import fcntl
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from mailbot.errors import Held, Lost, Temporary
from mailbot.evaluation.rowfile import Row, RowFile
from mailbot.ledger import Ledger, daybook, events
from mailbot.ledger.engines.lead import Lead

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.postgres import Postgres

NOW = datetime(2026, 3, 2, tzinfo=UTC)
HOSTS, ENTRIES = 4, 10


@pytest.fixture(autouse=True)
def no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer each wish for a lock of a file as NFS without its lock manager does."""

    def flock(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", flock)


def test_the_daybook_has_each_entry_once(url: str, ledger: Ledger, tmp_path: Path) -> None:
    """However many append at once: the ledger's own lock lets one in after the other."""
    state = tmp_path / "state"

    def act(host: int) -> None:
        with closing(Ledger(url)) as own:
            for number in range(ENTRIES):
                with own.write("test") as tx:
                    events.append(tx, kind="hold", subject=f"{host}.{number}", now=NOW)
                daybook.catch_up(own, state)

    with ThreadPoolExecutor(HOSTS) as pool:
        list(pool.map(act, range(HOSTS)))
    daybook.catch_up(ledger, state)
    found = [entry["id"] for entry in daybook.acts(state)]
    assert found == sorted(set(found))
    assert len(found) == HOSTS * ENTRIES


def test_columns_are_kept(tmp_path: Path) -> None:
    """They are a cache that can be made again, so they need no lock."""
    kept = RowFile(tmp_path / "x.values", 24)
    kept.append([Row(id=1, sha256=bytes(32), data=bytes(24))])
    kept.refresh()
    assert kept.places([1]) == {1: 0}


def test_a_ledger_that_went_back_is_noticed(url: str, tmp_path: Path) -> None:
    """A failover to a server that had not followed to the end: the daemon ends instead of telling another story."""
    state, before = tmp_path / "state", 1
    with closing(Ledger(url)) as ledger:
        ledger.migrate()
        for number in range(2):
            with ledger.write("test") as tx:
                events.append(tx, kind="hold", subject=f"{number}", now=NOW)
        daybook.catch_up(ledger, state)
        with ledger.write("test") as tx:
            tx.exec_driver_sql(f"DELETE FROM events WHERE id > {before}")  # noqa: S608  # a number of this test
        with ledger.write("test") as tx:
            events.append(tx, kind="hold", subject="another", now=NOW)
        with pytest.raises(Lost, match="last entry is not in the ledger"):
            daybook.catch_up(ledger, state)


def test_a_deposed_host_appends_nothing(postgres: Postgres, tmp_path: Path) -> None:
    """It wakes up while another leads: its daybook's step fails, and it knows that it leads no more."""
    url, state = postgres.database(), tmp_path / "state"
    with closing(Lead(url, state)) as first, closing(Lead(url, state)) as second:
        first.take()
        with closing(Ledger(url, lead=first)) as own:
            with own.write("test") as tx:
                events.append(tx, kind="hold", subject="before", now=NOW)
            first._stopping.set()  # noqa: SLF001  # as if it slept: nobody hears of it
            first._drop()  # noqa: SLF001  # and its session is ended
            second.take()
            assert second.leads
            with pytest.raises(Temporary):  # the one that took over ended its connection
                daybook.catch_up(own, state)
            with pytest.raises(Held):
                daybook.catch_up(own, state)
            assert not first.leads
    assert daybook.acts(state) == []
