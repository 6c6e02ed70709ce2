"""The board as CSV, XLSX and JSON, read back with the standard library, pandas and openpyxl."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import datetime
from typing import TYPE_CHECKING

import openpyxl
import pandas as pd
import pytest

from mailbot.board.build import build
from mailbot.board.codec import board_from_json
from mailbot.board.exports import as_csv, as_json, as_latex, guarded
from mailbot.board.workbook import as_xlsx
from mailbot.config.board import TrackRules
from tests.unit import boards
from tests.unit.boards import AS_OF, rules, standing

if TYPE_CHECKING:
    from openpyxl import Workbook

FORMULAS = (
    "=cmd|' /C calc'!A0",
    "+1",
    "-1+2",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\N{FULLWIDTH EQUALS SIGN}1+1",
    "\N{FULLWIDTH PLUS SIGN}1",
    "\N{FULLWIDTH HYPHEN-MINUS}1",
    "\N{FULLWIDTH COMMERCIAL AT}x",
    "  =1",
    "|calc",
    "%0A",
)


def csv_rows(data: bytes) -> list[dict[str, str]]:
    """Return the rows of a CSV file by column name."""
    return list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline="")))


def workbook(data: bytes) -> Workbook:
    """Return the workbook in ``data``."""
    return openpyxl.load_workbook(io.BytesIO(data))


def test_csv_holds_all_tables_with_the_decimals_shown() -> None:
    """A line per row of each table; what a row lacks is empty."""
    rows = csv_rows(as_csv(boards.board()))
    assert [sum(row["table"] == key for row in rows) for key in ("overall", "siqa-u", "siqa-s")] == [12, 8, 17]
    assert (rows[0]["rank"], rows[0]["team"], rows[0]["score"], rows[0]["siqa-s"]) == (
        "1",
        "Sparrowhawk",
        "71.97",
        "92.99",
    )
    assert (rows[0]["perception_srcc"], rows[0]["date"]) == ("", "2026-11-18T09:12:30+08:00")
    last = rows[-1]
    assert (last["rank"], last["baseline"], last["perception_srcc"]) == ("", "true", "0.3450")


def test_csv_has_no_mark_and_is_read_by_pandas() -> None:
    """The first column is named ``table`` to every reader, and names in any script survive."""
    data = as_csv(boards.board())
    assert data.startswith(b"table,rank,team,")
    frame = pd.read_csv(io.BytesIO(data))
    assert "科学图像小组" in set(frame["team"])
    assert frame["score"].notna().all()


@pytest.mark.parametrize("name", FORMULAS)
def test_formulas_are_text_everywhere(name: str) -> None:
    """What a spreadsheet could run starts with an apostrophe in CSV and XLSX, and is no formula to openpyxl."""
    board = build([standing(name, "siqa-s", 1, method=name)], rules(baselines=()), AS_OF)
    row = csv_rows(as_csv(board))[0]
    assert row["team"].startswith("'")
    assert row["method"] == row["team"]
    cell = workbook(as_xlsx(board))["SIQA-S"]["B2"]
    assert (cell.data_type, cell.value) == ("s", row["team"])


@pytest.mark.parametrize("name", ["a=b", "O'Neil", "'quoted", "科学", "1e5", "x-1", ""])
def test_harmless_text_is_left_alone(name: str) -> None:
    """Only the first sign counts."""
    assert guarded(name) == name


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "a\x00b\x07\x1b[2J", "x" * 200, "科" * 200, 'q"u,o\nte', "\u202egpj"]
)
def test_hostile_names_make_readable_files(name: str) -> None:
    """Controls are gone, and every file can be read back with the same name in it."""
    board = build([standing(name, "siqa-s", 1)], rules(baselines=()), AS_OF)
    expected = board.tables[0].rows[0].team
    assert csv_rows(as_csv(board))[0]["team"] == expected
    assert workbook(as_xlsx(board))["Overall"]["B2"].value == expected
    assert json.loads(as_json(board))["tables"][0]["rows"][0]["team"] == expected
    assert "\x00" not in expected


def test_xlsx_has_a_sheet_per_table_dressed_for_people() -> None:
    """Header frozen, numbers as numbers with their formats, dates on the zone's clock, baselines grey."""
    book = workbook(as_xlsx(boards.board()))
    assert book.sheetnames == ["Overall", "SIQA-U", "SIQA-S", "About"]
    sheet = book["SIQA-S"]
    header = [cell.value for cell in sheet[1]]
    assert header[:4] == ["Rank", "Team", "Method", "Perception SRCC"]
    assert header[-3:] == ["Final score", "Date (Asia/Shanghai)", "Submissions"]
    assert sheet.freeze_panes == "C2"
    assert [cell.value for cell in sheet[2]][3:] == [
        0.9135,
        0.9253,
        0.9282,
        0.9527,
        92.99,
        datetime(2026, 11, 18, 9, 12, 30),  # noqa: DTZ001 - a cell knows no zone
        1,
    ]
    assert [sheet[ref].number_format for ref in ("D2", "H2", "I2")] == ["0.0000", "0.00", "yyyy-mm-dd hh:mm"]
    assert (sheet["A13"].value, sheet["A13"].font.color.rgb) == ("baseline", "FF666E76")
    assert sheet["A12"].font.color is None or sheet["A12"].font.color.rgb != "FF666E76"


def test_xlsx_tells_how_the_board_is_made() -> None:
    """The last sheet has the instant, the formulas, the rules and the whole truth hashes."""
    about = workbook(as_xlsx(boards.board()))["About"]
    pairs = [(row[0].value, row[1].value) for row in about.iter_rows(min_row=2)]
    assert ("As of", "2026-11-25T10:00:00+08:00") in pairs
    assert ("Truth of SIQA-U, SHA-256", "a3f9" * 16) in pairs
    assert any("share a rank" in str(text) for _, text in pairs)


def test_odd_titles_make_legal_sheet_names() -> None:
    """Forbidden signs, long titles, equal titles and reserved names all give sheets that Excel opens."""
    titles = ("A/B: [x]?*", "x" * 40, "X" * 40, "History", "")
    tracks = tuple(TrackRules(name=f"t{n}", title=title, formula="", headings=()) for n, title in enumerate(titles))
    names = workbook(as_xlsx(build([], rules(tracks=tracks, baselines=()), AS_OF))).sheetnames
    assert len({name.casefold() for name in names}) == len(names) == 7
    assert all(0 < len(name) <= 31 and not set(name) & set("[]:*?/\\") for name in names)


def test_equal_boards_give_equal_bytes() -> None:
    """No file holds the time of its writing, and a board from the ledger makes the files of the day."""
    stored = json.dumps(json.loads(as_json(boards.board())), sort_keys=True)
    one, other = boards.board(), board_from_json(json.loads(stored))
    for export in (as_csv, as_xlsx):
        assert export(one) == export(other)


def test_xlsx_bears_the_instant_of_the_board() -> None:
    """The workbook says it was made when the board was, and its parts bear no time."""
    data = as_xlsx(boards.board())
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        assert {part.date_time for part in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert parts.read("docProps/core.xml").count(b">2026-11-25T02:00:00Z<") == 2


def test_json_is_the_board() -> None:
    """The published JSON reads back as the same board."""
    assert board_from_json(json.loads(as_json(boards.board()))) == boards.board()


def test_latex_takes_no_text_for_a_command() -> None:
    """Each table is a tabular with a row for each row; what has a meaning in LaTeX is escaped."""
    names = r"R&D_100% #1 {x} $5 ~ ^ \input{/etc/passwd}"
    text = as_latex(build([standing(names, "siqa-s", 50.0)], rules(), AS_OF))
    assert (
        r"R\&D\_100\% \#1 \{x\} \$5 \textasciitilde{} \textasciicircum{} \textbackslash{}input\{/etc/passwd\}" in text
    )
    assert r"\input" not in text
    assert text.count(r"\toprule") == text.count(r"\end{tabular}")
