"""teams remove-address, set-leader, rename, merge: changes of teams that are registered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mailbot import flow
from mailbot.cli.common import (
    ConfigFile,
    Why,
    Yes,
    act_as_organizer,
    ask,
    begun,
    emit,
    load_config,
    opened_ledger,
    set_up_journal,
)
from mailbot.cli.scores import CHANGES, shown
from mailbot.cli.teams.roster import TeamName, teams
from mailbot.config import calendar
from mailbot.ledger import daybook
from mailbot.operations import teams as changes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mailbot.config.schema import Config
    from mailbot.ledger import Tx
    from mailbot.operations.teams import Merged, Plan

Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="An address of the team.")]


@teams.command("remove-address")
def remove_address(
    context: typer.Context, name: TeamName, address: Address, why: Why, yes: Yes = False, config: ConfigFile = None
) -> None:
    """Remove an address from a team.

    Undo: `mailbot teams add`.
    """
    _make(context, config, lambda tx, _: changes.removal(tx, name, address), why, yes=yes)


@teams.command("set-leader")
def set_leader(
    context: typer.Context, name: TeamName, address: Address, why: Why, yes: Yes = False, config: ConfigFile = None
) -> None:
    """Make another address the team's leader.

    Undo: the same command with the earlier leader.
    """
    _make(context, config, lambda tx, _: changes.leader(tx, name, address), why, yes=yes)


@teams.command("rename")
def rename(
    context: typer.Context,
    name: TeamName,
    new: Annotated[str, typer.Argument(metavar="NEW", help="What it is to be called.")],
    why: Why,
    yes: Yes = False,
    config: ConfigFile = None,
) -> None:
    """Rename a team.

    Undo: the same command with the old name.
    """
    _make(context, config, lambda tx, loaded: changes.rename(tx, loaded, name, new), why, yes=yes)


@teams.command("merge")
def merge(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The team that is merged and then removed.")],
    into: Annotated[str, typer.Argument(metavar="INTO", help="The team that gets all that the other one has.")],
    why: Why,
    yes: Yes = False,
    config: ConfigFile = None,
) -> None:
    """Merge two teams. Shows first which files count then and which ranks change, and asks.

    Undo: none; `mailbot backup` before it keeps the ledger as it was.
    """
    act_as_organizer()
    set_up_journal(quiet=True)
    loaded = begun(load_config(context, config))
    with flow.opened(loaded, enter=False) as wired:
        _show(changes.preview(wired, name, into), "Would change")
        typer.echo("This cannot be undone: only a backup made before has both teams (`mailbot backup`).")
        typer.echo("No mail is sent.")
        ask("Do it?", yes=yes, for_good=True)
        with wired.ledger.write("roster-change") as tx:
            done = changes.merge(wired, tx, name, into, why=why)
        daybook.hand_over(wired.ledger, loaded.state)
    _show(done, "Changed")
    typer.echo("Done.")


def _show(merged: Merged, title: str) -> None:
    typer.echo("\n".join(merged.says))
    if merged.changes:
        emit([shown(each) for each in merged.changes], as_json=False, columns=CHANGES, title=title)
    else:
        typer.echo("No place on the board changes by it.")


def _make(
    context: typer.Context, config: Path | None, plan: Callable[[Tx, Config], Plan], why: str, *, yes: bool
) -> None:
    """Show what a change does and how it is taken back, ask on a terminal, and make it."""
    act_as_organizer()
    loaded = load_config(context, config)
    with opened_ledger(loaded) as ledger:
        with ledger.read() as tx:
            shown = plan(tx, loaded)
        typer.echo("\n".join(shown.says))
        typer.echo(f"To undo this: {shown.inverse}" if shown.inverse else "This cannot be undone.")
        typer.echo("No mail is sent.")
        ask("Do it?", yes=yes, for_good=shown.inverse is None)
        with ledger.write("roster-change") as tx:
            changes.carry_out(tx, loaded, plan(tx, loaded), why, calendar.now())
    typer.echo("Done.")
