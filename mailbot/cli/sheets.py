"""The Google Sheet's part of publishing: write it now, or say what would change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from mailbot.board.sheet.requests import Change
    from mailbot.model import Board
    from mailbot.service import Service

MOST = 20
"""So many cells of a worksheet are shown; of the rest the number."""


def write(wired: Service) -> bool:
    """Write the newest board to the sheet, if the config names one; say how it went, and return whether it did."""
    from mailbot.board.sheet import show  # noqa: PLC0415  # not for --help

    sheet = show.of(wired)
    if sheet is None:
        return True
    error = sheet.attempt()
    if error is None:
        typer.echo(f"Shown in the Google Sheet {sheet.spreadsheet}")
        return True
    typer.echo(f"The Google Sheet is behind: {error}\n`mailbot run` tries again by itself.", err=True)
    return False


def compare(wired: Service, made: Board) -> None:
    """Print the cells of the sheet that publishing a board would change. Raises a MailbotError."""
    from mailbot.board.sheet import show  # noqa: PLC0415  # not for --help

    sheet = show.of(wired)
    if sheet is None:
        return
    changes = sheet.difference(made)
    typer.echo(f"Google Sheet {sheet.spreadsheet}: {len(changes)} cells would change.")
    by_sheet: dict[str, list[Change]] = {}
    for change in changes:
        by_sheet.setdefault(change.place.rpartition("!")[0], []).append(change)
    for name, found in by_sheet.items():
        typer.echo(f"  {name}: {len(found)}")
        for change in found[:MOST]:
            typer.echo(f"    {change.place.rpartition('!')[2]:<5} {_shown(change.before)} -> {_shown(change.after)}")
        if len(found) > MOST:
            typer.echo(f"    and {len(found) - MOST} more")


def _shown(cell: object) -> str:
    return repr(cell) if cell != "" else "(empty)"
