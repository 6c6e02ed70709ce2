"""CSV and TSV to a table: one header line, one row a line, every field kept as text.

Separated by commas, tabs or semicolons, whichever the header line has most of. Standard library only.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from scoring.model import Note, Problem
from scoring.table import LABELS, MAX_COLUMNS, Reading, RowGatherer, Table, normal, refused, shown_columns, uniform
from scoring.text import counted, first, printable, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

SEPARATORS = ",\t;"
HEADER = "The first line must name the columns, as id,perception,knowledge."
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?")


def read_delimited(text: str) -> Reading:
    """Return the table in a CSV or TSV text that is not empty."""
    lines = _lines(text)
    try:
        _, header = next(lines)
        if len(header) > MAX_COLUMNS:
            return refused("too-many-columns", f"The header names more than {MAX_COLUMNS} columns.", str(len(header)))
        names = [normal(name) or f"column {number}" for number, name in enumerate(header, 1)]
        return _header_problem(names) or _body(names, lines)
    except StopIteration:
        return refused("empty-file", "The file is empty.")
    except csv.Error as error:
        return _not_csv(printable(str(error), 100))


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each line that is not blank, split, with its number; raises :class:`csv.Error` with the line in it."""
    top = text.lstrip().replace("\r", "\n").partition("\n")[0]
    separator = max(SEPARATORS, key=top.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    try:
        for fields in reader:
            if fields and (len(fields) > 1 or fields[0].strip()):
                yield reader.line_num, fields
    except csv.Error as error:
        message = f"line {reader.line_num}: {error}"
        raise csv.Error(message) from error


def _not_csv(where: str) -> Reading:
    message = f"The file is neither JSON nor CSV: {where}. A quotation mark may be left open there."
    return refused("not-csv", message, where)


def _header_problem(names: list[str]) -> Reading | None:
    """Why the first line cannot be a header, if it cannot."""
    if _NUMBER.fullmatch(names[0]):
        return refused("no-header", HEADER, shown_columns(names[:5]))
    if len(names) == 1:
        return refused("not-a-table", f"The file is neither JSON nor a table. {HEADER}", quoted(names[0]))
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        message = f"A column stands twice in the header: {shown_columns(twice)}."
        return refused("duplicate-columns", message, *first(map(quoted, twice)), count=len(twice))
    return None


def _body(names: list[str], lines: Iterator[tuple[int, list[str]]]) -> Reading:
    """Gather the rows under the header; a row of another width keeps its place and its first field only."""
    gatherer = RowGatherer(names)
    ragged: list[str] = []
    torn: set[int] = set()
    empty = 0
    for number, fields in lines:
        if not any(field.strip() for field in fields):
            empty += 1
            continue
        if len(fields) != len(names):
            ragged.append(f"line {number}: {counted(len(fields), 'field')}")
            torn.add(len(gatherer.places))
        gatherer.add(number, zip(names, fields, strict=False))
        if refusal := gatherer.full():
            return refusal
    if not gatherer.places:
        return refused("no-rows", "The file has a header and no rows.")
    return _reading(gatherer, names, ragged, frozenset(torn), empty)


def _reading(gatherer: RowGatherer, names: list[str], ragged: list[str], torn: frozenset[int], empty: int) -> Reading:
    cells = gatherer.columns()
    team, method, track = (uniform(cells, name) for name in LABELS)
    table = Table(
        team=team,
        method=method,
        track=track,
        columns=tuple(cells),
        cells=cells,
        places=gatherer.places,
        unit="line",
        typed=False,
        torn=torn,
    )
    message = f"Each row must have {counted(len(names), 'field')}, as the header has."
    problem = Problem(code="ragged-rows", count=len(ragged), examples=first(ragged), message=message)
    blank = Note(code="empty-rows", count=empty, message=f"{counted(empty, 'row')} without any content left out.")
    return Reading(table=table, problems=(problem,) if ragged else (), notes=(blank,) if empty else ())
