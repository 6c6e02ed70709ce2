"""publish, board, page: the leaderboard."""

import typer

from mailbot.cli.boards import showing
from mailbot.cli.boards.publishing import page, publish, withdraw

__all__ = ["board", "page", "publish"]

board = typer.Typer(
    help="Show the leaderboard as it would be published now, or as of an earlier day; withdraw a published one."
)
board.callback(invoke_without_command=True)(showing.board)
board.command()(withdraw)
