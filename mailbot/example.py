"""Two rows of a correct file, shown to a team whose file was refused. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from scoring.model import Kind

if TYPE_CHECKING:
    from scoring.model import Track

_NUMBERS = ((3.52, 4.1), (2.87, 3.64))
_CHOICES = ("A", "C")


def rows(track: Track) -> tuple[str, str]:
    """Return two rows of a JSON ``predictions`` list, one to a line."""
    return _row(track, 0), _row(track, 1)


def _row(track: Track, index: int) -> str:
    row: dict[str, object] = {"id": index + 1}
    if track.group:
        row[track.group] = list(track.weights)[index % len(track.weights)]
    for number, column in enumerate(track.columns):
        row[column.name] = _CHOICES[index] if column.kind is Kind.CHOICE else _NUMBERS[index][number % 2]
    return json.dumps(row)


def header(track: Track) -> str:
    """Return the first line of the same file as CSV."""
    return ",".join(json.loads(_row(track, 0)))
