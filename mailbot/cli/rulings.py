"""submissions disqualify, hide, reinstate, select; teams disqualify, hide, reinstate; rule, disputes: what counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from mailbot.cli.common import (
    AsJson,
    ConfigFile,
    act_as_organizer,
    emit,
    load_config,
    opened_ledger,
    rfc3339,
    said,
    set_up_journal,
    short,
)
from mailbot.cli.submissions import number
from mailbot.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from mailbot.ledger import Tx
    from mailbot.model import Exclusion

T = TypeVar("T")

Why = Annotated[str, typer.Option(help="The reason, in a sentence; it is kept for good.", callback=said)]
Submission = Annotated[str, typer.Argument(metavar="S-12", help="The submission's receipt.")]
TeamName = Annotated[str, typer.Argument(metavar="NAME", help="The team's name.")]


def disqualify(context: typer.Context, receipt: Submission, why: Why, config: ConfigFile = None) -> None:
    """Let a submission count for nothing: it is against the rules."""
    from mailbot.model import Exclusion  # noqa: PLC0415  # not for --help

    _exclude(context, config, receipt, Exclusion.DISQUALIFIED, why)


def hide(context: typer.Context, receipt: Submission, why: Why, config: ConfigFile = None) -> None:
    """Keep a submission off the board while you look into it."""
    from mailbot.model import Exclusion  # noqa: PLC0415  # not for --help

    _exclude(context, config, receipt, Exclusion.HIDDEN, why)


def reinstate(context: typer.Context, receipt: Submission, why: Why, config: ConfigFile = None) -> None:
    """Let a submission count again."""
    from mailbot.ledger import ruling  # noqa: PLC0415  # not for --help

    row = _do(context, config, lambda tx, now: ruling.reinstate(tx, number(receipt, "S"), why, now))
    typer.echo(f"{row.receipt} of {row.team} counts again, from the next board on.")


def select(
    context: typer.Context,
    receipts: Annotated[list[str], typer.Argument(metavar="S-7 S-9", help="The team's submissions that shall count.")],
    config: ConfigFile = None,
) -> None:
    """Select the submissions of a team that shall count where standing = "selected"; an earlier choice is replaced."""
    from mailbot.ledger import ruling  # noqa: PLC0415  # not for --help
    from mailbot.model import Rule  # noqa: PLC0415  # not for --help

    wanted = [number(receipt, "S") for receipt in receipts]
    rows = _do(context, config, lambda tx, now: ruling.select(tx, wanted, now))
    typer.echo(f"Selected of {rows[0].team}: {', '.join(row.receipt for row in rows)}.")
    if (standing := load_config(context, config).board.standing) is not Rule.SELECTED:
        typer.echo(
            f'At present it decides nothing, as board.standing is "{standing}": it is kept until that is "selected".'
        )


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
    from mailbot import dialogue_parts as command_parts  # noqa: PLC0415  # not for --help
    from mailbot import service  # noqa: PLC0415  # not for --help
    from mailbot.model import Ruling  # noqa: PLC0415  # not for --help

    if accept == reject:
        message = "say --accept or --reject"
        raise Permanent(message)
    act_as_organizer()
    set_up_journal(quiet=True)
    with service.opened(load_config(context, config)) as wired, wired.ledger.write("ruling") as tx:
        ruled = Ruling.ACCEPTED if accept else Ruling.REJECTED
        row = command_parts.disputing(wired).rule(tx, number(receipt, "S"), ruled, why)
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
    from mailbot.ledger import ruling  # noqa: PLC0415  # not for --help

    registered = _do(context, config, lambda tx, now: ruling.reinstate_team(tx, name, why, now))
    typer.echo(f"{registered} counts again, from the next board on.")


def _exclude(context: typer.Context, config: Path | None, receipt: str, kind: Exclusion, why: str) -> None:
    from mailbot.ledger import ruling  # noqa: PLC0415  # not for --help

    row = _do(context, config, lambda tx, now: ruling.exclude(tx, number(receipt, "S"), kind, why, now))
    typer.echo(f"{row.receipt} of {row.team} is {kind}: the next board leaves it out. Boards published before stay.")


def _exclude_team(context: typer.Context, config: Path | None, name: str, kind: Exclusion, why: str) -> None:
    from mailbot.ledger import ruling  # noqa: PLC0415  # not for --help

    registered = _do(context, config, lambda tx, now: ruling.exclude_team(tx, name, kind, why, now))
    typer.echo(f"{registered} is {kind}: the next board leaves it out. Boards published before stay.")


def _do(context: typer.Context, config: Path | None, act: Callable[[Tx, datetime], T]) -> T:
    """Carry out a decision in one transaction."""
    from mailbot import service  # noqa: PLC0415  # not for --help

    act_as_organizer()
    with opened_ledger(load_config(context, config)) as ledger, ledger.write("ruling") as tx:
        return act(tx, service.now())
