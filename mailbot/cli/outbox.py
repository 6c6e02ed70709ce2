"""outbox: our replies and letters, sent and to be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailbot import flow
from mailbot.cli.common import (
    AsJson,
    ConfigFile,
    Why,
    Yes,
    act_as_organizer,
    ask,
    emit,
    load_config,
    number,
    opened_ledger,
    readable,
    rfc3339,
    set_up_journal,
    short,
    show_mails,
)
from mailbot.config import calendar
from mailbot.errors import Permanent
from mailbot.identity import confirmation
from mailbot.ledger import events, teams
from mailbot.ledger import outbox as table
from mailbot.model import Id, ReplyState
from mailbot.operations import letters

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from mailbot.ledger import Ledger
    from mailbot.ledger.outbox import OutgoingRow

outbox = typer.Typer(help="Outbox: list our replies, show one, send one again.", no_args_is_help=True)


@outbox.command("list")
def list_outbox(context: typer.Context, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """List our mails, oldest first."""
    loaded = load_config(context, config)
    with opened_ledger(loaded) as ledger, ledger.read() as tx:
        rows = [_as_json(row, loaded.challenge.zone) for row in table.listing(tx)]
    columns = {
        "reply": None,
        "created_at": short,
        "recipient": None,
        "subject": None,
        "state": None,
        "attempts": None,
        "error": None,
    }
    emit(rows, as_json=as_json, columns=columns, title="Outbox")


@outbox.command("show")
def show_outgoing(
    context: typer.Context,
    reply: Annotated[str, typer.Argument(metavar="R-000012")],
    config: ConfigFile = None,
    raw: Annotated[bool, typer.Option("--raw", help="Print the message as it is sent.")] = False,
) -> None:
    """Show one of our mails as its reader sees it."""
    with opened_ledger(load_config(context, config)) as ledger, ledger.read() as tx:
        rows = table.listing(tx, number(reply, "R"))
    if not rows:
        message = f"there is no reply {reply}"
        raise Permanent(message)
    if raw:
        typer.echo(rows[0].message.decode("ascii", "replace"))
        return
    typer.echo(readable(rows[0].message, "From", "To", "Subject", "Date"))


@outbox.command("retry")
def retry_outgoing(
    context: typer.Context,
    reply: Annotated[str, typer.Argument(metavar="R-000012")],
    why: Why,
    yes: Yes = False,
    config: ConfigFile = None,
) -> None:
    """Send a mail again that was given up.

    Undo: none.
    """
    act_as_organizer()
    outgoing_id, now = number(reply, "R"), calendar.now()
    with opened_ledger(load_config(context, config)) as ledger:
        with ledger.read() as tx:
            found = [row for row in table.listing(tx, outgoing_id) if row.state is ReplyState.GIVEN_UP]
        if not found:
            message = f"{reply} was not given up; `mailbot outbox list` names them"
            raise Permanent(message)
        show_mails(found)
        typer.echo(f"It was given up: {found[0].error}")
        ask("Send it again?", yes=yes, for_good=True)
        _retry(ledger, outgoing_id, why, now)
    typer.echo("It will be tried again: `mailbot run` or `mailbot send` sends it.")


def _retry(ledger: Ledger, outgoing_id: int, why: str, now: datetime) -> None:
    """Make a mail due again. Raises Permanent when it was sent meanwhile."""
    with ledger.write("outbox") as tx:
        if not table.retry(tx, outgoing_id, now):
            message = f"{Id.REPLY.of(outgoing_id)} was taken up meanwhile"
            raise Permanent(message)
        events.append(tx, kind="reply-retried-by-hand", subject=Id.REPLY.of(outgoing_id), now=now, why=why)


@outbox.command("resend")
def resend(
    context: typer.Context,
    reply: Annotated[str, typer.Argument(metavar="R-000012")],
    why: Why,
    to: Annotated[
        str, typer.Option("--to", metavar="ADDRESS", help="Another address of the same team, or an organizer's.")
    ] = "",
    yes: Yes = False,
    config: ConfigFile = None,
) -> None:
    """Send a mail once more, whatever became of it, to the same address or another one of its team.

    Undo: none.
    """
    act_as_organizer()
    set_up_journal(quiet=True)
    with flow.opened(load_config(context, config)) as wired:
        with wired.ledger.read() as tx:
            again = letters.look_again(tx, wired.challenge, number(reply, "R"), to or None)
            dead = again.recipient in teams.bouncing(tx)
        typer.echo(f"To {again.recipient}:\n\n{readable(again.row.message, 'Subject')}")
        if dead:
            typer.echo(f"Mails to {again.recipient} came back; --to names another address.")
        ask("Send it again?", yes=yes, for_good=True)
        with wired.ledger.write("resend") as tx:
            name = letters.send_again(tx, wired.challenge, again, why, wired.clock())
    typer.echo(f"Queued as {name}: `mailbot run` or `mailbot send` sends it.")


def _as_json(row: OutgoingRow, zone: ZoneInfo) -> dict[str, Any]:
    """Return one of our mails for programs, without its text and without a confirmation code."""
    return {
        "reply": f"R-{row.id:06d}",
        "kind": row.kind,
        "mail": f"M-{row.mail_id:06d}" if row.mail_id else None,
        "recipient": row.recipient,
        "subject": confirmation.masked(row.subject),
        "message_id": row.message_id,
        "state": str(row.state),
        "attempts": row.attempts,
        "created_at": rfc3339(row.created_at, zone),
        "due_at": rfc3339(row.due_at, zone),
        "sent_at": rfc3339(row.sent_at, zone),
        "error": row.error,
    }
