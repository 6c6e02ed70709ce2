"""Whatever column of whatever row is changed behind mailbot's back, ``audit verify`` notices, or it decides nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from mailbot.config.stages import Stage
from mailbot.ledger import boards, observations, quota, similarities, teams
from mailbot.ledger.engines import leads
from mailbot.ledger.observations import Pause
from mailbot.ledger.schema import Instant
from mailbot.ledger.tables import metadata
from mailbot.operations.proof import audit
from tests.hostile.attacks.grounds import Inside, inside
from tests.hostile.attacks.model import ADA, CARL, carrying, note
from tests.integration.identity_cases import signed
from tests.unit.services import submission

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mailbot.config.schema import Config

SERVES = "says what is still to be done, and how mailbot's own parts do; nothing that was decided"
WRITTEN = "mails of ours: what they say was decided is held where it was decided, and teams keep what they got"
FOUND = "what the search for copies found, which decides nothing: organizers are told, and it can search again"
DISPLAYED = "is shown to organizers beside what is held, and nothing follows from it"
IN_THE_MAIL = "is read from the mail again whenever something depends on it, and the mail's bytes are held"
PLACE = "where a server keeps the mail: the same bytes from elsewhere are known by their hash"

DECIDES_NOTHING = {
    **dict.fromkeys(("pauses", "health", "shown", "leads"), SERVES),
    "outbox": WRITTEN,
    **dict.fromkeys(("likenesses", "compared"), FOUND),
    **{f"mails.{name}": PLACE for name in ("mailbox", "uidvalidity", "uid", "filed_to")},
    **{f"mails.{name}": SERVES for name in ("state", "attempts", "due_at", "spooled_at")},
    **{f"mails.{name}": DISPLAYED for name in ("reason", "trace", "auth_why")},
    **{f"mails.{name}": IN_THE_MAIL for name in ("sender", "subject")},
    "addresses.id": "only the order of a team's addresses counts, and that is held",
    "addresses.bouncing_since": "what a mail server said of an address; the next mail from there takes it back",
    "teams.added_at": DISPLAYED,
    "team_keys.since": DISPLAYED,
    "team_keys.ended_at": "only whether the key has ended counts, and that is held",
    "authserv_checks.checked_at": DISPLAYED,
    "scores.id": "the number of a row; what it was scored by is held",
    "scores.scored_at": DISPLAYED,
    "scores.error": "a standard error that nothing reads: boards compute their own",
    "exclusions.id": "the number of a row; whom it is about is held",
    "boards.letters_owed": SERVES,
    "boards.sha256": "computed from the board itself, whose text is held",
}
"""Tables, and columns, that can be changed without anybody noticing, each with the reason why that decides nothing."""

TABLES = sorted(metadata.tables)

CONFIG = {
    "entries": [{"kind": "paper", "types": [".pdf"], "closes": "2030-01-01T00:00:00Z"}],
    "split": {"public": 0.5},
    "quota": {"per_week": 20},
}


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    """Give a mailbot that has rows in every table."""
    with inside(tmp_path_factory.mktemp("bot"), CONFIG) as made:
        fill(made)
        yield made


def fill(ground: Inside) -> None:
    """Have mails write most tables, and the rest by hand."""
    for number in range(2):
        ground.take(submission(f"N{number}", To=ground.us, tilt=number / 10))
    ground.take(submission("Carls", sender=CARL, To=ground.us))
    ground.take(carrying(ground, ADA, "check", ("c.json", b"{}"), Message_ID="<check@x>"))
    ground.take(carrying(ground, ADA, "[SIQA paper] ours", ("p.pdf", b"%PDF-1.4 x"), Message_ID="<paper@x>"))
    for number, text in enumerate(("withdraw S-1", "select S-2", "dispute S-2: no", "letters off", "language zh")):
        ground.take(signed(note(ground, ADA, text, Message_ID=f"<said{number}@x>")))
    now, service = ground.clock(), ground.service
    with service.ledger.write("test") as tx:
        teams.issue_key(tx, 1, "a" * 64, now)
        teams.issue_key(tx, 1, "b" * 64, now)
        team = teams.with_id(tx, 1)
        quota.grant(tx, service.challenge.quota, team, "siqa-s", more=2, why="a power cut", now=now)
        observations.note_authserv(tx, "mx.example", forged=True, now=now)
        observations.note_health(tx, "mailbox", ok=True, detail="", now=now)
        observations.pause(tx, "sending", Pause(attempts=1, since=now, due_at=now))
        similarities.add(tx, track="siqa-s", first_id=1, second_id=3, kind="same", value=1.0, now=now)
        similarities.done(tx, "siqa-s", 1, Stage())
        seat = {"epoch": 1, "leader": "one", "host": "one", "since": now, "seen_at": now, "yields": False}
        tx.execute(sa.insert(leads.leads).values(place=leads.PLACE, **seat))  # only PostgreSQL has a leader
    ground.publish()
    with service.ledger.write("test") as tx:
        boards.mark_shown(tx, "1abc", None)


def test_every_table_has_rows(ground: Inside) -> None:
    """So that there is something to change in each."""
    assert [name for name in TABLES if not ground.rows(f"SELECT 1 FROM {name}")] == []  # noqa: S608  # a table of ours


@pytest.fixture
def copied(ground: Inside) -> Iterator[tuple[Config, sqlite3.Connection]]:
    """Give the config of a copy, and its ledger as somebody else changes it."""
    state = ground.copied(lambda _: None) / "state"
    with closing(sqlite3.connect(state / "ledger.db", isolation_level=None)) as ledger:
        ledger.execute("PRAGMA ignore_check_constraints = ON")
        yield ground.service.config.model_copy(update={"state": state}), ledger


def test_nobody_changed_anything(copied: tuple[Config, sqlite3.Connection]) -> None:
    """Nothing is noticed in a copy that is as it was."""
    config, _ = copied
    with audit.opened(config) as ledger:
        assert audit.verify(config, ledger).faults == []


@pytest.mark.parametrize("table", TABLES)
def test_a_changed_column_is_noticed_or_decides_nothing(table: str, copied: tuple[Config, sqlite3.Connection]) -> None:
    """Each column of the first row, one by one: what is listed above is not noticed, and everything else is."""
    config, raw = copied
    rows = raw.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608  # a table of ours
    unnoticed = set()
    with audit.opened(config) as ledger:
        for place, column in enumerate(metadata.tables[table].columns):
            changed = (*rows[0][:place], _other(column, rows[0][place]), *rows[0][place + 1 :])
            _put(raw, table, [changed, *rows[1:]])
            if not audit.verify(config, ledger).faults:
                unnoticed.add(f"{table}.{column.name}")
    named = {f"{table}.{column.name}" for column in metadata.tables[table].columns}
    listed = named & set(DECIDES_NOTHING)
    assert unnoticed == (unnoticed & named if table in DECIDES_NOTHING else listed)


@pytest.mark.parametrize("table", [table for table in TABLES if table not in DECIDES_NOTHING])
def test_a_row_taken_out_is_noticed(table: str, copied: tuple[Config, sqlite3.Connection]) -> None:
    """Of each table that decides, the first row and the last."""
    config, raw = copied
    rows = raw.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608  # a table of ours
    with audit.opened(config) as ledger:
        for left in (rows[1:], rows[:-1]):
            _put(raw, table, left)
            assert audit.verify(config, ledger).faults


def test_what_decides_nothing_is_in_the_ledger() -> None:
    """No reason is kept for what is no longer there."""
    there = {*TABLES, *(f"{name}.{column.name}" for name in TABLES for column in metadata.tables[name].columns)}
    assert set(DECIDES_NOTHING) - there == set()


def _put(raw: sqlite3.Connection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Have a table hold these rows and no others."""
    raw.execute("BEGIN")
    raw.execute(f"DELETE FROM {table}")  # noqa: S608  # a table of ours
    for row in rows:
        raw.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608
    raw.execute("COMMIT")


def _other(column: sa.Column[Any], value: Any) -> Any:  # noqa: ANN401  # any value of a row
    """Return another value that the column could hold."""
    if isinstance(column.type, Instant):
        return "2026-01-02 03:04:05.000006"
    if isinstance(column.type, sa.JSON):
        return "[7]" if value is None or value.startswith("[") else '{"x": 7}'
    if isinstance(column.type, sa.Boolean):
        return 1 - value
    if isinstance(column.type, sa.LargeBinary):
        return b"x"
    return 7 if value is None else value + (1000 if isinstance(value, int | float) else "x")
