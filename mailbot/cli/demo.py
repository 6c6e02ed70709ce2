"""demo: a whole challenge on this machine, with no account."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Keep the files here; default: a new folder.")] = None,
) -> None:
    """Run a whole challenge offline: mailbox, teams, mails, scores, replies, leaderboard. Under a minute."""
    from mailbot.demo import stage  # noqa: PLC0415  # not for --help

    stage.play(out)
