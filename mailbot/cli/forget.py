"""forget: a team's personal data go, its scores stay."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from mailbot.cli.common import ConfigFile, act_as_organizer, load_config, nameless, set_up_journal


def forget(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="TEAM", help="The team's name.")],
    why: Annotated[
        str, typer.Option("--why", help="The reason, for the audit trail; name nobody in it.", callback=nameless)
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask on a terminal whether you are sure.")] = False,
    config: ConfigFile = None,
) -> None:
    """Take a team's addresses, mails and words out for good; its scores stay under a pseudonym. Stop mailbot first."""
    from mailbot import service  # noqa: PLC0415  # not for --help
    from mailbot.operations import forget  # noqa: PLC0415  # not for --help

    if sys.stdin.isatty() and not yes:
        typer.confirm(f"Forget {name} for good? This cannot be taken back.", abort=True)
    act_as_organizer()
    set_up_journal(quiet=True)
    with service.working(load_config(context, config)) as wired:
        done = forget.forget(wired, name, why)
    typer.echo(f"It is {done.pseudonym} now: {done.mails} mails dropped, {done.boards} boards renamed.")
    typer.echo("What mailbot does not reach is left to you:")
    typer.echo(f"  - in the mailbox and its folders, delete the mails from and to {', '.join(done.addresses) or '–'},")
    typer.echo("    and those of others whose subject begins with its name, or whose file bears it;")
    if done.doubtful:
        typer.echo(
            f"  - look at the strangers' mails {', '.join(done.doubtful)}, which stay in the spool: each has the name"
        )
        typer.echo("    in its subject, or cannot be read;")
    typer.echo("  - make a new backup (`mailbot backup`) and delete older ones, and exports with addresses;")
    typer.echo("  - delete its rows in the response sheet of a form, and copies of the results page elsewhere.")
    for path in done.copies:
        typer.echo(f"  - delete {path}, an older copy of the ledger.")
