"""doctor, stuck, audit, backup, restore, rebuild: keeping the service well."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailbot.cli.common import (
    AsJson,
    ConfigFile,
    act_as_organizer,
    emit,
    load_config,
    nameless,
    opened_ledger,
    set_up_journal,
    writing,
)
from mailbot.cli.submissions import mail_as_json, number
from mailbot.errors import ConfigError, Permanent

if TYPE_CHECKING:
    from mailbot.ledger import Ledger, Tx
    from mailbot.ledger.mails import MailRow

UNWELL, WRONG_CONFIG = 1, 2

stuck = typer.Typer(help="Mails that were set aside: list, show, retry or drop them.", no_args_is_help=True)
audit = typer.Typer(help="The audit trail: list it, verify it.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="M-000012")]
Why = Annotated[str, typer.Option("--why", help="The reason, for the audit trail.", callback=nameless)]


def doctor(
    context: typer.Context,
    online: Annotated[bool, typer.Option("--online", help="Also log in to the mail servers.")] = False,
    by_mail: Annotated[bool, typer.Option("--mail", help="Also send a mail to ourselves and wait for it.")] = False,
    check_auth: Annotated[
        bool, typer.Option("--check-auth", help="Also mail ourselves forged Authentication-Results.")
    ] = False,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Look at every part and name the mend of what is not well.

    Exit code 0 when nothing is red, 1 when something is, 2 when the config or a file it names cannot be used.
    """
    from mailbot.operations.doctor import host as doctor_host  # noqa: PLC0415  # not for --help
    from mailbot.operations.doctor import rounds  # noqa: PLC0415  # not for --help
    from mailbot.operations.doctor.finding import Level  # noqa: PLC0415  # not for --help

    set_up_journal(quiet=True)
    found = list(doctor_host.python())
    try:
        loaded = load_config(context, config)
    except ConfigError as error:
        found += rounds.without_config(error)
    else:
        found += rounds.made(loaded, online=online, by_mail=by_mail, check_auth=check_auth)
    rows = [{"part": f.part, "level": str(f.level), "detail": f.detail, "mend": f.mend} for f in found]
    columns = {"level": None, "part": None, "detail": None, "mend": None}
    emit(rows, as_json=as_json, columns=columns, title="Doctor", style=lambda row: str(row["level"]))
    ill = {f.part for f in found if f.level is Level.RED}
    raise typer.Exit(WRONG_CONFIG if rounds.CONFIG in ill else UNWELL if ill else 0)


@stuck.command("list")
def list_stuck(context: typer.Context, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """List the mails that were set aside."""
    from mailbot.ledger import mails  # noqa: PLC0415  # not for --help
    from mailbot.model import MailState  # noqa: PLC0415  # not for --help

    loaded = load_config(context, config)
    with opened_ledger(loaded) as ledger, ledger.read() as tx:
        found = mails.listing(tx, [MailState.SET_ASIDE])
        rows = [mail_as_json(row, {}, loaded.challenge.zone) for row in found]
    columns = {"mail": None, "arrived_at": None, "attempts": None, "size": None, "reason": None}
    emit(rows, as_json=as_json, columns=columns, title="Set aside")


@stuck.command("show")
def show_stuck(context: typer.Context, mail: Name, config: ConfigFile = None) -> None:
    """Show why a mail was set aside, and where it lies."""
    from mailbot.ledger import mails  # noqa: PLC0415  # not for --help
    from mailbot.transport.spool import Spool  # noqa: PLC0415  # not for --help

    loaded = load_config(context, config)
    with opened_ledger(loaded) as ledger, ledger.read() as tx:
        row = _stuck(tx, mail)
        trace = mails.trace(tx, row.id)
    typer.echo(f"{row.name}: {row.reason}\n{Spool(loaded.state / 'spool').path(row.sha256)}\n")
    typer.echo(trace or "(no traceback: the process died)")


@stuck.command("retry")
def retry_stuck(context: typer.Context, mail: Name, why: Why = "", config: ConfigFile = None) -> None:
    """Handle a mail once more, as if it had just arrived; its arrival stays what it was."""
    from mailbot.ledger import mails  # noqa: PLC0415  # not for --help

    with opened_ledger(load_config(context, config)) as ledger:
        _act(ledger, mail, "mail-retried-by-hand", why, mails.retry)
    typer.echo("It is due again: `mailbot run` or `mailbot once` handles it.")


@stuck.command("drop")
def drop_stuck(context: typer.Context, mail: Name, why: Why, config: ConfigFile = None) -> None:
    """Settle that nothing is to be done about a mail; its bytes are kept."""
    from mailbot.ledger import mails  # noqa: PLC0415  # not for --help

    with opened_ledger(load_config(context, config)) as ledger:
        _act(ledger, mail, "mail-dropped", why, mails.drop)


def _stuck(tx: Tx, mail: str) -> MailRow:
    from mailbot.ledger import mails  # noqa: PLC0415  # not for --help
    from mailbot.model import MailState  # noqa: PLC0415  # not for --help

    row = mails.get(tx, number(mail, "M"))
    if row is None or row.state is not MailState.SET_ASIDE:
        message = f"{mail} is no mail that was set aside"
        raise Permanent(message)
    return row


def _act(ledger: Ledger, mail: str, kind: str, why: str, change: Any) -> None:  # noqa: ANN401  # a function of the ledger
    """Change a mail that was set aside, and enter who did it and why."""
    from mailbot import service  # noqa: PLC0415  # not for --help
    from mailbot.ledger import events  # noqa: PLC0415  # not for --help

    act_as_organizer()
    now = service.now()
    with ledger.write("stuck") as tx:
        row = _stuck(tx, mail)
        change(tx, row.id, now)
        events.append(tx, kind=kind, subject=row.name, now=now, why=why)


@audit.command("verify")
def verify_audit(context: typer.Context, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Check that no entry of the audit trail was changed. Exit code 0 when it is whole, else 1."""
    from mailbot.ledger import events  # noqa: PLC0415  # not for --help

    with opened_ledger(load_config(context, config)) as ledger, ledger.read() as tx:
        broken, head, count = events.first_broken(tx), events.head(tx), len(events.since(tx, 0))
    row = {"entries": count, "head": head, "first_broken": broken, "ok": broken is None}
    emit([row], as_json=as_json, columns=dict.fromkeys(row), title="Audit trail")
    raise typer.Exit(0 if broken is None else UNWELL)


def backup(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder for the copy; made when missing.")],
    config: ConfigFile = None,
) -> None:
    """Copy ledger, spool and daybook while mailbot runs, with a manifest of hashes."""
    from mailbot.operations import backup as copying  # noqa: PLC0415  # not for --help

    loaded = load_config(context, config)
    with opened_ledger(loaded) as ledger, writing(folder):
        count = copying.back_up(ledger, loaded.state, folder)
    typer.echo(f"{count} files in {folder}, named by {copying.MANIFEST}.")


def restore(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", exists=True, file_okay=False, help="A backup.")],
    verify: Annotated[bool, typer.Option("--verify", help="Only compare it with its manifest.")] = False,
    config: ConfigFile = None,
) -> None:
    """Verify a backup and copy it into the state folder, where there must be no ledger."""
    from mailbot.operations import backup as copying  # noqa: PLC0415  # not for --help
    from mailbot.system.lock import held  # noqa: PLC0415  # not for --help

    if verify:
        wrong = copying.mistakes(folder)
        typer.echo("\n".join(wrong) or "The backup is whole.")
        raise typer.Exit(UNWELL if wrong else 0)
    loaded = load_config(context, config)
    with writing(loaded.state), held(loaded.state):
        count = copying.restore(folder, loaded.state)
    typer.echo(f"{count} files restored to {loaded.state}.")


def rebuild(
    context: typer.Context,
    from_spool: Annotated[bool, typer.Option("--from-spool", help="From the mails in the spool.")] = False,
    from_mailbox: Annotated[bool, typer.Option("--from-mailbox", help="Fetch every mail again first.")] = False,
    config: ConfigFile = None,
) -> None:
    """Make a new ledger out of the mails and the daybook; the old one is kept beside it.

    Exit code 1 when something came out otherwise than the audit trail has it; each is named.
    """
    from mailbot.operations import rebuild as again  # noqa: PLC0415  # not for --help

    if from_spool == from_mailbox:
        message = "say --from-spool or --from-mailbox"
        raise Permanent(message)
    set_up_journal(quiet=True)
    rebuilt = again.rebuild(load_config(context, config), from_mailbox=from_mailbox)
    typer.echo(", ".join(f"{count} {name.replace('_', ' ')}" for name, count in rebuilt.counts.items()))
    if rebuilt.differences:
        typer.echo("\n".join(["Not as the audit trail has it:", *(f"  {each}" for each in rebuilt.differences)]))
        raise typer.Exit(1)
