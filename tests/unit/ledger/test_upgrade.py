"""A newer mailbot takes over a ledger with work in the spool: migrations go forward, after a copy was made."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from mailbot.errors import Permanent
from mailbot.ledger import Ledger, mails, submissions
from mailbot.ledger.engine import MIGRATIONS, newest_version
from mailbot.operations import ingest
from tests.contest.contest import Clock, contest, mail

NEXT = '''"""A column that a later version needs."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = {before!r}


def upgrade() -> None:
    """Bring the ledger forward."""
    op.add_column("mails", sa.Column("later", sa.Text()))
'''


def a_later_version(folder: Path) -> Path:
    """Return the migrations of a version that has one more than ours."""
    scripts = shutil.copytree(MIGRATIONS, folder / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions/m9999_later.py").write_text(NEXT.format(before=newest_version(MIGRATIONS)))
    return scripts


def test_work_in_the_spool_survives_an_upgrade(tmp_path: Path) -> None:
    """A mail spooled by the old version is recorded after the migration, once; the old ledger is kept as a copy."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        ingest.enter(wired, mail("amber@example.org"), clock.instant)
    path = tmp_path / "state/ledger.db"
    newer = Ledger(f"sqlite:///{path}")
    newer.migrate(a_later_version(tmp_path))
    newer.migrate(tmp_path / "migrations")
    newer.close()
    with sqlite3.connect(tmp_path / "state/ledger.db.before-9999") as copy:
        assert copy.execute("SELECT state FROM mails").fetchall() == [("spooled",)]
        assert "later" not in {row[1] for row in copy.execute("PRAGMA table_info(mails)")}
    copy.close()
    with sqlite3.connect(path) as ledger:
        assert "later" in {row[1] for row in ledger.execute("PRAGMA table_info(mails)")}
        # and back to our own code, for the rest
        ledger.execute("UPDATE alembic_version SET version_num = ?", (newest_version(MIGRATIONS),))
    ledger.close()
    with contest(tmp_path, clock) as wired:
        assert wired.intake.step()
        with wired.ledger.read() as tx:
            assert (mails.unfinished(tx), len(submissions.listing(tx))) == (0, 1)


def test_a_new_ledger_is_not_copied(tmp_path: Path) -> None:
    """There is nothing to keep before the first migration."""
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    ledger.migrate()
    ledger.close()
    assert not list(tmp_path.glob("*.before-*"))


def test_a_newer_ledger_is_left_alone(tmp_path: Path) -> None:
    """An old mailbot says what it found and changes nothing."""
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    ledger.migrate(a_later_version(tmp_path))
    with pytest.raises(Permanent, match="newer mailbot"):
        ledger.migrate()
    ledger.close()
    assert not list(tmp_path.glob("*.before-*"))


def test_each_migration_is_named_after_its_version() -> None:
    """The newest is found by its file name, and each follows the one before."""
    scripts = ScriptDirectory(str(MIGRATIONS))
    known = list(scripts.walk_revisions())
    assert scripts.get_current_head() == newest_version(MIGRATIONS)
    assert [one.revision for one in known] == [Path(one.path).stem.partition("_")[0].removeprefix("m") for one in known]
