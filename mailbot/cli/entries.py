"""entries: what teams handed in besides result files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailbot.cli.common import AsJson, ConfigFile, emit, load_config, opened_ledger, rfc3339, set_up_journal, short

if TYPE_CHECKING:
    from mailbot.config.schema import Config

SOME_MISSING = 1


def entries(
    context: typer.Context,
    save: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the files into this folder, named by their receipts.")
    ] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """List what teams handed in besides result files: code, models, papers."""
    from mailbot.ledger import entries as table  # noqa: PLC0415  # not for --help

    loaded = load_config(context, config)
    if save is not None:
        _save(loaded, save)
        return
    with opened_ledger(loaded) as ledger, ledger.read() as tx:
        rows = [
            {
                "receipt": row.receipt,
                "mail": f"M-{row.mail_id:06d}",
                "team": row.team,
                "kind": row.kind,
                "what": row.what,
                "sha256": row.sha256,
                "size": row.size,
                "arrived_at": rfc3339(row.arrived_at, loaded.challenge.zone),
                "in_time": row.in_time,
            }
            for row in table.listing(tx)
        ]
    columns = {"receipt": None, "arrived_at": short, "team": None, "kind": None, "what": None, "in_time": str}
    emit(rows, as_json=as_json, columns=columns, title="Entries")


def _save(config: Config, folder: Path) -> None:
    """Write each file as it came, by its receipt."""
    from mailbot import flow  # noqa: PLC0415  # not for --help
    from mailbot.ledger import entries as table  # noqa: PLC0415  # as above

    set_up_journal(quiet=True)
    folder.mkdir(parents=True, exist_ok=True)
    missing = []
    with flow.opened(config) as wired:
        with wired.ledger.read() as tx:
            rows = [row for row in table.listing(tx) if row.sha256]
        for row in rows:
            data = wired.files.entry(row)
            if data is None:
                missing.append(row.receipt)
            else:
                (folder / row.file_name).write_bytes(data)
    typer.echo(f"{len(rows) - len(missing)} file(s) written to {folder}.")
    for receipt in missing:
        typer.echo(f"  not found in its mail: {receipt}", err=True)
    raise typer.Exit(SOME_MISSING if missing else 0)
