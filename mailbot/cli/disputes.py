"""disputes and rule: the scores that teams dispute."""

from __future__ import annotations

from typing import Annotated

import typer

from mailbot import flow
from mailbot.cli.common import (
    AsJson,
    ConfigFile,
    Yes,
    act_as_organizer,
    ask,
    emit,
    load_config,
    number,
    opened_ledger,
    rfc3339,
    said,
    set_up_journal,
    short,
    show_mails,
)
from mailbot.errors import Permanent
from mailbot.ledger import disputes
from mailbot.model import Ruling
from mailbot.operations.letters import would_write


def list_disputes(context: typer.Context, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """List the scores that teams dispute, oldest first."""
    loaded = load_config(context, config)
    zone = loaded.challenge.zone
    with opened_ledger(loaded) as ledger, ledger.read() as tx:
        rows = [
            {
                "receipt": row.receipt,
                "team": row.team,
                "mail": f"M-{row.mail_id:06d}",
                "opened_at": rfc3339(row.opened_at, zone),
                "ruling": str(row.verdict) if row.verdict else None,
                "ruled_at": rfc3339(row.ruled_at, zone),
                "why": row.why,
                "text": row.text,
            }
            for row in disputes.listing(tx)
        ]
    columns = {"receipt": None, "team": None, "opened_at": short, "ruling": None, "why": None, "text": None}
    emit(rows, as_json=as_json, columns=columns, title="Disputes")


def rule(
    context: typer.Context,
    receipt: Annotated[str, typer.Argument(metavar="S-12", help="The disputed submission.")],
    why: Annotated[
        str,
        typer.Option(help="The reason, for the team, in a sentence. It is kept permanently.", callback=said),
    ],
    accept: Annotated[bool, typer.Option("--accept", help="The team is right.")] = False,
    reject: Annotated[bool, typer.Option("--reject", help="The score stays as it is.")] = False,
    yes: Yes = False,
    config: ConfigFile = None,
) -> None:
    """Close the dispute about a submission and tell the team. Labels are corrected with `mailbot truth`.

    The answer is shown first.

    Undo: none.
    """
    if accept == reject:
        message = "say --accept or --reject"
        raise Permanent(message)
    act_as_organizer()
    set_up_journal(quiet=True)
    ruled = Ruling.ACCEPTED if accept else Ruling.REJECTED
    with flow.opened(load_config(context, config)) as wired:
        show_mails(would_write(wired.ledger, lambda tx: wired.disputes.rule(tx, number(receipt, "S"), ruled, why)))
        ask("Close it and send this?", yes=yes, for_good=True)
        with wired.ledger.write("ruling") as tx:
            row = wired.disputes.rule(tx, number(receipt, "S"), ruled, why)
    typer.echo(f"The dispute of {row.receipt} is {ruled}; {row.team} will be told.")
