"""OpenDocument spreadsheets (ISO/IEC 26300-3:2015, part 3, sections 9 and 19): rows as text. Pure; runs in a child."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from xml.etree.ElementTree import Element

ROWS = 100_000
COLUMNS = 300
CHARACTERS = 10 * 1024 * 1024


class Refused(Exception):  # noqa: N818  # a verdict on the workbook, caught by its reader, not an error
    """The workbook is refused; the argument is the problem's code."""


@dataclass
class Room:
    """How much more of a workbook is taken, all its sheets together."""

    rows: int = ROWS
    characters: int = CHARACTERS

    def take(self, row: Sequence[str]) -> None:
        """Count a row. Raises Refused."""
        self.rows -= 1
        self.characters -= sum(map(len, row)) + len(row)
        if len(row) > COLUMNS:
            raise Refused("too-many-columns")
        if self.rows < 0:
            raise Refused("too-many-rows")
        if self.characters < 0:
            raise Refused("too-big")


def filled(rows: Iterable[list[str]], room: Room) -> Iterator[list[str]]:
    """Yield the rows that are not empty, all as wide as the first one at least."""
    width = 0
    for row in rows:
        room.take(row)
        cells = list(row)
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            width = width or len(cells)
            yield cells + [""] * (width - len(cells))


CONTENT = "content.xml"
"""The part that holds the cells."""

_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_GROUPS = (f"{_TABLE}table-row-group", f"{_TABLE}table-header-rows", f"{_TABLE}table-rows")
_CELLS = (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell")


def sheets(data: bytes, room: Room) -> Iterator[Iterator[list[str]]]:
    """Yield the filled rows of each sheet. Raises whatever zipfile and the parser do for damaged files."""
    from defusedxml.ElementTree import fromstring  # noqa: PLC0415  # only for workbooks

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        root: Element = fromstring(archive.read(CONTENT), forbid_dtd=True)
    for sheet in root.iterfind(f"{_OFFICE}body/{_OFFICE}spreadsheet/{_TABLE}table"):
        yield filled(_rows(sheet), room)


def _rows(sheet: Element) -> Iterator[list[str]]:
    """Yield each row as often as it says; the empty rows that fill a sheet to its end are counted once.

    Each element is looked at once, however they lie in one another: no table within a table is read.
    """
    below = [iter(sheet)]
    while below:
        element = next(below[-1], None)
        if element is None:
            below.pop()
        elif element.tag in _GROUPS:
            below.append(iter(element))
        elif element.tag == f"{_TABLE}table-row":
            cells = _row(element)
            times = _times(element, "rows") if cells else 1
            if times > ROWS:
                raise Refused("too-many-rows")
            for _ in range(times):
                yield cells


def _row(row: Element) -> list[str]:
    """Return the cells of a row up to the last one that holds something."""
    cells: list[str] = []
    empty = 0
    for cell in row:
        if cell.tag not in _CELLS:
            continue
        text, times = _value(cell), _times(cell, "columns")
        if not text:
            empty += times
            continue
        if len(cells) + empty + times > COLUMNS:
            raise Refused("too-many-columns")
        cells += [""] * empty + [text] * times
        empty = 0
    return cells


def _value(cell: Element) -> str:
    """Return a number as stored, any other cell by its text."""
    stored = cell.get(f"{_OFFICE}value")
    if stored is not None:
        return stored
    return "\n".join("".join(paragraph.itertext()) for paragraph in cell.iterfind(f"{_TEXT}p"))


def _times(element: Element, what: str) -> int:
    said = element.get(f"{_TABLE}number-{what}-repeated", "1")
    return int(said) if said.isascii() and said.isdigit() and len(said) < len(str(ROWS)) + 2 else ROWS + 1
