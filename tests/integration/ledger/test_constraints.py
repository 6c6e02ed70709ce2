"""The ledger cannot hold what must not be, whoever writes it."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from mailbot.errors import Permanent
from mailbot.ledger import Ledger, boards, tables, teams
from mailbot.model import ENTERED, MailState, Outcome, ReplyState, Status
from tests.integration.ledger import rows
from tests.integration.ledger.rows import NOW

if TYPE_CHECKING:
    from pathlib import Path

TABLES = {
    table.name: table
    for table in (
        tables.mails,
        tables.submissions,
        tables.scores,
        tables.outbox,
        tables.exclusions,
        tables.truth_choices,
    )
}


@pytest.mark.parametrize("name", TABLES)
def test_a_row_that_is_right_is_taken(ledger: Ledger, name: str) -> None:
    """What the tests below change is all that is wrong with their rows."""
    with ledger.write() as tx:
        rows.row(tx, TABLES[name])
        assert tx.scalar(sa.select(sa.func.count()).select_from(TABLES[name])) == 1


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("scores", {"value": math.nan}),
        ("scores", {"value": math.inf}),
        ("scores", {"value": -math.inf}),
        ("scores", {"value": None}),
        ("scores", {"value": 100.0001}),
        ("scores", {"value": 101}),
        ("scores", {"value": -0.0001}),
        ("scores", {"truth": "f" * 64}),
        ("scores", {"track": "siqa-u"}),
        ("scores", {"submission_id": 4711}),
        ("submissions", {"track": None}),
        ("submissions", {"phase": None}),
        ("submissions", {"status": "perfect"}),
        ("submissions", {"team_id": None}),
        ("submissions", {"team_id": 4711}),
        ("submissions", {"mail_id": 4711}),
        ("mails", {"state": "lost"}),
        ("mails", {"state": MailState.RECORDED}),
        ("mails", {"filed_to": "Processed"}),
        ("mails", {"state": MailState.WORKING, "filed_to": "Processed"}),
        ("mails", {"team_id": 4711}),
        ("exclusions", {"kind": "disliked"}),
        ("exclusions", {"why": None}),
        ("exclusions", {"team_id": 4711}),
        ("exclusions", {"submission_id": 4711}),
        ("truth_choices", {"truth": "f" * 64}),
        ("truth_choices", {"track": "siqa-u"}),
        ("truth_choices", {"source": "somebody"}),
        ("outbox", {"state": "gone"}),
        ("outbox", {"state": ReplyState.SENT}),
        ("outbox", {"sent_at": NOW}),
        ("outbox", {"message": None}),
    ],
)
def test_the_impossible_is_refused(untouched: Ledger, name: str, changed: dict[str, object]) -> None:
    """A row that contradicts itself, or refers to nothing, is refused, and nothing of its transaction is kept."""
    with pytest.raises(Permanent, match="refused a record"), untouched.write() as tx:
        rows.row(tx, TABLES[name], **changed)
    with untouched.read() as tx:
        assert tx.scalar(sa.select(sa.func.count()).select_from(tables.mails)) == 0


@pytest.mark.parametrize("value", [0.0, 100.0, 1e-300, 99.99999999999999])
def test_every_score_in_range_is_kept_to_the_last_bit(ledger: Ledger, value: float) -> None:
    """A score comes back as the very number that was written."""
    with ledger.write() as tx:
        rows.row(tx, tables.scores, value=value)
    with ledger.read() as tx:
        assert tx.scalar(sa.select(tables.scores.c.value)) == value


def test_the_range_is_siqas_alone(ledger: Ledger) -> None:
    """Another challenge's metric may have any finite value."""
    with ledger.write() as tx:
        tx.execute(sa.insert(tables.truths).values(sha256=rows.TRUTH, track="error", n=1, added_at=NOW))
        rows.row(tx, tables.scores, track="error", value=-12345.6)


@pytest.mark.parametrize(
    ("name", "again"),
    [
        ("mails", {"sha256": "b" * 64}),
        ("outbox", {"kind": "letter"}),
        ("outbox", {"message_id": "<2@x>"}),
    ],
)
def test_there_is_one_of_each(ledger: Ledger, name: str, again: dict[str, object]) -> None:
    """One row a place, a Message-ID, and a kind of reply to a mail: a second is refused."""
    with ledger.write() as tx:
        mail_id = rows.mail(tx, 50)
        first = {"mail_id": mail_id} if name == "outbox" else {}
        rows.row(tx, TABLES[name], **first)
    with pytest.raises(Permanent, match="refused a record"), ledger.write() as tx:
        rows.row(tx, TABLES[name], **(first | again))


def test_a_file_of_a_mail_is_one_submission(ledger: Ledger) -> None:
    """The same file of the same mail is never a second submission."""
    with ledger.write() as tx:
        found = rows.row(tx, tables.submissions)
        one = dict(tx.execute(sa.select(tables.submissions)).mappings().one())
    assert found == one.pop("id")
    with pytest.raises(Permanent, match="refused a record"), ledger.write() as tx:
        tx.execute(sa.insert(tables.submissions).values(**one))


def test_a_submission_has_one_score_of_a_truth_and_scorer(ledger: Ledger) -> None:
    """A score is never overwritten and never doubled; another scorer's stands beside it."""
    with ledger.write() as tx:
        rows.row(tx, tables.scores)
        one = dict(tx.execute(sa.select(tables.scores)).mappings().one())
        del one["id"]
        tx.execute(sa.insert(tables.scores).values(**(one | {"scorer": "siqa-s/2"})))
    with pytest.raises(Permanent, match="refused a record"), ledger.write() as tx:
        tx.execute(sa.insert(tables.scores).values(**(one | {"value": 51.0})))


def test_an_address_is_of_one_team(ledger: Ledger) -> None:
    """No address can be entered for two teams, and no two teams differ by case or width alone."""
    with ledger.write() as tx:
        first = teams.add(tx, "Pixel Peepers", ["ada@example.org"], NOW)
        assert teams.add(tx, "ＰＩＸＥＬ  peepers", ["bo@example.org"], NOW) == first  # noqa: RUF001  # full-width letters
    with pytest.raises(Permanent, match="refused a record"), ledger.write() as tx:
        teams.add(tx, "Another", ["ada@example.org"], NOW)
    with ledger.read() as tx:
        assert [(team.name, team.addresses) for team in teams.everyone(tx)] == [
            ("Pixel Peepers", ("ada@example.org", "bo@example.org"))
        ]


def test_an_empty_truth_is_refused(ledger: Ledger) -> None:
    """Labels of nothing are no labels."""
    with pytest.raises(Permanent, match="refused a record"), ledger.write() as tx:
        tx.execute(sa.insert(tables.truths).values(sha256=rows.TRUTH, track="siqa-s", n=0, added_at=NOW))


def test_a_board_is_published_once(ledger: Ledger) -> None:
    """The board of a weekly instant is kept once; those published by hand are as many as there are."""
    with ledger.write() as tx:
        assert boards.add(tx, "{}", due_at=NOW, now=NOW) is not None
        assert boards.add(tx, '{"again": 1}', due_at=NOW, now=NOW) is None
        assert boards.add(tx, "{}", due_at=None, now=NOW) != boards.add(tx, "{}", due_at=None, now=NOW)
        assert boards.last_due(tx, NOW) == NOW
        assert [board.board for board in boards.listing(tx)] == ["{}"] * 3


def test_a_naive_instant_is_refused(ledger: Ledger) -> None:
    """An instant without a zone means nothing and is never written."""
    with pytest.raises(Permanent), ledger.write() as tx:
        rows.row(tx, tables.mails, arrived_at=datetime(2026, 3, 12, 8))  # noqa: DTZ001  # the point of the test


@pytest.mark.parametrize("hours", [-12, -3.5, 0, 5.75, 8, 14])
def test_an_instant_comes_back_as_the_same_instant(ledger: Ledger, hours: float) -> None:
    """Whatever zone it is written in, an instant comes back in UTC, to the microsecond."""
    written = datetime(2026, 3, 12, 8, 1, 2, 345678, tzinfo=timezone(timedelta(hours=hours)))
    with ledger.write() as tx:
        rows.row(tx, tables.mails, arrived_at=written)
    with ledger.read() as tx:
        found = tx.scalar(sa.select(tables.mails.c.arrived_at))
    assert found is not None
    assert (found, found.tzinfo) == (written, UTC)


def test_a_failed_transaction_leaves_nothing(ledger: Ledger) -> None:
    """What was written before a failure is gone after it, whatever failed."""
    with pytest.raises(ZeroDivisionError), ledger.write() as tx:
        _ = rows.mail(tx) / 0
    with ledger.read() as tx:
        assert tx.scalar(sa.select(sa.func.count()).select_from(tables.mails)) == 0


def test_what_is_written_in_a_read_is_not_kept(ledger: Ledger) -> None:
    """A reader cannot change the ledger by mistake."""
    with ledger.read() as tx:
        rows.mail(tx)
    with ledger.read() as tx:
        assert tx.scalar(sa.select(sa.func.count()).select_from(tables.mails)) == 0


@pytest.mark.parametrize("status", ENTERED)
def test_every_status_and_outcome_has_its_place(ledger: Ledger, status: Status) -> None:
    """The constraints know every word of the model."""
    with ledger.write() as tx:
        rows.row(tx, tables.submissions, status=status)
        for uid, outcome in enumerate(Outcome, 1):
            rows.row(tx, tables.mails, uid=uid, state=MailState.RECORDED, outcome=outcome)


def test_sqlite_is_kept_safe(tmp_path: Path) -> None:
    """On SQLite every connection writes ahead, syncs fully and holds the foreign keys."""
    ledger = Ledger(f"sqlite:///{tmp_path / 'new' / 'ledger.db'}")
    with ledger.read() as tx:
        found = [
            tx.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert found == ["wal", 2, 1]
    ledger.close()
