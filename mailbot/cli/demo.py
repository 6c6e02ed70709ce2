"""demo: a whole challenge on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mailbot.cli.boards.showing import show
from mailbot.cli.desk import serving
from mailbot.config.starters import STARTERS
from mailbot.desk import PORT
from mailbot.errors import Permanent, how

EXTRA = ("aiosmtpd", "proxyprotocol", "pymap", "pysasl")
"""Packages of the extra ``demo``, which an installation may lack."""

PRESETS = ("siqa", *STARTERS)
"""The challenges that can be played: those that `mailbot init` begins with."""

STOPPED = 130
"""Exit code of a program that Ctrl-C stopped."""


def demo(
    preset: Annotated[str, typer.Option(help=f"Which challenge: {', '.join(PRESETS)}.", metavar="NAME")] = PRESETS[0],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Keep the files here; default: ./mailbot-demo.")
    ] = None,
    sheet: Annotated[
        bool, typer.Option("--sheet", help="Also show the leaderboard in a Google Sheet played on this machine.")
    ] = False,
    desk: Annotated[
        bool, typer.Option("--desk", help="Then keep the contest running, with the organizers' desk in a browser.")
    ] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The desk's port on 127.0.0.1.")] = PORT,
) -> None:
    """Run a whole challenge offline: mailbox, teams, mails, scores, replies, leaderboard. Under a minute.

    Undo: delete its folder.
    """
    if preset not in PRESETS:
        message = f"the demo knows no {preset}; name one of {', '.join(PRESETS)}"
        raise Permanent(message)
    try:
        from mailbot.demo import stage  # noqa: PLC0415  # without the extra it cannot be imported
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in EXTRA:
            raise
        message = f"the demo brings its own mail servers, which are not installed: {how('demo')}"
        raise Permanent(message) from error
    try:
        desk_of = serving(port) if desk else None
        finished = stage.play(out, show=show, preset=preset, sheet=sheet, desk=desk_of)
    except KeyboardInterrupt:  # while the daemon runs, it takes the signal itself
        finished = False
    if not finished:
        raise typer.Exit(STOPPED)
