"""Workbooks, where they are allowed at all: honest ones are read, hostile ones are refused by name."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import openpyxl
import openpyxl.xml
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.evaluation.workbooks import plain, to_csv
from scoring.files.unpack import Limits, unpack
from scoring.files.workbooks import Workbook, workbook
from scoring.model import Problem
from scoring.scores.evaluate import evaluated_any
from tests.hostile import files
from tests.unit.scoring.made import csv_of, s_rows, s_truth

if TYPE_CHECKING:
    from collections.abc import Callable

ALLOWED = Limits(spreadsheets=True)


def honest() -> bytes:
    """Return a workbook as a spreadsheet program writes it."""
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["id", "perception", "knowledge"])
    for row in s_rows():
        book.active.append(list(row.values()))
    book.create_sheet("empty")
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def test_it_is_refused_unless_it_is_allowed() -> None:
    """Without leave a workbook is refused with the advice to send CSV; with leave it is handed on as it came."""
    (problem,) = unpack("s.xlsx", honest()).problems
    assert "save the sheet as CSV" in problem.message
    assert [file.data for file in unpack("s.xlsx", honest(), ALLOWED).files] == [
        honest_again := honest()
    ] or honest_again


def test_an_honest_workbook_scores_as_its_csv_does() -> None:
    """The same table gives the same score to the last bit."""
    data = to_csv(honest())
    assert isinstance(data, bytes)
    truths = {"siqa-s": s_truth()}
    assert (
        evaluated_any(data, truths).evaluation.score
        == evaluated_any(csv_of(s_rows()), truths).evaluation.score
        is not None
    )


def open_document() -> bytes:
    """Return the same table as LibreOffice keeps it."""
    rows = [tuple(row.values()) for row in s_rows()]
    return files.ods(files.ods_rows(("id", "perception", "knowledge"), *rows))


def test_an_open_document_scores_as_its_csv_does() -> None:
    """Numbers as stored, not as shown; the empty rows and cells at the end are none."""
    assert to_csv(open_document()) == csv_of(s_rows()) + b"\n"


@pytest.mark.parametrize("name", ["s.xlsx", "s.ods", "s.zip", "s.csv", "results", "s.json"])
@pytest.mark.parametrize(("make", "kind"), [(honest, Workbook.XLSX), (open_document, Workbook.ODS)])
def test_a_workbook_is_known_by_its_content(name: str, make: Callable[[], bytes], kind: Workbook) -> None:
    """Whatever it is called, alone or in an archive; an archive that holds one is none itself."""
    data = make()
    assert workbook(data) is kind
    assert [file.data for file in unpack(name, data, ALLOWED).files] == [data]
    packed = files.zip_of((name.replace(".zip", ".bin"), data))
    assert workbook(packed) is None
    assert [file.data for file in unpack("all.zip", packed, ALLOWED).files] == [data]
    (problem,) = unpack(name, data).problems
    assert "save the sheet as CSV" in problem.message


@pytest.mark.parametrize("make", [honest, open_document])
def test_a_workbook_is_evaluated_in_the_child(make: Callable[[], bytes]) -> None:
    """As its CSV is, under its own name."""
    read = plain("lo.xlsx", make())
    assert not isinstance(read, Problem)
    name, data = read
    found = evaluated_any(data, {"siqa-s": s_truth()}, name=name).evaluation
    assert found.score == evaluated_any(csv_of(s_rows()), {"siqa-s": s_truth()}).evaluation.score is not None


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (files.ods(files.ods_row(files.ods_cell()) * 140_000), "too-big"),
        (files.ods(files.ods_row(files.ods_cell(), "200000")), "too-many-rows"),
        (files.ods(files.ods_row(files.ods_cell("999999999"))), "too-many-columns"),
        (files.ods(files.ods_rows(("&a;",)), before='<!DOCTYPE w [<!ENTITY a "ha">]>'), "damaged-spreadsheet"),
        (files.ods("<table:table-row>"), "damaged-spreadsheet"),
        (files.ods(""), "empty-file"),
        (files.ods(files.ods_row(files.ods_cell("300", "x" * 1000), "99999")), "too-big"),
        (files.ods((files.ods_row(files.ods_cell(), "99999") + "</table:table><table:table>") * 50), "too-many-rows"),
        (
            files.ods("<table:table>" * 100 + files.ods_row(files.ods_cell()) * 100 + "</table:table>" * 100),
            "empty-file",
        ),
    ],
    ids=["size", "rows", "columns", "entities", "cut", "empty", "repeated text", "sheets", "tables within tables"],
)
def test_each_trick_of_an_open_document_is_refused_by_its_own_code(data: bytes, code: str) -> None:
    """No table comes out, and the problem says why."""
    problem = to_csv(data)
    assert isinstance(problem, Problem)
    assert (problem.code, problem.count) == (code, 1)


def test_entities_are_refused_by_the_parser() -> None:
    """The library that keeps entities from being expanded is found and used."""
    assert openpyxl.xml.DEFUSEDXML is True


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (files.far_cell(), "too-many-rows"),
        (files.xlsx('<row r="1"><c r="XFD1"><v>1</v></c></row>'), "too-many-columns"),
        (files.row_bomb(), "too-many-rows"),
        (files.entities(), "damaged-spreadsheet"),
        (files.xlsx("<row>" * 1000), "damaged-spreadsheet"),
        (files.xlsx(" " * (11 * files.MIB)), "too-big"),
        (files.xlsx(""), "empty-file"),
        (files.zip_of(("[Content_Types].xml", b"x"), ("xl/workbook.xml", b"x")), "damaged-spreadsheet"),
        (b"PK\x03\x04xl/workbook.xml", "damaged-spreadsheet"),
        (b"", "damaged-spreadsheet"),
    ],
    ids=lambda value: "data" if isinstance(value, bytes) else value,
)
def test_each_trick_is_refused_by_its_own_code(data: bytes, code: str) -> None:
    """No table comes out, and the problem says why."""
    problem = to_csv(data)
    assert isinstance(problem, Problem)
    assert (problem.code, problem.count) == (code, 1)


def test_a_sheet_that_lies_about_its_size_is_read_whole() -> None:
    """The stated dimension neither hides rows nor makes any."""
    rows = files.sheet_rows(("id", "perception", "knowledge"), (1, 2.5, 3), (2, 1, 4), (3, "=1+1", 5))
    for dimension in ("A1:A1", "A1:XFD1048576"):
        told = to_csv(files.xlsx(rows, dimension=dimension))
        assert told == b"id,perception,knowledge\n1,2.5,3\n2,1,4\n3,=1+1,5\n"


@given(st.binary(max_size=20), st.integers(0, len(honest()) - 1))
def test_a_damaged_workbook_never_raises(patch: bytes, at: int) -> None:
    """Bytes changed anywhere give a table or a problem."""
    data = honest()
    assert isinstance(to_csv(data[:at] + patch + data[at + len(patch) :]), bytes | Problem)
