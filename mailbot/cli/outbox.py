"""outbox: our replies and letters, sent and to be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailbot.cli.common import AsJson, ConfigFile, emit, load_config, number, opened_ledger, readable, rfc3339, short
from mailbot.errors import Permanent
from mailbot.identity import confirmation
from mailbot.ledger import outbox as table

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from mailbot.ledger.outbox import OutgoingRow

outbox = typer.Typer(help="Outbox: list our replies, show one.", no_args_is_help=True)


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
