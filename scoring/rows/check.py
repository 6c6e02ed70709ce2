"""A table against a track and its ids: the values in label order, and every mistake by name.

Standard library only: the teams' checker is this code.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scoring.declaration.registry import METRICS
from scoring.model import Column, Kind, Later, Note, Problem
from scoring.rows import letters
from scoring.rows.ids import Match, in_order, match_ids
from scoring.table import LABELS, shown_columns
from scoring.text import counted, first, listed, quoted
from scoring.values import Fault, choice, is_typeset, number, numbers, shown, with_point

if TYPE_CHECKING:
    import difflib
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from scoring.model import Track
    from scoring.rows import cells
    from scoring.rows.ids import Id
    from scoring.table import Table
else:
    cells = Later("scoring.rows.cells")
    difflib = Later("difflib")

FAULTS = {
    Fault.MISSING: "{} missing. Every item needs a number.",
    Fault.NOT_FINITE: "{} not finite (NaN or an infinity). Every item needs an ordinary number.",
    Fault.NOT_NUMBER: "{} not in decimal form. Write numbers as 3.75, with a point, without separators or units.",
    Fault.OUT_OF_RANGE: "{} out of the range that is taken: {within}.",
}

LOOKED_AT = 100
"""So many cells of a column tell what it holds."""

COMMA_SHOWN = re.compile(r'"([+-]?\d+),(\d+)"$')
"""A decimal comma at the end of an example."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A file's values in label order; usable only when there is no problem."""

    #: By column name: floats, or for a choice the legal letter or None for an answer that is none.
    values: Mapping[str, Sequence[float] | Sequence[str | None]]
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()


# --- which track -----------------------------------------------------------------------------


def tell_track(table: Table, tracks: Iterable[Track], hint: str | None = None) -> Track | Problem:
    """Return the track a file is for: what it says itself, else what its columns show; a hint parts equals."""
    every = tuple(tracks)
    fitting = [track for track in every if _fits(table, track)]
    if table.track is not None:
        return _stated(table, every, fitting)
    if len(fitting) == 1:
        return fitting[0]
    choices = fitting or [track for track in every if _found(table, track)] or list(every)
    hinted = [track for track in choices if hint is not None and names_track(hint, track)]
    if len(hinted) == 1 or len(choices) == 1:
        return (hinted or choices)[0]
    if not any(_found(table, track) for track in every):
        return _no_track(table, every)
    if len(fitting) > 1 and all(track.columns != fitting[0].columns for track in fitting[1:]):
        message = f"The file has the columns of several tracks: {listed(track.title for track in fitting)}. {ONE_EACH}"
        return Problem(code="track-unclear", count=1, message=message)
    titles = listed(f'{track.title} ("track": "{track.letters[0]}")' for track in every)
    message = f"The file does not tell which track it is for: {titles}. Columns found: {shown_columns(table.columns)}."
    return Problem(code="track-unclear", count=1, message=message)


ONE_EACH = "Please send one file for each track."


def _no_track(table: Table, tracks: Iterable[Track]) -> Problem:
    needs = "; ".join(f"{t.title} needs {shown_columns((t.id, *(c.name for c in t.columns)))}" for t in tracks)
    message = f"No track has such columns: {shown_columns(table.columns)}. {needs}."
    return Problem(code="track-unclear", count=1, message=message)


def names_track(text: str, track: Track) -> bool:
    """Whether ``text`` names the track: ``S``, ``siqa-s``, ``SIQA_S``."""
    said = text.strip().upper().replace("_", "-").replace(" ", "-")
    return said in (*track.letters, track.name.upper(), track.title.upper())


def wrong_track(table: Table, track: Track) -> Problem | None:
    """Return the problem when the file says that it is for another track."""
    if table.track is None or names_track(table.track, track):
        return None
    message = f'The file says "track": {quoted(table.track)}; for {track.title} it must say "{track.letters[0]}".'
    return Problem(code="wrong-track", count=1, examples=(quoted(table.track),), message=message)


def _stated(table: Table, tracks: tuple[Track, ...], fitting: list[Track]) -> Track | Problem:
    said = quoted(table.track or "")
    stated = [track for track in tracks if names_track(table.track or "", track)]
    if not stated:
        letters = listed(f'"{track.letters[0]}" ({track.title})' for track in tracks)
        message = f'The file says "track": {said}, which is none of ours: {letters}.'
        return Problem(code="unknown-track", count=1, examples=(said,), message=message)
    if fitting and stated[0] not in fitting:
        message = f'The file says "track": {said}, but its columns are those of {fitting[0].title}.'
        return Problem(code="wrong-track", count=1, examples=(said,), message=message)
    return stated[0]


def _found(table: Table, track: Track) -> list[Column]:
    return [column for column in track.columns if column_in(table, column)]


def _fits(table: Table, track: Track) -> bool:
    return len(_found(table, track)) == len(track.columns)


def column_in(table: Table, column: Column) -> str | None:
    """Return the name under which the table has the column, if it does."""
    return next((name for name in (column.name, *column.aliases) if name in table.cells), None)


# --- the values ------------------------------------------------------------------------------


def check(table: Table, track: Track, ids: Sequence[Id]) -> Checked:
    """Return the values of each column of the track in the order of ``ids``, with all problems and notes.

    ``ids`` are all integers or all words. An answer that is no legal choice is None and counted in a note,
    as the official scorer counts it wrong; everything else that is not right is a problem.
    """
    if problem := wrong_track(table, track):
        return Checked(values={}, problems=(problem,))
    match = match_ids(table, ids, track.id)
    problems = [*match.problems, *_missing_columns(table, track)]
    notes = [*match.notes, *_extra_fields(table, track)]
    values: dict[str, Sequence[float] | Sequence[str | None]] = {}
    faults: dict[Fault, list[str]] = defaultdict(list)
    comma = table.comma and not _has_points(table, track)
    for column in track.columns:
        name = column_in(table, column)
        if name is None:
            continue
        if column.kind is Kind.NUMBER:
            values[column.name], said = _numbers(table, name, column, match, faults, comma=comma)
            notes += said
        elif column.kind.is_text:
            values[column.name], unreadable = cells.texts(table, name, column, match)
            problems += unreadable
        else:
            read = letters.answers(table, name, column, match)
            values[column.name] = read.answers
            problems += read.problems
            notes += read.notes
    problems += [_fault_problem(fault, faults[fault], track) for fault in Fault if fault in faults] if faults else []
    return Checked(values=values, problems=tuple(problems), notes=tuple(notes))


def _missing_columns(table: Table, track: Track) -> Iterator[Problem]:
    """One problem for all value columns that the table lacks, with the nearest name found for each."""
    lacking = [column.name for column in track.columns if not column_in(table, column)]
    if not lacking:
        return
    near = {
        column.name: match[0]
        for column in track.columns
        if not column_in(table, column)
        and (match := difflib.get_close_matches(column.name, _offered(table, track, column), 1))
    }
    hint = "".join(f' Is "{found}" meant for "{name}"?' for name, found in near.items())
    what = f"the column {shown_columns(lacking)}" if len(lacking) == 1 else f"the columns {shown_columns(lacking)}"
    message = f"{track.title} needs {what}; the columns found are {shown_columns(table.columns)}.{hint}"
    yield Problem(code="missing-column", count=len(lacking), examples=first(lacking), message=message)


def _offered(table: Table, track: Track, column: Column) -> list[str]:
    """Return the columns that may be meant for a missing one: of no other use, and with values of its kind."""
    used = {track.id, track.group, *LABELS, *(column_in(table, each) for each in track.columns)}
    return [name for name in table.columns if name not in used and _holds(table.cells[name], column)]


def _holds(cells: Sequence[object], column: Column) -> bool:
    """Whether most of the first cells of a column are values of a kind."""
    some = cells[:LOOKED_AT]
    if column.kind is Kind.NUMBER:
        fitting = sum(not isinstance(number(with_point(cell)), Fault) for cell in some)
    else:
        fitting = sum(choice(cell, column.choices) is not None for cell in some)
    return fitting > len(some) / 2


def _extra_fields(table: Table, track: Track) -> Iterator[Note]:
    """Fields that mean nothing here are said to be ignored."""
    used = {track.id, track.group, "team", "method", "track", *(column_in(table, column) for column in track.columns)}
    extra = [*table.extras, *(name for name in table.columns if name not in used)]
    if extra:
        yield Note(code="extra-fields", count=len(extra), message=f"Fields ignored: {shown_columns(extra)}.")


def _has_points(table: Table, track: Track) -> bool:
    """Whether a number of the file has a point; what a comma is beside it, nobody can tell."""
    names = [column_in(table, column) for column in track.columns if column.kind is Kind.NUMBER]
    return any(isinstance(cell, str) and "." in cell for name in names if name for cell in table.cells[name])


def _numbers(
    table: Table, name: str, column: Column, match: Match, faults: dict[Fault, list[str]], *, comma: bool
) -> tuple[list[float], list[Note]]:
    """Return the numbers of a column in label order, and notes; faulty cells go to ``faults`` as examples."""
    if not table.torn and match.is_whole:
        clean = numbers(table.cells[name], column.range, table.kinds.get(name))
        if clean:
            return in_order(clean, match.rows), []
    cells = [with_point(cell) for cell in table.cells[name]] if comma else table.cells[name]
    values: list[float] = []
    for row, cell in enumerate(cells):
        value = 0.0 if row in table.torn else number(cell, column.range)
        if isinstance(value, Fault):
            faults[value].append(f"{match.name(row)}: {name} {shown(cell)}")
            value = 0.0
        values.append(value)
    return [0.0 if row is None else values[row] for row in match.rows], [*_spelling(table.cells[name], cells, name)]


def _spelling(given: Sequence[object], read: Sequence[object], name: str) -> Iterator[Note]:
    """Say which numbers of a column were written in another way than they were read."""
    commas = [old for old, new in zip(given, read, strict=True) if old is not new]
    if commas:
        message = (
            f"{counted(len(commas), 'number')} of {name} with a decimal comma: {shown(commas[0])} was read as"
            f" {with_point(commas[0])}."
        )
        yield Note(code="decimal-commas", count=len(commas), message=message)
    if typeset := sum(map(is_typeset, given)):
        message = (
            f"{counted(typeset, 'number')} of {name} with a typographic minus sign, as U+2212; read as a hyphen-minus."
        )
        yield Note(code="typeset-numbers", count=typeset, message=message)


def constant_notes(values: Mapping[str, Sequence[float] | Sequence[str | None]], track: Track) -> tuple[Note, ...]:
    """Return a note for each column whose values are all alike although it is to be correlated."""
    measures = () if track.own else track.measures
    correlated = (each.column for each in measures if METRICS[each.metric].correlates)
    return tuple(_constant_note(name) for name in dict.fromkeys(correlated) if _are_alike(values[name]))


def _are_alike(values: Sequence[object]) -> bool:
    return values[0] == values[-1] and values.count(values[0]) == len(values)


def _constant_note(column: str) -> Note:
    """Say that nothing can be correlated with a column."""
    message = f"All values of {column} are alike, so nothing can be correlated: this column scores 0."
    return Note(code="constant-predictions", count=1, message=message)


def _fault_problem(fault: Fault, examples: list[str], track: Track) -> Problem:
    if fault is Fault.NOT_NUMBER and (comma := COMMA_SHOWN.search(examples[0])):
        message = (
            f"{counted(len(examples), 'value is not a number', 'values are not numbers')}: {comma[1]},{comma[2]} has a"
            f" decimal comma; write {comma[1]}.{comma[2]}."
        )
        return Problem(code=fault.value, count=len(examples), examples=first(examples), message=message)
    verb = " is" if len(examples) == 1 else " are"
    ranges = dict.fromkeys(column.range for column in track.columns if column.kind is Kind.NUMBER)
    within = " or ".join(f"{low:,.12g} to {high:,.12g}" for low, high in ranges)
    message = FAULTS[fault].format(counted(len(examples), "value") + verb, within=within)
    return Problem(code=fault.value, count=len(examples), examples=first(examples), message=message)
