"""submissions: list and show them, and decide which ones count."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailbot import lazily
from mailbot.cli.common import (
    AsJson,
    ConfigFile,
    Why,
    Yes,
    act_as_organizer,
    ask,
    decide,
    emit,
    load_config,
    number,
    opened_ledger,
    rfc3339,
    said,
    set_up_journal,
    short,
    show_mails,
    two,
)
from mailbot.config.challenge import tracks_of
from mailbot.errors import Permanent
from mailbot.ledger import rulings
from mailbot.ledger import submissions as table
from mailbot.model import Exclusion, Rule

with lazily(__name__):  # all of mailbot, which a listing does not need
    from mailbot import flow
    from mailbot.operations import acceptance
    from mailbot.operations.letters import would_write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from mailbot.config.schema import Config
    from mailbot.ledger import Tx
    from mailbot.ledger.submissions import SubmissionRow

submissions = typer.Typer(
    help="Submissions: list, show, accept, hide, disqualify, reinstate or select them.", no_args_is_help=True
)

Receipt = Annotated[str, typer.Argument(metavar="S-12", help="The submission's receipt.")]


@submissions.command("list")
def list_submissions(
    context: typer.Context,
    track: Annotated[str | None, typer.Option(help="Only this track.")] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """List the submissions in order of arrival."""
    loaded = load_config(context, config)
    with opened_ledger(loaded) as ledger, ledger.read() as tx:
        rows = _with_rulings(tx, table.listing(tx, track=track), loaded.challenge.zone)
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


@submissions.command("show")
def show_submission(
    context: typer.Context,
    receipt: Receipt,
    save: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the team's file, as it was sent, into a new file.")
    ] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show everything that is known of a submission, or write its file."""
    loaded = load_config(context, config)
    if save is not None:
        _save(loaded, receipt, save)
        return
    with opened_ledger(loaded) as ledger, ledger.read() as tx:
        rows = _with_rulings(tx, table.listing(tx, submission_id=number(receipt, "S")), loaded.challenge.zone)
    if not rows:
        raise _none_of(receipt)
    _show(rows[0] if as_json else _in_words(rows[0], loaded), as_json=as_json)


@submissions.command()
def accept(
    context: typer.Context,
    receipt: Receipt,
    why: Annotated[
        str, typer.Option("--why", help="The reason; the team gets it, and it is kept permanently.", callback=said)
    ],
    yes: Yes = False,
    config: ConfigFile = None,
) -> None:
    """Accept a submission that came late, over the quota, or was refused by labels that were wrong.

    It counts from its arrival, and its team gets a letter, which is shown first.

    Undo: `mailbot submissions hide`; the letter has none.
    """
    act_as_organizer()
    set_up_journal(quiet=True)
    with flow.opened(load_config(context, config)) as wired:
        found = acceptance.look(wired, number(receipt, "S"))
        row = found.row
        typer.echo(f"{row.receipt} of {row.team} ({row.status}), phase {found.phase.name!r}: it would be accepted.")
        typer.echo(f"Score {found.evaluated.evaluation.score:.2f}; one letter to the team:\n")
        show_mails(would_write(wired.ledger, lambda tx: acceptance.enter(wired, tx, found, why)))
        ask("Accept it?", yes=yes, for_good=True)
        acceptance.carry_out(wired, found, why)
        shown_by = acceptance.shown_by(wired, found)
    typer.echo(f"{row.receipt} counts. {shown_by}")


@submissions.command()
def disqualify(context: typer.Context, receipt: Receipt, why: Why, config: ConfigFile = None) -> None:
    """Exclude a submission that breaks the rules from the board.

    Undo: `mailbot submissions reinstate`.
    """
    _exclude(context, config, receipt, Exclusion.DISQUALIFIED, why)


@submissions.command()
def hide(context: typer.Context, receipt: Receipt, why: Why, config: ConfigFile = None) -> None:
    """Hide a submission from the board while you look into it.

    Undo: `mailbot submissions reinstate`.
    """
    _exclude(context, config, receipt, Exclusion.HIDDEN, why)


@submissions.command()
def reinstate(context: typer.Context, receipt: Receipt, why: Why, config: ConfigFile = None) -> None:
    """Let a submission count again.

    Undo: `mailbot submissions hide`.
    """
    row = decide(context, config, lambda tx, now: rulings.reinstate(tx, number(receipt, "S"), why, now))
    typer.echo(f"{row.receipt} of {row.team} counts again, from the next board on.")


@submissions.command()
def select(
    context: typer.Context,
    receipts: Annotated[list[str], typer.Argument(metavar="S-7 S-9", help="The team's submissions that are to count.")],
    config: ConfigFile = None,
) -> None:
    """Select the submissions of a team that count if board.standing = "selected"; replaces an earlier choice.

    Undo: the same command with the earlier choice.
    """
    wanted = [number(receipt, "S") for receipt in receipts]
    stages = load_config(context, config).stages
    rows = decide(context, config, lambda tx, now: rulings.select(tx, wanted, now, stages))
    typer.echo(f"Selected of {rows[0].team}: {', '.join(row.receipt for row in rows)}.")
    if (standing := load_config(context, config).board.standing) is not Rule.SELECTED:
        typer.echo(
            f'At present it decides nothing, as board.standing is "{standing}": it is kept until that is "selected".'
        )


def _with_rulings(tx: Tx, rows: Sequence[SubmissionRow], zone: ZoneInfo) -> list[dict[str, Any]]:
    """Return submissions with what was decided about them: why one is excluded, or that its team selected it."""
    ruled = rulings.of_each(tx, rows)
    return [_as_json(row, zone) | dict(zip(("ruling", "why"), ruled[row.id], strict=True)) for row in rows]


def _in_words(row: dict[str, Any], config: Config) -> dict[str, Any]:
    """Write score and metrics of a submission as its receipt names them; programs get them unrounded."""
    track = tracks_of(config).get(row["track"])
    named = {each.key: (each.title, each.decimals) for each in (track.measures if track else ())}
    told = ((*named.get(key, (key.replace("_", " "), 4)), value) for key, value in row["metrics"].items())
    metrics = ", ".join(f"{title} {value:.{decimals}f}" for title, decimals, value in told)
    return row | {"score": None if row["score"] is None else f"{row['score']:.4f}", "metrics": metrics}


def _as_json(row: SubmissionRow, zone: ZoneInfo) -> dict[str, Any]:
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


def _none_of(receipt: str) -> Permanent:
    return Permanent(f"there is no submission {receipt}")


def _save(config: Config, receipt: str, path: Path) -> None:
    """Write the file of a submission unchanged; no file that exists is overwritten."""
    set_up_journal(quiet=True)
    with flow.opened(config) as wired:
        with wired.ledger.read() as tx:
            row = next(iter(table.listing(tx, submission_id=number(receipt, "S"))), None)
        data = wired.files.find(row) if row else None
    if row is None:
        raise _none_of(receipt)
    if data is None:
        message = f"the file of {row.receipt} is no longer in the spool"
        raise Permanent(message)
    try:
        with path.open("xb") as file:
            file.write(data)
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}"
        raise Permanent(message) from error
    typer.echo(f"{row.receipt} of {row.team}: {row.file_name}, {len(data):,} bytes, is now {path}.")


def _show(fields: dict[str, Any], *, as_json: bool) -> None:
    """Print a submission."""
    if as_json:
        emit([fields], as_json=True, columns={}, title="")
        return
    for name, value in fields.items():
        shown = "\n    ".join(str(item.get("message", item)) for item in value) if isinstance(value, list) else value
        typer.echo(f"{name.replace('_', ' '):<12} {'–' if shown in (None, '', {}) else shown}")


def _exclude(context: typer.Context, config: Path | None, receipt: str, kind: Exclusion, why: str) -> None:
    """Exclude a submission from the board, and say so."""
    row = decide(context, config, lambda tx, now: rulings.exclude(tx, number(receipt, "S"), kind, why, now))
    typer.echo(f"{row.receipt} of {row.team} is {kind}: the next board leaves it out. Boards published before stay.")
