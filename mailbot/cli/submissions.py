"""submissions, outbox, mails: what the ledger holds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

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
    short,
    two,
)
from mailbot.errors import Permanent

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from mailbot.config.schema import Config
    from mailbot.ledger import Tx
    from mailbot.ledger.mails import MailRow
    from mailbot.ledger.outbox import OutgoingRow
    from mailbot.ledger.submissions import SubmissionRow

submissions = typer.Typer(help="Submissions: list them, show one.", no_args_is_help=True)
outbox = typer.Typer(help="The outbox: list the replies, show one.", no_args_is_help=True)
mails = typer.Typer(help="Mails: list them.", no_args_is_help=True)


def number(text: str, letter: str) -> int:
    """Read a public id (``S-000012``, ``s12``, ``12``). Raises Permanent."""
    matched = re.fullmatch(rf"(?:{letter}-?)?0*(\d{{1,18}})", text.strip(), flags=re.IGNORECASE)
    if not matched:
        message = f"{text!r} is no id; it looks like {letter}-000012"
        raise Permanent(message)
    return int(matched[1])


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


@outbox.command("list")
def list_outbox(context: typer.Context, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """List our mails, oldest first."""
    from mailbot.ledger import outbox as table  # noqa: PLC0415  # not for --help

    loaded = load_config(context, config)
    with opened_ledger(loaded) as ledger, ledger.read() as tx:
        rows = [outgoing_as_json(row, loaded.challenge.zone) for row in table.listing(tx)]
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
    import email  # noqa: PLC0415  # not for --help
    from email.policy import default  # noqa: PLC0415  # not for --help

    from mailbot.ledger import outbox as table  # noqa: PLC0415  # not for --help

    with opened_ledger(load_config(context, config)) as ledger, ledger.read() as tx:
        rows = table.listing(tx, number(reply, "R"))
    if not rows:
        message = f"there is no reply {reply}"
        raise Permanent(message)
    if raw:
        typer.echo(rows[0].message.decode("ascii", "replace"))
        return
    mail = email.message_from_bytes(rows[0].message, policy=default)
    text = mail.get_body(("plain",))
    headers = "\n".join(f"{name}: {mail[name]}" for name in ("From", "To", "Subject", "Date"))
    typer.echo(f"{headers}\n\n{text.get_content() if text else ''}")


@mails.command("list")
def list_mails(
    context: typer.Context,
    held: Annotated[bool, typer.Option("--held", help="Only those that wait for a word on who sent them.")] = False,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """List the mails in order of arrival."""
    from mailbot.ledger import mails as table  # noqa: PLC0415  # not for --help
    from mailbot.ledger import teams  # noqa: PLC0415  # not for --help
    from mailbot.model import Outcome  # noqa: PLC0415  # not for --help

    loaded = load_config(context, config)
    with opened_ledger(loaded) as ledger, ledger.read() as tx:
        names = {team.id: team.name for team in teams.everyone(tx)}
        found = [row for row in table.listing(tx) if not held or row.outcome is Outcome.HELD]
        rows = [mail_as_json(row, names, loaded.challenge.zone) for row in found]
    columns = {
        "mail": None,
        "arrived_at": short,
        "team": None,
        "state": None,
        "outcome": None,
        "auth": None,
        "filed_to": None,
        "reason": None,
    }
    emit(rows, as_json=as_json, columns=columns, title="Mails")


@mails.command("approve")
def approve_mail(
    context: typer.Context,
    mail: Annotated[str, typer.Argument(metavar="M-000012")],
    why: Annotated[str, typer.Option("--why", help="The reason, for the audit trail.", callback=said)],
    config: ConfigFile = None,
) -> None:
    """Take a mail that is held as its team's: it is scored, and counts from when it arrived."""
    from mailbot import service  # noqa: PLC0415  # not for --help
    from mailbot.identity import approval  # noqa: PLC0415  # not for --help

    act_as_organizer()
    with opened_ledger(load_config(context, config)) as ledger, ledger.write("mail-approved") as tx:
        approved = approval.approve(tx, number(mail, "M"), why=why, now=service.now())
    if not approved:
        message = f"{mail} is no mail that is held; `mailbot mails list --held` names them all"
        raise Permanent(message)
    typer.echo("It is due now: `mailbot run` or `mailbot once` scores it.")


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


def outgoing_as_json(row: OutgoingRow, zone: ZoneInfo) -> dict[str, Any]:
    """Return one of our mails for programs, without its text and without the code of a question."""
    from mailbot.identity import questions  # noqa: PLC0415  # not for --help

    return {
        "reply": f"R-{row.id:06d}",
        "kind": row.kind,
        "mail": f"M-{row.mail_id:06d}" if row.mail_id else None,
        "recipient": row.recipient,
        "subject": questions.masked(row.subject),
        "message_id": row.message_id,
        "state": str(row.state),
        "attempts": row.attempts,
        "created_at": rfc3339(row.created_at, zone),
        "due_at": rfc3339(row.due_at, zone),
        "sent_at": rfc3339(row.sent_at, zone),
        "error": row.error,
    }


def mail_as_json(row: MailRow, teams: dict[int, str], zone: ZoneInfo) -> dict[str, Any]:
    """Return a mail for programs."""
    return {
        "mail": row.name,
        "mailbox": row.place.mailbox,
        "uidvalidity": row.place.uidvalidity,
        "uid": row.place.uid,
        "arrived_at": rfc3339(row.arrived_at, zone),
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


def _show(fields: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        emit([fields], as_json=True, columns={}, title="")
        return
    for name, value in fields.items():
        shown = "\n    ".join(str(item.get("message", item)) for item in value) if isinstance(value, list) else value
        typer.echo(f"{name.replace('_', ' '):<12} {'–' if shown in (None, '', {}) else shown}")
