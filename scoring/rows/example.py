"""A small correct file, shown to a team whose file was refused. Pure."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

from scoring.model import RANGE, Kind, Takes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scoring.model import Column, Track
    from scoring.rows.ids import Id

_NUMBERS = ((3.52, 4.1), (2.87, 3.64))
_TEXTS = {
    Kind.TEXT: ("the first text", "another text"),
    Kind.TAGS: ("fire smoke", "water"),
    Kind.MASK: ("3 2 10 5", "1 4"),
    Kind.BOXES: ("cat 0.9 10 20 30 40", "dog 0.8 5 5 50 60; cat 0.3 1 2 30 30"),
}
_HELD = {
    Kind.TEXT: "a text",
    Kind.TAGS: "any number of words, with blanks, commas or semicolons between",
    Kind.MASK: "pixels as runs, start length start length …, counted from 1",
    Kind.BOXES: "boxes, class score x y width height; …",
}


def as_json(track: Track, ids: Sequence[Id] = (1, 2)) -> str:
    """Return a whole JSON file of three lines, for the first two of ``ids``; of another form, what it holds."""
    if whole := _whole(track, ids):
        return whole
    first, second = rows(track, ids)
    return f'{{"track": "{track.letters[0]}", "predictions": [\n  {first},\n  {second}]}}'


def as_csv(track: Track, ids: Sequence[Id] = (1, 2)) -> str:
    """Return the same file as CSV, of three lines too; of another form, what it holds."""
    if whole := _whole(track, ids):
        return whole
    lines = io.StringIO()
    written = csv.DictWriter(lines, list(_row(track, ids, 0)), lineterminator="\n")
    written.writeheader()
    written.writerows(_row(track, ids, index) for index in (0, 1))
    return lines.getvalue().rstrip("\n")


def _whole(track: Track, ids: Sequence[Id]) -> str:
    """Return what a file that a scorer of one's own takes whole holds; "" for rows."""
    if track.own is None or track.own.takes is Takes.ROWS:
        return ""
    if track.own.takes is Takes.MEMBERS:
        return "\n".join(["a .zip of:", *(f"  {item}{track.own.ending}" for item in ids[:2])])
    return "one text file, as the rules of the challenge describe it"


def sample_csv(track: Track, ids: Sequence[Id]) -> str:
    """Return a whole file as CSV, with a row for each of ``ids`` and made-up values that come again and again."""
    lines = io.StringIO()
    written = csv.writer(lines, lineterminator="\n")
    written.writerow([track.id, *(column.name for column in track.columns)])
    shares = _shares(track)
    for index, item in enumerate(ids):
        values = (_value(column, index % 2, place, shares) for place, column in enumerate(track.columns))
        written.writerow([item, *values])
    return lines.getvalue()


def rows(track: Track, ids: Sequence[Id] = (1, 2)) -> tuple[str, str]:
    """Return two rows of a JSON ``predictions`` list, one to a line, for the first two of ``ids``."""
    first, second = (json.dumps(_row(track, ids, index), ensure_ascii=False) for index in (0, 1))
    return first, second


def holds(column: Column) -> str:
    """Say in a few words what a column of a file holds."""
    if column.kind is Kind.CHOICE:
        return f"one of {', '.join(column.choices)}"
    if column.kind is not Kind.NUMBER:
        return _HELD[column.kind]
    within = "" if column.range == RANGE else f" from {column.range[0]:,g} to {column.range[1]:,g}"
    return f"a number{within}{'; the right ones are whole' if column.whole else ''}"


def _row(track: Track, ids: Sequence[Id], index: int) -> dict[str, object]:
    row: dict[str, object] = {track.id: ids[index % len(ids)]}
    if track.group:
        row[track.group] = list(track.weights)[index % len(track.weights)]
    shares = _shares(track)
    for number, column in enumerate(track.columns):
        row[column.name] = _value(column, index, number, shares)
    return row


def _shares(track: Track) -> dict[str, tuple[int, int]]:
    """Return of each column that is one of several for one label, as a class's probability: its place, how many."""
    several = {measure.columns for measure in track.measures if len(measure.columns) > 1}
    return {name: (place, len(names)) for names in several for place, name in enumerate(names)}


def _value(column: Column, index: int, number: int, shares: Mapping[str, tuple[int, int]]) -> str | float:
    """Return a value that the column takes."""
    if column.kind is Kind.CHOICE:
        return _choice(column, index)
    if column.kind is not Kind.NUMBER:
        return _TEXTS[column.kind][index]
    low, high = column.range
    place, many = shares.get(column.name, (0, 1))
    if many > 1 and (low, high) == (0.0, 1.0):
        likely = 0.6 if place == (many // 2 if index else 0) else 0.4 / (many - 1)
        return round(likely, 3)
    value = _NUMBERS[index][number % 2 if many == 1 else 0]
    value = value if low <= value <= high else round(low + (high - low) * value / 5, 3)
    value += place * min(0.5, (high - value) / many)  # quantiles go up
    return round(value) if column.whole and many == 1 and low <= round(value) <= high else round(value, 3)


def _choice(column: Column, index: int) -> str:
    """Return the first of the choices, then one from their middle."""
    return column.choices[len(column.choices) // 2 if index else 0]
