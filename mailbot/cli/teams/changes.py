"""teams remove-address, set-leader, rename, merge: changes of teams that are registered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mailbot.cli.common import ConfigFile, Why, Yes, act_as_organizer, ask, load_config, opened_ledger
from mailbot.cli.teams.roster import TeamName, teams
from mailbot.config import calendar
from mailbot.operations import teams as changes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mailbot.config.schema import Config
    from mailbot.ledger import Tx
    from mailbot.operations.teams import Plan

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
    """Merge two teams.

    Undo: none.
    """
    _make(context, config, lambda tx, _: changes.merger(tx, name, into), why, yes=yes)


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
