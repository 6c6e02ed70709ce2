"""Scores entered by the thousand read back as those entered one by one, on both engines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from mailbot.ledger import scores, tables
from mailbot.ledger.scores import Score, Scores, Version
from tests.integration.ledger import rows
from tests.integration.ledger.rows import MINUTE, NOW, TRUTH

if TYPE_CHECKING:
    import pytest

    from mailbot.ledger import Ledger

ANOTHER = Version(track="siqa-s", truth=TRUTH, scorer="siqa-s/2")
LATER = NOW + MINUTE / 7


def test_scores_of_one_statement_are_those_that_were_given(ledger: Ledger) -> None:
    """Value and metrics to the last bit, the instant to the microsecond; a second time nothing is done."""
    metrics = {"perception_srcc": 0.1 + 0.2, "100 % é": -1e-300}
    with ledger.write() as tx:
        one = rows.row(tx, tables.scores)
        submission = tx.scalar(sa.select(tables.scores.c.submission_id).where(tables.scores.c.id == one))
        assert submission is not None
        given = Scores.of([Score(submission_id=submission, value=1 / 3, metrics=metrics)])
        assert scores.add_many(tx, ANOTHER, given, n=8, now=LATER) == 1
        assert scores.add_many(tx, ANOTHER, given, n=8, now=LATER) == 0
    with ledger.read() as tx:
        first, second = tx.execute(sa.select(tables.scores).order_by(tables.scores.c.id)).all()
        assert scores.values(tx, ANOTHER, [submission]) == {submission: 1 / 3}
    assert (second.value, second.metrics, second.n, second.scorer) == (1 / 3, metrics, 8, ANOTHER.scorer)
    assert (first.scored_at, second.scored_at) == (NOW, LATER)
    assert (second.truth, second.track, second.error) == (TRUTH, "siqa-s", None)


def test_many_scores_take_several_statements(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each statement has several rows, the last one fewer; what a name has in it of SQL's or a driver's marks stays."""
    monkeypatch.setattr(scores, "_ROWS_AT_ONCE", 2)
    version = Version(track="siqa-s", truth=TRUTH, scorer="o'%s ? 100 %/1")
    with ledger.write() as tx:
        first = rows.row(tx, tables.scores)
        one = tx.execute(sa.select(tables.submissions)).mappings().one()
        given = [{**one, "id": one["id"] + more, "ordinal": 1 + more} for more in range(1, 5)]
        tx.execute(sa.insert(tables.submissions), given)
        ids = [one["id"], *(each["id"] for each in given)]
        values, figures = [0.0, 12.5, 1 / 3, 100.0, 5e-324], [-1.0, 0.1, 1e-7, 1e300, 2.0]
        many = Scores(submission_ids=ids, values=values, metrics={"a": figures, "b": values})
        assert scores.add_many(tx, version, many, n=8, now=LATER) == 5
        found = tx.execute(
            sa.select(tables.scores).where(tables.scores.c.id > first).order_by(tables.scores.c.id)
        ).all()
    assert [(row.submission_id, row.value, row.metrics) for row in found] == [
        (each, value, {"a": figure, "b": value}) for each, value, figure in zip(ids, values, figures, strict=True)
    ]
    assert {(row.scorer, row.truth, row.n, row.scored_at) for row in found} == {(version.scorer, TRUTH, 8, LATER)}
