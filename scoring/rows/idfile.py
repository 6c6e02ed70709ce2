"""The file of ids that teams are given: one id a line; ``# track siqa-s`` begins the ids of a track.

Standard library only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scoring.values import whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scoring.rows.ids import Id

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
