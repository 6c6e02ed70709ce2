"""doctor, stuck, audit, backup, restore, rebuild: keeping the service well."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

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
from mailbot.errors import ConfigError, Permanent

UNWELL, WRONG_CONFIG = 1, 2


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


def forget(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="TEAM", help="The team's name.")],
    why: Annotated[
        str, typer.Option("--why", help="The reason, for the audit trail; name nobody in it.", callback=nameless)
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask on a terminal whether you are sure.")] = False,
    config: ConfigFile = None,
) -> None:
    """Take a team's addresses, mails and words out for good; its scores stay under a pseudonym. Stop mailbot first."""
    from mailbot import flow  # noqa: PLC0415  # not for --help
    from mailbot.operations import forget  # noqa: PLC0415  # not for --help

    if sys.stdin.isatty() and not yes:
        typer.confirm(f"Forget {name} for good? This cannot be taken back.", abort=True)
    act_as_organizer()
    set_up_journal(quiet=True)
    with flow.working(load_config(context, config)) as wired:
        done = forget.forget(wired, name, why)
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


_UNWELL2 = 1


def export(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder.")],
    with_addresses: Annotated[
        bool, typer.Option("--with-addresses", help="Also addresses, the words of disputes, and the raw mails.")
    ] = False,
    with_labels: Annotated[bool, typer.Option("--with-labels", help="Also every version of the labels.")] = False,
    config: ConfigFile = None,
) -> None:
    """Write everything of the contest as files with a manifest of hashes. Exit code 1 when something is not there."""
    from mailbot import flow  # noqa: PLC0415  # not for --help
    from mailbot.operations.export import MANIFEST, Export  # noqa: PLC0415  # not for --help

    with flow.opened(load_config(context, config), enter=False) as opened, writing(folder):
        told = Export(service=opened, folder=folder, addresses=with_addresses, labels=with_labels).write()
    typer.echo(f"{len(told['files'])} files in {folder}, named by {MANIFEST}.")
    for what in told["missing"]:
        typer.echo(f"not there any more: {what}", err=True)
    raise typer.Exit(_UNWELL2 if told["missing"] else 0)
