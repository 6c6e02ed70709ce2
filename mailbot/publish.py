"""Publish a board. A target is a function from a board to nothing; the files below a folder are the first one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from mailbot import exports, page, safefile, workbook
from mailbot.model import Board

if TYPE_CHECKING:
    from pathlib import Path

Target: TypeAlias = Callable[[Board], object]
"""Shows the whole board somewhere, as often as it is called; raises ``MailbotError`` or OSError when it cannot."""


def folder_target(folder: Path) -> Target:
    """Return the target that writes the files of a board below ``folder``."""
    return partial(write, folder=folder)


def write(board: Board, folder: Path) -> tuple[Path, ...]:
    """Write ``page/index.html``, ``board.csv``, ``board.xlsx`` and ``board.json`` below ``folder``; return their paths.

    The page's folder holds the three files too, which the page links to: it is a whole site, ready for any web server.
    All are made before the first is written; each is replaced at once, the page last, so that it never runs ahead of
    its files.

    Raises:
        OSError: a file could not be written; those before it are new, the rest as they were.
    """
    html = page.render(board).encode()
    files = {
        "board.csv": exports.as_csv(board),
        "board.xlsx": workbook.as_xlsx(board),
        "board.json": exports.as_json(board),
    }
    for place in (folder / "page", folder):
        for name, data in files.items():
            safefile.replace(place / name, data)
    safefile.replace(folder / "page" / "index.html", html)
    return (folder / "page" / "index.html", *(folder / name for name in files))
