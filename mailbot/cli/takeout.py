"""export: everything of the contest as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mailbot.cli.common import ConfigFile, load_config, writing

UNWELL = 1


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
    from mailbot import service  # noqa: PLC0415  # not for --help
    from mailbot.operations.export import MANIFEST, Takeout  # noqa: PLC0415  # not for --help

    with service.opened(load_config(context, config), enter=False) as opened, writing(folder):
        told = Takeout(service=opened, folder=folder, addresses=with_addresses, labels=with_labels).write()
    typer.echo(f"{len(told['files'])} files in {folder}, named by {MANIFEST}.")
    for what in told["missing"]:
        typer.echo(f"not there any more: {what}", err=True)
    raise typer.Exit(UNWELL if told["missing"] else 0)
