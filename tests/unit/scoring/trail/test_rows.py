"""Rows held to what entries tell of them."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.model import Status
from scoring.trail import rows
from tests.unit.scoring.trail.test_chain import entries

NOW = datetime(2026, 3, 12, 8, tzinfo=UTC)
ROW: dict[str, dict[str, Any]] = {
    "scores": {
        "submission_id": 12, "truth": "ab" * 32, "track": "siqa-s", "scorer": "siqa-s/1", "n": 8, "value": 1 / 3,
        "metrics": {"srcc": 0.1, "plcc": 0.2},
    },
    "grants": {"id": 3, "team_id": 1, "track": "siqa-s", "week": NOW, "more": 2, "why": "x"},
    "exclusions": {"team_id": 1, "submission_id": None, "kind": "hidden", "why": "x"},
}  # fmt: skip


def said(*details: dict[str, Any]) -> rows.Said:
    """Return the last word of entries that tell of rows."""
    found = [
        dataclasses.replace(entry, detail=json.dumps({"rows": detail}, separators=(",", ":")))
        for entry, detail in zip(entries(len(details)), details, strict=True)
    ]
    return rows.told(found)


def test_a_digest_is_the_same_by_whatever_way_a_row_came() -> None:
    """From the ledger or an export: another zone, a number whose last bits differ, metrics in another order."""
    score = ROW["scores"]
    other = score | {"value": 0.33333333333333, "metrics": {"plcc": 0.2, "srcc": 0.1}}
    assert rows.digest_of("scores", score) == rows.digest_of("scores", other)
    elsewhere = NOW.astimezone(timezone(timedelta(hours=8)))
    assert rows.digest_of("grants", ROW["grants"]) == rows.digest_of("grants", ROW["grants"] | {"week": elsewhere})


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(Status),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None)
@given(st.lists(VALUES | st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1)), min_size=4, max_size=4))  # noqa: DTZ001  # naive ones too
def test_a_line_is_canonical_json(values: list[Any]) -> None:
    """Of whatever a row holds: as the encoder of the standard library writes it."""

    def plain(value: Any) -> Any:  # noqa: ANN401  # any value of a row
        if isinstance(value, float):
            return f"{value:.12g}"
        if isinstance(value, datetime):
            return value.astimezone(UTC).isoformat(timespec="microseconds")
        return {name: plain(each) for name, each in value.items()} if isinstance(value, dict) else value

    row = dict(zip(rows.FIELDS["exclusions"], values, strict=True))
    line = json.dumps(["exclusions", *map(plain, values)], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert rows.line_of("exclusions", row) == line


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 10**9), NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=5),
    st.text(),
    st.lists(st.text(), min_size=2, max_size=2, unique=True),
)
def test_digests_of_many_rows_are_those_of_each(
    given: list[tuple[int, float, float, float]], scorer: str, names: list[str]
) -> None:
    """Whatever their numbers, and whatever the metrics and the formula are called."""
    same = ROW["scores"] | {"scorer": scorer}
    each = [
        {**same, "submission_id": number, "value": value, "metrics": dict(zip(names, metrics, strict=True))}
        for number, value, *metrics in given
    ]
    ids, values, *metrics = zip(*given, strict=True)
    columns = {"submission_id": ids, "value": values, "metrics": dict(zip(names, metrics, strict=True))}
    shared = {name: value for name, value in same.items() if name not in columns}
    assert rows.digests_of("scores", shared, columns) == [rows.digest_of("scores", row) for row in each]


def test_what_all_scores_of_an_entry_have_in_common_is_told_once() -> None:
    """It holds for each score of the entry by the same labels and formula, and for no other."""
    last = said(
        {"scores t f": {"1": "a", "2": "b"}, "scores t g": {"3": "c"}, "computed t f": "d"}, {"scores t f": {"4": "e"}}
    )
    assert {key: (each.digest, each.entry) for key, each in last["computed t f"].items()} == {
        "1": ("d", 1),
        "2": ("d", 1),
    }
    assert last.keys() == {"scores t f", "scores t g", "computed t f"}


@pytest.mark.parametrize(("table", "field"), [(table, field) for table in ROW for field in rows.FIELDS[table]])
def test_every_field_counts(table: str, field: str) -> None:
    """Another value of any of them is another digest."""
    other = {"value": 0.5, "week": NOW + timedelta(seconds=1), "metrics": {}}.get(field, "another")
    assert rows.digest_of(table, ROW[table] | {field: other}) != rows.digest_of(table, ROW[table])


def test_the_last_word_counts() -> None:
    """A row that was changed by mailbot is told of again; one that is gone is told of as null."""
    last = said({"teams": {"1": "a", "2": "b"}}, {"teams": {"1": "c"}}, {"teams": {"2": None}})
    assert rows.unfit(last, {"teams": {"1": "c"}}) == []
    assert [(fault.entry, fault.what) for fault in rows.unfit(last, {"teams": {"1": "a", "2": "b", "3": "d"}})] == [
        (2, "the team with the id 1 is not what entry 2 says"),
        (3, "the team with the id 2: entry 3 took it out"),
        (None, "the team with the id 3: no entry records it"),
    ]
    assert [fault.what for fault in rows.unfit(last, {"teams": {}})] == [
        "the team with the id 1, of which entry 2 tells, is not there"
    ]


def test_what_nobody_can_see_is_not_missed() -> None:
    """An export has no addresses: what the trail tells of them is passed over there."""
    assert rows.unfit(said({"addresses": {"ab": "cd"}}), {"teams": {}}) == []


def test_rows_of_a_strange_form_tell_nothing() -> None:
    """Somebody wrote them; the rows that they should tell of show it."""
    assert said({"teams": 7}) == {}
    assert rows.since(entries()) is None
