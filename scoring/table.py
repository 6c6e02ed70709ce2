"""A file of rows as read, before anything is asked of its values.

Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from itertools import islice
from typing import TYPE_CHECKING

from scoring.model import Problem
from scoring.text import first, listed, printable, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from scoring.model import Note

MAX_ROWS = 300_000
"""More rows than that are refused; up to here all rank arithmetic is exact (see :mod:`scoring.metrics`)."""

MAX_COLUMNS = 300
"""More columns than that are refused: a probability for each of 255 classes, and what stands beside."""

MAX_CELLS = 40 * MAX_ROWS
"""More cells than that are refused, filled or not."""

INTEGER_DIGITS = 18
"""Integers of more digits are kept as tokens; 18 digits always fit 64 bits."""

LABELS = ("team", "method", "track")
"""Fields that say whose file it is; they may stand on top or, all alike, in a column."""


class Absent(Enum):
    """The type of :data:`ABSENT`."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT
"""The cell of a row that lacks the column."""


@dataclass(frozen=True)
class Token:
    """A JSON number that is not a usable number, as written: ``NaN``, ``1e999``, 5,000 digits."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """The rows of one file, column by column, each cell as the file has it."""

    #: What the file says of itself, on one printable line each.
    team: str | None = None
    method: str | None = None
    track: str | None = None
    #: Column names, lower case and stripped, in order of appearance.
    columns: tuple[str, ...]
    #: The cells of each column; all as long as ``places``. Text, numbers, :class:`Token`, :data:`ABSENT` …
    cells: Mapping[str, Sequence[object]]
    #: Where each row stands in the file, counted from 1 in ``unit``.
    places: Sequence[int]
    #: ``line`` or ``row``.
    unit: str
    #: Whether the format tells numbers from text (JSON does, CSV does not).
    typed: bool
    #: Whether a number may have a comma for its point: the fields are separated by something else.
    comma: bool = False
    #: Indices of rows whose fields do not fit the header: their ids count, their values are not looked at.
    torn: frozenset[int] = frozenset()
    #: Top-level fields that mean nothing here.
    extras: tuple[str, ...] = ()
    #: The types of a column's cells where they are known, and all its numbers to be finite.
    kinds: Mapping[str, set[type]] = field(default_factory=dict, compare=False)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.places)

    def place(self, row: int) -> str:
        """``line 12``, where the row stands in the file."""
        return f"{self.unit} {self.places[row]}"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What came of reading a file: a table unless nothing could be made of it, and what is wrong already."""

    table: Table | None = None
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()


def refused(code: str, message: str, *examples: str, count: int = 1) -> Reading:
    """Nothing could be made of the file, for one reason."""
    return Reading(problems=(Problem(code=code, count=count, examples=examples, message=message),))


def too_many_rows() -> Reading:
    """Refuse a file with more rows than any honest one has."""
    return refused("too-many-rows", f"The file has more than {MAX_ROWS:,} rows.")


def normal(name: object) -> str:
    """Return a field or column name as it is compared: lower case, stripped, printable."""
    return printable(str(name), 100).casefold()


def label(value: object) -> str | None:
    """Return a team, method or track as text; None when there is none."""
    if isinstance(value, str):
        return printable(value, 200) or None
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def uniform(cells: Mapping[str, Sequence[object]], column: str) -> str | None:
    """Return the one label that a whole column repeats, if it does."""
    values = cells.get(column) or (None,)
    return label(values[0]) if all(value == values[0] for value in values) else None


class RowGatherer:
    """Gathers rows of fields into columns; the one place where a table grows."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        """Begin with no row, and with these columns even if no row ever fills them."""
        self.cells: dict[str, list[object]] = {name: [] for name in names}
        self.places: list[int] = []
        self._names: dict[str, str] = {}

    def add(self, place: int, fields: Iterable[tuple[str, object]]) -> list[str]:
        """Add a row; the answer is the names that stood in it twice once normalised. The last one counts."""
        have = len(self.places)
        twice = []
        for raw, value in islice(fields, MAX_COLUMNS + 1):
            name = self._names.get(raw) or self._names.setdefault(raw, normal(raw))
            column = self.cells.setdefault(name, [])
            if len(column) > have:
                twice.append(name)
                column[have] = value
            else:
                column.extend([ABSENT] * (have - len(column)))
                column.append(value)
        self.places.append(place)
        return twice

    def full(self) -> Reading | None:
        """Return the refusal when there are more columns or rows than any honest file has, else None."""
        if len(self.cells) > MAX_COLUMNS:
            names = first(quoted(name) for name in self.cells)
            return refused("too-many-columns", f"The rows have more than {MAX_COLUMNS} different fields.", *names)
        if len(self.places) > MAX_ROWS:
            return too_many_rows()
        if len(self.cells) * len(self.places) > MAX_CELLS:
            message = f"The file has more than {MAX_CELLS:,} cells: rows times columns."
            return refused("too-many-rows", message)
        return None

    def columns(self) -> dict[str, list[object]]:
        """All columns, filled up to the number of rows."""
        for column in self.cells.values():
            column.extend([ABSENT] * (len(self.places) - len(column)))
        return self.cells


def shown_columns(names: Iterable[str]) -> str:
    """Column names for a message."""
    return listed(quoted(name) for name in names) or "none"
