"""How a table of text is laid out: what stands before it, and what separates its fields.

CSV (RFC 4180) and TSV, the ``sep=;`` line of Excel, comment lines, Markdown's and terminals' tables with bars, and
tables whose columns are only aligned, as ``print(df)`` gives them. Standard library only.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from scoring.table import MAX_ROWS

if TYPE_CHECKING:
    from _csv import Reader
    from collections.abc import Iterator, Sequence

    Lines = Iterator[tuple[int, list[str]]]

FIELDS = ",\t;"
"""The separators of CSV and its like."""

SEPARATORS = FIELDS + "|"
BLANKS = " "
"""The separator of a table whose columns are only aligned."""

_END = r"[ \t]*+(?:\r\n|\r|\n|$)"
_SAID = re.compile(rf"\s*+\"?sep=([^\w\s\"]|\t)\"?+[,;\t]*+{_END}", re.IGNORECASE)
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
_DRAWING = frozenset("|+:=_- \t")
_LONGEST_RULE = 2000
_COMMENT = "#"
NUMBER = re.compile(r"[+-]?\d+(\.\d*)?")
"""A first field that no column is called by."""

_LOOKED_AT = 200  # lines, to see whether aligned columns make a table


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where a table begins, and what separates its fields."""

    separator: str
    #: The text from the header line on.
    text: str
    #: Lines before it.
    before: int


def layout_of(text: str) -> Layout:
    """Return how a text that is not empty is laid out, if it is a table."""
    said = _SAID.match(text)
    start = said.end() if said else 0
    while start < len(text) and (not (line := _line(text, start).strip()) or _is_rule(line)):
        start += len(_line(text, start))  # blank lines, and the rule on top of a drawn table
    start = _after_comments(text, start)
    top = _line(text, start).lstrip(_COMMENT)
    separator = said[1] if said else max(SEPARATORS, key=top.count)
    if not said and separator not in top:
        separator = BLANKS if len(top.split()) > 1 else ","
    head = text[start:].lstrip(_COMMENT) if text[start : start + 1] == _COMMENT else text[start:]
    return Layout(separator=separator, text=head, before=len(_LINE.findall(text[:start])) - 1 if start else 0)


def _is_rule(line: str) -> bool:
    """Whether a line only draws, as the one below a Markdown header."""
    return len(line) < _LONGEST_RULE and _DRAWING.issuperset(line) and ("-" in line or "=" in line)


def _line(text: str, start: int) -> str:
    found = _LINE.match(text, start)
    return found[0] if found else ""


def _after_comments(text: str, start: int) -> int:
    """Return where the header begins; the last comment is the header if numbers follow it (``numpy.savetxt``)."""
    last = at = start
    while _line(text, at).startswith(_COMMENT):
        last, at = at, at + len(_line(text, at))
    first = re.split(rf"[{SEPARATORS}\s]", _line(text, at).strip(), maxsplit=1)[0]
    return last if at > start and NUMBER.fullmatch(first) else at


def lines(layout: Layout) -> Lines:
    """Yield each line that is not blank, split, with its number; raises :class:`csv.Error` with the line in it."""
    if layout.separator == "|":
        return _drawn(layout)
    if layout.separator == BLANKS:
        return _aligned(layout)
    return _unquoted(_separated(layout), layout.separator)


def reader_of(layout: Layout) -> Reader:
    """Return the reader of a table whose fields are separated by one of :data:`FIELDS`, or another such character."""
    text = io.StringIO(layout.text, newline="")
    return csv.reader(text, delimiter=layout.separator, skipinitialspace=layout.separator != "\t", strict=True)


def _separated(layout: Layout) -> Lines:
    reader = reader_of(layout)
    try:
        for fields in reader:
            if fields and (len(fields) > 1 or fields[0].strip()):
                yield reader.line_num + layout.before, fields
    except csv.Error as error:
        message = f"line {reader.line_num + layout.before}: {error}"
        raise csv.Error(message) from error


def _unquoted(rows: Lines, separator: str) -> Lines:
    """Split once more what some programs write when they save a table: each whole line in quotation marks."""
    for number, fields in rows:
        inside = len(fields) == 1 and separator in fields[0]
        yield number, next(csv.reader([fields[0]], delimiter=separator, skipinitialspace=True)) if inside else fields


def _plain_lines(layout: Layout) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(io.StringIO(layout.text, newline=None), layout.before + 1):
        if line.strip():
            yield number, line.strip()


def _drawn(layout: Layout) -> Lines:
    """Split at bars; those at the edges and the rules below the header and around the table are drawing."""
    for number, line in _plain_lines(layout):
        if not _is_rule(line):
            yield number, [field.strip() for field in line.removeprefix("|").removesuffix("|").split("|")]


def _aligned(layout: Layout) -> Lines:
    """Split at blanks; the row numbers that ``print(df)`` puts before each row are left out."""
    rows = ((number, _words(line)) for number, line in _plain_lines(layout))
    head = [*islice(rows, 1 + _LOOKED_AT)]
    width = len(head[0][1])
    numbered = len(head) > 1 and all(len(fields) == width + 1 for _, fields in head[1:])
    yield head[0]
    for number, fields in (*head[1:], *islice(rows, MAX_ROWS)):
        yield number, fields[1:] if numbered and len(fields) == width + 1 else fields


def _words(line: str) -> list[str]:
    """Split a line at blanks; quotation marks keep words together, as R's write.table sets them."""
    if '"' not in line:
        return line.split()
    return [field for field in next(csv.reader([line], delimiter=" ")) if field]


def is_table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether most of the first rows have as many fields as the header: prose is no table of aligned columns."""
    fitting = sum(len(fields) == len(names) for fields in rows[:_LOOKED_AT])
    return fitting > len(rows[:_LOOKED_AT]) / 2
