"""Workbooks, where the config allows them: the one sheet that holds something, as CSV. Pure; runs in a child."""

from __future__ import annotations

import csv
import io
import zipfile
from itertools import islice
from typing import TYPE_CHECKING

from mailbot.evaluation import ods
from mailbot.evaluation.ods import COLUMNS, ROWS, Refused, Room, filled
from scoring.files.workbooks import Workbook, workbook
from scoring.files.zips import TROUBLE
from scoring.model import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    import openpyxl

MIB = 1024 * 1024
UNPACKED_BYTES = 10 * MIB
PART_BYTES = 2 * MIB  # of a part that is no sheet: openpyxl takes a millisecond for each 50 shared strings
PARTS = 200

_MESSAGES = {
    "damaged-spreadsheet": "The workbook cannot be read. Please save the sheet as CSV (UTF-8) and send that.",
    "too-big": "The workbook unpacks to more than is read of one. Please save the sheet as CSV (UTF-8) and send that.",
    "too-many-rows": f"The sheet has cells below row {ROWS:,}. Please save only the rows of the results, best as CSV.",
    "too-many-columns": f"The sheet has cells beyond column {COLUMNS}. Please save only the results, best as CSV.",
    "several-sheets": "Several sheets of the workbook hold something. Please send one file for each track.",
    "empty-file": "The workbook holds nothing.",
}


def plain(name: str, data: bytes) -> tuple[str, bytes] | Problem:
    """Return name and content of a result file: of a workbook its sheet as CSV, of any other file as they are."""
    if workbook(data) is None:
        return name, data
    text = to_csv(data)
    return text if isinstance(text, Problem) else (f"{name}.csv", text)


def to_csv(data: bytes) -> bytes | Problem:
    """Return the filled sheet of a workbook as CSV in UTF-8, numbers as stored, formulas by their last result.

    Whatever the bytes are, it returns; no number that the file states about itself is believed.
    """
    try:
        _weigh(data)
        sheets = list(islice(filter(None, map(list, _sheets(data, Room()))), 2))
    except Refused as refusal:
        return _problem(str(refusal))
    except Exception:  # noqa: BLE001  # the libraries raise whatever their parts stumble over
        return _problem("damaged-spreadsheet")
    if len(sheets) != 1:
        return _problem("several-sheets" if sheets else "empty-file")
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(sheets[0])
    return text.getvalue().encode("utf-8", "replace")


def _weigh(data: bytes) -> None:
    """Refuse what unpacks to too much; zipfile reads no more of a part than its stated size."""
    try:
        parts = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except TROUBLE:
        raise Refused("damaged-spreadsheet") from None
    heavy = any(
        part.file_size > PART_BYTES and "worksheets/" not in part.filename and part.filename != ods.CONTENT
        for part in parts
    )
    if heavy or len(parts) > PARTS or sum(part.file_size for part in parts) > UNPACKED_BYTES:
        raise Refused("too-big")


def _sheets(data: bytes, room: Room) -> Iterator[Iterator[list[str]]]:
    """Yield the filled rows of each sheet; both readers use defusedxml, so entities are refused."""
    if workbook(data) is Workbook.ODS:
        yield from ods.sheets(data, room)
        return
    import openpyxl  # noqa: PLC0415  # slow to load, and only for workbooks

    book: openpyxl.Workbook = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # a sheet states its own size, truly or not
        yield filled(([_text(value) for value in row] for row in sheet.iter_rows(values_only=True)), room)


def _text(value: object) -> str:
    """Return a cell as CSV has it."""
    return "" if value is None else str(value)


def _problem(code: str) -> Problem:
    return Problem(code=code, count=1, message=_MESSAGES[code])
