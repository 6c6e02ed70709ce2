"""publish, board, page: the leaderboard."""

from mailbot.cli.boards.publishing import page, publish
from mailbot.cli.boards.showing import board

__all__ = ["board", "page", "publish"]
