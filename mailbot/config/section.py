"""The config's [sheet]: which Google Sheet shows the leaderboard, and where the key to it is."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from mailbot.config.fields import Section
from mailbot.errors import ConfigError

API = "https://sheets.googleapis.com"
"""Where the Sheets API is (v4)."""


_ADDRESS = re.compile(r"(?:https://docs\.google\.com/spreadsheets/(?:u/\d+/)?d/)?([\w-]{20,})(?:[/?#].*)?", re.ASCII)
_PUBLISHED = re.compile(r"(?:https://docs\.google\.com/spreadsheets/(?:u/\d+/)?d/e/|2PACX-).*", re.ASCII)


def spreadsheet_id(value: str) -> str:
    """Take the spreadsheet's id out of its address, where that was given; an id has some 44 characters."""
    given = value.strip()
    if not given:
        return ""
    if _PUBLISHED.fullmatch(given):
        message = f"{value!r} is what was published of a sheet: open the sheet itself, and copy its address"
        raise ValueError(message)
    found = _ADDRESS.fullmatch(given)
    if found is None:
        message = f"{value!r} is no spreadsheet: copy its address, https://docs.google.com/spreadsheets/d/…"
        raise ValueError(message)
    return found[1]


class SheetSection(Section):
    """The Google Sheet that shows the leaderboard."""

    #: Its address or the id in it; "" means that no sheet is written.
    spreadsheet: Annotated[str, AfterValidator(spreadsheet_id)] = ""
    #: JSON key file of the service account that the sheet is shared with.
    credentials_file: Path | None = None
    timeout_seconds: float = Field(default=30, gt=0)


def sheet_key(sheet: SheetSection) -> bytes:
    """Return the service account's key: what systemd brings as a credential, else its file. Raises ConfigError."""
    brought = Path(os.environ.get("CREDENTIALS_DIRECTORY", ""), "sheet_credentials")
    path = brought if brought.is_absolute() and brought.exists() else sheet.credentials_file
    if path is None:
        message = "sheet.credentials_file: not set; name the JSON key file of the service account that writes the sheet"
        raise ConfigError(message)
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"sheet.credentials_file: {path} cannot be read ({error.__class__.__name__})"
        raise ConfigError(message) from error
