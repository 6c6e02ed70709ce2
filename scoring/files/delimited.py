"""CSV, TSV and other tables of text to a table: one header line, one row a line, every field kept as text.

:mod:`scoring.files.layout` tells what separates the fields. Standard library only.
"""

from __future__ import annotations

import csv
from itertools import chain, islice
from typing import TYPE_CHECKING

from scoring.files.layout import BLANKS, FIELDS, NUMBER, is_table, layout_of, lines, reader_of
from scoring.model import Note, Problem
from scoring.table import (
    LABELS,
    MAX_COLUMNS,
    MAX_ROWS,
    Reading,
    RowGatherer,
    Table,
    normal,
    refused,
    shown_columns,
    uniform,
)
from scoring.text import counted, first, printable, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scoring.files.layout import Layout

HEADER = "The first line must name the columns, as id,answer."
_FITTED = 200  # lines of aligned columns that are looked at


def read_delimited(text: str) -> Reading:
    """Return the table in a text that is not empty and no JSON."""
    layout = layout_of(text)
    clean = _clean(layout)
    return carefully(layout) if clean is None else Reading(table=clean)


def carefully(layout: Layout) -> Reading:
    """Return the table of a layout with every problem named."""
    rows = lines(layout)
    try:
        _, header = next(rows)
        if len(header) > MAX_COLUMNS:
            return refused("too-many-columns", f"The header names more than {MAX_COLUMNS} columns.", str(len(header)))
        names = [normal(name) or f"column {number}" for number, name in enumerate(header, 1)]
        if layout.separator == BLANKS:
            first_rows = [*islice(rows, _FITTED)]
            rows = chain(first_rows, rows)
            if not is_table(names, [fields for _, fields in first_rows]):
                return _no_table(printable(" ".join(header)))
        return _header_problem(names) or _body(names, rows, layout.separator)
    except StopIteration:
        return refused("empty-file", "The file is empty.")
    except csv.Error as error:
        return _not_csv(printable(str(error), 100))


def _clean(layout: Layout) -> Table | None:
    """Return the table where each row is a line as wide as the header, by columns; None for any other."""
    if layout.separator not in FIELDS:
        return None
    reader = reader_of(layout)
    header: list[str] = []
    rows: list[list[str]] = []
    try:
        header = next(reader, header)
        for fields in islice(reader, MAX_ROWS + 1):
            if len(fields) != len(header):
                return None
            rows.append(fields)
    except csv.Error:
        return None
    looked_at = header if len(header) <= MAX_COLUMNS else []  # there may be millions of names
    names = [normal(name) or f"column {number}" for number, name in enumerate(looked_at, 1)]
    if len(names) <= 1 or not 0 < len(rows) <= MAX_ROWS or _header_problem(names):
        return None
    columns = [[*column] for column in zip(*rows, strict=True)]
    if reader.line_num != 1 + len(rows) or not all(map(str.strip, columns[0])):
        return None  # a field reaches over lines, or a row may be empty
    first = layout.before + 2
    return _table(
        dict(zip(names, columns, strict=True)), range(first, first + len(rows)), frozenset(), layout.separator
    )


def _not_csv(where: str) -> Reading:
    message = f"The file is neither JSON nor CSV: {where}. A quotation mark may be left open there."
    return refused("not-csv", message, where)


def _no_table(top: str) -> Reading:
    return refused("not-a-table", f"The file is neither JSON nor a table. {HEADER}", quoted(top))


def _header_problem(names: list[str]) -> Reading | None:
    """Why the first line cannot be a header, if it cannot."""
    if NUMBER.fullmatch(names[0]):
        return refused("no-header", HEADER, shown_columns(names[:5]))
    if len(names) == 1:
        return _no_table(names[0])
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        message = f"A column stands twice in the header: {shown_columns(twice)}."
        return refused("duplicate-columns", message, *first(map(quoted, twice)), count=len(twice))
    return None


def _body(names: list[str], rows: Iterator[tuple[int, list[str]]], separator: str) -> Reading:
    """Gather the rows under the header; a row of another width keeps its place and its first field only."""
    gatherer = RowGatherer(names)
    ragged: list[tuple[int, int]] = []
    torn: set[int] = set()
    empty = 0
    names_rows = separator != ","  # between commas, the first field too many may be of a decimal comma
    for number, given in rows:
        fields, names_rows = _fitted(given, len(names), names_rows=names_rows)
        if not any(field.strip() for field in fields):
            empty += 1
            continue
        if len(fields) != len(names):
            ragged.append((number, len(fields)))
            torn.add(len(gatherer.places))
        gatherer.add(number, zip(names, fields, strict=False))
        if refusal := gatherer.full():
            return refusal
    if not gatherer.places:
        return refused("no-rows", "The file has a header and no rows.")
    blank = Note(code="empty-rows", count=empty, message=f"{counted(empty, 'row')} without any content were skipped.")
    return Reading(
        table=_table(gatherer.columns(), gatherer.places, frozenset(torn), separator),
        problems=(_ragged(ragged, len(names), separator),) if ragged else (),
        notes=(blank,) if empty else (),
    )


def _fitted(fields: list[str], width: int, *, names_rows: bool) -> tuple[list[str], bool]:
    """Return a row without an empty field behind it, or the name that R's write.table puts before each row.

    The first row tells: the name is its number, and the header has none for it. Then it is so of every row.
    """
    if len(fields) != width + 1:
        return fields, False
    if not fields[-1].strip():
        return fields[:-1], False
    return (fields[1:], True) if names_rows and fields[0].strip().isdecimal() else (fields, False)


def _table(cells: Mapping[str, Sequence[object]], places: Sequence[int], torn: frozenset[int], separator: str) -> Table:
    team, method, track = (uniform(cells, name) for name in LABELS)
    return Table(
        team=team,
        method=method,
        track=track,
        columns=tuple(cells),
        cells=cells,
        places=places,
        unit="line",
        typed=False,
        comma=separator != ",",
        torn=torn,
    )


def _ragged(ragged: list[tuple[int, int]], width: int, separator: str) -> Problem:
    """Say which rows are not as wide as the header; decimal commas between commas make each number two fields."""
    message = f"Each row must have {counted(width, 'field')}, as the header has."
    if separator == "," and width > 1 and all(fields == 2 * width - 1 for _, fields in ragged):
        message = (
            f"{counted(len(ragged), 'row has', 'rows have')} {2 * width - 1} fields and the header has {width}: numbers"
            " with a decimal comma? Write 3.75 for 3,75."
        )
    examples = (f"line {number}: {counted(fields, 'field')}" for number, fields in ragged)
    return Problem(code="ragged-rows", count=len(ragged), examples=first(examples), message=message)
