"""teams list, add, import, sync: who is on the roster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailbot import flow
from mailbot.cli.common import (
    INCOMPLETE,
    AsJson,
    ConfigFile,
    Yes,
    act_as_organizer,
    ask,
    emit,
    load_config,
    nameless,
    opened_ledger,
    set_up_journal,
)
from mailbot.cli.letters import show_drafts
from mailbot.config import calendar
from mailbot.errors import Permanent
from mailbot.identity import roster
from mailbot.identity.roster_table import mapping
from mailbot.ledger import held, rulings
from mailbot.ledger import teams as table
from mailbot.model import Id
from mailbot.operations import letters
from scoring.text import inert

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from mailbot.config.schema import Config
    from mailbot.identity.roster import Entry
    from mailbot.ledger import Ledger

teams = typer.Typer(
    help="Teams: list, add, import, rename or merge them, make keys, switch letters, hide or disqualify them.",
    no_args_is_help=True,
)

TeamName = Annotated[str, typer.Argument(metavar="NAME", help="The team's name.")]

WhyLate = Annotated[
    str, typer.Option("--why", help="The reason; required once registration is closed.", callback=nameless)
]


@teams.command("list")
def list_teams(context: typer.Context, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """List the teams by name: the leader's address first, what takes no mail, who is disqualified or hidden."""
    with opened_ledger(load_config(context, config)) as ledger, ledger.read() as tx:
        dead, excluded = table.bouncing(tx), rulings.excluded_teams(tx)
        rows = [
            {
                "team": team.name,
                "addresses": list(team.addresses),
                "take_no_mail": [address for address in team.addresses if address in dead],
                "letters": team.letters,
                "confirmed": not team.unconfirmed,
                "excluded": excluded.get(team.id),
            }
            for team in table.everyone(tx)
        ]
    columns: dict[str, Callable[[Any], str] | None] = {"team": None, "addresses": ", ".join}
    columns |= {"take_no_mail": ", ".join} if any(row["take_no_mail"] for row in rows) else {}
    columns |= {"letters": _on_off, "confirmed": _yes_no}
    columns |= {"excluded": str} if any(row["excluded"] for row in rows) else {}
    emit(rows, as_json=as_json, columns=columns, title="Teams")


@teams.command("add")
def add_team(
    context: typer.Context,
    name: TeamName,
    addresses: Annotated[list[str], typer.Argument(metavar="ADDRESS...", help="Its addresses, the leader's first.")],
    why: WhyLate = "",
    yes: Yes = False,
    config: ConfigFile = None,
) -> None:
    """Add a team, or addresses to the team of that name.

    Undo: `mailbot teams remove-address`; the answer to a mail that waited has none.
    """
    try:
        entry = roster.entry(name, addresses)
    except ValueError as error:
        raise Permanent(str(error)) from error
    _, rejected = _enter(load_config(context, config), [entry], (), why=why, yes=yes)
    raise typer.Exit(INCOMPLETE if rejected else 0)


@teams.command("import")
def import_teams(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE.csv", exists=True, dir_okay=False, help="CSV with columns team,address.")
    ],
    columns: Annotated[
        str, typer.Option(metavar="MAPPING", help='Headings: team="Team name",address="Email Address".')
    ] = "",
    welcome: Annotated[
        bool, typer.Option("--welcome", help="Write once to each team: rules, how to submit, its first key.")
    ] = False,
    yes: Yes = False,
    why: WhyLate = "",
    config: ConfigFile = None,
) -> None:
    """Import a roster, with commas, semicolons or tabs, in UTF-8, UTF-16, GB18030 or Windows-1252.

    Rows with mistakes are rejected and reported; exit code 1 when there were any. A welcome is shown first.

    Undo: `mailbot teams remove-address`; a welcome has none.
    """
    read = roster.read_csv(file.read_bytes(), mapping(columns))
    for note in read.notes:
        typer.echo(inert(f"  note: {note}"), err=True)
    loaded = load_config(context, config)
    taken, rejected = _enter(loaded, read.entries, read.mistakes, why=why, yes=yes)
    if welcome:
        typer.echo("They are entered now, whatever becomes of the welcome:")
        _welcome(loaded, taken, yes=yes)
    raise typer.Exit(INCOMPLETE if rejected else 0)


def _welcome(config: Config, names: Sequence[str], *, yes: bool) -> None:
    """Show the welcome of the first team, ask, and write to all that were not welcomed."""
    set_up_journal(quiet=True)
    with flow.opened(config) as wired:
        drafts = letters.look_welcome(wired, names)
        show_drafts(wired.challenge, drafts, alike=True)
        if drafts.letters:
            ask(f"Send {len(drafts.letters)} welcome(s)?", yes=yes, for_good=True)
            typer.echo(f"{letters.send_welcome(wired, drafts.letters)} welcome(s) queued.")


@teams.command("sync")
def sync_teams(context: typer.Context, config: ConfigFile = None) -> None:
    """Read the roster file and the form's sheet now, as the daemon does hourly. Exit code 1 when rows were rejected.

    Undo: `mailbot teams remove-address`, once the row is out of its source.
    """
    act_as_organizer()
    set_up_journal(quiet=True)
    with flow.opened(load_config(context, config)) as wired:
        wrong = wired.sync.run()
        with wired.ledger.read() as tx:
            known = table.everyone(tx)
    waiting = sum(team.unconfirmed for team in known)
    typer.echo(f"{len(known)} team(s) on the roster" + (f", {waiting} still to confirm." if waiting else "."))
    for each in wrong:
        typer.echo(inert(f"  not taken: {each}"), err=True)
    raise typer.Exit(INCOMPLETE if wrong else 0)


def _yes_no(confirmed: bool) -> str:
    return "yes" if confirmed else "no"


def _on_off(wanted: bool) -> str:
    return "on" if wanted else "off"


def _enter(
    config: Config, entries: Sequence[Entry], mistakes: Sequence[str], *, why: str, yes: bool
) -> tuple[list[str], Sequence[str]]:
    """Add teams to the roster; print how many were taken, and every mistake; return both."""
    if config.registration.is_closed(calendar.now()) and not why.strip():
        message = f"registration closed on {config.registration.closes}; give the reason with --why"
        raise Permanent(message)
    terms = roster.by_hand(config, calendar.now())
    act_as_organizer()
    with opened_ledger(config, begin=True) as ledger:
        _ask_of_waiting(ledger, entries, terms.waiting_since, yes=yes)
        with ledger.write("roster") as tx:
            wrong = roster.enter(tx, entries, calendar.now(), state=config.state, terms=terms, why=why)
            mistakes = [*mistakes, *wrong]
            found = [(one, table.with_name(tx, one.name)) for one in entries]
    taken = dict.fromkeys(team.name for one, team in found if team and {*one.addresses} <= {*team.addresses})
    typer.echo(f"{len(taken)} team(s) on the roster from this.")
    for mistake in mistakes:
        typer.echo(inert(f"  not taken: {mistake}"), err=True)
    return list(taken), mistakes


def _ask_of_waiting(ledger: Ledger, entries: Sequence[Entry], since: datetime | None, *, yes: bool) -> None:
    """Name the mails that wait for an address to join, and ask: scoring them sends answers."""
    if since is None:
        return
    with ledger.read() as tx:
        waiting = held.waiting_of(tx, [address for one in entries for address in one.addresses], since=since)
    if waiting:
        names = ", ".join(Id.MAIL.of(each) for each in waiting)
        typer.echo(f"{len(waiting)} mail(s) of these addresses wait, and are handled and answered then: {names}.")
        ask("Go on?", yes=yes, for_good=True)
