"""A contest goes from SQLite to PostgreSQL and back: the same rows, the same exports, the same audit trail."""

from __future__ import annotations

import json
import secrets
import signal
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from mailbot.errors import Permanent
from mailbot.ledger import Ledger, is_there, tables
from mailbot.ledger.engines import leads
from mailbot.ledger.engines.move import move
from mailbot.operations.export import Export
from mailbot.operations.proof import audit
from tests.command import mailbot
from tests.contest.contest import Clock, contest, mail, take, write_config
from tests.hostile.attacks.grounds import inside
from tests.hostile.test_columns import CONFIG, fill
from tests.integration.ledger.rows import NOW

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.postgres import Postgres


@pytest.fixture
def played(tmp_path: Path) -> Path:
    """Give a folder with a contest that has teams, scores, refusals, a ruling and replies in two languages."""
    clock, folder = Clock(), tmp_path / "contest"
    folder.mkdir()
    with contest(folder, clock) as wired:
        for number in range(3):
            take(wired, mail("amber@example.org", shift=number / 7), clock.instant)
            clock.pass_by(hours=1, microseconds=number)
        take(wired, mail("beryl@example.org", shift=0.3, subject="[SIQA Submission] 视觉 - ä"), clock.instant)
        take(wired, mail("stranger@example.com"), clock.instant)
    mailbot("submissions", "hide", "S-2", "--why", "It is a copy.", folder=folder)
    mailbot("teams", "key", "Beryl", "--yes", folder=folder)
    return folder


def _exported(folder: Path, to: Path) -> dict[str, bytes]:
    """Export everything; return the files by name, but for the instant of the export."""
    mailbot("export", str(to), "--with-addresses", "--with-labels", folder=folder)
    found = {str(path.relative_to(to)): path.read_bytes() for path in sorted(to.rglob("*")) if path.is_file()}
    manifest = json.loads(found["manifest.json"])
    del manifest["made_at"]
    return found | {"manifest.json": json.dumps(manifest).encode()}


def _points_to(folder: Path, url: str) -> None:
    """Let the config name a ledger."""
    write_config(folder)
    path = folder / "config.toml"
    path.write_text((f"ledger_url = {json.dumps(url)}\n" if url else "") + path.read_text())


def _audit(folder: Path) -> str:
    """Verify the trail, which must hold, and return what was said."""
    return mailbot("audit", "verify", folder=folder).out


def test_there_and_back(played: Path, tmp_path: Path, postgres: Postgres) -> None:
    """Exports agree byte for byte, the trail holds on either engine, and the next ids follow on."""
    before, audit, url = _exported(played, tmp_path / "before"), _audit(played), postgres.database()
    said = mailbot("migrate-ledger", url, folder=played).out
    assert f"of {len(tables.metadata.tables) - 1} tables are there" in said
    _points_to(played, url)
    assert _audit(played) == audit
    assert _exported(played, tmp_path / "there") == before
    _take_one_more(played)
    there = _exported(played, tmp_path / "more")
    assert there != before
    (played / "state/ledger.db").rename(tmp_path / "old.db")
    mailbot("migrate-ledger", "sqlite", folder=played)
    _points_to(played, "")
    assert "holds" not in _audit(played)
    assert _exported(played, tmp_path / "back") == there


def _whole(folder: Path, url: str = "") -> dict[str, bytes]:
    """Return everything of a contest as an export has it, and each row of each table; its trail must hold."""
    out = folder.parent / f"out-{secrets.token_hex(4)}"
    with inside(folder, CONFIG | ({"ledger_url": url} if url else {})) as made:
        service = made.service
        told = Export(service=service, folder=out, addresses=True, labels=True).write()
        assert audit.verify(service.config, service.ledger).faults == []
        with service.ledger.read() as tx:
            rows = {
                table.name: sorted(map(repr, tx.execute(sa.select(table)).all()))
                for table in tables.metadata.sorted_tables
                if table is not leads.leads
            }
    assert [name for name, found in rows.items() if not found] == []
    assert told["missing"] == []
    files = {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    del files["manifest.json"], files["config.json"]  # the instant of the export, and the port of a server of names
    return files | {name: "\n".join(found).encode() for name, found in rows.items()}


def test_rows_of_every_table_go_there_and_back(tmp_path: Path, postgres: Postgres) -> None:
    """Grants, disputes, entries, held and answered mails, selections, alarms: all of it, and the trail holds."""
    folder, url = tmp_path / "bot", postgres.database()
    folder.mkdir()
    with inside(folder, CONFIG) as made:
        fill(made)
        old = made.service.config.ledger
    before = _whole(folder)
    with closing(Ledger(old)) as source, closing(Ledger(url)) as target:
        move(source, target)
    assert _whole(folder, url) == before
    (folder / "state/ledger.db").rename(tmp_path / "old.db")
    with closing(Ledger(url)) as source, closing(Ledger(old)) as target:
        move(source, target)
    assert _whole(folder) == before


def _take_one_more(folder: Path) -> None:
    """Let a mail come on the new engine: its ids follow on those that were given out."""
    (folder / "more.eml").write_bytes(mail("beryl@example.org", shift=0.5))
    (row,) = mailbot("ingest", "more.eml", "--json", folder=folder).json
    assert row["mail"] == "M-000006"


def test_an_id_whose_row_is_gone_is_not_given_out_again(tmp_path: Path, postgres: Postgres) -> None:
    """Both engines remember the last id they gave out; it goes along."""
    with closing(Ledger(f"sqlite:///{tmp_path / 'a.db'}")) as source, closing(Ledger(postgres.database())) as target:
        source.migrate()
        for name in ("one", "two"):
            _insert_team(source, name)
        with source.write("test") as tx:
            tx.execute(sa.delete(tables.teams).where(tables.teams.c.name == "two"))
        move(source, target)
        assert _insert_team(target, "three") == 3
        with closing(Ledger(f"sqlite:///{tmp_path / 'b.db'}")) as back:
            with target.write("test") as tx:
                tx.execute(sa.delete(tables.teams).where(tables.teams.c.name == "three"))
            move(target, back)
            assert _insert_team(back, "four") == 4


def _insert_team(ledger: Ledger, name: str) -> int:
    with ledger.write("test") as tx:
        values = {"name": name, "name_key": name, "added_at": NOW}
        return int(tx.execute(sa.insert(tables.teams).values(**values).returning(tables.teams.c.id)).scalar_one())


@pytest.mark.parametrize("moment", ["migrate-ledger.table@9", "commit.migrate-ledger.made"])
def test_one_that_was_killed_leaves_the_target_empty(
    moment: str, played: Path, tmp_path: Path, postgres: Postgres
) -> None:
    """The source is untouched, the target is refused, and the same command does it after all."""
    before, url = _exported(played, tmp_path / "before"), postgres.database()
    dying = {"MAILBOT_CRASH_AT": moment}
    mailbot("migrate-ledger", url, folder=played, code=-signal.SIGKILL, environment=dying)
    assert not is_there(url)
    assert _exported(played, tmp_path / "after") == before
    _points_to(played, url)
    assert "the ledger was lost" in mailbot("status", folder=played, code=2).err
    _points_to(played, "")
    mailbot("migrate-ledger", url, folder=played)
    assert is_there(url)


def test_a_target_that_holds_something_is_refused(played: Path, postgres: Postgres) -> None:
    """Nothing is written over; neither is the ledger itself."""
    url = postgres.database()
    mailbot("migrate-ledger", url, folder=played)
    for target in (url, "sqlite"):
        assert "name an empty database" in mailbot("migrate-ledger", target, folder=played, code=2).err


def test_a_target_that_keeps_texts_otherwise_is_refused(played: Path, postgres: Postgres) -> None:
    """Lists would come in another order, or letters get lost: the fix is named."""
    said = mailbot("migrate-ledger", postgres.database(encoding="SQL_ASCII"), folder=played, code=2).err
    assert "createdb --template template0 --encoding UTF8 --locale C" in said


def test_a_text_that_postgresql_cannot_keep_is_named(tmp_path: Path, postgres: Postgres) -> None:
    """A NUL in a text: which rows it is about is said, and nothing is moved."""
    path = tmp_path / "a.db"
    with closing(Ledger(f"sqlite:///{path}")) as source, closing(Ledger(postgres.database())) as target:
        source.migrate()
        _insert_team(source, "nul")
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("UPDATE teams SET name = 'n' || char(0)")
            connection.commit()
        with pytest.raises(Permanent, match=r"^the rows 1 to 1 of teams cannot be kept there"):
            move(source, target)
        with target.read() as tx:
            assert sa.inspect(tx).get_table_names() == []


def test_a_wrong_url_is_a_mistake_of_the_call(played: Path) -> None:
    """And its password is not repeated."""
    said = mailbot("migrate-ledger", "postgres://u:hush-hush@h/db", folder=played, code=2).err
    assert "must be sqlite:////FOLDER" in said
    assert "hush-hush" not in said
