"""teams list, add, import, sync, letters: the roster."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailbot.cli.common import (
    AsJson,
    ConfigFile,
    act_as_organizer,
    decide,
    emit,
    load_config,
    nameless,
    opened_ledger,
    said,
    set_up_journal,
)
from mailbot.cli.submissions import Why
from mailbot.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailbot.config.schema import Config
    from mailbot.identity.roster import Entry
    from mailbot.model import Exclusion


teams = typer.Typer(help="The roster: list teams, add or import them, say who gets letters.", no_args_is_help=True)

SOME_REFUSED = 1

WhyLate = Annotated[
    str, typer.Option("--why", help="The reason; needed once registration is closed.", callback=nameless)
]


class Switch(StrEnum):
    """The two positions of a switch."""

    ON = "on"
    OFF = "off"


@teams.command("list")
def list_teams(context: typer.Context, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """List the teams by name."""
    from mailbot.ledger import teams as table  # noqa: PLC0415  # not for --help

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
    name: Annotated[str, typer.Argument(help="The team's name.")],
    addresses: Annotated[list[str], typer.Argument(metavar="ADDRESS...", help="Its addresses, the leader's first.")],
    why: WhyLate = "",
    config: ConfigFile = None,
) -> None:
    """Add a team, or addresses to the team of that name."""
    from mailbot.identity import roster  # noqa: PLC0415  # not for --help

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
    why: WhyLate = "",
    config: ConfigFile = None,
) -> None:
    """Import a roster. Rows that are in order are taken, the others named; exit code 1 when there were any."""
    from mailbot.identity import roster  # noqa: PLC0415  # not for --help

    read = roster.read_csv(file.read_bytes())
    _enter(load_config(context, config), read.entries, read.mistakes, why=why)


@teams.command("sync")
def sync_teams(context: typer.Context, config: ConfigFile = None) -> None:
    """Read the roster file and the form's sheet now, as the daemon does every hour; 1 when some were not taken."""
    from mailbot import flow  # noqa: PLC0415  # not for --help
    from mailbot.ledger import teams as table  # noqa: PLC0415  # not for --help

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
    raise typer.Exit(SOME_REFUSED if wrong else 0)


@teams.command("letters")
def switch_letters(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The team's name.")],
    wanted: Annotated[Switch, typer.Argument(metavar="on|off", help="Whether it gets letters.")],
    config: ConfigFile = None,
) -> None:
    """Switch the letters to a team on or off: its weekly standing and the reminders. Replies are always written."""
    from mailbot.config import calendar  # noqa: PLC0415  # not for --help
    from mailbot.identity import roster  # noqa: PLC0415  # not for --help

    act_as_organizer()
    with opened_ledger(load_config(context, config)) as ledger, ledger.write("team-letters") as tx:
        known = roster.switch_letters(tx, name, wanted=wanted is Switch.ON, now=calendar.now())
    if known is None:
        message = f"no team is named {name!r}; `mailbot teams list` names them all"
        raise Permanent(message)
    typer.echo(f"Letters to {known} are {wanted}.")


@teams.command("key")
def new_key(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The team's name.")],
    config: ConfigFile = None,
) -> None:
    """Make a new key for a team and print it, this once; the key before is void from now on."""
    import secrets  # noqa: PLC0415  # not for --help

    from mailbot.config import calendar  # noqa: PLC0415  # not for --help
    from mailbot.identity import keys as identity  # noqa: PLC0415  # not for --help  # noqa: PLC0415  # not for --help
    from mailbot.mail import teamkey  # noqa: PLC0415  # not for --help

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


def _yes_no(confirmed: bool) -> str:  # a cell of the listing
    return "yes" if confirmed else "no"


def _on_off(wanted: bool) -> str:  # a cell of the listing
    return "on" if wanted else "off"


def _enter(config: Config, entries: Sequence[Entry], mistakes: Sequence[str], *, why: str) -> None:
    from mailbot.config import calendar  # noqa: PLC0415  # not for --help
    from mailbot.identity import roster  # noqa: PLC0415  # not for --help
    from mailbot.ledger import teams as table  # noqa: PLC0415  # not for --help

    if config.registration.is_closed(calendar.now()) and not why.strip():
        message = f"registration closed on {config.registration.closes}; say --why this is let in"
        raise Permanent(message)
    by_hand = roster.Terms(again=True)
    act_as_organizer()
    with opened_ledger(config, begin=True) as ledger, ledger.write("roster") as tx:
        mistakes = [*mistakes, *roster.enter(tx, entries, calendar.now(), state=config.state, terms=by_hand, why=why)]
        found = [(one, table.with_name(tx, one.name)) for one in entries]
    taken = {team.name for one, team in found if team and {*one.addresses} <= {*team.addresses}}
    typer.echo(f"{len(taken)} team(s) on the roster from this.")
    for mistake in mistakes:
        typer.echo(f"  not taken: {mistake}", err=True)
    raise typer.Exit(SOME_REFUSED if mistakes else 0)


def grant(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The team's name.")],
    track: Annotated[str, typer.Argument(help="The track, as siqa-u.")],
    why: Annotated[str, typer.Option(help="The reason, in a sentence; it is kept for good.", callback=said)],
    more: Annotated[int, typer.Option(min=1, max=100, help="So many more.")] = 1,
    config: ConfigFile = None,
) -> None:
    """Let a team have more submissions accepted on a track this week; what was over quota must be sent again."""
    from mailbot import flow  # noqa: PLC0415  # not for --help
    from mailbot.ledger import quota  # noqa: PLC0415  # not for --help
    from mailbot.ledger import teams as table  # noqa: PLC0415  # not for --help

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


TeamName = Annotated[str, typer.Argument(metavar="NAME", help="The team's name.")]


def disqualify_team(context: typer.Context, name: TeamName, why: Why, config: ConfigFile = None) -> None:
    """Let nothing of a team count: it is against the rules. Its mails are answered as before."""
    from mailbot.model import Exclusion  # noqa: PLC0415  # not for --help

    _exclude_team(context, config, name, Exclusion.DISQUALIFIED, why)


def hide_team(context: typer.Context, name: TeamName, why: Why, config: ConfigFile = None) -> None:
    """Keep a team off the board while you look into it."""
    from mailbot.model import Exclusion  # noqa: PLC0415  # not for --help

    _exclude_team(context, config, name, Exclusion.HIDDEN, why)


def reinstate_team(context: typer.Context, name: TeamName, why: Why, config: ConfigFile = None) -> None:
    """Let a team's submissions count again."""
    from mailbot.ledger import rulings  # noqa: PLC0415  # not for --help

    registered = decide(context, config, lambda tx, now: rulings.reinstate_team(tx, name, why, now))
    typer.echo(f"{registered} counts again, from the next board on.")


def _exclude_team(context: typer.Context, config: Path | None, name: str, kind: Exclusion, why: str) -> None:
    from mailbot.ledger import rulings  # noqa: PLC0415  # not for --help

    registered = decide(context, config, lambda tx, now: rulings.exclude_team(tx, name, kind, why, now))
    typer.echo(f"{registered} is {kind}: the next board leaves it out. Boards published before stay.")
