"""The demo's Google Sheet: played on this machine for as long as the demo runs, and read back at its end."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mailbot.board.sheet import show as showing
from mailbot.config.section import SheetSection
from mailbot.demo import sheets
from mailbot.demo.book import Book

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailbot.config.schema import Config
    from mailbot.demo.screen import Screen

BOOK = "siqa-demo-leaderboard"

MOST = 16
"""Rows of a worksheet that are shown; each has the header besides."""


@contextmanager
def played(config: Config) -> Iterator[tuple[Config, str]]:
    """Give the config with a sheet in it, and where the API is played. The config file on disk knows nothing of it."""
    with sheets.running() as fake, tempfile.TemporaryDirectory(prefix="mailbot-") as folder:
        fake.books[BOOK] = Book()
        key = Path(folder) / "key.json"
        key.write_bytes(sheets.key_file(f"{fake.url}/token"))
        yield config.model_copy(update={"sheet": SheetSection(spreadsheet=BOOK, credentials_file=key)}), fake.url


def show(config: Config, api: str, screen: Screen) -> None:
    """Print what the cells hold, as anybody who opens the sheet sees them."""
    client = showing.sheets(config, api=api)
    for title in client.worksheets(BOOK):
        rows = client.read_rows(BOOK, title)
        if rows:
            screen.sheet(title, rows[: MOST + 1], more=len(rows) - 1 - MOST)
