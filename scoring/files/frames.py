"""JSON that holds a table in another shape than a list of rows: what ``DataFrame.to_json`` writes in each orient.

The shapes are those of pandas: ``split``, ``tight``, ``table``, ``index``, ``columns`` (its default), ``values``; also
lists by column (``to_dict("list")``). Each becomes rows. Standard library only.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, TypeGuard

from scoring.files.strict import Doubled
from scoring.model import Note, Problem
from scoring.table import LABELS, MAX_ROWS, normal
from scoring.text import quoted
from scoring.values import ID, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    Rows = tuple[list[object], tuple[Note, ...]]

FEW = 40
"""Objects of no more members can be the columns of a file; more are its rows."""

RECORDS = 'df.to_json(orient="records")'


def rows_of(value: object) -> Rows | Problem | None:
    """Return the rows in a value of one of pandas' shapes, a problem with them, or None when it is no such shape."""
    if isinstance(value, list):
        return _values(value)
    return _of_object(value) if isinstance(value, dict) else None


def _of_object(value: dict[str, object]) -> Rows | Problem | None:
    """Return the rows in an object; whose file it is may be said beside them."""
    own = {key: item for key, item in value.items() if normal(key) not in LABELS}
    data, columns = own.get("data"), own.get("columns")
    if isinstance(data, list) and isinstance(columns, list):
        return _split(columns, data, own.get("index"))
    if isinstance(data, list) and isinstance(own.get("schema"), dict):
        return data, _note("table", 'df.to_json(orient="table")')
    if own and _are_lists(own):
        return _columns({key: dict(enumerate(cells)) for key, cells in own.items()}, "list", 'df.to_dict("list")')
    return _nested(own) if own and _are_objects(own) else None


def _note(shape: str, call: str) -> tuple[Note, ...]:
    message = f"The rows were read from the shape that {call} writes ({shape}); {RECORDS} writes rows."
    return (Note(code="other-orient", count=1, message=message),)


def _are_lists(value: Mapping[str, object]) -> TypeGuard[Mapping[str, list[object]]]:
    """Whether all members are lists of cells: a list of rows, or of anything that is no cell, is something else."""
    return all(
        isinstance(each, list) and each and not any(isinstance(cell, list | dict) for cell in each[:100])
        for each in value.values()
    )


def _are_objects(value: Mapping[str, object]) -> TypeGuard[Mapping[str, dict[str, object]]]:
    return all(isinstance(each, dict) and each for each in value.values())


def _values(rows: list[object]) -> Rows | Problem | None:
    """Return rows that are lists: named if the first one is a header, else nobody knows which column is which."""
    if not rows or not all(isinstance(row, list) for row in rows):
        return None
    head, *rest = rows
    if isinstance(head, list) and rest and all(isinstance(name, str) and whole(name) is None for name in head):
        return _split(head, rest)
    message = (
        f'The rows are lists without the names of the columns, as df.to_json(orient="values") writes: {RECORDS} writes'
        " them with names."
    )
    return Problem(code="unnamed-columns", count=len(rows), message=message)


def _split(columns: list[object], data: list[object], index: object = None) -> Rows | Problem:
    """Return the rows of names and lists of cells; without ids the names of the rows are the ids."""
    if ID not in map(normal, columns) and isinstance(index, list) and len(index) == len(data):
        columns = [ID, *columns]
        data = [[name, *row] if isinstance(row, list) else row for name, row in zip(index, data, strict=True)]
    odd = [number for number, row in enumerate(data, 1) if not (isinstance(row, list) and len(row) == len(columns))]
    if odd or len(set(map(str, columns))) < len(columns):
        message = (
            'The names of the columns and the lists of values, as df.to_json(orient="split") writes them, do not fit'
            f" together: {RECORDS} writes one object for each row."
        )
        return Problem(code="uneven-columns", count=max(1, len(odd)), examples=_rows_shown(odd), message=message)
    rows: list[object] = [dict(zip(map(str, columns), row, strict=True)) for row in data if isinstance(row, list)]
    return rows, _note("split", 'df.to_json(orient="split")')


def _rows_shown(odd: list[int]) -> tuple[str, ...]:
    return tuple(f"row {number}" for number in odd[:5])


def _nested(value: Mapping[str, dict[str, object]]) -> Rows | Problem | None:
    """Return the rows of an object of objects: by column or by row, as the names of the columns tell."""
    if len(value) > MAX_ROWS:
        return None
    outer = {normal(name) for name in value}
    inner = {normal(name) for name in chain.from_iterable(each for each in value.values())}
    by_row = ID in inner if ID in inner or ID in outer else all(whole(name) is not None for name in value)
    if not by_row and len(value) <= FEW and (ID in outer or all(whole(name) is not None for name in inner)):
        return _columns(value, "columns", "df.to_json()")
    if by_row and len(inner) <= FEW:
        rows: list[object] = [each if ID in map(normal, each) else _with_id(name, each) for name, each in value.items()]
        return rows, _note("index", 'df.to_json(orient="index")')
    return None


def _with_id(name: str, row: dict[str, object]) -> dict[str, object]:
    made = Doubled({ID: name, **row}) if isinstance(row, Doubled) else {ID: name, **row}
    if isinstance(row, Doubled) and isinstance(made, Doubled):
        made.keys_twice = row.keys_twice
    return made


def _columns(value: Mapping[str, Mapping[Any, object]], shape: str, call: str) -> Rows | Problem:
    """Return the rows of columns that map the names of rows to cells; without ids these names are the ids."""
    names = dict.fromkeys(chain.from_iterable(value.values()))
    twice = [name for name, cells in value.items() if isinstance(cells, Doubled)]
    uneven = [name for name, cells in value.items() if len(cells) != len(names)]
    if twice or uneven:
        shown = tuple(quoted(name) for name in (twice or uneven)[:5])
        message = (
            f"The columns do not have the same rows, as {call} writes them: {RECORDS} writes one object for each row."
        )
        return Problem(code="uneven-columns", count=len(twice or uneven), examples=shown, message=message)
    has_ids = ID in map(normal, value)
    rows: list[object] = [
        ({} if has_ids or shape == "list" else {ID: name}) | {column: cells[name] for column, cells in value.items()}
        for name in names
    ]
    return rows, _note(shape, call)
