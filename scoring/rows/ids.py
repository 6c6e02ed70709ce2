"""Rows to labelled items: which row answers which id, and every way in which the ids can be wrong.

One fault is told once: ids that begin at 0 are not also one missing and one unknown id. Below it, the file of ids that
teams are given: one id a line; ``# track siqa-s`` begins the ids of a track.
Standard library only.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from scoring.model import Note, Problem
from scoring.table import ABSENT, shown_columns
from scoring.text import counted, first, printable
from scoring.values import ID, bare, shown, whole, wholes, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from scoring.table import Table

Id = int | str
Value = TypeVar("Value")

PATH = re.compile(r".*[/\\].*|.*\.(?:png|jpe?g|webp|gif|bmp|tiff?)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Match:
    """Which row holds which item."""

    table: Table
    #: Index of the row of each item, in label order; None where no row has the id.
    rows: Sequence[int | None]
    #: The id in each row; None where it cannot be read.
    found: Sequence[Id | None]
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether each item has a row."""
        return isinstance(self.rows, range) or None not in self.rows

    def name(self, row: int) -> str:
        """Return what to call a row in a message: ``id 7``, or ``line 8`` when its id cannot be read."""
        item = self.found[row]
        return self.table.place(row) if item is None else f"id {_shown(item)}"


def in_order(values: list[Value], rows: Sequence[int | None]) -> list[Value]:
    """Return the values of the rows in label order; each item has a row."""
    return values if isinstance(rows, range) else [values[row] for row in rows if row is not None]


def worded(cell: object) -> str | None:
    """Return the id in a cell where ids are words: text as it is but stripped, an integer in its digits."""
    if isinstance(cell, str):
        return bare(cell) or None
    return str(cell) if isinstance(cell, int) and not isinstance(cell, bool) else None


def match_ids(table: Table, ids: Sequence[Id], column: str = ID) -> Match:
    """Find the row of each id; all problems with the ids are collected.

    ``ids`` are the labelled items in label order, all integers or all words; ``column`` is the column of ids.
    """
    if column not in table.cells:
        return _no_id_column(table, ids, column)
    cells = table.cells[column]
    numeric = not ids or type(ids[0]) is int
    return _clean(table, column, ids, numeric=numeric) or _carefully(table, cells, ids, numeric=numeric)


def _clean(table: Table, column: str, ids: Sequence[Id], *, numeric: bool) -> Match | None:
    """Return the match where each id stands in one row, as the official form has it; None where in doubt."""
    cells = table.cells[column]
    found: list[Any] | None
    if numeric and table.typed:  # a note tells of ids that are text
        found = [*cells] if (table.kinds.get(column) or set(map(type, cells))) == {int} else None
    else:
        found = wholes(cells) if numeric else words(cells)
    if found is None or len(found) != len(ids):
        return None
    if found == [*ids] and len(set(found)) == len(found):
        return Match(table=table, rows=range(len(ids)), found=found)
    seat = dict(zip(found, range(len(found)), strict=True))
    if len(seat) != len(found) or seat.keys() != set(ids):
        return None
    return Match(table=table, rows=[seat[wanted] for wanted in ids], found=found)


def _carefully(table: Table, cells: Sequence[object], ids: Sequence[Id], *, numeric: bool) -> Match:
    """Return the match with every problem named."""
    found: list[Id | None] = [whole(cell) if numeric else worded(cell) for cell in cells]
    seat: dict[Id, int] = {}
    for row, found_id in enumerate(found):
        if found_id is not None:
            seat.setdefault(found_id, row)
    problems = tuple(_problems(table, cells, ids, found, seat))
    notes = tuple(_notes(table, cells)) if numeric else ()
    rows = [seat.get(wanted) for wanted in ids]
    return Match(table=table, rows=rows, found=found, problems=problems, notes=notes)


def _no_id_column(table: Table, ids: Sequence[Id], column: str) -> Match:
    pipeline = {"image_path", "image", "question"} & set(table.columns)
    hint = " These look like the dataset's rows with results added: please send the official form." if pipeline else ""
    hint = hint or _meant(table, ids)
    needed = 'an "id"' if column == ID else f'a "{column}"'
    message = f"Each row needs {needed}; the columns found are {shown_columns(table.columns)}.{hint}"
    problems = [Problem(code="missing-id-column", count=1, message=message)]
    if len(table) != len(ids):
        message = f"Expected {counted(len(ids), 'row')}, found {len(table):,}."
        problems.append(Problem(code="row-count", count=abs(len(table) - len(ids)), message=message))
    return Match(table=table, rows=[None] * len(ids), found=[None] * len(table), problems=tuple(problems))


def _meant(table: Table, ids: Sequence[Id]) -> str:
    """Return the question whether another column is meant, where just one has our ids in all its cells."""
    wanted = set(ids)
    read = whole if all(isinstance(item, int) for item in wanted) else worded
    held = [name for name in table.columns if {read(cell) for cell in table.cells[name]} == wanted]
    return f' Is "{printable(held[0])}" meant for it?' if len(held) == 1 else ""


def _problems(
    table: Table, cells: Sequence[object], ids: Sequence[Id], found: Sequence[Id | None], seat: dict[Id, int]
) -> Iterator[Problem]:
    """Every fault of the ids, each told once."""
    wanted = set(ids)
    missing = [item for item in ids if item not in seat]
    unknown = [item for item in seat if item not in wanted]
    unreadable = [row for row, item in enumerate(found) if item is None]
    ours = _range(ids)
    if _zero_based(wanted, seat):
        message = f"Your ids begin at 0 (0 to {len(ids) - 1}); ours begin at 1 ({ours}). Please add 1 to each."
        yield Problem(code="zero-based-ids", count=len(table), examples=("0",), message=message)
        missing, unknown = [], []
    elif len(unknown) > len(seat) / 2:
        yield _foreign(unknown, len(seat), ours)
        missing, unknown = [], []
    if unreadable:
        missing = [] if len(missing) <= len(unreadable) else missing
        yield _unreadable(table, cells, unreadable, ours)
    yield from _missing(missing, ids, len(table))
    if unknown:
        message = f"{counted(len(unknown), 'id is', 'ids are')} not among ours, which are {ours}."
        yield _ids_problem("unknown-ids", unknown, message)
    yield from _duplicates(table, found)


def _range(ids: Sequence[Id]) -> str:
    """Our ids in words; they are no secret, the test files have them."""
    numbers = [item for item in ids if isinstance(item, int)]
    if len(numbers) == len(ids) and numbers and max(numbers) - min(numbers) == len(ids) - 1:
        return f"{min(numbers)} to {max(numbers)}"
    return f"{counted(len(ids), 'id')} such as {', '.join(printable(str(item)) for item in ids[:2])}"


def _zero_based(wanted: set[Id], seat: dict[Id, int]) -> bool:
    return wanted == set(range(1, len(wanted) + 1)) and seat.keys() == set(range(len(wanted)))


def _foreign(unknown: Sequence[Id], given: int, ours: str) -> Problem:
    message = (
        f"{len(unknown):,} of your {counted(given, 'id')} are not among ours, which are {ours}. Are they the dataset's"
        " pids, or the ids of another split? The id is the row's number in the test file, beginning at 1."
    )
    return _ids_problem("foreign-ids", unknown, message)


def _unreadable(table: Table, column: Sequence[object], rows: Sequence[int], ours: str) -> Problem:
    cells = [column[row] for row in rows]
    examples = first(f"{table.place(row)}: {shown(cell)}" for row, cell in zip(rows, cells, strict=True))
    paths = all(isinstance(cell, str) and PATH.fullmatch(cell) for cell in cells)
    kind = "image paths, not ids" if paths else "no whole numbers" if not _empty(cells) else "empty"
    if all(isinstance(cell, str) and _SCIENTIFIC.fullmatch(cell.strip()) for cell in cells):
        kind = "in scientific notation, as spreadsheets show long numbers (give the column the format of whole numbers)"
    message = f"{counted(len(rows), 'row has an id that is', 'rows have ids that are')} {kind}. Expected are {ours}."
    return Problem(code="unreadable-ids", count=len(rows), examples=examples, message=message)


_SCIENTIFIC = re.compile(r"\d(?:[.,]\d{1,17})?E[+-]?\d{1,2}", re.IGNORECASE)


def _empty(cells: Iterable[object]) -> bool:
    return all(cell is None or cell is ABSENT or (isinstance(cell, str) and not cell.strip()) for cell in cells)


def _missing(missing: Sequence[Id], ids: Sequence[Id], rows: int) -> Iterator[Problem]:
    if missing:
        found = f"your file has {counted(rows, 'row')}"
        verb = "is" if len(missing) == 1 else "are"
        message = f"{len(missing):,} of our {counted(len(ids), 'id')} {verb} missing; {found}."
        yield _ids_problem("missing-ids", missing, message)


def _duplicates(table: Table, found: Sequence[Id | None]) -> Iterator[Problem]:
    times = Counter(item for item in found if item is not None)
    twice = {item: count for item, count in times.items() if count > 1}
    if not twice:
        return
    places: dict[Id, list[str]] = {item: [] for item in list(twice)[:5]}
    for row, item in enumerate(found):
        if item in places and len(places[item]) < 3:  # noqa: PLR2004 -- enough to find it by
            places[item].append(table.place(row))
    examples = tuple(f"id {_shown(item)}: {', '.join(where)}" for item, where in places.items())
    surplus = sum(twice.values()) - len(twice)
    repeated = counted(len(twice), "id is", "ids are")
    message = f"{repeated} in more than one row; {counted(surplus, 'row')} too many."
    yield Problem(code="duplicate-ids", count=surplus, examples=examples, message=message)


def _ids_problem(code: str, items: Sequence[Id], message: str) -> Problem:
    return Problem(code=code, count=len(items), examples=first(map(_shown, items)), message=message)


def _shown(item: Id) -> str:
    return str(item) if isinstance(item, int) else printable(item, 40)


def _notes(table: Table, cells: Sequence[object]) -> Iterator[Note]:
    """Ids that are clear but not as the official form has them."""
    if table.typed and (texts := sum(isinstance(cell, str) and whole(cell) is not None for cell in cells)):
        yield Note(
            code="text-ids", count=texts, message=f"{counted(texts, 'id')} given as text, read as whole numbers."
        )
    dotted = sum(isinstance(cell, float | str) and "." in str(cell) and whole(cell) is not None for cell in cells)
    if dotted:
        message = f"{counted(dotted, 'id')} given as 1.0, read as whole numbers."
        yield Note(code="float-ids", count=dotted, message=message)


HEADING = "# track "


def write_ids(ids: Mapping[str, Sequence[Id]]) -> str:
    """Return the text of a file of ids, by track name.

    They are sorted: label files may be in the order of their labels, which nobody shall learn.
    """
    return "".join(
        f"{HEADING}{name}\n" + "".join(f"{item}\n" for item in sorted(items, key=_place)) for name, items in ids.items()
    )


def read_ids(text: str, track: str | None = None) -> dict[str, tuple[Id, ...]]:
    """Return the ids by track name; those before the first heading are of ``track``. Raises ValueError."""
    found: dict[str, list[str]] = {}
    name = track
    for line in (each.strip() for each in text.removeprefix("\ufeff").splitlines()):
        if line.startswith(HEADING):
            name = line.removeprefix(HEADING).strip()
        elif line and name is None:
            message = "the file of ids does not say of which track they are; --track does"
            raise ValueError(message)
        elif line and name is not None:
            found.setdefault(name, []).append(line)
    return {name: _typed(lines) for name, lines in found.items()}


def _typed(lines: Sequence[str]) -> tuple[Id, ...]:
    """Return whole numbers if all are, else words: as a label file's."""
    numbers = [whole(line) for line in lines]
    integers = tuple(number for number in numbers if number is not None)
    return integers if len(integers) == len(lines) else tuple(lines)


def _place(item: Id) -> tuple[int, str]:
    return (item, "") if isinstance(item, int) else (0, item)
