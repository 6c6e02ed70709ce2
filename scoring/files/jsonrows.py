"""JSON, in its official shape, as a bare list of rows, or one row a line, to a table.

Standard library only.
"""

from __future__ import annotations

import difflib
import io
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from scoring.files.clean import ROWS, table_of
from scoring.files.frames import rows_of
from scoring.files.strict import Doubled, NotJson, parse
from scoring.model import EXAMPLES, Note, Problem
from scoring.table import (
    LABELS,
    MAX_ROWS,
    Reading,
    RowGatherer,
    normal,
    refused,
    shown_columns,
    too_many_rows,
)
from scoring.text import counted, first, printable, quoted
from scoring.values import whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

OFFICIAL = '{"team": …, "method": …, "track": …, "predictions": [{"id": 1, …}, …]}'
ENCODED_TWICE = (
    Note(code="encoded-twice", count=1, message="JSON was found inside a text of JSON (json.dumps twice) and read."),
)
PYTHON = " It looks like what Python prints: json.dump(rows, file) writes JSON."
ONE_EACH = "The file holds several submissions. Please send one file for each track."


def carefully(text: str) -> Reading:
    """Return the table in such a text with every problem named."""
    lines = ((number, line.rstrip()) for number, line in enumerate(io.StringIO(text), 1) if not line.isspace())
    head = [*islice(lines, 2)]
    if len(head) > 1 and not isinstance(parse(head[0][1]), NotJson):
        return _read_lines([*head, *islice(lines, MAX_ROWS)])
    value = parse(text)
    if isinstance(value, NotJson):
        return _broken([value], "The file")
    return _document(value)


def are_encoded_lines(text: str) -> bool:
    """Whether each line is a text that holds JSON."""
    head, _, rest = text.lstrip().partition("\n")
    return bool(rest.strip()) and isinstance(parse(head.strip()), str) and _inside(parse(head.strip())) != parse(head)


def _document(value: object) -> Reading:
    """Return the table in one JSON value."""
    if isinstance(value, list):
        return _list(value)
    if isinstance(value, dict):
        return _object(value)
    return refused("not-rows", f"The file is JSON, but contains no rows. Expected is {OFFICIAL}.")


def _list(value: list[object]) -> Reading:
    """Return the table in a list: of rows, or of the organizers' object alone."""
    official = [item for item in value if isinstance(item, dict) and isinstance(item.get(ROWS), list)]
    if official and len(value) > 1:
        return refused("several-submissions", ONE_EACH, count=len(official))
    return _document(official[0]) if official else _any_rows(value, {})


def _object(value: dict[str, object]) -> Reading:
    """Return the table in an object: the organizers', one row, or one of the shapes of pandas."""
    if len(value) > MAX_ROWS + len(LABELS):
        return too_many_rows()
    top = _folded(value)
    if ROWS in top:
        return _official(value, top)
    if "id" in top and not isinstance(top["id"], list | dict):
        return _rows([value], range(1, 2), "row", {})
    if (found := rows_of(value)) is not None:
        return _framed(found, {name: top[name] for name in LABELS if name in top})
    if (several := sum(map(_are_rows, top.values()))) > 1:
        return refused("several-submissions", ONE_EACH, count=several)
    return refused("no-predictions", _no_rows(top))


def _no_rows(top: dict[str, object]) -> str:
    """Say that the list of rows is missing; only a field that holds rows is offered for it."""
    if top and all(whole(name) is not None and not isinstance(item, list | dict) for name, item in top.items()):
        return 'The file maps ids to single values. Expected is a list of rows, each as {"id": 1, …} with its values.'
    hold = [name for name, item in top.items() if _are_rows(item)]
    near = difflib.get_close_matches(ROWS, hold, 1) or hold[:1]
    hint = f' Is "{printable(near[0])}" meant for it?' if near else ""
    return f'The field "{ROWS}" with the list of rows is missing; the file has {shown_columns(top)}.{hint}'


def _are_rows(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _framed(found: tuple[list[object], tuple[Note, ...]] | Problem, top: dict[str, object]) -> Reading:
    """Return the table of rows that stood in another shape."""
    if isinstance(found, Problem):
        return Reading(problems=(found,))
    rows, notes = found
    reading = _rows(rows, range(1, len(rows) + 1), "row", top)
    return replace(reading, notes=(*notes, *reading.notes))


def _any_rows(rows: list[object], top: dict[str, object]) -> Reading:
    """Return the table of a list: of rows, of texts that hold rows, or of lists."""
    if (found := rows_of(rows)) is not None:
        return _framed(found, top)
    inside = [_inside(row) for row in rows]
    notes = ENCODED_TWICE if any(new is not old for new, old in zip(inside, rows, strict=True)) else ()
    reading = _rows(inside, range(1, len(rows) + 1), "row", top)
    return replace(reading, notes=(*notes, *reading.notes))


def _inside(value: object) -> object:
    """Return the JSON that a text holds; anything else as it is."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("[", "{"):
        return value
    inner = parse(value)
    return value if isinstance(inner, NotJson) else inner


def _folded(value: dict[str, object]) -> dict[str, object]:
    return {normal(key): item for key, item in value.items()}


def _official(value: dict[str, object], top: dict[str, object]) -> Reading:
    """Return the organizers' shape: an object with the rows under ``predictions``."""
    rows = _inside(top[ROWS])
    if isinstance(rows, list):
        reading = _any_rows(rows, top)
    elif (found := rows_of(rows)) is not None:
        reading = _framed(found, top)
    else:
        return refused("no-predictions", f'"{ROWS}" must be a list of rows, as in {OFFICIAL}.')
    if rows is not top[ROWS]:
        reading = replace(reading, notes=(*ENCODED_TWICE, *reading.notes))
    if isinstance(value, Doubled) or len(top) < len(value):
        twice = value.keys_twice if isinstance(value, Doubled) else ()
        doubled = _doubled([f"top level: {quoted(key)}" for key in twice or ("names that differ in case",)])
        reading = replace(reading, problems=(doubled, *reading.problems))
    return reading


def _read_lines(lines: list[tuple[int, str]]) -> Reading:
    """JSONL: a row a line; the first line may instead carry team, method and track."""
    encoded = [(number, parse(line)) for number, line in lines]
    values = [(number, _inside(value)) for number, value in encoded]
    notes = ENCODED_TWICE if any(isinstance(value, str) for _, value in encoded[:1]) else ()
    broken = [replace(value, line=number) for number, value in values if isinstance(value, NotJson)]
    if broken:
        return _broken(broken, "Each line must be JSON. The file")
    head = values[0][1]
    official = sum(isinstance(value, dict) and isinstance(value.get(ROWS), list) for _, value in values)
    if official:
        return refused("several-submissions", ONE_EACH, count=official)
    top: dict[str, object] = {}
    if isinstance(head, dict) and _is_heading(folded := _folded(head), values[1][1]):
        top, values = folded, values[1:]
    reading = _rows([value for _, value in values], [number for number, _ in values], "line", top)
    return replace(reading, notes=(*notes, *reading.notes))


def _is_heading(first_line: dict[str, object], second: object) -> bool:
    """Whether the first line is no row but says what the file is: it shares no field with the second but labels."""
    said = {name for name in LABELS if name in first_line}
    shared = first_line.keys() & _folded(second).keys() if isinstance(second, dict) else set()
    return bool(said) and "id" not in first_line and not shared - {*LABELS}


def _rows(rows: list[object], places: Sequence[int], unit: str, top: dict[str, object]) -> Reading:
    """Gather row objects into a table; what is no object is named and left out."""
    if len(rows) > MAX_ROWS:
        return too_many_rows()
    gatherer = RowGatherer()
    odd: list[tuple[int, object]] = []
    twice: list[str] = []
    for place, row in zip(places, rows, strict=True):
        if not isinstance(row, dict):
            odd.append((place, row))
            continue
        names = gatherer.add(place, row.items())
        names += row.keys_twice if isinstance(row, Doubled) else ()
        twice += [f"{unit} {place}: {quoted(name)}" for name in names]
        if refusal := gatherer.full():
            return refusal
    problems = (*_odd_rows(odd, unit), *([_doubled(twice)] if twice else ()))
    if not gatherer.places:
        return Reading(problems=problems) if problems else refused("no-rows", "The file contains no rows.")
    return Reading(table=table_of(gatherer.columns(), gatherer.places, unit, top), problems=problems)


def _odd_rows(odd: list[tuple[int, object]], unit: str) -> Iterable[Problem]:
    """Problems for list members that are no rows; the ``"..."`` of the template has its own."""
    dots = [f"{unit} {place}" for place, row in odd if isinstance(row, str) and row.strip() in ("...", "…")]
    rest = [f"{unit} {place}" for place, row in odd if not (isinstance(row, str) and row.strip() in ("...", "…"))]
    if dots:
        message = 'The "..." of the template still stands among the rows. Please replace it by the rows it stands for.'
        yield Problem(code="ellipsis-row", count=len(dots), examples=first(dots), message=message)
    if rest:
        message = 'Each row must be an object with an "id" and its values, as {"id": 1, …}.'
        yield Problem(code="row-not-object", count=len(rest), examples=first(rest), message=message)


def _doubled(examples: Sequence[str]) -> Problem:
    message = "A field stands twice in one object, so it is not clear which value is meant."
    return Problem(code="duplicate-fields", count=len(examples), examples=first(examples), message=message)


def _broken(faults: list[NotJson], what: str) -> Reading:
    """Return the problem of a text that is no JSON, at line and column."""
    if faults[0].deep:
        return refused("too-deep", "The brackets of the JSON are nested too deeply to be a result file.")
    where = tuple(f"line {fault.line}, column {fault.column}: {fault.reason}" for fault in faults[:EXAMPLES])
    lines = f", and {counted(len(faults) - 1, 'more line')}" if len(faults) > 1 else ""
    where_first = f"line {faults[0].line}, column {faults[0].column}"
    stop = "" if faults[0].cause.endswith("?") else "."
    python = PYTHON if faults[0].is_python else ""
    message = f"{what} is not valid JSON at {where_first}{lines}: {faults[0].cause}{stop}{python}"
    return refused("not-json", message, *where, count=len(faults))
