"""entries: what teams handed in besides result files."""

from __future__ import annotations

import typer

from mailbot.cli.common import AsJson, ConfigFile, emit, load_config, opened_ledger, rfc3339, short


def entries(context: typer.Context, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """List what teams handed in besides result files: code, models, papers."""
    from mailbot.ledger import entries as table  # noqa: PLC0415  # not for --help

    loaded = load_config(context, config)
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
