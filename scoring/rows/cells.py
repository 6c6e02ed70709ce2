"""Cells of text that mean more than text: sets of words, masks as runs, boxes. Standard library only.

Each reader returns what is in a cell, or raises :class:`ValueError` with a few words of what is wrong with it.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

from scoring.model import Kind, Problem
from scoring.table import ABSENT
from scoring.text import counted, first
from scoring.values import shown, text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scoring.model import Column
    from scoring.rows.ids import Match
    from scoring.table import Table

LONGEST = 100_000
"""A cell of more characters is refused."""

MOST_PIXEL = 10**9
"""No mask reaches further."""

MOST_BOXES = 1_000
"""A picture has no more boxes."""

PARTED = re.compile(r"[\s,;|]+")
WHOLE = re.compile(r"\d{1,10}", re.ASCII)
DECIMAL = re.compile(r"-?\d{1,12}(?:\.\d{0,20})?(?:[eE][+-]?\d{1,2})?", re.ASCII)
NOTHING = frozenset({"", "-1", "none", "null"})
"""What stands for an empty mask."""


class Box(NamedTuple):
    """A box in a picture, its corner and size in pixels; of a label the score is 1."""

    name: str
    score: float
    x: float
    y: float
    width: float
    height: float


def tags(cell: str) -> frozenset[str]:
    """Return the words of a cell, compared without regard to case.

    >>> sorted(tags("Fire; smoke, fire"))
    ['fire', 'smoke']
    """
    return frozenset(word for word in PARTED.split(cell.casefold()) if word)


def runs(cell: str) -> tuple[tuple[int, int], ...]:
    """Return the runs of pixels of a mask, each as its first pixel and the one behind its last; pixels count from 1.

    >>> runs("3 2 10 1")
    ((3, 5), (10, 11))
    """
    if cell.strip().casefold() in NOTHING:
        return ()
    words = cell.split()
    if len(words) % 2 or not all(WHOLE.fullmatch(word) for word in words):
        raise ValueError('a mask is pairs of whole numbers, as "3 2 10 1" for the pixels 3, 4 and 10')
    numbers = list(map(int, words))
    found = tuple((start, start + length) for start, length in zip(numbers[::2], numbers[1::2], strict=True))
    behind = 1
    for start, end in found:
        if start < behind or end == start or end > MOST_PIXEL:
            raise ValueError("the runs of a mask rise and do not overlap; pixels count from 1")
        behind = end
    return found


def boxes(cell: str, *, scored: bool) -> tuple[Box, ...]:
    """Return the boxes of a picture: ``class score x y width height; …``, the labels' without a score.

    >>> boxes("cat 0.9 1 2 30 40", scored=True)
    (Box(name='cat', score=0.9, x=1.0, y=2.0, width=30.0, height=40.0),)
    """
    rows = [row.split() for row in cell.split(";") if row.strip()]
    if len(rows) > MOST_BOXES:
        message = f"there are more than {MOST_BOXES} boxes"
        raise ValueError(message)
    return tuple(_box(row, scored=scored) for row in rows)


def _box(row: list[str], *, scored: bool) -> Box:
    numbers = row[1:] if scored else ["1", *row[1:]]
    if len(numbers) != len(Box._fields) - 1 or not all(DECIMAL.fullmatch(each) for each in numbers):
        form = "class score x y width height" if scored else "class x y width height"
        message = f'a box is "{form}", and boxes are parted by semicolons'
        raise ValueError(message)
    box = Box(row[0].casefold(), *map(float, numbers))
    if not all(map(math.isfinite, box[1:])) or min(box.width, box.height) <= 0:
        raise ValueError("a box is wider and higher than 0")
    return box


def fault(cell: str, kind: Kind, *, label: bool = False) -> str:
    """Return what is wrong with a cell of text of this kind; "" for nothing."""
    if len(cell) > LONGEST:
        return f"the text has more than {LONGEST:,} characters"
    try:
        if kind is Kind.BOXES:
            boxes(cell, scored=not label)
        elif kind in READERS:
            READERS[kind](cell)
    except ValueError as error:
        return str(error)
    return ""


def texts(table: Table, name: str, column: Column, match: Match) -> tuple[list[str], list[Problem]]:
    """Return the texts of a column in label order, and the problem with those that cannot be read as their kind."""
    found: list[str] = []
    bad: list[str] = []
    said = ""
    gone = [
        match.name(row)
        for row, cell in enumerate(table.cells[name])
        if (cell is None or cell is ABSENT) and row not in table.torn
    ]
    for row, cell in enumerate(table.cells[name]):
        value = "" if row in table.torn else text(cell)
        if wrong := "it is no text" if value is None else fault(value, column.kind):
            said = said or wrong
            bad.append(f"{match.name(row)}: {name} {shown(cell)}")
        found.append(value or "")
    values = ["" if row is None else found[row] for row in match.rows]
    problems: list[Problem] = []
    if gone:
        message = (
            f'{counted(len(gone), "value is", "values are")} null or not there in {name}: write "" for an empty one.'
        )
        problems.append(Problem(code="missing-values", count=len(gone), examples=first(gone), message=message))
    if bad:
        message = f"{counted(len(bad), 'value is', 'values are')} no {column.kind.value} that can be read: {said}."
        problems.append(Problem(code="unreadable-values", count=len(bad), examples=first(bad), message=message))
    return values, problems


READERS: Mapping[Kind, Callable[[str], object]] = {Kind.TAGS: tags, Kind.MASK: runs}
