"""What the ledger's transactions tell of rows, who signs, and what is done about entries without a signature."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from mailbot.errors import ConfigError, Permanent
from mailbot.ledger import Ledger, daybook, events, tables, teams
from mailbot.ledger.trail import rows, signing, verify
from scoring.trail.rows import SEALED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 3, 12, 8, tzinfo=UTC)


@contextmanager
def opened(folder: Path, *, signs: bool = True) -> Iterator[Ledger]:
    """Open the ledger of a state folder; one that does not sign is an earlier version's."""
    url = f"sqlite:///{folder / 'ledger.db'}"
    ledger = daybook.open_ledger(url, folder) if signs else Ledger(url)
    ledger.migrate()
    try:
        yield ledger
    finally:
        ledger.close()


def faults(ledger: Ledger) -> list[str]:
    """Return what does not fit."""
    with ledger.read() as tx:
        return [fault.what for fault in verify.verify(tx).faults]


def test_what_no_entry_tells_of_gets_an_entry_of_its_own(tmp_path: Path) -> None:
    """So nothing that decides is changed without an entry; a transaction that is broken off leaves nothing behind."""
    with opened(tmp_path) as ledger:
        with ledger.write() as tx:
            teams.add(tx, "Amber", ["a@x.example"], NOW)
        with pytest.raises(Permanent), ledger.write() as tx:
            teams.add(tx, "Beryl", ["b@x.example", "a@x.example"], NOW)
        with ledger.write() as tx:
            events.append(tx, kind="health", subject="mailbox", now=NOW)
        with ledger.read() as tx:
            assert [(entry.kind, set(entry.told)) for entry in events.links(tx)] == [
                (events.CHANGED, {"rows"}), ("health", set()),
            ]  # fmt: skip
        assert faults(ledger) == []


def test_no_address_can_be_read_out_of_the_trail(tmp_path: Path) -> None:
    """Not by guessing either: what an address is told by is keyed."""
    told = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        with opened(tmp_path / name) as ledger:
            with ledger.write() as tx:
                teams.add(tx, "Amber", ["a@x.example"], NOW)
            with ledger.read() as tx:
                (entry,) = events.links(tx)
        told.append(entry.told["rows"]["addresses"])
        assert "a@x.example" not in entry.detail
    assert told[0].keys().isdisjoint(told[1].keys())


def test_the_first_entry_of_this_version_seals_those_of_an_earlier_one(tmp_path: Path) -> None:
    """From then on all rows are held; the entries before carry no signature, and that is said."""
    with opened(tmp_path, signs=False) as ledger, ledger.write() as tx:
        tx.execute(sa.insert(tables.teams).values(name="Amber", name_key="amber", added_at=NOW))
        events.append(tx, kind="team-added", subject="Amber", now=NOW)
    with opened(tmp_path) as ledger:
        with ledger.read() as tx:
            before = verify.verify(tx)
        assert (before.faults, before.unsigned, before.rows_since) == ([], 1, None)
        with ledger.write() as tx:
            events.append(tx, kind="health", subject="mailbox", now=NOW)
        with ledger.read() as tx:
            after = verify.verify(tx)
        assert [entry.kind for entry in after.entries] == ["team-added", SEALED, "health"]
        assert (after.faults, after.unsigned, after.rows_since) == ([], 1, 2)
        with ledger.write() as tx:
            tx.execute(sa.update(tables.teams).values(name="Ember"))
        assert faults(ledger) == ["the team with the id 1 is not what entry 2 says"]


def test_an_entry_without_a_signature_behind_signed_ones_is_never_sealed_by_itself(tmp_path: Path) -> None:
    """Somebody wrote it who has not the secret."""
    with opened(tmp_path) as ledger, ledger.write() as tx:
        events.append(tx, kind="ledger-begun", subject="SIQA", now=NOW)
    with opened(tmp_path, signs=False) as ledger, ledger.write() as tx:
        events.append(tx, kind="submission-excluded", subject="S-000001", now=NOW)
    with opened(tmp_path) as ledger:
        with ledger.write() as tx:
            events.append(tx, kind="health", subject="mailbox", now=NOW)
        (fault,) = faults(ledger)
        assert fault.startswith("entry 2 (submission-excluded, S-000001): not signed")


def test_another_secret_is_told_until_an_organizer_seals(tmp_path: Path) -> None:
    """A replaced secret cannot vouch for what came before it; the seal says who accepted that, and keeps what."""
    with opened(tmp_path) as ledger, ledger.write() as tx:
        teams.add(tx, "Amber", ["a@x.example"], NOW)
    (tmp_path / signing.FILE).write_text("ab" * 32)
    with opened(tmp_path) as ledger:
        assert "not by the secret of this state folder" in faults(ledger)[0]
        with ledger.write() as tx:
            events.seal(tx, NOW, upto=1, why="the secret was lost")
        assert faults(ledger) == []


def test_a_lost_secret_stops_whoever_would_write(tmp_path: Path) -> None:
    """Another one would void the signatures without anybody knowing."""
    with opened(tmp_path) as ledger:
        with ledger.write() as tx:
            events.append(tx, kind="ledger-begun", subject="SIQA", now=NOW)
        (tmp_path / signing.FILE).unlink()
        with pytest.raises(ConfigError, match="audit seal"), ledger.write() as tx:
            events.append(tx, kind="health", subject="mailbox", now=NOW)


def test_every_row_of_many_is_told_of(tmp_path: Path) -> None:
    """More than an engine takes in one statement."""
    with opened(tmp_path) as ledger:
        with ledger.write() as tx:
            for number in range(1200):
                teams.add(tx, f"Team {number}", [f"t{number}@x.example"], NOW)
        assert faults(ledger) == []
        with ledger.read() as tx:
            assert len(rows.all_of(tx, ["teams"])["teams"]) == 1200
