"""migrate-ledger: the ledger goes from SQLite to PostgreSQL, or back."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

from mailbot import flow
from mailbot.cli.common import ConfigFile, begun, load_config, opened_ledger, set_up_journal
from mailbot.config.fields import ledger_url
from mailbot.errors import ConfigError
from mailbot.ledger import Ledger
from mailbot.ledger.engines.move import move
from mailbot.transport import marker

SQLITE = "sqlite"


def migrate_ledger(
    context: typer.Context,
    target: Annotated[
        str,
        typer.Argument(
            metavar="URL", help="An empty database, as in postgresql+psycopg://USER@HOST/NAME; or sqlite: the default."
        ),
    ],
    config: ConfigFile = None,
) -> None:
    """Copy the whole ledger into an empty SQLite or PostgreSQL database; the present one stays. Stop mailbot first.

    Undo: leave `ledger_url` in the config as it was.
    """
    set_up_journal(quiet=True)
    loaded = begun(load_config(context, config))
    url = f"sqlite:///{loaded.state / 'ledger.db'}" if target == SQLITE else target
    try:
        ledger_url(url)
    except ValueError as error:
        message = f"URL {error}"
        raise ConfigError(message) from error
    with flow.alone(loaded), opened_ledger(loaded) as source, closing(Ledger(url)) as copy:
        counts = move(source, copy, lambda table, rows: typer.echo(f"{table}: {rows}", err=True))
        marker.note_move(source, loaded.state)
    typer.echo(f"{sum(counts.values())} rows of {len(counts)} tables are there, and read the same.")
    how = "take `ledger_url` out of the config" if target == SQLITE else "set `ledger_url` in the config to this URL"
    typer.echo(f"Now {how}, call `mailbot audit verify`, and start mailbot. Put the old ledger away only then.")
