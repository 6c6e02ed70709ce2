"""submissions disqualify, hide, reinstate, select; teams disqualify, hide, reinstate; rule, disputes: what counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mailbot.cli.common import (
    AsJson,
    ConfigFile,
    act_as_organizer,
    emit,
    load_config,
    number,
    opened_ledger,
    rfc3339,
    said,
    set_up_journal,
    short,
)
from mailbot.errors import Permanent

if TYPE_CHECKING:
    pass


def rule(
    context: typer.Context,
    receipt: Annotated[str, typer.Argument(metavar="S-12", help="The disputed submission.")],
    why: Annotated[
        str, typer.Option(help="The reason, in a sentence; the team is told and it is kept for good.", callback=said)
    ],
    accept: Annotated[bool, typer.Option("--accept", help="The team is right.")] = False,
    reject: Annotated[bool, typer.Option("--reject", help="The score stays as it is.")] = False,
    config: ConfigFile = None,
) -> None:
    """Close the dispute of a submission: the team is answered. What follows from it, as new labels, is yours to do."""
    from mailbot import flow  # noqa: PLC0415  # not for --help
    from mailbot.model import Ruling  # noqa: PLC0415  # not for --help

    if accept == reject:
        message = "say --accept or --reject"
        raise Permanent(message)
    act_as_organizer()
    set_up_journal(quiet=True)
    with flow.opened(load_config(context, config)) as wired, wired.ledger.write("ruling") as tx:
        ruled = Ruling.ACCEPTED if accept else Ruling.REJECTED
        row = wired.disputes.rule(tx, number(receipt, "S"), ruled, why)
    typer.echo(f"The dispute of {row.receipt} is {ruled}; {row.team} will be told.")


def list_disputes(context: typer.Context, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """List the disputes, oldest first."""
    from mailbot.ledger import disputes  # noqa: PLC0415  # not for --help

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
