"""trace, mails, stuck: what became of mails, and what to do about those that wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailbot.cli.common import (
    AsJson,
    ConfigFile,
    Yes,
    act_as_organizer,
    ask,
    emit,
    load_config,
    nameless,
    number,
    opened_ledger,
    rfc3339,
    said,
    short,
)
from mailbot.config import calendar
from mailbot.config.calendar import shown
from mailbot.errors import Permanent
from mailbot.identity import confirmation
from mailbot.ledger import events, held, teams
from mailbot.ledger import mails as table
from mailbot.model import MailState, Outcome
from mailbot.operations import trace as life
from mailbot.transport.spool import Spool
from scoring.text import inert, printable

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from mailbot.ledger import Ledger, Tx
    from mailbot.ledger.mails import MailRow

mails = typer.Typer(help="Mails: list them, approve held ones, assign those of unknown senders.", no_args_is_help=True)

stuck = typer.Typer(help="Mails that were set aside: list, show, retry or drop them.", no_args_is_help=True)

SHOWN = 200
"""Characters of a sender or subject that a list shows."""

Mail = Annotated[str, typer.Argument(metavar="M-000012", help="The mail.")]

Why = Annotated[str, typer.Option("--why", help="The reason, for the audit trail.", callback=nameless)]


def trace(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="M-12|S-12|R-12|E-12", help="The id of a mail, a submission, a reply or an entry.")
    ],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show the history of a mail: arrival, outcome, submissions, scores, rulings, reply and its delivery."""
    ways = {"M": life.of_mail, "S": life.of_submission, "R": life.of_reply, "E": life.of_entry}
    letter = name.strip()[:1].upper()
    if letter not in ways:
        message = f"{name!r} is not an id; it looks like M-000012, S-000012, R-000012 or E-000012"
        raise Permanent(message)
    loaded = load_config(context, config)
    with opened_ledger(loaded) as ledger, ledger.read() as tx:
        steps = ways[letter](tx, number(name, letter), calendar.now())
    if not steps:
        message = f"there is no {name}"
        raise Permanent(message)
    zone = loaded.challenge.zone
    rows = [
        {
            "at": rfc3339(step.at, zone),
            "subject": step.subject,
            "what": step.what,
            "detail": step.detail if as_json else step.plain or step.detail,
        }
        for step in steps
    ]
    columns = {"at": lambda at: at.replace("T", " "), "subject": None, "what": None, "detail": None}
    emit(rows, as_json=as_json, columns=columns, title=f"The way of {name}")


@mails.command("list")
def list_mails(
    context: typer.Context,
    held: Annotated[
        bool, typer.Option("--held", help="Only those that are held until it is clear who sent them.")
    ] = False,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """List the mails in order of arrival."""
    loaded = load_config(context, config)
    with opened_ledger(loaded) as ledger, ledger.read() as tx:
        names = {team.id: team.name for team in teams.everyone(tx)}
        found = [row for row in table.listing(tx) if not held or row.outcome is Outcome.HELD]
        rows = [_as_json(row, names, loaded.challenge.zone) for row in found]
    columns = {
        "mail": None,
        "arrived_at": short,
        "from": None,
        "subject": None,
        "team": None,
        "outcome": None,
        "auth": None,
        "reason": None,
    }
    emit(rows, as_json=as_json, columns=columns, title="Mails")


@mails.command("approve")
def approve_mail(
    context: typer.Context,
    mail: Mail,
    why: Annotated[str, typer.Option("--why", help="The reason, for the audit trail.", callback=said)],
    yes: Yes = False,
    config: ConfigFile = None,
) -> None:
    """Accept a held mail as its team's: it is scored, and counts from its arrival.

    Undo: `mailbot submissions hide` for its submissions; the answer has none.
    """
    act_as_organizer()
    with opened_ledger(loaded := load_config(context, config)) as ledger:
        found = _mail(ledger, mail)
        if found is None or found.outcome is not Outcome.HELD:
            message = f"{mail} is not held; `mailbot mails list --held` names them all"
            raise Permanent(message)
        _ask(ledger, found, loaded.challenge.zone, yes=yes)
        with ledger.write("mail-approved") as tx:
            _verify(found, done=confirmation.approve(tx, found.id, why=why, now=calendar.now()))
    typer.echo("It is due now: `mailbot run` or `mailbot once` scores it.")


@mails.command("assign")
def assign_mail(
    context: typer.Context,
    mail: Mail,
    team: Annotated[str, typer.Argument(metavar="TEAM", help="The team's name.")],
    why: Annotated[str, typer.Option("--why", help="The reason, for the audit trail.", callback=said)],
    yes: Yes = False,
    config: ConfigFile = None,
) -> None:
    """Give a mail of an unknown sender to a team: it is scored, counts from its arrival, and the team is answered.

    Undo: `mailbot submissions hide` for its submissions; the answer has none.
    """
    act_as_organizer()
    with opened_ledger(loaded := load_config(context, config)) as ledger:
        with ledger.read() as tx:
            known, found = teams.with_name(tx, team), table.get(tx, number(mail, "M"))
            is_nobodys = held.is_nobodys(tx, number(mail, "M"))
        if known is None:
            message = f"there is no team {team!r}; `mailbot teams list` names them all"
            raise Permanent(message)
        if found is None or not is_nobodys:
            message = f"{mail} is not a mail from an unknown sender; `mailbot mails list` shows the outcome of each"
            raise Permanent(message)
        _ask(ledger, found, loaded.challenge.zone, yes=yes, team=known.name)
        with ledger.write("mail-assigned") as tx:
            _verify(found, done=held.assign(tx, found.id, known.id, why=why, now=calendar.now()))
    typer.echo(f"It is due now as {known.name}'s: `mailbot run` or `mailbot once` scores it.")


def _mail(ledger: Ledger, mail: str) -> MailRow | None:
    with ledger.read() as tx:
        return table.get(tx, number(mail, "M"))


def _ask(ledger: Ledger, row: MailRow, zone: ZoneInfo, *, yes: bool, team: str = "") -> None:
    """Show what a mail is and what follows, and ask: its answer cannot be undone."""
    with ledger.read() as tx:
        its = team or next((one.name for one in teams.everyone(tx) if one.id == row.team_id), "nobody")
    subject = printable(confirmation.masked(row.subject or ""), SHOWN)
    typer.echo(f"{row.name}: {shown(row.arrived_at, zone)}, {printable(row.sender or 'nobody', SHOWN)}: {subject}")
    typer.echo(f"It is processed as a mail of {its} that arrived then, and answered; the answer cannot be undone.")
    ask("Do it?", yes=yes, for_good=True)


def _verify(row: MailRow, *, done: bool) -> None:
    """Raise Permanent where somebody else was faster."""
    if not done:
        message = f"{row.name} was changed meanwhile; `mailbot mails list` shows its state"
        raise Permanent(message)


@stuck.command("list")
def list_stuck(context: typer.Context, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """List the mails that were set aside."""
    loaded = load_config(context, config)
    with opened_ledger(loaded) as ledger, ledger.read() as tx:
        found = table.listing(tx, [MailState.SET_ASIDE])
        rows = [_as_json(row, {}, loaded.challenge.zone) for row in found]
    columns = {"mail": None, "arrived_at": None, "attempts": None, "size": None, "reason": None}
    emit(rows, as_json=as_json, columns=columns, title="Set aside")


@stuck.command("show")
def show_stuck(context: typer.Context, mail: Mail, config: ConfigFile = None) -> None:
    """Show why a mail was set aside, and where its file is."""
    loaded = load_config(context, config)
    with opened_ledger(loaded) as ledger, ledger.read() as tx:
        row = _stuck(tx, mail)
        trace = table.trace(tx, row.id)
    typer.echo(inert(f"{row.name}: {row.reason}\n{Spool(loaded.state / 'spool').path(row.sha256)}\n"))
    typer.echo(inert(trace or "(no traceback: the process died)"))


@stuck.command("retry")
def retry_stuck(context: typer.Context, mail: Mail, why: Why = "", yes: Yes = False, config: ConfigFile = None) -> None:
    """Process a mail once more; it still counts from its arrival.

    Undo: `mailbot submissions hide` for its submissions; the answer has none.
    """
    with opened_ledger(loaded := load_config(context, config)) as ledger:
        with ledger.read() as tx:
            row = _stuck(tx, mail)
        _ask(ledger, row, loaded.challenge.zone, yes=yes)
        _act(ledger, mail, "mail-retried-by-hand", why, table.retry)
    typer.echo("It will be tried again: `mailbot run` or `mailbot once` handles it.")


@stuck.command("drop")
def drop_stuck(context: typer.Context, mail: Mail, why: Why, yes: Yes = False, config: ConfigFile = None) -> None:
    """Give up a mail that was set aside; its file is kept.

    Undo: none.
    """
    with opened_ledger(load_config(context, config)) as ledger:
        with ledger.read() as tx:
            _stuck(tx, mail)
        ask(f"{mail} will not be processed, and nobody gets an answer. Drop it?", yes=yes, for_good=True)
        _act(ledger, mail, "mail-dropped", why, table.drop)


def _as_json(row: MailRow, teams: dict[int, str], zone: ZoneInfo) -> dict[str, Any]:
    """Return a mail for programs."""
    return {
        "mail": row.name,
        "mailbox": row.place.mailbox,
        "uidvalidity": row.place.uidvalidity,
        "uid": row.place.uid,
        "arrived_at": rfc3339(row.arrived_at, zone),
        "from": row.sender and printable(row.sender, SHOWN),
        "subject": row.subject and printable(confirmation.masked(row.subject), SHOWN),
        "team": teams.get(row.team_id or 0),
        "state": str(row.state),
        "outcome": row.outcome and str(row.outcome),
        "reason": row.reason,
        "auth": row.auth and str(row.auth),
        "auth_why": row.auth_why,
        "filed_to": row.filed_to,
        "sha256": row.sha256,
        "size": row.size,
        "attempts": row.attempts,
    }


def _stuck(tx: Tx, mail: str) -> MailRow:
    """Return a mail that was set aside. Raises Permanent for any other."""
    row = table.get(tx, number(mail, "M"))
    if row is None or row.state is not MailState.SET_ASIDE:
        message = f"{mail} was not set aside"
        raise Permanent(message)
    return row


def _act(ledger: Ledger, mail: str, kind: str, why: str, change: Any) -> None:  # noqa: ANN401  # a function of the ledger
    """Change a mail that was set aside, and record who did it and why."""
    act_as_organizer()
    now = calendar.now()
    with ledger.write("stuck") as tx:
        row = _stuck(tx, mail)
        change(tx, row.id, now)
        events.append(tx, kind=kind, subject=row.name, now=now, why=why)
