"""Excel workbooks, where the config allows them: the one sheet that holds something, as CSV. Pure; runs in a child."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import TYPE_CHECKING

from scoring.model import Problem
from scoring.sniff import is_xlsx
from scoring.zips import TROUBLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from openpyxl import Workbook

__all__ = ["is_xlsx", "to_csv"]

MIB = 1024 * 1024
UNPACKED_BYTES = 10 * MIB
PART_BYTES = 2 * MIB  # of a part that is no sheet: openpyxl takes a millisecond for each 50 shared strings
PARTS = 200
ROWS = 100_000
COLUMNS = 200

_MESSAGES = {
    "damaged-spreadsheet": "The workbook cannot be read. Please save the sheet as CSV (UTF-8) and send that.",
    "too-big": "The workbook unpacks to more than is read of one. Please save the sheet as CSV (UTF-8) and send that.",
    "too-many-rows": f"The sheet has cells below row {ROWS:,}. Please save only the rows of the results, best as CSV.",
    "too-many-columns": f"The sheet has cells beyond column {COLUMNS}. Please save only the results, best as CSV.",
    "several-sheets": "Several sheets of the workbook hold something. Please send one file for each track.",
    "empty-file": "The workbook holds nothing.",
}


class _Refused(Exception):  # noqa: N818  # a verdict on the workbook, caught in this module, not an error
    """The workbook is refused; the argument is the problem's code."""


def to_csv(data: bytes) -> bytes | Problem:
    """Return the filled sheet of a workbook as CSV in UTF-8, numbers as stored, formulas by their last result.

    Whatever the bytes are, it returns; no number that the file states about itself is believed.
    """
    try:
        _weigh(data)
        rows = list(_filled(data))
    except _Refused as refusal:
        return _problem(str(refusal))
    except Exception:  # noqa: BLE001  # openpyxl raises whatever its parts stumble over
        return _problem("damaged-spreadsheet")
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8", "replace")


def _weigh(data: bytes) -> None:
    """Refuse what unpacks to too much; zipfile reads no more of a part than its stated size."""
    try:
        parts = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except TROUBLE:
        raise _Refused("damaged-spreadsheet") from None
    heavy = any(part.file_size > PART_BYTES and "worksheets/" not in part.filename for part in parts)
    if heavy or len(parts) > PARTS or sum(part.file_size for part in parts) > UNPACKED_BYTES:
        raise _Refused("too-big")


def _filled(data: bytes) -> list[list[str]]:
    """Return the rows of the one sheet that holds something; openpyxl uses defusedxml, so entities are refused."""
    import openpyxl  # noqa: PLC0415  # slow to load, and only for workbooks

    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    sheets = [rows for rows in map(list, _sheets(book)) if rows]
    if len(sheets) != 1:
        raise _Refused("several-sheets" if sheets else "empty-file")
    return sheets[0]


def _sheets(book: Workbook) -> Iterator[Iterator[list[str]]]:
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # a sheet states its own size, truly or not
        yield _rows(sheet.iter_rows(values_only=True))


def _rows(rows: Iterator[Sequence[object]]) -> Iterator[list[str]]:
    """Yield the rows that are not empty, all as wide as the first one at least."""
    width = 0
    for number, row in enumerate(rows, 1):
        if len(row) > COLUMNS:
            raise _Refused("too-many-columns")
        if number > ROWS:
            raise _Refused("too-many-rows")
        cells = [_text(value) for value in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            width = width or len(cells)
            yield cells + [""] * (width - len(cells))


def _text(value: object) -> str:
    """Return a cell as CSV has it."""
    return "" if value is None else str(value)


def _problem(code: str) -> Problem:
    return Problem(code=code, count=1, message=_MESSAGES[code])
