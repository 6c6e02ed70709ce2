"""doctor, backup, restore, rebuild, export, forget: maintenance of the service and its data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mailbot import flow
from mailbot.cli.common import (
    INCOMPLETE,
    AsJson,
    ConfigFile,
    act_as_organizer,
    ask,
    emit,
    load_config,
    nameless,
    opened_ledger,
    set_up_journal,
    writing,
)
from mailbot.errors import ConfigError, Permanent
from mailbot.operations import backup as backups
from mailbot.operations import forget as forgetting
from mailbot.operations import rebuild as rebuilding
from mailbot.operations.doctor import host as doctor_host
from mailbot.operations.doctor import rounds
from mailbot.operations.doctor.finding import Level
from mailbot.operations.export import MANIFEST, Export
from mailbot.system.lock import held

WRONG_CONFIG = 2


def doctor(
    context: typer.Context,
    online: Annotated[
        bool, typer.Option("--online", help="Also log in to the mail servers and try the Google Sheet.")
    ] = False,
    by_mail: Annotated[bool, typer.Option("--mail", help="Also send ourselves a mail and wait for it.")] = False,
    check_auth: Annotated[
        bool, typer.Option("--check-auth", help="Also send ourselves mails with forged Authentication-Results.")
    ] = False,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Check every part and say how to fix what is wrong.

    Exit code 0 when nothing is red, 1 when something is, 2 when the config or a file it names cannot be used.
    """
    set_up_journal(quiet=True)
    # Before root becomes the owner of the state, whom systemd may not answer.
    found = [*doctor_host.python(), *doctor_host.service()]
    try:
        loaded = load_config(context, config)
    except ConfigError as error:
        found += rounds.without_config(error)
    else:
        found += rounds.made(loaded, online=online, by_mail=by_mail, check_auth=check_auth)
    rows = [{"part": f.part, "level": str(f.level), "detail": f.detail, "fix": f.fix} for f in found]
    columns = {"level": None, "part": None, "detail": None, "fix": None}
    emit(rows, as_json=as_json, columns=columns, title="Doctor", style=lambda row: str(row["level"]))
    ill = {f.part for f in found if f.level is Level.RED}
    raise typer.Exit(WRONG_CONFIG if rounds.CONFIG in ill else INCOMPLETE if ill else 0)


def backup(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder for the copy; created if missing.")],
    config: ConfigFile = None,
) -> None:
    """Copy the ledger, spool and daybook while mailbot runs, with a manifest of checksums.

    Undo: delete the folder.
    """
    loaded = load_config(context, config)
    with opened_ledger(loaded) as ledger, writing(folder):
        count = backups.back_up(ledger, loaded.state, folder)
    typer.echo(f"{count} files in {folder}, named by {backups.MANIFEST}.")


def restore(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", exists=True, file_okay=False, help="The folder of the backup.")
    ],
    verify: Annotated[bool, typer.Option("--verify", help="Only compare the backup with its manifest.")] = False,
    config: ConfigFile = None,
) -> None:
    """Verify a backup and copy it into the state folder, which must not hold a ledger yet.

    Undo: empty the state folder.
    """
    if verify:
        wrong = backups.mistakes(folder)
        typer.echo("\n".join(wrong) or f"The backup is whole: {backups.seen(folder)}.")
        raise typer.Exit(INCOMPLETE if wrong else 0)
    loaded = load_config(context, config)
    with writing(loaded.state), held(loaded.state):
        count = backups.restore(folder, loaded.state)
    typer.echo(f"{count} files restored to {loaded.state}.")


def rebuild(
    context: typer.Context,
    from_spool: Annotated[bool, typer.Option("--from-spool", help="Use the mails in the spool.")] = False,
    from_mailbox: Annotated[bool, typer.Option("--from-mailbox", help="First fetch every mail again.")] = False,
    config: ConfigFile = None,
) -> None:
    """Make a new ledger from the mails and the daybook; the old one is kept.

    Exit code 1 when the result differs from the audit trail; every difference is listed.

    Undo: move the ledger that is kept back into its place.
    """
    if from_spool == from_mailbox:
        message = "say --from-spool or --from-mailbox"
        raise Permanent(message)
    set_up_journal(quiet=True)
    rebuilt = rebuilding.rebuild(load_config(context, config), from_mailbox=from_mailbox)
    typer.echo(", ".join(f"{count} {name.replace('_', ' ')}" for name, count in rebuilt.counts.items()))
    if rebuilt.differences:
        typer.echo("\n".join(["Not as the audit trail has it:", *(f"  {each}" for each in rebuilt.differences)]))
        raise typer.Exit(INCOMPLETE)


def export(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder.")],
    with_addresses: Annotated[
        bool, typer.Option("--with-addresses", help="Also addresses, the texts of disputes, and the raw mails.")
    ] = False,
    with_labels: Annotated[bool, typer.Option("--with-labels", help="Also every version of the labels.")] = False,
    config: ConfigFile = None,
) -> None:
    """Export the whole contest as files with a manifest of checksums. Exit code 1 when a file is missing.

    Undo: delete the folder.
    """
    with flow.opened(load_config(context, config), enter=False) as opened, writing(folder):
        told = Export(service=opened, folder=folder, addresses=with_addresses, labels=with_labels).write()
    typer.echo(f"{len(told['files'])} files in {folder}, named by {MANIFEST}.")
    for what in told["missing"]:
        typer.echo(f"missing: {what}", err=True)
    raise typer.Exit(INCOMPLETE if told["missing"] else 0)


def forget(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="TEAM", help="The team's name.")],
    why: Annotated[
        str, typer.Option("--why", help="The reason, for the audit trail; name nobody in it.", callback=nameless)
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether you are sure.")] = False,
    config: ConfigFile = None,
) -> None:
    """Erase a team's addresses, mails and texts permanently; its scores stay under a pseudonym. Stop mailbot first.

    Undo: none.
    """
    ask(f"Forget {name} permanently? This cannot be undone.", yes=yes, for_good=True)
    act_as_organizer()
    set_up_journal(quiet=True)
    with flow.working(load_config(context, config)) as wired:
        done = forgetting.forget(wired, name, why)
    typer.echo(f"It is {done.pseudonym} now: {done.mails} mails dropped, {done.boards} boards renamed.")
    typer.echo("What mailbot does not reach is left to you:")
    typer.echo(f"  - in the mailbox and its folders, delete the mails from and to {', '.join(done.addresses) or '–'},")
    typer.echo("    and those of others whose subject begins with its name, or whose file bears it;")
    if done.doubtful:
        typer.echo(
            f"  - look at the strangers' mails {', '.join(done.doubtful)}, which stay in the spool: each has the name"
        )
        typer.echo("    in its subject, or cannot be read;")
    typer.echo("  - make a new backup (`mailbot backup`) and delete older ones, and exports with addresses;")
    typer.echo("  - delete its rows in the response sheet of a form, and copies of the results page elsewhere.")
    for path in done.copies:
        typer.echo(f"  - delete {path}, an older copy of the ledger.")
