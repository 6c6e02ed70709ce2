"""Rows of JSON that are proven clean, read by columns; whatever is not goes to :mod:`.jsonrows`, which names problems.

A decoder without hooks reads the text at the speed of C. It passes over in silence what :mod:`.strict` keeps visible,
so its value is taken only where the text can hold nothing of that kind:

- each object has as many keys as the text has colons for them, so no key stands twice;
- all floats are finite and all integers short, so none was rounded away;
- the rows are flat objects with the same names, so there is no cell that is absent, and none that holds rows.

What is returned is then what :mod:`.jsonrows` would return. Standard library only.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from scoring.table import INTEGER_DIGITS, LABELS, MAX_COLUMNS, MAX_ROWS, Table, label, normal, uniform

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Decode = Callable[[str], object]
"""Reads a JSON text as RFC 8259 has it, or raises ValueError or RecursionError; of equal keys the last value counts."""

ROWS = "predictions"
"""The field under which the rows stand."""

FEWEST_COLUMNS = 2
_SCALARS = {int, float, str, bool, type(None)}
_BEYOND = 10**INTEGER_DIGITS


@dataclass(frozen=True, kw_only=True)
class Clean:
    """The rows of a file."""

    #: The cells of each column, by its normalised name, in the order of the first row.
    cells: Mapping[str, Sequence[object]]
    #: The types of each column's cells, by the same name.
    kinds: Mapping[str, set[type]]
    #: Whether each row is a line of its own.
    lines: bool
    #: The fields beside the rows, by their normalised names.
    top: Mapping[str, object]


def _refuse(word: str) -> object:
    raise ValueError(word)


plainly: Decode = json.JSONDecoder(parse_constant=_refuse).decode
"""The standard library's decoder; ``NaN`` and its like are refused."""


def clean_table(text: str, decode: Decode) -> Table | None:
    """Return the table in a JSON or JSONL text that begins with a bracket; None where in doubt."""
    clean = clean_rows(text, decode, ROWS)
    if clean is None:
        return None
    rows = len(next(iter(clean.cells.values())))
    return table_of(clean.cells, range(1, rows + 1), "line" if clean.lines else "row", clean.top, clean.kinds)


def table_of(
    cells: Mapping[str, Sequence[object]],
    places: Sequence[int],
    unit: str,
    top: Mapping[str, object],
    kinds: Mapping[str, set[type]] | None = None,
) -> Table:
    """Return a table of these cells; ``top`` are the fields beside the rows, ``kinds`` the types of finite cells."""
    team, method, track = (label(top.get(name)) or uniform(cells, name) for name in LABELS)
    return Table(
        team=team,
        method=method,
        track=track,
        columns=tuple(cells),
        cells=cells,
        kinds=kinds or {},
        places=places,
        unit=unit,
        typed=True,
        extras=tuple(name for name in top if name not in (*LABELS, ROWS)),
    )


def clean_rows(text: str, decode: Decode, rows: str) -> Clean | None:
    """Return the rows in a text that begins with a bracket, alone or under the name ``rows``; None where in doubt."""
    value = _decoded(text, decode)
    if value is not None:
        return _document(text, value, rows)
    lines = _as_list(text)
    value = _decoded(lines, decode) if lines else None
    if not isinstance(value, list) or len(value) != text.count("{"):
        return None
    found = _document(text, value, rows)
    return None if found is None or found.cells.keys() <= {*LABELS} else replace(found, lines=True, top={})


def _decoded(text: str, decode: Decode) -> object:
    """Return the value of a text; None where it is no JSON, or null."""
    try:
        return decode(text)
    except (ValueError, RecursionError):
        return None


def _as_list(text: str) -> str | None:
    """Return lines of one flat object each as one list, or None.

    Each bracket begins or ends a line, so where the list holds as many objects, each line is one.
    """
    body = text.rstrip()
    breaks = body.count("\n")
    parted = body.count("}\n{") + body.count("}\r\n{")
    if not (body.startswith("{") and breaks == parted == body.count("{") - 1 == body.count("}") - 1):
        return None
    return "[" + body.replace("}\r\n{", "},{").replace("}\n{", "},{") + "]"


def _document(text: str, value: object, rows: str) -> Clean | None:
    """Return the rows in a value of the text."""
    top: dict[str, object] = {}
    names: list[str] = []
    if isinstance(value, dict) and len(value) <= MAX_COLUMNS:
        names, top = [*value], {normal(name): item for name, item in value.items()}
        value = top.pop(rows, None)
        if len(top) + 1 != len(names):
            return None
    if not isinstance(value, list) or not 0 < len(value) <= MAX_ROWS:
        return None
    columns = _columns(value)
    if columns is None:
        return None
    cells = {normal(name): column for name, column in columns.items()}
    kinds = {name: set(map(type, column)) for name, column in cells.items()}
    colons = [_colons([*top.values()]), *(_colons(column, kinds[name]) for name, column in cells.items())]
    if len(cells) < len(columns) or None in colons:
        return None
    inside = sum(each or 0 for each in (*colons, _colons(names), len(value) * (_colons([*columns]) or 0)))
    if inside and "\\" in text:  # then a colon may be written otherwise
        return None
    whole = text.count(":") == inside + len(names) + len(value) * len(columns)
    return Clean(cells=cells, kinds=kinds, lines=False, top=top) if whole else None


def _columns(rows: list[Any]) -> dict[str, list[object]] | None:
    """Return the cells by name, where all rows are objects of the same names."""
    first = rows[0]
    if not isinstance(first, dict) or not FEWEST_COLUMNS <= len(first) <= MAX_COLUMNS:
        return None
    try:
        cells = {name: list(map(itemgetter(name), rows)) for name in first}
    except (KeyError, TypeError):  # TypeError: a row is no object
        return None
    return cells if set(map(len, rows)) == {len(first)} else None


def _colons(cells: Sequence[Any], kinds: set[type] | None = None) -> int | None:
    """Count the colons in texts; None where a cell is no text, null, true, false, short integer or finite number."""
    kinds = set(map(type, cells)) if kinds is None else kinds
    if not kinds <= _SCALARS:
        return None
    if kinds <= {int, float}:
        return 0 if _are_short(cells, kinds) else None
    numbers = [cell for cell in cells if type(cell) in {int, float}] if kinds & {int, float} else []
    if numbers and not _are_short(numbers, kinds):
        return None
    return "".join(cells if kinds == {str} else [cell for cell in cells if type(cell) is str]).count(":")


def _are_short(numbers: Sequence[float], kinds: set[type]) -> bool:
    """Whether all are finite, and integers short; of a mixture in doubt not."""
    if int in kinds and not -_BEYOND < min(numbers) <= max(numbers) < _BEYOND:
        return False  # among floats a long one could not even be summed
    return math.isfinite(sum(numbers))
