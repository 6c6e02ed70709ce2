"""No screen of the desk asks the ledger anything that costs more the more mails came."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import sqlalchemy as sa

from mailbot import flow
from mailbot.config import load
from mailbot.desk.desk import Desk
from tests.bench import contests
from tests.contest.contest import Clock, mail, take, write_config
from tests.contest.desk import AMBER, STRANGER, Open, served
from tests.contest.test_desk import paths
from tests.unit.services import in_process

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.servers.postgres import Postgres

GROWING = ("mails", "submissions", "scores", "events", "outbox", "checks", "likenesses", "disputes", "entries")
"""Tables that have a row for each mail, or for much of what is done with it."""

RANKED = {"/board/now"}
"""The board as it would be now is made of all that counts: it is asked for by itself, after its page is there."""

FILTERED = (
    "/mails?words=x&track=siqa-s&team=Amber&what=scored&since=2026-01-01",
    "/submissions?words=x&track=siqa-s&team=Amber&what=accepted",
    "/letters?words=x&team=Amber&what=sent",
    "/log?words=x&actor=Ada&what=mail-recorded",
)

FEW, MANY = 6_000, 12_000
"""Both more than one page looks at."""


@dataclass
class Asked:
    """What is asked of SQLite while screens are looked at."""

    screen: str = ""
    #: Statements with the parameters of the last time, by screen.
    statements: dict[tuple[str, str], Any] = field(default_factory=dict)
    #: Hundreds of steps of SQLite's machine, by screen.
    steps: Counter[str] = field(default_factory=Counter)

    def _said(self, _connection: object, _cursor: object, statement: str, given: Any, *_: object) -> None:  # noqa: ANN401  # of the driver
        if self.screen and re.match(r"\s*(SELECT|WITH)\b", statement):
            self.statements[self.screen, statement] = given

    def _stepped(self) -> int:
        self.steps[self.screen] += 1
        return 0

    def _connected(self, connection: Any, _record: object) -> None:  # noqa: ANN401  # of the driver
        if isinstance(connection, sqlite3.Connection):
            connection.set_progress_handler(self._stepped, 100)

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Listen to every connection that is made meanwhile."""
        sa.event.listen(sa.Engine, "before_cursor_execute", self._said)
        sa.event.listen(sa.Engine, "connect", self._connected)
        try:
            yield
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", self._said)
            sa.event.remove(sa.Engine, "connect", self._connected)


RANKED_GROWS = 2.2
"""Twice as many mails may cost the ranking so many times as much: it reads each row once, and sorts."""


def _screens() -> Sequence[str]:
    return [path for path in (*paths(), *FILTERED) if path not in RANKED]


@pytest.fixture
def asked() -> Iterator[Asked]:
    """Give what is asked of the ledger."""
    found = Asked()
    with found.heard():
        yield found


@contextmanager
def _opened(folder: Path, mails: int = 0, url: str = "") -> Iterator[Open]:
    """Open a desk on a contest that has some of each, and so many mails that were handled."""
    clock, path = Clock(), write_config(folder, board={"standing": "latest"})
    path.write_text((f'ledger_url = "{url}"\n' if url else "") + path.read_text())
    with flow.working(load.load(path), clock=clock) as working:
        wired = in_process(working)
        contests.fill(wired, mails, 2)
        take(wired, mail(AMBER, shift=0.4), clock.instant)
        take(wired, mail(STRANGER, shift=0.1), clock.instant)
        clock.pass_by(hours=1)
        take(wired, mail(AMBER, subject=f"dispute S-{mails + 1:06d}"), clock.instant)
        wired.weekly.publish(as_of=clock.instant)
        desk = Desk(path=path, clock=clock)
        with served(desk) as address:
            yield Open(desk=desk, address=address, wired=wired, clock=clock)


def test_no_statement_of_a_screen_reads_a_whole_table(tmp_path: Path, asked: Asked) -> None:
    """By SQLite's own plan; but for those that take the first few rows in the order of the table itself."""
    with _opened(tmp_path) as opened:
        browser = opened.login()
        for asked.screen in _screens():
            browser.get(asked.screen)
        asked.screen = ""
    ledger = sqlite3.connect(tmp_path / "state/ledger.db")
    scanned = [
        (screen, " ".join(statement.split()), step)
        for (screen, statement), given in asked.statements.items()
        for *_, step in ledger.execute(f"EXPLAIN QUERY PLAN {statement}", given)
        if re.match(rf"SCAN ({'|'.join(GROWING)})\b", step) and not _takes_few(statement)
    ]
    ledger.close()
    assert len({statement for _, statement in asked.statements}) > 60
    assert scanned == []


def test_no_statement_of_a_screen_reads_a_whole_table_on_postgresql(
    tmp_path: Path, asked: Asked, postgres: Postgres
) -> None:
    """By its own plan, with what is there read by an index wherever there is one: small tables are read whole else."""
    url = postgres.database()
    with _opened(tmp_path, url=url) as opened:
        browser = opened.login()
        for asked.screen in _screens():
            browser.get(asked.screen)
        asked.screen = ""
    scanned = []
    with psycopg.connect(url.replace("+psycopg", "")) as ledger:
        ledger.execute("SET enable_seqscan = off")
        for (screen, statement), given in asked.statements.items():
            plan = "\n".join(row[0] for row in ledger.execute(f"EXPLAIN {statement}", given))
            if re.search(rf"Seq Scan on ({'|'.join(GROWING)})\b", plan):
                scanned.append((screen, " ".join(statement.split())))
    assert len({statement for _, statement in asked.statements}) > 60
    assert scanned == []


def _takes_few(statement: str) -> bool:
    """Whether a statement takes the first rows by their ids, whatever else is in the table."""
    return bool(re.search(r"ORDER BY (\w+)\.id( DESC)?\s+LIMIT \?", statement)) and "WHERE" not in statement


def test_twice_as_many_mails_cost_no_more(tmp_path: Path, asked: Asked) -> None:
    """By the steps of SQLite's machine; a plan does not tell how many rows an index leads to. A ranking costs twice."""
    steps: dict[int, dict[str, int]] = {}
    for count in (FEW, MANY):
        (tmp_path / str(count)).mkdir()
        with _opened(tmp_path / str(count), count) as opened:
            browser = opened.login()
            browser.get("/")  # what is scored is looked up once
            asked.steps.clear()
            for asked.screen in (*_screens(), *RANKED):
                browser.get(asked.screen)
            asked.screen = ""
        steps[count] = dict(asked.steps)
    more = {
        path: (n, steps[FEW].get(path, 0))
        for path, n in steps[MANY].items()
        if n > (RANKED_GROWS if path in RANKED else 1.1) * steps[FEW].get(path, 0) + 20
    }
    assert more == {}
