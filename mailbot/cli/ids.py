"""ids: the list of items that teams are given, for the checker."""

from __future__ import annotations

from typing import Annotated

import typer

from mailbot.cli.common import ConfigFile, load_config, set_up_journal
from mailbot.errors import ConfigError


def ids(
    context: typer.Context,
    track: Annotated[str | None, typer.Option(help="Only this track.")] = None,
    config: ConfigFile = None,
) -> None:
    """Print the ids of the items, sorted: no label, and nothing of their order. The teams' checker takes them."""
    from mailbot import service  # noqa: PLC0415  # not for --help
    from scoring.idfile import write_ids  # noqa: PLC0415  # not for --help

    loaded = load_config(context, config)
    if track is not None and track not in loaded.tracks:
        message = f"--track {track}: the config has {', '.join(loaded.tracks)}"
        raise ConfigError(message)
    set_up_journal(quiet=True)
    with service.opened(loaded, enter=False) as wired:
        wired.labels.refresh()
        found = {name: wired.labels.whole[name].ids for name in loaded.tracks if track in (None, name)}
    typer.echo(write_ids(found), nl=False)
