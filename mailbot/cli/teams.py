"""teams: the roster, the teams' keys, letters and quota, and which teams count."""

from __future__ import annotations

import secrets
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailbot import flow
from mailbot.cli.common import (
    INCOMPLETE,
    AsJson,
    ConfigFile,
    Why,
    act_as_organizer,
    decide,
    emit,
    load_config,
    nameless,
    opened_ledger,
    said,
    set_up_journal,
)
from mailbot.config import calendar
from mailbot.errors import Permanent
from mailbot.identity import keys as identity
from mailbot.identity import roster
from mailbot.identity.names import Reserved
from mailbot.identity.roster_table import mapping
from mailbot.ledger import quota, rulings
from mailbot.ledger import teams as table
from mailbot.mail import teamkey
from mailbot.model import Exclusion
from mailbot.operations import deadlines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailbot.config.schema import Config
    from mailbot.identity.roster import Entry

teams = typer.Typer(
    help="Teams: list, add or import them, make keys, switch letters, hide or disqualify them.", no_args_is_help=True
)

TeamName = Annotated[str, typer.Argument(metavar="NAME", help="The team's name.")]

WhyLate = Annotated[
    str, typer.Option("--why", help="The reason; required once registration is closed.", callback=nameless)
]


class Switch(StrEnum):
    """The two positions of a switch."""

    ON = "on"
    OFF = "off"


@teams.command("list")
def list_teams(context: typer.Context, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """List the teams by name."""
    with opened_ledger(load_config(context, config)) as ledger, ledger.read() as tx:
        rows = [
            {
                "team": team.name,
                "addresses": list(team.addresses),
                "letters": team.letters,
                "confirmed": not team.unconfirmed,
            }
            for team in table.everyone(tx)
        ]
    columns = {"team": None, "addresses": ", ".join, "letters": _on_off, "confirmed": _yes_no}
    emit(rows, as_json=as_json, columns=columns, title="Teams")


@teams.command("add")
def add_team(
    context: typer.Context,
    name: TeamName,
    addresses: Annotated[list[str], typer.Argument(metavar="ADDRESS...", help="Its addresses, the leader's first.")],
    why: WhyLate = "",
    config: ConfigFile = None,
) -> None:
    """Add a team, or addresses to the team of that name."""
    try:
        entry = roster.entry(name, addresses)
    except ValueError as error:
        raise Permanent(str(error)) from error
    _enter(load_config(context, config), [entry], (), why=why)


@teams.command("import")
def import_teams(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE.csv", exists=True, dir_okay=False, help="CSV with columns team,address.")
    ],
    columns: Annotated[
        str, typer.Option(metavar="MAPPING", help='Headings: team="Team name",address="Email Address".')
    ] = "",
    why: WhyLate = "",
    config: ConfigFile = None,
) -> None:
    """Import a roster, with commas, semicolons or tabs, in UTF-8, UTF-16, GB18030 or Windows-1252.

    Rows with mistakes are rejected and reported; exit code 1 when there were any.
    """
    read = roster.read_csv(file.read_bytes(), mapping(columns))
    for note in read.notes:
        typer.echo(f"  note: {note}", err=True)
    _enter(load_config(context, config), read.entries, read.mistakes, why=why)


@teams.command("sync")
def sync_teams(context: typer.Context, config: ConfigFile = None) -> None:
    """Read the roster file and the form's sheet now, as the daemon does hourly. Exit code 1 when rows were rejected."""
    act_as_organizer()
    set_up_journal(quiet=True)
    with flow.opened(load_config(context, config)) as wired:
        wrong = wired.sync.run()
        with wired.ledger.read() as tx:
            known = table.everyone(tx)
    waiting = sum(team.unconfirmed for team in known)
    typer.echo(f"{len(known)} team(s) on the roster" + (f", {waiting} still to confirm." if waiting else "."))
    for each in wrong:
        typer.echo(f"  not taken: {each}", err=True)
    raise typer.Exit(INCOMPLETE if wrong else 0)


@teams.command("letters")
def switch_letters(
    context: typer.Context,
    name: TeamName,
    wanted: Annotated[Switch, typer.Argument(metavar="on|off", help="Whether it gets letters.")],
    config: ConfigFile = None,
) -> None:
    """Switch a team's weekly letters and reminders on or off. Replies are always sent."""
    act_as_organizer()
    with opened_ledger(load_config(context, config)) as ledger, ledger.write("team-letters") as tx:
        known = roster.switch_letters(tx, name, wanted=wanted is Switch.ON, now=calendar.now())
    if known is None:
        message = f"no team is named {name!r}; `mailbot teams list` names them all"
        raise Permanent(message)
    typer.echo(f"Letters to {known} are {wanted}.")


@teams.command("key")
def new_key(context: typer.Context, name: TeamName, config: ConfigFile = None) -> None:
    """Make a new key for a team and print it once; the old key becomes void."""
    act_as_organizer()
    loaded = load_config(context, config)
    with opened_ledger(loaded) as ledger:
        secret, randomness = identity.of(loaded.state, ledger), secrets.token_bytes(teamkey.BYTES)
        with ledger.write("team-key") as tx:
            made = identity.new_key(tx, name, secret=secret, randomness=randomness, now=calendar.now())
    if made is None:
        message = f"no team is named {name!r}; `mailbot teams list` names them all"
        raise Permanent(message)
    team, text = made
    local, _, domain = loaded.challenge.address.rpartition("@")
    typer.echo(f"The key of {team.name}, shown this once; the one before is void:\n\n  {text}\n")
    typer.echo(f"The team writes to {local}+{text}@{domain}\nor puts [key {text}] into the subject.")


@teams.command("grant")
def grant(
    context: typer.Context,
    name: TeamName,
    track: Annotated[str, typer.Argument(help="The track, as siqa-u.")],
    why: Why,
    more: Annotated[int, typer.Option(min=1, max=100, help="How many submissions more.")] = 1,
    config: ConfigFile = None,
) -> None:
    """Raise a team's quota on a track for this week; submissions that were over quota must be sent again."""
    act_as_organizer()
    set_up_journal(quiet=True)
    with flow.opened(load_config(context, config)) as wired:
        if track not in wired.challenge.tracks:
            message = f"there is no track {track!r}; the config has {', '.join(wired.challenge.tracks)}"
            raise Permanent(message)
        with wired.ledger.write("grant") as tx:
            team = table.with_name(tx, name)
            if team is None:
                message = f"no team is named {name!r}; `mailbot teams list` names them all"
                raise Permanent(message)
            has = quota.grant(tx, wired.challenge.quota, team, track, more=more, why=why, now=wired.clock())
    typer.echo(
        f"{team.name} may have {has.per_week} submissions accepted on {track} this week, and has {has.left} left."
    )


@teams.command("extend")
def extend(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="[TEAM] PHASE", help="The team, and the phase's name.")],
    until: Annotated[str, typer.Option(metavar="INSTANT", help="When it closes now, as 2026-04-27T12:00:00+08:00.")],
    why: Annotated[str, typer.Option("--why", help="The reason; teams are told it. It is kept.", callback=said)],
    everyone: Annotated[bool, typer.Option("--all", help="For all teams; TEAM is left out.")] = False,
    tell: Annotated[bool, typer.Option("--tell", help="Write to those concerned.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    config: ConfigFile = None,
) -> None:
    """Move the end of a phase, for one team or for all. The same command with an earlier instant moves it back.

    For all, the rules page changes at once; what was refused as late before is taken by `mailbot submissions accept`.
    """
    if len(words) != (1 if everyone else 2):
        message = "write `mailbot teams extend TEAM PHASE ...`, or `mailbot teams extend --all PHASE ...`"
        raise Permanent(message)
    name, phase = (None if everyone else words[0]), words[-1]
    act_as_organizer()
    set_up_journal(quiet=True)
    loaded = load_config(context, config)
    with flow.opened(loaded) as wired:
        zone = loaded.challenge.zone
        move = deadlines.look(wired, phase, _instant(until), team=name)
        was, becomes = (calendar.shown(at, zone) for at in (move.phase.closes or wired.clock(), move.extension.until))
        typer.echo(f"Phase {phase!r} closes {was}; for {name or 'all teams'} it would close {becomes}.")
        typer.echo(f"{move.letters if tell else 0} letter(s) would be sent.")
        if sys.stdin.isatty() and not yes:
            typer.confirm("Move it?", abort=True)
        told = deadlines.carry_out(wired, move, why, tell=tell)
    if everyone:
        with flow.opened(loaded) as wired:
            wired.publisher.refresh()
    typer.echo(f"Moved; {told} letter(s) queued. A running mailbot follows within half a minute.")


def _instant(text: str) -> datetime:
    """Read an instant with its offset. Raises Permanent."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        message = f"--until {text}: write an instant with its offset, as 2026-04-27T12:00:00+08:00"
        raise Permanent(message)
    return found


@teams.command("disqualify")
def disqualify_team(context: typer.Context, name: TeamName, why: Why, config: ConfigFile = None) -> None:
    """Exclude a team that breaks the rules from the board. Its mails are still answered."""
    _exclude(context, config, name, Exclusion.DISQUALIFIED, why)


@teams.command("hide")
def hide_team(context: typer.Context, name: TeamName, why: Why, config: ConfigFile = None) -> None:
    """Hide a team from the board while you look into it."""
    _exclude(context, config, name, Exclusion.HIDDEN, why)


@teams.command("reinstate")
def reinstate_team(context: typer.Context, name: TeamName, why: Why, config: ConfigFile = None) -> None:
    """Let a team's submissions count again."""
    registered = decide(context, config, lambda tx, now: rulings.reinstate_team(tx, name, why, now))
    typer.echo(f"{registered} counts again, from the next board on.")


def _yes_no(confirmed: bool) -> str:
    return "yes" if confirmed else "no"


def _on_off(wanted: bool) -> str:
    return "on" if wanted else "off"


def _enter(config: Config, entries: Sequence[Entry], mistakes: Sequence[str], *, why: str) -> None:
    """Add teams to the roster; print how many were taken, and every mistake."""
    if config.registration.is_closed(calendar.now()) and not why.strip():
        message = f"registration closed on {config.registration.closes}; say --why this is let in"
        raise Permanent(message)
    since = roster.waiting_since(config, calendar.now())
    by_hand = roster.Terms(again=True, reserved=Reserved.of(config), waiting_since=since)
    act_as_organizer()
    with opened_ledger(config, begin=True) as ledger, ledger.write("roster") as tx:
        mistakes = [*mistakes, *roster.enter(tx, entries, calendar.now(), state=config.state, terms=by_hand, why=why)]
        found = [(one, table.with_name(tx, one.name)) for one in entries]
    taken = {team.name for one, team in found if team and {*one.addresses} <= {*team.addresses}}
    typer.echo(f"{len(taken)} team(s) on the roster from this.")
    for mistake in mistakes:
        typer.echo(f"  not taken: {mistake}", err=True)
    raise typer.Exit(INCOMPLETE if mistakes else 0)


def _exclude(context: typer.Context, config: Path | None, name: str, kind: Exclusion, why: str) -> None:
    """Exclude a team from the board, and say so."""
    registered = decide(context, config, lambda tx, now: rulings.exclude_team(tx, name, kind, why, now))
    typer.echo(f"{registered} is {kind}: the next board leaves it out. Boards published before stay.")
