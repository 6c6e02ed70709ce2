"""A board as an XLSX workbook: from a board to the bytes of a file.

pandas lays the tables out, openpyxl dresses them; both are imported when first needed. Equal boards give equal bytes.
"""

from __future__ import annotations

import io
import os
import re
import zipfile
from datetime import UTC
from typing import TYPE_CHECKING

from mailbot.board.build import one_line, score_heading
from mailbot.board.exports import guarded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from types import ModuleType

    from openpyxl.worksheet.worksheet import Worksheet

    from mailbot.board.model import Board, Row, Table

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
_NAME_LENGTH = 31
_RESERVED = frozenset({"about", "history"})
_WIDTHS = {"Team": 28, "Method": 36}
os.environ.setdefault("OPENPYXL_LXML", "False")  # the same writer, and OSErrors, whether or not lxml is installed

_HEADER_FILL, _BASELINE_TEXT, _BASELINE_FILL = "FFE4ECEC", "FF666E76", "FFF4F5F6"


def as_xlsx(board: Board) -> bytes:
    """Return ``board.xlsx``: a sheet per table, as people read it, and a sheet on how the board is made."""
    import pandas as pd  # noqa: PLC0415  # slow to import, and most commands write no workbook

    buffer = io.BytesIO()
    with pd.ExcelWriter(buffer, engine="openpyxl") as writer:
        for name, table in zip(_sheet_names(board), board.tables, strict=True):
            cells = [_cells(row, table) for row in table.rows]
            frame = pd.DataFrame(cells, columns=_titles(table, board.as_of), dtype=object)
            frame.to_excel(writer, sheet_name=name, index=False)
        about = pd.DataFrame(_about(board), columns=["Board", guarded(board.challenge)])
        about.to_excel(writer, sheet_name="About", index=False)
        _dress(list(writer.sheets.values()), board)
    return _without_clock(buffer.getvalue(), board.as_of)


def _titles(table: Table, as_of: datetime) -> list[str]:
    """Return the titles that people see; dates are on the clock of the board's zone."""
    measures = (*(h.title for h in table.headings), score_heading(table).title)
    return ["Rank", "Team", "Method", *measures, f"Date ({as_of.tzinfo})", "Submissions"]


def _cells(row: Row, table: Table) -> list[object]:
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


def _dress(sheets: Sequence[Worksheet], board: Board) -> None:
    """Dress the sheet of each table, and the last one, which tells how the board is made."""
    from openpyxl import styles, utils  # noqa: PLC0415  # as above

    for sheet, table in zip(sheets[:-1], board.tables, strict=True):
        _dress_table(sheet, table, styles, utils)
    about = sheets[-1]
    for letter, width in (("A", 30), ("B", 90)):
        about.column_dimensions[letter].width = width
        for cell in about[letter]:
            cell.alignment = styles.Alignment(wrap_text=True, vertical="top")


def _dress_table(sheet: Worksheet, table: Table, styles: ModuleType, utils: ModuleType) -> None:
    """Freeze and tint the header, set widths and number formats, grey the baselines; the modules are openpyxl's."""
    formats = {h.title: _number_format(h.decimals) for h in (*table.headings, score_heading(table))}
    sheet.freeze_panes = "C2"
    for number, column in enumerate(sheet.iter_cols(), start=1):
        title = str(column[0].value)
        sheet.column_dimensions[utils.get_column_letter(number)].width = _WIDTHS.get(title, max(12, len(title) + 2))
        for cell in column[1:]:
            cell.number_format = "yyyy-mm-dd hh:mm" if title.startswith("Date (") else formats.get(title, "General")
    for cell in sheet[1]:
        cell.font, cell.fill = styles.Font(bold=True), styles.PatternFill("solid", fgColor=_HEADER_FILL)
        cell.alignment = styles.Alignment(wrap_text=True, vertical="center")
    grey, ground = styles.Font(color=_BASELINE_TEXT, italic=True), styles.PatternFill("solid", fgColor=_BASELINE_FILL)
    for row, cells in zip(table.rows, sheet.iter_rows(min_row=2), strict=True):
        for cell in cells if row.baseline else ():
            cell.font, cell.fill = grey, ground


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
