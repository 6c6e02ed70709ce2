"""board: the leaderboard as it would be published, or as it was: to read, for a paper, and which teams differ."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from mailbot import flow
from mailbot.board.build import score_heading
from mailbot.board.codec import rows_as_json
from mailbot.board.exports import as_latex
from mailbot.board.page.tables import spread
from mailbot.cli.common import AsJson, ConfigFile, OfPhase, begun, emit, load_config, set_up_journal
from mailbot.config.calendar import typed
from mailbot.errors import Permanent
from scoring.interval import ALPHA
from scoring.text import escaped

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from mailbot.board.model import Board, Row, Table
    from mailbot.board.uncertainty import Pair

WIDEST = 1_000
"""A width in which any table has room, to measure how wide it is."""


def board(
    context: typer.Context,
    as_of: Annotated[
        str, typer.Option("--as-of", metavar="DATE", help="As of the end of a day, or an instant, by today's labels.")
    ] = "",
    wide: Annotated[bool, typer.Option("--wide", help="All columns, however wide the terminal is.")] = False,
    latex: Annotated[bool, typer.Option("--latex", help="Print LaTeX, for the package booktabs.")] = False,
    significance: Annotated[
        bool, typer.Option("--significance", help="Test which teams differ: paired tests with Holm's procedure.")
    ] = False,
    phase: OfPhase = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show the leaderboard as it would be published now, or as of an earlier day; withdraw a published one."""
    if context.invoked_subcommand:
        return
    if sum((wide or (as_json and not significance), latex, significance)) > 1:
        raise Permanent("--wide, --latex and --significance exclude one another; --json goes with --significance alone")
    set_up_journal(quiet=True)
    with flow.opened(begun(load_config(context, config))) as wired:
        at = _instant(as_of, wired.challenge.zone, wired.clock())
        stage = wired.config.stage_named(phase, at) if phase else None
        tested = wired.ranking.pairs(at, stage) if significance else []
        made = wired.ranking.board(at, stage=stage)
    if significance:
        _show_pairs(made, tested, as_json=as_json)
    elif as_json:
        typer.echo(escaped(json.dumps(rows_as_json(made), ensure_ascii=False, indent=2)))
    elif latex:
        typer.echo(as_latex(made))
    else:
        show(made, wide=wide)


def _instant(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """Return the instant of a board: the end of a day, an instant, or now. Raises Permanent."""
    if not text:
        return now
    try:
        found = typed(text, zone)
    except ValueError as error:
        message = f"--as-of {text}: write a day, as 2026-03-12, or an instant, as 2026-03-12T10:00+08:00"
        raise Permanent(message) from error
    if found > now:
        message = f"--as-of {text} is in the future: that board is not known yet"
        raise Permanent(message)
    is_day = re.fullmatch(r"\d{4}-?\d{2}-?\d{2}", text) is not None
    return found + timedelta(days=1) if is_day else found


def _show_pairs(made: Board, tested: Sequence[Pair], *, as_json: bool) -> None:
    """Print which teams of each table differ."""
    rows = [asdict(one) | {"differs": one.adjusted <= ALPHA} for one in tested]
    if as_json:
        typer.echo(escaped(json.dumps(rows, ensure_ascii=False, indent=2)))
        return
    for table in made.tables:
        number = f"{{:.{score_heading(table).decimals + 1}f}}".format
        columns: dict[str, Any] = {"team": None, "other": None, "value": number, "error": number}
        columns |= {"p": "{:.3g}".format, "adjusted": "{:.3g}".format, "differs": lambda yes: "yes" if yes else "no"}
        own = [row for row in rows if row["table"] == table.key]
        emit(own, as_json=False, columns=columns, title=table.title)
    typer.echo(f"differs: at {ALPHA:.0%} for all pairs of a table together (adjusted: Holm's procedure, 1979).")


def show(made: Board, *, wide: bool = False) -> None:
    """Print a board's tables, with intervals and tie groups if the terminal is wide enough; ``wide``: with all."""
    console = Console()
    for table in made.tables:
        if wide:
            every = _shown(table, intervals=any(row.interval for row in table.rows), wide=True)
            width = console.measure(every, options=console.options.update(width=WIDEST)).maximum
            Console(width=max(width, console.width)).print(every, "")
            continue
        whole = _shown(table, intervals=any(row.interval for row in table.rows))
        fits = console.measure(whole, options=console.options.update(width=WIDEST)).maximum <= console.width
        console.print(whole if fits else _shown(table, intervals=False))
        console.print()


def _shown(table: Table, *, intervals: bool, wide: bool = False) -> RichTable:
    """Lay out a table of the board, on request with intervals and tie groups; ``wide``: with all that is known."""
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
    for title in ("95 %", "tie") if intervals else ():
        shown.add_column(title, style="dim", no_wrap=True)
    for title in ("ranks", "swap", "receipt", "arrived", "files") if wide else ():
        shown.add_column(title, no_wrap=True)
    for row in table.rows:
        values = [*(row.cells.get(heading.key) for heading in table.headings), row.score]
        cells = ["–" if v is None else f"{v:.{h.decimals}f}" for v, h in zip(values, headings, strict=True)]
        told: tuple[str, ...] = (spread(row, headings[-1].decimals), row.group) if intervals else ()
        told += _rest(row) if wide else ()
        style = "dim" if row.baseline else ""
        shown.add_row(str(row.rank or ""), Text(row.team), Text(row.method), *cells, *told, style=style)
    return shown


def _rest(row: Row) -> tuple[str, ...]:
    """Return what else is known of a row: ranks that it can have, probability to swap with the next, what counts."""
    return (
        "–".join(map(str, row.ranks)) if row.ranks else "",
        "" if row.flip is None else f"{row.flip:.3f}",
        row.receipt,
        f"{row.date:%Y-%m-%d %H:%M}" if row.date else "",
        "" if row.submissions is None else str(row.submissions),
    )
