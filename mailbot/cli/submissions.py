"""submissions, outbox, mails: what the ledger holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailbot.cli.common import (
    AsJson,
    ConfigFile,
    decide,
    emit,
    load_config,
    number,
    opened_ledger,
    rfc3339,
    said,
    short,
    two,
)
from mailbot.errors import Permanent

if TYPE_CHECKING:
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from mailbot.config.schema import Config
    from mailbot.ledger import Tx
    from mailbot.ledger.submissions import SubmissionRow
    from mailbot.model import Exclusion


submissions = typer.Typer(help="Submissions: list them, show one.", no_args_is_help=True)


@submissions.command("list")
def list_submissions(
    context: typer.Context,
    track: Annotated[str | None, typer.Option(help="Only this track.")] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """List the submissions in order of arrival."""
    from mailbot.ledger import submissions as table  # noqa: PLC0415  # not for --help

    loaded = load_config(context, config)
    with opened_ledger(loaded) as ledger, ledger.read() as tx:
        rows = [_with_ruling(tx, row, loaded.challenge.zone) for row in table.listing(tx, track=track)]
    columns = {
        "receipt": None,
        "arrived_at": short,
        "team": None,
        "track": None,
        "method": None,
        "status": None,
        "score": two,
        "ruling": None,
    }
    emit(rows, as_json=as_json, columns=columns, title="Submissions")


def _with_ruling(tx: Tx, row: SubmissionRow, zone: ZoneInfo) -> dict[str, Any]:
    """Add what was decided of a submission: why it counts for nothing, or that its team selected it."""
    from mailbot.ledger import rulings  # noqa: PLC0415  # not for --help

    kind, why = rulings.of(tx, team_id=row.team_id, submission_id=row.id)
    return submission_as_json(row, zone) | {"ruling": kind, "why": why}


@submissions.command("show")
def show_submission(
    context: typer.Context,
    receipt: Annotated[str, typer.Argument(metavar="S-000012")],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show all that is known of one submission."""
    from mailbot.ledger import submissions as table  # noqa: PLC0415  # not for --help

    loaded = load_config(context, config)
    with opened_ledger(loaded) as ledger, ledger.read() as tx:
        rows = [
            _with_ruling(tx, row, loaded.challenge.zone)
            for row in table.listing(tx, submission_id=number(receipt, "S"))
        ]
    if not rows:
        message = f"there is no submission {receipt}"
        raise Permanent(message)
    _show(rows[0] if as_json else _in_words(rows[0], loaded), as_json=as_json)


def _in_words(row: dict[str, Any], config: Config) -> dict[str, Any]:
    """Show score and measures of a submission as its receipt names them; programs get them whole."""
    from mailbot.config.challenge import tracks_of  # noqa: PLC0415  # not for --help

    track = tracks_of(config).get(row["track"])
    named = {each.key: (each.title, each.decimals) for each in (track.measures if track else ())}
    told = ((*named.get(key, (key.replace("_", " "), 4)), value) for key, value in row["metrics"].items())
    metrics = ", ".join(f"{title} {value:.{decimals}f}" for title, decimals, value in told)
    return row | {"score": None if row["score"] is None else f"{row['score']:.4f}", "metrics": metrics}


def submission_as_json(row: SubmissionRow, zone: ZoneInfo) -> dict[str, Any]:
    """Return a submission for programs."""
    return {
        "receipt": row.receipt,
        "mail": f"M-{row.mail_id:06d}",
        "team": row.team,
        "track": row.track,
        "phase": row.phase,
        "method": row.method,
        "status": str(row.status),
        "score": row.score,
        "metrics": dict(row.metrics),
        "arrived_at": rfc3339(row.arrived_at, zone),
        "file_name": row.file_name,
        "sha256": row.sha256,
        "size": row.size,
        "problems": list(row.problems),
        "notes": list(row.notes),
        "truth": row.truth,
        "scorer": row.scorer,
    }


def _show(fields: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        emit([fields], as_json=True, columns={}, title="")
        return
    for name, value in fields.items():
        shown = "\n    ".join(str(item.get("message", item)) for item in value) if isinstance(value, list) else value
        typer.echo(f"{name.replace('_', ' '):<12} {'–' if shown in (None, '', {}) else shown}")


Why = Annotated[str, typer.Option(help="The reason, in a sentence; it is kept for good.", callback=said)]

Submission = Annotated[str, typer.Argument(metavar="S-12", help="The submission's receipt.")]


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
    from mailbot.ledger import rulings  # noqa: PLC0415  # not for --help

    row = decide(context, config, lambda tx, now: rulings.reinstate(tx, number(receipt, "S"), why, now))
    typer.echo(f"{row.receipt} of {row.team} counts again, from the next board on.")


def select(
    context: typer.Context,
    receipts: Annotated[list[str], typer.Argument(metavar="S-7 S-9", help="The team's submissions that shall count.")],
    config: ConfigFile = None,
) -> None:
    """Select the submissions of a team that shall count where standing = "selected"; an earlier choice is replaced."""
    from mailbot.ledger import rulings  # noqa: PLC0415  # not for --help
    from mailbot.model import Rule  # noqa: PLC0415  # not for --help

    wanted = [number(receipt, "S") for receipt in receipts]
    rows = decide(context, config, lambda tx, now: rulings.select(tx, wanted, now))
    typer.echo(f"Selected of {rows[0].team}: {', '.join(row.receipt for row in rows)}.")
    if (standing := load_config(context, config).board.standing) is not Rule.SELECTED:
        typer.echo(
            f'At present it decides nothing, as board.standing is "{standing}": it is kept until that is "selected".'
        )


def _exclude(context: typer.Context, config: Path | None, receipt: str, kind: Exclusion, why: str) -> None:
    from mailbot.ledger import rulings  # noqa: PLC0415  # not for --help

    row = decide(context, config, lambda tx, now: rulings.exclude(tx, number(receipt, "S"), kind, why, now))
    typer.echo(f"{row.receipt} of {row.team} is {kind}: the next board leaves it out. Boards published before stay.")
