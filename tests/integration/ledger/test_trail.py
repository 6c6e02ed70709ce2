"""The audit trail, and the migrations that shape the ledger."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from mailbot.errors import Permanent, Temporary
from mailbot.ledger import Ledger, events, tables
from mailbot.ledger.engine import MIGRATIONS, upgrade
from scoring.trail.chain import GENESIS
from tests.integration.ledger import rows
from tests.integration.ledger.rows import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def _trail(ledger: Ledger) -> list[int]:
    """Write five entries and return their ids."""
    with ledger.write() as tx:
        for n in range(5):
            now = NOW + timedelta(seconds=n, microseconds=n)
            events.append(tx, kind="mail-recorded", subject=f"M-{n:06d}", now=now, score=n / 3, name="视觉")
        return list(tx.scalars(sa.select(tables.events.c.id).order_by(tables.events.c.id)))


def test_an_untouched_chain_holds(ledger: Ledger) -> None:
    """Each entry follows from the one before, and the first from nothing."""
    with ledger.read() as tx:
        assert (events.head(tx), events.first_broken(tx), events.began(tx)) == (GENESIS, None, None)
    _trail(ledger)
    with ledger.read() as tx:
        assert events.first_broken(tx) is None
        assert events.began(tx) == NOW


@pytest.mark.parametrize(
    "changed",
    [
        {"detail": '{"score":100}'},
        {"subject": "M-000009"},
        {"kind": "mail-refused"},
        {"actor": "nobody"},
        {"at": NOW},
        {"hash": "f" * 64},
    ],
    ids="".join,
)
def test_a_changed_entry_is_found(ledger: Ledger, changed: dict[str, object]) -> None:
    """Whatever field of an entry is changed behind mailbot's back, the chain breaks there."""
    ids = _trail(ledger)
    with ledger.write() as tx:
        tx.execute(sa.update(tables.events).where(tables.events.c.id == ids[2]).values(**changed))
        assert events.first_broken(tx) == ids[2]


def test_a_missing_entry_is_found(ledger: Ledger) -> None:
    """An entry that was taken out breaks the chain at the next."""
    ids = _trail(ledger)
    with ledger.write() as tx:
        tx.execute(sa.delete(tables.events).where(tables.events.c.id == ids[1]))
        assert events.first_broken(tx) == ids[2]


def test_two_ledgers_with_the_same_story_have_the_same_head(ledger: Ledger, tmp_path: Path) -> None:
    """The head of the chain depends on the entries alone, not on the engine."""
    other = Ledger(f"sqlite:///{tmp_path / 'other.db'}")
    other.migrate()
    heads = []
    for one in (ledger, other):
        _trail(one)
        with one.read() as tx:
            heads.append(events.head(tx))
    other.close()
    assert heads[0] == heads[1]


@pytest.fixture
def migrated(url: str) -> Iterator[Ledger]:
    """Give a ledger that went through every version there ever was."""
    made = Ledger(url)
    with made.write() as tx:
        upgrade(tx, MIGRATIONS)
    yield made
    made.close()


def test_the_migrations_make_the_tables(migrated: Ledger) -> None:
    """After all migrations nothing is left to be changed: types, defaults and constraints are as the tables say."""
    with migrated.read() as tx:
        context = MigrationContext.configure(tx, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []


def test_the_migrations_make_the_constraints(migrated: Ledger) -> None:
    """Checks too, which alembic does not compare, are those of the tables, by name."""
    with migrated.read() as tx:
        inspector = sa.inspect(tx)
        found = {check["name"] for name in tables.metadata.tables for check in inspector.get_check_constraints(name)}
    checks = (c for table in tables.metadata.tables.values() for c in table.constraints)
    assert found == {str(check.name) for check in checks if isinstance(check, sa.CheckConstraint)}


def shape(ledger: Ledger) -> dict[str, list[str]]:
    """Return what the engine says of every table: columns, keys, checks and indexes, in no order."""
    with ledger.read() as tx:
        inspector = sa.inspect(tx)
        asked = (
            inspector.get_columns,
            lambda name: [inspector.get_pk_constraint(name)],
            inspector.get_foreign_keys,
            inspector.get_unique_constraints,
            inspector.get_check_constraints,
            inspector.get_indexes,
        )
        return {
            name: sorted(str(sorted((k, str(v)) for k, v in one.items())) for ask in asked for one in ask(name))
            for name in inspector.get_table_names()
        }


def test_a_new_ledger_is_as_if_it_had_been_migrated(ledger: Ledger) -> None:
    """Tables that are made at once differ in nothing from tables that grew, nor does the version."""
    version = sa.text("SELECT version_num FROM alembic_version")
    with ledger.read() as tx:
        at_once = tx.scalar(version)
    made = shape(ledger)
    with ledger.write() as tx:
        tables.metadata.drop_all(tx)
        tx.execute(sa.text("DROP TABLE alembic_version"))
        upgrade(tx, MIGRATIONS)
        assert tx.scalar(version) == at_once
    assert shape(ledger) == made


def test_migrating_again_changes_nothing(url: str, ledger: Ledger) -> None:
    """A second start finds nothing to do and keeps every row."""
    with ledger.write() as tx:
        rows.mail(tx)
    ledger.migrate()
    again = Ledger(url)
    again.migrate()
    with again.read() as tx:
        assert tx.scalar(sa.select(sa.func.count()).select_from(tables.mails)) == 1
    again.close()


def test_a_ledger_that_is_none_is_permanent(tmp_path: Path) -> None:
    """A file that holds something else is not taken for a ledger, and not touched."""
    path = tmp_path / "ledger.db"
    path.write_bytes(b"this is no database" * 100)
    ledger = Ledger(f"sqlite:///{path}")
    with pytest.raises((Permanent, Temporary), match="ledger"):
        ledger.migrate()
    ledger.close()
    assert path.read_bytes() == b"this is no database" * 100


def test_a_view_stays_as_it_was_at_its_first_question(ledger: Ledger) -> None:
    """Entries and rows are of one instant whoever writes meanwhile, so that the trail is never told to be broken."""
    count = sa.select(sa.func.count()).select_from(tables.events)
    with ledger.read() as tx:
        assert tx.scalar(count) == 0
        _trail(ledger)
        assert tx.scalar(count) == 0
    with ledger.read() as tx:
        assert tx.scalar(count) == 5
