"""publish, page and board."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from mailbot.cli.common import AsJson, ConfigFile, act_as_organizer, begun, load_config, set_up_journal

if TYPE_CHECKING:
    from rich.table import Table as RichTable

    from mailbot.board.model import Board, Table
    from mailbot.board.sheet.requests import Change
    from mailbot.service import Service


BEHIND, REFUSED = 1, 2

WIDEST = 1_000
"""Columns in which any table finds room, to see how many it takes."""


def publish(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; print what would change.")] = False,
    letters: Annotated[bool, typer.Option("--letters", help="Also write to each team how it stands.")] = False,
    final: Annotated[bool, typer.Option("--final", help="These are the final results: the page names awards.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Final results although it looks too early.")] = False,
    config: ConfigFile = None,
) -> None:
    """Publish the leaderboard of this moment. Exit code 1 when the Google Sheet could not be written."""
    from mailbot import flow  # noqa: PLC0415  # not for --help

    act_as_organizer()
    set_up_journal(quiet=True)
    with flow.opened(load_config(context, config)) as wired:
        now = wired.clock()
        if dry_run:
            made = wired.weekly.board(now, final=final)
            _show_all(wired, made)
            typer.echo("Nothing was published.")
            compare(wired, made)
            return
        if final and not yes:
            _hold_on(wired)
        made = wired.weekly.publish(as_of=now, letters=letters, final=final)
        if letters:
            wired.letter_queue.step()
        _show_all(wired, made)
        typer.echo(f"Published {'as the final results ' if final else ''}in {wired.config.published}")
        written = write(wired)
    raise typer.Exit(0 if written else BEHIND)


def _hold_on(wired: Service) -> None:
    """Ask before final results that look too early, or refuse them where nobody can be asked: they cannot be unsaid."""
    why = wired.weekly.too_early(wired.challenge.phases)
    if why is None:
        return
    if sys.stdin.isatty():
        typer.confirm(f"{why} Publish the final results all the same?", abort=True)
    else:
        typer.echo(f"{why} Final results cannot be taken back; with --yes they are published all the same.", err=True)
        raise typer.Exit(REFUSED)


def _show_all(wired: Service, made: Board) -> None:
    """Print a board, and of final results who is honoured."""
    from mailbot.board.page.awards import honours  # noqa: PLC0415  # not for --help
    from mailbot.board.page.rules import Awards  # noqa: PLC0415  # not for --help

    show(made)
    if not made.final:
        return
    found = honours(made, Awards(**wired.config.awards.model_dump()))
    for table, places in found.tracks:
        typer.echo(f"Awards of {table.title}:")
        for one in places:
            typer.echo(f"  {one.place}: {one.row.team}, {one.score}")
    typer.echo(f"Invited: {', '.join(found.invited) or 'nobody'}\n")


def page(context: typer.Context, config: ConfigFile = None) -> None:
    """Write the last board's files and the results page anew, and run page.command."""
    from mailbot import flow  # noqa: PLC0415  # not for --help

    set_up_journal(quiet=True)
    with flow.opened(load_config(context, config)) as wired:
        wired.letter_queue.list_again()
        done = wired.publisher.rebuild()
        typer.echo(f"Made anew in {wired.config.published}")
    if not done:
        raise typer.Exit(1)


def board(context: typer.Context, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Show the leaderboard as it would be published now."""
    from mailbot import flow  # noqa: PLC0415  # not for --help
    from mailbot.board.codec import rows_as_json  # noqa: PLC0415  # not for --help

    set_up_journal(quiet=True)
    with flow.opened(begun(load_config(context, config))) as wired:
        made = wired.weekly.board(wired.clock())
    if as_json:
        typer.echo(json.dumps(rows_as_json(made), ensure_ascii=False, indent=2))
    else:
        show(made)


def show(made: Board) -> None:
    """Print a board's tables; intervals and tie groups where a table with them is not wider than the terminal."""
    from rich.console import Console  # noqa: PLC0415  # not for --help

    console = Console()
    for table in made.tables:
        whole = _shown(table, sure=any(row.interval for row in table.rows))
        fits = console.measure(whole, options=console.options.update(width=WIDEST)).maximum <= console.width
        console.print(whole if fits else _shown(table, sure=False))
        console.print()


def _shown(table: Table, *, sure: bool) -> RichTable:
    """Lay out a table of the board; ``sure`` with intervals and tie groups."""
    from rich.table import Table as RichTable  # noqa: PLC0415  # not for --help
    from rich.text import Text  # noqa: PLC0415  # not for --help

    from mailbot.board.build import score_heading  # noqa: PLC0415  # not for --help
    from mailbot.board.page.tables import spread  # noqa: PLC0415  # not for --help

    headings = (*table.headings, score_heading(table))
    shown = RichTable(
        title=f"{table.title}  ({table.formula})",
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        header_style="dim",
    )
    shown.add_column("#", justify="right")
    shown.add_column("team", overflow="fold")
    shown.add_column("method", overflow="fold")
    for heading in headings:
        shown.add_column(heading.title, justify="right", min_width=max(map(len, heading.title.split())))
    for title in ("95 %", "tie") if sure else ():
        shown.add_column(title, style="dim", no_wrap=True)
    for row in table.rows:
        values = [*(row.cells.get(heading.key) for heading in table.headings), row.score]
        cells = ["–" if v is None else f"{v:.{h.decimals}f}" for v, h in zip(values, headings, strict=True)]
        told = (spread(row, headings[-1].decimals), row.group) if sure else ()
        style = "dim" if row.baseline else ""
        shown.add_row(str(row.rank or ""), Text(row.team), Text(row.method), *cells, *told, style=style)
    return shown


MOST = 20
"""So many cells of a worksheet are shown; of the rest the number."""


def write(wired: Service) -> bool:
    """Write the newest board to the sheet, if the config names one; say how it went, and return whether it did."""
    sheet = wired.sheet()
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
    sheet = wired.sheet()
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
            typer.echo(
                f"    {change.place.rpartition('!')[2]:<5} {_shown_cell(change.before)} -> {_shown_cell(change.after)}"
            )
        if len(found) > MOST:
            typer.echo(f"    and {len(found) - MOST} more")


def _shown_cell(cell: object) -> str:
    return repr(cell) if cell != "" else "(empty)"
