"""What a board's worksheets hold, cell by cell, and how they become requests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from mailbot.board.build import AUDIT_RULE, build
from mailbot.board.sheet import requests as sheet_requests
from mailbot.board.sheet.requests import Layout, column_name
from mailbot.board.sheet.worksheets import Page, Published, Tint, pages, serial
from mailbot.config.calendar import Moment
from tests.unit import boards

if TYPE_CHECKING:
    from mailbot.board.model import Board, Table

WEDNESDAY = Moment.parse("wed 10:00")


def sheet_of(board: Board, *earlier: Published) -> dict[str, Page]:
    """Return the pages of a board by title."""
    last = Published(board=board, published_at=datetime(2026, 11, 25, 2, 0, 7, tzinfo=UTC), weekly=True)
    return {page.title: page for page in pages([*earlier, last], WEDNESDAY, boards.SHANGHAI)}


def with_rows(board: Board, **changes: object) -> Board:
    """Change all ranked rows of a board."""

    def changed(table: Table) -> Table:
        rows = tuple(row if row.baseline else replace(row, **changes) for row in table.rows)  # type: ignore[arg-type]  # fields of a test
        return replace(table, rows=rows)

    return replace(board, tables=tuple(map(changed, board.tables)))


def test_the_worksheets() -> None:
    """Overall, one for each track, History, About, in this order."""
    assert list(sheet_of(boards.board())) == ["Overall", "SIQA-U", "SIQA-S", "History", "About"]


def test_a_challenge_of_one_track_has_no_overall() -> None:
    """The history then follows the track."""
    made = build(boards.dozen(), boards.rules(tracks=boards.TRACKS[1:]), boards.AS_OF)
    sheet = sheet_of(made)
    assert list(sheet) == ["SIQA-S", "History", "About"]
    assert [c.title for c in sheet["History"].columns][-1] == "Final score"


def test_a_track_row() -> None:
    """Rank, team, method, metrics, score, date on the board's clock, submissions; numbers are numbers."""
    page = sheet_of(with_rows(boards.board(), receipt=""))["SIQA-U"]
    assert [column.title for column in page.columns] == [
        "Rank", "Team", "Method", "Yes/No ACC", "What ACC", "How ACC", "Final score", "Date (Asia/Shanghai)",
        "Submissions",
    ]  # fmt: skip
    assert page.rows[0][:7] == (1, "Sparrowhawk", "qwen3-vl-32b-sft", 58.68, 83.71, 28.21, 50.95)
    assert page.rows[0][7:] == (serial(boards.OPENED), 1)


def test_interval_group_and_receipt_have_columns_once_there_are_any() -> None:
    """The interval as plus or minus half its width, in the score's decimals."""
    page = sheet_of(with_rows(boards.board(), interval=(70.12, 73.56), group="ab"))["SIQA-S"]
    cells = dict(zip((column.title for column in page.columns), page.rows[0], strict=True))
    assert (cells["± (95 %)"], cells["Tie group"], cells["Receipt"]) == (1.72, "ab", "S-000001")
    patterns = {column.title: column.pattern for column in page.columns}
    assert patterns["± (95 %)"] == '"± "0.00'
    baseline = dict(zip((column.title for column in page.columns), page.rows[-1], strict=True))
    assert (baseline["Rank"], baseline["± (95 %)"], baseline["Receipt"]) == ("baseline", "", "")


def test_podium_and_baselines_stand_out() -> None:
    """Equal ranks share a step; the fourth has none."""
    page = sheet_of(boards.board())["SIQA-S"]
    by_rank = {row[0]: tint for row, tint in zip(page.rows, page.tints, strict=True)}
    assert [by_rank[rank] for rank in (1, 2, 3, 4)] == [Tint.FIRST, Tint.SECOND, Tint.THIRD, None]
    assert by_rank["baseline"] is Tint.BASELINE


def test_about_tells_how_the_board_was_made() -> None:
    """Formulas, rules, truths, the end of the audit trail, and both instants with their zone."""
    board = boards.board()
    rule = f"{AUDIT_RULE}{'c0de' * 16}."
    rows = sheet_of(replace(board, rules=(*board.rules, rule)))["About"].rows
    about = {row[0]: row[1] for row in rows}
    assert about["Updated at"] == "Wed 25 Nov 2026, 10:00 (Asia/Shanghai, UTC+08:00)"
    assert about["Board as of"] == "Wed 25 Nov 2026, 10:00 (Asia/Shanghai, UTC+08:00)"
    assert about["SIQA-U score"] == boards.TRACKS[0].formula
    assert about["Truth of SIQA-S, SHA-256"] == "07c1" * 16
    assert about["Audit trail"] == rule
    assert ("Rule", "Two submissions per team, track and week.") in rows


def test_final_results_stay() -> None:
    """A board published after them takes nothing away, and weeks alone are in the history."""
    ordinary = boards.board()
    final = with_rows(replace(ordinary, final=True, as_of=boards.AS_OF + timedelta(days=1)), method="final")
    when = datetime(2026, 11, 26, 2, tzinfo=UTC)
    sheet = sheet_of(
        replace(ordinary, as_of=boards.AS_OF + timedelta(days=7)),
        Published(board=final, published_at=when, weekly=False),
    )
    assert {row[2] for row in sheet["SIQA-S"].rows if row[0] != "baseline"} == {"final"}
    assert sheet["About"].rows[1] == ("Final results as of", "Thu 26 Nov 2026, 10:00 (Asia/Shanghai, UTC+08:00)")
    assert sheet["History"].rows == sheet_of(replace(ordinary, as_of=boards.AS_OF + timedelta(days=7)))["History"].rows


def test_the_history_keeps_columns_that_went() -> None:
    """A track that was dropped since still has its column, after those of now; gaps are empty."""
    old = build(boards.dozen(), boards.rules(), boards.AS_OF - timedelta(weeks=1))
    new = build(boards.dozen(), boards.rules(tracks=boards.TRACKS[:1]), boards.AS_OF)
    earlier = Published(board=old, published_at=old.as_of, weekly=True)
    history = sheet_of(new, earlier)["History"]
    titles = [column.title for column in history.columns]
    assert titles[3:] == ["Yes/No ACC", "What ACC", "How ACC", "SIQA-U", "SIQA-S", "Final score"]
    assert history.rows[0][3:6] == ("", "", "")
    assert history.rows[-1][6:8] == ("", "")
    assert {len(row) for row in history.rows} == {len(titles)}


@pytest.mark.parametrize(
    ("instant", "days"),
    [("1899-12-30T00:00:00+00:00", 0), ("2026-03-18T12:00:00.9+08:00", 46099.5), ("1900-01-01T06:00:00+00:00", 2.25)],
    ids=["zero", "noon", "quarter"],
)
def test_dates_are_serial_numbers_of_the_wall_clock(instant: str, days: float) -> None:
    """Days since the end of 1899, as Sheets counts them, by the clock that the instant shows."""
    assert serial(datetime.fromisoformat(instant)) == days


def test_a_date_survives_to_the_second() -> None:
    """Rounding keeps each second apart."""
    begin = datetime(2026, 11, 25, 23, 59, 58, tzinfo=UTC)
    found = [serial(begin + timedelta(seconds=n)) for n in range(4)]
    assert len({round(days * 86_400) for days in found}) == 4


@pytest.mark.parametrize(("index", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_column_letters(index: int, letters: str) -> None:
    """As people name columns."""
    assert column_name(index) == letters


def test_every_cell_is_written() -> None:
    """No null is ever sent, which would leave what an older board had there."""
    made = tuple(sheet_of(boards.board()).values())
    body = sheet_requests.values(made, Layout(title="x", worksheets={}))
    assert body["valueInputOption"] == "RAW"
    widths = [{len(row) for row in part["values"]} for part in body["data"]]
    assert widths == [{len(page.columns)} for page in made]
    assert all(cell is not None for part in body["data"] for row in part["values"] for cell in row)


def test_ids_differ_and_stay() -> None:
    """They follow from what a worksheet shows, not from its title or place."""
    made = sheet_of(boards.board())
    ids = {title: sheet_requests.sheet_id(page) for title, page in made.items()}
    assert len(set(ids.values())) == 5
    assert ids["Overall"] == sheet_requests.sheet_id(replace(made["Overall"], title="Gesamt"))
