"""Two rows of a correct file, shown to a team whose file was refused. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from scoring.model import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.ids import Id
    from scoring.model import Column, Track

_NUMBERS = ((3.52, 4.1), (2.87, 3.64))


def rows(track: Track, ids: Sequence[Id] = (1, 2)) -> tuple[str, str]:
    """Return two rows of a JSON ``predictions`` list, one to a line, for the first two of ``ids``."""
    return _row(track, ids, 0), _row(track, ids, 1)


def _row(track: Track, ids: Sequence[Id], index: int) -> str:
    row: dict[str, object] = {track.id: ids[index % len(ids)]}
    if track.group:
        row[track.group] = list(track.weights)[index % len(track.weights)]
    for number, column in enumerate(track.columns):
        row[column.name] = _choice(column, index) if column.kind is Kind.CHOICE else _NUMBERS[index][number % 2]
    return json.dumps(row, ensure_ascii=False)


def _choice(column: Column, index: int) -> str:
    """Return the first of the choices, then one from their middle."""
    return column.choices[len(column.choices) // 2 if index else 0]


def header(track: Track) -> str:
    """Return the first line of the same file as CSV."""
    return ",".join(json.loads(_row(track, (1,), 0)))
