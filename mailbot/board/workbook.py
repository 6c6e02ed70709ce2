"""A board as an XLSX workbook: from a board to the bytes of a file.

openpyxl writes it row by row, and is imported when first needed. Equal boards give equal bytes.
"""

from __future__ import annotations

import io
import os
import re
import zipfile
from contextlib import suppress
from datetime import UTC
from typing import TYPE_CHECKING

from mailbot.board.build import one_line, score_heading
from mailbot.board.exports import guarded

if TYPE_CHECKING:
    from datetime import datetime
    from types import ModuleType

    from openpyxl.cell import Cell
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

    from mailbot.board.model import Board, Row, Table

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
_NAME_LENGTH = 31
_RESERVED = frozenset({"about", "history"})
_WIDTHS = {"Team": 28, "Method": 36}
os.environ.setdefault("OPENPYXL_LXML", "False")  # the same writer, and OSErrors, whether or not lxml is installed

_HEADER_FILL, _BASELINE_TEXT, _BASELINE_FILL = "FFE4ECEC", "FF666E76", "FFF4F5F6"


def as_xlsx(board: Board) -> bytes:
    """Return ``board.xlsx``: a sheet per table, as people read it, and a sheet on how the board is made."""
    import openpyxl  # noqa: PLC0415  # slow to import, and most commands write no workbook

    buffer = io.BytesIO()
    book = openpyxl.Workbook(write_only=True)
    try:
        for name, table in zip(_sheet_names(board), board.tables, strict=True):
            _lay_out(openpyxl, book.create_sheet(name), table, board.as_of)
        _tell(openpyxl, book.create_sheet("About"), board)
        book.save(buffer)
    except OSError:
        for sheet in book.worksheets:
            with suppress(OSError, ValueError, StopIteration):  # else it fails when it is collected
                sheet.close()
        raise
    return _without_clock(buffer.getvalue(), board.as_of)


def _titles(table: Table, as_of: datetime) -> list[str]:
    """Return the titles that people see; dates are on the clock of the board's zone."""
    measures = (*(h.title for h in table.headings), score_heading(table).title)
    return ["Rank", "Team", "Method", *measures, f"Date ({as_of.tzinfo})", "Submissions"]


def _cells(row: Row, table: Table) -> list[str | float | datetime | None]:
    return [
        "baseline" if row.baseline else row.rank,
        guarded(row.team),
        guarded(row.method),
        *(row.cells[heading.key] for heading in table.headings),
        row.score,
        row.date and row.date.replace(tzinfo=None, microsecond=0),
        row.submissions,
    ]


def _about(board: Board) -> list[tuple[str, str]]:
    """List how the board is made, as pairs of a word and what it says."""
    truths = board.truths
    return [
        ("As of", board.as_of.isoformat()),
        *((guarded(f"{table.title} score"), guarded(table.formula)) for table in board.tables),
        *(("Rule", guarded(rule)) for rule in board.rules),
        *((f"Truth of {table.title}, SHA-256", truths[table.key]) for table in board.tables if table.key in truths),
    ]


def _sheet_names(board: Board) -> list[str]:
    """Make the tables' titles into sheet names: Excel forbids some signs, long names and equal ones."""
    names: list[str] = []
    for number, table in enumerate(board.tables, start=1):
        name = re.sub(r"[\[\]:*?/\\']", " ", one_line(table.title))[:_NAME_LENGTH].strip() or f"Table {number}"
        taken = name.casefold() in {*_RESERVED, *(other.casefold() for other in names)}
        names.append(f"{name[: _NAME_LENGTH - 4]} {number}" if taken else name)
    return names


def _lay_out(openpyxl: ModuleType, sheet: WriteOnlyWorksheet, table: Table, as_of: datetime) -> None:
    """Write a table: its header frozen and tinted, its numbers as the board shows them, its baselines grey."""
    cell, styles, utils = openpyxl.cell, openpyxl.styles, openpyxl.utils

    titles = _titles(table, as_of)
    formats = {h.title: _number_format(h.decimals) for h in (*table.headings, score_heading(table))}
    sheet.freeze_panes = "C2"
    for number, title in enumerate(titles, start=1):
        width = _WIDTHS.get(title, max(12, len(title) + 2))
        sheet.column_dimensions[utils.get_column_letter(number)].width = width  # type: ignore[attr-defined]  # its types lack it
    head = styles.Font(bold=True), styles.PatternFill("solid", fgColor=_HEADER_FILL)
    middle = styles.Alignment(wrap_text=True, vertical="center")
    sheet.append([_dressed(cell.WriteOnlyCell(sheet, title), head, alignment=middle) for title in titles])
    grey = styles.Font(color=_BASELINE_TEXT, italic=True), styles.PatternFill("solid", fgColor=_BASELINE_FILL)
    forms = ["yyyy-mm-dd hh:mm" if title.startswith("Date (") else formats.get(title) for title in titles]
    for row in table.rows:
        line: list[object] = []
        for value, form in zip(_cells(row, table), forms, strict=True):
            if form is None and not row.baseline:
                line.append(value)
                continue
            made = cell.WriteOnlyCell(sheet, value)
            if form is not None:
                made.number_format = form
            line.append(_dressed(made, grey) if row.baseline else made)
        sheet.append(line)


def _dressed(cell: Cell, look: tuple[Font, PatternFill], alignment: Alignment | None = None) -> Cell:
    cell.font, cell.fill = look
    if alignment is not None:
        cell.alignment = alignment
    return cell


def _tell(openpyxl: ModuleType, sheet: WriteOnlyWorksheet, board: Board) -> None:
    """Write how the board is made."""
    cell, styles = openpyxl.cell, openpyxl.styles

    for letter, width in (("A", 30), ("B", 90)):
        sheet.column_dimensions[letter].width = width  # type: ignore[attr-defined]  # the same
    for number, pair in enumerate([("Board", guarded(board.challenge)), *_about(board)]):
        cells = [cell.WriteOnlyCell(sheet, text) for text in pair]
        for each in cells:
            each.alignment = styles.Alignment(wrap_text=True, vertical="top")
            each.font = styles.Font(bold=not number)
        sheet.append(cells)


def _number_format(decimals: int) -> str:
    return f"0.{'0' * decimals}" if decimals else "0"


def _without_clock(workbook: bytes, as_of: datetime) -> bytes:
    """Pack ``workbook`` anew with the board's instant in place of the time of writing."""
    stamp = f"{as_of.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}".encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "docProps/core.xml":
                data = re.sub(rb"(?<=>)\d{4}-\d\d-\d\dT[\d:]+Z(?=<)", stamp, data)
            target.writestr(zipfile.ZipInfo(name, _ZIP_EPOCH), data, zipfile.ZIP_DEFLATED)
    return packed.getvalue()
