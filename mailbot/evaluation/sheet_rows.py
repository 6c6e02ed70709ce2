"""The rows of a workbook's sheet, counted as they are read. Pure; runs in a child."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROWS = 100_000
COLUMNS = 200


class Refused(Exception):  # noqa: N818  # a verdict on the workbook, caught by its reader, not an error
    """The workbook is refused; the argument is the problem's code."""


def filled(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    """Yield the rows that are not empty, all as wide as the first one at least."""
    width = 0
    for number, row in enumerate(rows, 1):
        if len(row) > COLUMNS:
            raise Refused("too-many-columns")
        if number > ROWS:
            raise Refused("too-many-rows")
        cells = list(row)
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            width = width or len(cells)
            yield cells + [""] * (width - len(cells))
