"""The response sheet of a registration form: each row checked, each mistake named. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mailbot.identity.roster import Entry, Roster, entry
from scoring.text import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailbot.config.registration_section import FormColumns


def read(rows: Sequence[Sequence[str]], columns: FormColumns) -> Roster:
    """Read responses, the headings first. Headings are compared without case and outer white space."""
    head = [cell.strip().casefold() for cell in rows[0]] if rows else []
    wanted = [title for title in (columns.team, columns.address, columns.members) if title]
    missing = [title for title in wanted if title.strip().casefold() not in head]
    if missing:
        said = ", ".join(quoted(title) for title in missing)
        mend = "correct roster.sheet.columns, or the headings"
        return Roster(entries=(), mistakes=(f"row 1: no column is headed {said}; {mend}",))
    places = [head.index(title.strip().casefold()) for title in wanted]
    entries: list[Entry] = []
    mistakes: list[str] = []
    for number, row in enumerate(rows[1:], 2):
        team, *addresses = (row[place] if place < len(row) else "" for place in places)
        if not any(cell.strip() for cell in row):
            continue
        try:
            entries.append(entry(team, [each for cell in addresses for each in split(cell)]))
        except ValueError as error:
            mistakes.append(f"row {number}: {error}")
    return Roster(entries=tuple(entries), mistakes=tuple(mistakes))


def split(cell: str) -> list[str]:
    """Return the addresses of a cell: between white space, commas and semicolons of any width."""
    return [each for each in re.split(r"[;,；，、\s]+", cell) if each]  # noqa: RUF001  # as Chinese input methods write
