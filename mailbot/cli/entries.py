"""entries: what teams sent besides result files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailbot import flow
from mailbot.cli.common import (
    INCOMPLETE,
    AsJson,
    ConfigFile,
    emit,
    load_config,
    opened_ledger,
    rfc3339,
    set_up_journal,
    short,
)
from mailbot.ledger import entries as table

if TYPE_CHECKING:
    from mailbot.config.schema import Config


def entries(
    context: typer.Context,
    save: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the files into this folder, each named by its receipt.")
    ] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """List what teams sent besides result files: code, models, papers."""
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
    """Write each file unchanged, named by its receipt."""
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
    raise typer.Exit(INCOMPLETE if missing else 0)
