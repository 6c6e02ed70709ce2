"""The rows of a roster file as spreadsheet programs save it: any separator, any encoding that result files may have."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.errors import ConfigError
from scoring.files.layout import BLANKS, layout_of
from scoring.files.read import decode
from scoring.files.sniff import advice
from scoring.model import Problem
from scoring.text import printable
from scoring.values import bare

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

NAMES: Mapping[str, tuple[str, ...]] = {
    "team": ("team", "team name", "team_name", "name"),
    "address": ("address", "addresses", "email", "emails", "e-mail"),
}
"""The headings that are known, by what stands below them."""

NEEDED = "the columns `team` and `address` are needed"


@dataclass(frozen=True, kw_only=True)
class RosterTable:
    """The two columns of a roster file, row by row."""

    #: Line, then team and addresses as the file has them; None for a row that is too short.
    rows: tuple[tuple[int, tuple[str, str] | None], ...] = ()
    #: One sentence each, with the line.
    mistakes: tuple[str, ...] = ()
    #: What the organizer should know of the file: in which encoding it was read.
    notes: tuple[str, ...] = ()


def mapping(said: str) -> dict[str, str]:
    """Return which heading is which column, from ``team=Team name,address=Email Address``. Raises ConfigError."""
    found = {}
    for pair in re.split(r",(?=\s*\w+\s*=)", said) if said.strip() else ():
        name, equals, heading = pair.partition("=")
        if not equals or name.strip() not in NAMES or not heading.strip().strip("\"'"):
            message = f"--columns: {printable(pair)!r} is not team=HEADING or address=HEADING"
            raise ConfigError(message)
        found[name.strip()] = heading.strip().strip("\"'")
    return found


def table_of(data: bytes, columns: Mapping[str, str]) -> RosterTable:
    """Return the rows of a roster file; ``columns`` names headings that are others than the known ones."""
    decoded = advice("", data) or decode(data)
    if isinstance(decoded, Problem):
        return RosterTable(mistakes=(f"{decoded.message} In a CSV file {NEEDED}",))
    text, notes = decoded
    told = tuple(note.message for note in notes)
    if not text.strip("\ufeff \t\r\n"):
        return RosterTable(mistakes=(f"line 1: {NEEDED}",))
    layout = layout_of(text.lstrip("\ufeff"))
    separator = "," if layout.separator == BLANKS else layout.separator
    reader = csv.reader(io.StringIO(layout.text, newline=""), delimiter=separator)
    try:
        head = [bare(cell) for cell in next(reader, [])]
    except csv.Error as error:
        return RosterTable(mistakes=(f"line 1: {error}; {NEEDED}",), notes=told)
    places = [_place(head, name, columns.get(name)) for name in NAMES]
    if None in places:
        shown = ", ".join(f'"{printable(cell, 40)}"' for cell in head[:8] if cell) or "none"
        hint = '; --columns team="...",address="..." says which are meant' if len(head) > 1 else ""
        return RosterTable(mistakes=(f"line {layout.before + 1}: {NEEDED}; found: {shown}{hint}",), notes=told)
    mistakes: list[str] = []
    rows = tuple(_rows(reader, [place for place in places if place is not None], layout.before, mistakes))
    return RosterTable(rows=rows, mistakes=tuple(mistakes), notes=told)


def _place(head: Sequence[str], name: str, heading: str | None) -> int | None:
    """Return where a column stands."""
    folded = [cell.casefold() for cell in head]
    wanted = (heading.strip().casefold(),) if heading else NAMES[name]
    return next((folded.index(each) for each in wanted if each in folded), None)


def _rows(
    reader: Iterator[list[str]], places: Sequence[int], before: int, mistakes: list[str]
) -> Iterator[tuple[int, tuple[str, str] | None]]:
    """Yield the rows that hold something; a quotation mark that is left open ends the file."""
    line = before
    try:
        for row in reader:
            line = before + reader.line_num  # type: ignore[attr-defined]  # of csv's reader, which has no public type
            if any(bare(cell) for cell in row):
                team, address = places
                cells = (bare(row[team]), bare(row[address])) if len(row) > max(places) else None
                yield line, cells
    except csv.Error as error:
        mistakes.append(f"line {line + 1}: {error}; is a quotation mark left open before?")
