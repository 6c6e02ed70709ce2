"""publish, page: the leaderboard, brought out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mailbot import lazily
from mailbot.cli.boards.showing import show
from mailbot.cli.common import (
    INCOMPLETE,
    ConfigFile,
    OfPhase,
    Why,
    Yes,
    act_as_organizer,
    ask,
    load_config,
    set_up_journal,
    show_mails,
)
from mailbot.config.calendar import shown
from scoring.text import inert

with lazily(__name__):  # showing the board publishes nothing
    from mailbot import flow
    from mailbot.board import withdrawal
    from mailbot.board.page.awards import honours
    from mailbot.board.page.rules import Awards
    from mailbot.cli.letters import show_drafts
    from mailbot.letters import written
    from mailbot.operations.beginning import verify_clock

if TYPE_CHECKING:
    from datetime import datetime

    from mailbot.board.model import Board
    from mailbot.board.sheet.requests import Change
    from mailbot.config.stages import Stage
    from mailbot.letters.written import Written
    from mailbot.service import Service

MOST_CELLS = 20
"""So many changed cells of a worksheet are listed; the rest are counted."""


def publish(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; show what would change.")] = False,
    letters: Annotated[bool, typer.Option("--letters", help="Also send each team a letter with its standing.")] = False,
    final: Annotated[
        bool, typer.Option("--final", help="Publish as the final results; the page then names the awards.")
    ] = False,
    winners: Annotated[
        bool, typer.Option("--winners/--no-winners", help="With --final: write to the teams that are honoured.")
    ] = True,
    phase: OfPhase = None,
    yes: Yes = False,
    config: ConfigFile = None,
) -> None:
    """Publish the leaderboard now. Exit code 1 when the Google Sheet could not be written.

    Undo: `mailbot board withdraw`; a letter has none.
    """
    act_as_organizer()
    set_up_journal(quiet=True)
    with flow.opened(load_config(context, config)) as wired:
        now = wired.clock()
        stage = wired.config.stage_named(phase, now)
        if dry_run:
            made = wired.weekly.board(now, final=final, stage=stage)
            _show_all(wired, made)
            if final and winners:
                _winners(wired, now, stage)
            typer.echo("Nothing was published.")
            _compare(wired, made)
            return
        verify_clock(wired)
        drafts = _winners(wired, now, stage) if final and winners else []
        if final:
            _hold_on(wired, len(drafts), stage, yes=yes)
        if letters:
            _ask_of_letters(wired, wired.weekly.board(now, final=final, stage=stage), yes=yes)
        made = wired.weekly.publish(as_of=now, letters=letters, final=final, stage=stage)
        if letters:
            wired.letter_queue.step()
        _show_all(wired, made)
        typer.echo(f"Published {'as the final results ' if final else ''}in {wired.config.published}")
        if drafts:
            with wired.ledger.write("winners") as tx:
                told = written.queue(tx, wired.challenge, drafts, wired.clock())
            typer.echo(f"{told} letter(s) to winners queued.")
        shown = _write(wired)
    raise typer.Exit(0 if shown else INCOMPLETE)


def _hold_on(wired: Service, letters: int, stage: Stage, *, yes: bool) -> None:
    """Ask before final results, and say why they look too early; without a terminal they want --yes."""
    own = [phase for phase in wired.challenge.phases if wired.challenge.stage_of(phase.name) == stage]
    if why := wired.weekly.too_early(own):
        typer.echo(why, err=True)
    of_phase = f" of the {stage.name} phase" if stage.name else ""
    told = f" and send {letters} letter(s) to winners" if letters else ""
    ask(f"Publish the final results{of_phase}{told}?", yes=yes, for_good=True)


def _ask_of_letters(wired: Service, ready: Board, *, yes: bool) -> None:
    """Show the letters about a board, and ask."""
    mails = [draft.outgoing for draft in wired.letter_queue.about(ready, "preview", due_at=None)]
    show_mails(mails)
    ask(f"Publish, and send {len(mails)} letter(s), which cannot be undone?", yes=yes, for_good=bool(mails))


def _winners(wired: Service, now: datetime, stage: Stage) -> list[Written]:
    """Print the letters to the teams that the final results honour, and return them."""
    made = wired.weekly.board(now, final=True, stage=stage)
    with wired.ledger.read() as tx:
        drafts = written.awards(tx, wired.challenge, made, Awards(**wired.config.awards.model_dump()))
    show_drafts(wired.challenge, drafts)
    return list(drafts.letters)


def _show_all(wired: Service, made: Board) -> None:
    """Print a board, and with final results the awards."""
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
    """Regenerate the results page and the files of the last board, and run page.command.

    Undo: not needed; the files say what the ledger says.
    """
    set_up_journal(quiet=True)
    with flow.opened(load_config(context, config)) as wired:
        wired.letter_queue.list_again()
        done = wired.publisher.rebuild()
        typer.echo(f"Regenerated in {wired.config.published}")
    if not done:
        raise typer.Exit(INCOMPLETE)


def withdraw(
    context: typer.Context,
    date: Annotated[str, typer.Argument(metavar="DATE", help="Its day, or its address on the page: 2026-03-18-1405.")],
    why: Why,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Withdraw it without asking.")] = False,
    config: ConfigFile = None,
) -> None:
    """Take a published board back; it stays at its address, marked, with the reason.

    Undo: none; `mailbot publish` makes another board.
    """
    act_as_organizer()
    set_up_journal(quiet=True)
    with flow.opened(load_config(context, config)) as wired:
        zone = wired.challenge.zone
        found = withdrawal.look(wired.ledger, date)
        then = f"the board of {shown(found.then.as_of, zone)}" if found.then else "no team, because no board is left"
        typer.echo(f"The board of {shown(found.board.as_of, zone)} is marked as withdrawn, and teams are shown why.")
        typer.echo(f"Front page, feed and sheet show {then}.")
        typer.echo(f"{len(found.waiting)} letters about it that wait are not sent; {found.sent} were sent.")
        ask("Withdraw it?", yes=yes, for_good=True)
        withdrawal.carry_out(wired.ledger, found, why, wired.clock())
        done = wired.publisher.rebuild()
        written = _write(wired)
    raise typer.Exit(0 if done and written else INCOMPLETE)


def _write(wired: Service) -> bool:
    """Write the newest board to the Google Sheet, if there is one; say whether that succeeded, and return it."""
    sheet = wired.sheet()
    if sheet is None:
        return True
    error = sheet.attempt()
    if error is None:
        typer.echo(f"Shown in the Google Sheet {sheet.spreadsheet}")
        return True
    typer.echo(inert(f"The Google Sheet is behind: {error}\n`mailbot run` tries again automatically."), err=True)
    return False


def _compare(wired: Service, made: Board) -> None:
    """Print the cells of the Google Sheet that publishing a board would change. Raises a MailbotError."""
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
        for change in found[:MOST_CELLS]:
            typer.echo(
                f"    {change.place.rpartition('!')[2]:<5} {_shown_cell(change.before)} -> {_shown_cell(change.after)}"
            )
        if len(found) > MOST_CELLS:
            typer.echo(f"    and {len(found) - MOST_CELLS} more")


def _shown_cell(cell: object) -> str:
    return repr(cell) if cell != "" else "(empty)"
