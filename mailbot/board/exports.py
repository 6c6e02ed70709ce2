"""A board as JSON and CSV, and the list of receipts; for XLSX see :mod:`mailbot.board.workbook`."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from typing import TYPE_CHECKING, Any

from mailbot.board.build import one_line, score_heading
from mailbot.board.codec import board_as_json, rows_as_json
from mailbot.config.board import AFTER_CELLS, BEFORE_CELLS
from mailbot.system import safefile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from mailbot.board.model import Board, Table
    from mailbot.ledger.submissions import SubmissionRow


_FORMULA_STARTS = frozenset("=+-@|%")

_NEXT_CELL = re.compile(r"([;；]\s*+)(?=[=+\-@|%＝＋－＠｜％﹦﹢﹣﹫﹪])")  # noqa: RUF001  # full-width and small ones too
"""Where a spreadsheet of a country whose lists have semicolons begins another cell, with what could be a formula."""


def as_json(board: Board) -> bytes:
    """Return ``board.json``: the object of :func:`mailbot.board.codec.board_as_json`, in UTF-8, on one line."""
    return (
        json.dumps(board_as_json(board), ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"
    ).encode()


def as_csv(board: Board) -> bytes:
    """Return ``board.csv``: all tables below one another, the first column says which.

    RFC 4180 with a header line, but lines end in a line feed alone; UTF-8 without a byte order mark: the file is for
    programs, and a mark would become part of the first column's name. People with a spreadsheet take ``board.xlsx``.
    Numbers have the decimals shown; a cell without a value is empty; dates are RFC 3339; text is guarded.
    """
    import pandas as pd  # noqa: PLC0415  # slow to import, and most commands publish nothing

    decimals = {table.key: _decimals(table) for table in board.tables}
    records = [_as_text(record, decimals[record["table"]]) for record in rows_as_json(board)]
    frame = pd.DataFrame(records, columns=_columns(board), dtype=object)
    return frame.to_csv(index=False, lineterminator="\n").encode()


def guarded(text: str) -> str:
    """Return ``text`` on one line, with a leading ``'`` if a spreadsheet could take it for a formula.

    That is text that starts with ``= + - @``, or with ``|`` or ``%`` (which old spreadsheets run too), in plain or
    full-width form, at the beginning or behind a semicolon. Source: OWASP, CSV Injection.
    """
    inert = _NEXT_CELL.sub(r"\1'", one_line(text))
    return f"'{inert}" if unicodedata.normalize("NFKC", inert[:1])[:1] in _FORMULA_STARTS else inert


def _columns(board: Board) -> list[str]:
    """List the columns of all tables, each once, in the order shown."""
    keys = dict.fromkeys(heading.key for table in board.tables for heading in table.headings)
    return [*BEFORE_CELLS, *keys, *AFTER_CELLS]


def _decimals(table: Table) -> dict[str, int]:
    """Return how many decimals each number of a table's rows has."""
    score = score_heading(table)
    decimals = {heading.key: heading.decimals for heading in (*table.headings, score)}
    return decimals | dict.fromkeys(("low", "high"), score.decimals)


def _as_text(record: Mapping[str, Any], decimals: Mapping[str, int]) -> dict[str, str]:
    """Turn a row into what the file holds."""
    return {key: _cell(value, decimals.get(key)) for key, value in record.items()}


def _cell(value: str | float | None, decimals: int | None) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return guarded(value)
        case _:
            return str(value) if decimals is None else f"{value:.{decimals}f}"


_LATEX = str.maketrans(
    {char: f"\\{char}" for char in "&%$#_{}"}
    | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}", "–": "--"}
)
"""What has a meaning in LaTeX, and what stands for it as text."""


def as_latex(board: Board) -> str:
    """Return the tables of a board as LaTeX, for ``booktabs``; texts are escaped, so that none of them is a command."""
    return "\n".join(_tabular(table) for table in board.tables)


def _tabular(table: Table) -> str:
    headings = (*table.headings, score_heading(table))
    head = ["", "Team", "Method", *(heading.title for heading in headings)]
    lines = [_latex_row(head)]
    for place, row in enumerate(table.rows):
        values = [*(row.cells.get(heading.key) for heading in table.headings), row.score]
        cells = ["–" if v is None else f"{v:.{h.decimals}f}" for v, h in zip(values, headings, strict=True)]
        if row.baseline and (place == 0 or not table.rows[place - 1].baseline):
            lines.append(r"\midrule")
        lines.append(_latex_row([str(row.rank or ""), row.team, row.method, *cells]))
    form = f"rll{'r' * len(headings)}"
    begin, end = rf"\begin{{tabular}}{{{form}}}", r"\end{tabular}"
    title = f"% {one_line(table.title)}: {one_line(table.formula)}"
    return "\n".join([title, begin, r"\toprule", lines[0], r"\midrule", *lines[1:], r"\bottomrule", end, ""])


def _latex_row(cells: Sequence[str]) -> str:
    return " & ".join(one_line(cell).translate(_LATEX) for cell in cells) + r" \\"


RECEIPTS = "receipts.csv"

RECEIPT_COLUMNS = ("phase", "receipt", "track", "arrived_at", "sha256")


def write_receipts(rows: Sequence[SubmissionRow], folder: Path, zone: ZoneInfo) -> Path:
    """Write ``receipts.csv`` below ``folder``: every file received in the phases that closed; return its path.

    It tells receipt, track, arrival and the beginning of the file's SHA-256: no score, no team, no address. The form is
    that of ``board.csv``.
    """
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(RECEIPT_COLUMNS)
    for row in rows:
        arrived = row.arrived_at.astimezone(zone).isoformat(timespec="seconds")
        writer.writerow((guarded(row.phase or ""), row.receipt, row.track or "", arrived, row.sha256[:16]))
    path = folder / RECEIPTS
    safefile.replace(path, file.getvalue().encode(), mode=safefile.PUBLIC_FILE)
    return path
