"""The shape of the tables: which version the ledger has, which one this mailbot wants, and the way there."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

MIGRATIONS = Path(__file__).parent / "migrations"


def newest(scripts: Path) -> str:
    """Return the newest version among the migrations; their files are named after it, as in m0009_entries.py."""
    return max(path.stem.partition("_")[0].removeprefix("m") for path in (scripts / "versions").glob("m*.py"))


def present(tx: sa.Connection) -> str | None:
    """Return the version of a ledger; None of a new one."""
    if not sa.inspect(tx).has_table("alembic_version"):
        return None
    found: str | None = tx.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return found


def run(connection: sa.Connection, scripts: Path) -> None:
    """Bring the tables to the newest version, inside the connection's transaction."""
    from alembic import command  # noqa: PLC0415  # a third of the start of each command, which seldom needs it
    from alembic.config import Config  # noqa: PLC0415  # the same

    config = Config()
    config.set_main_option("script_location", str(scripts))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
