"""The config's [imap], [smtp] and [oauth]: the mail servers that mailbot calls, and what lets it in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from mailbot.errors import ConfigError

if TYPE_CHECKING:
    from mailbot.config.servers import Server, SheetSection


def secret(server: Server, name: str) -> str:
    """Return the password of a server: what systemd brings as a credential, else its file's first line.

    Raises:
        ConfigError: there is none, or it cannot be read; the message never holds what is in a file.
    """
    brought = Path(os.environ.get("CREDENTIALS_DIRECTORY", ""), f"{name}_password")
    path = brought if brought.is_absolute() and brought.exists() else server.password_file
    if path is None:
        message = f"{name}.password_file: not set; name a file that holds the password of {name}.user on its first line"
        raise ConfigError(message)
    try:
        password = path.read_text(encoding="utf-8-sig").split("\n", 1)[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        message = f"{name}.password_file: {path} cannot be read ({error.__class__.__name__})"
        raise ConfigError(message) from error
    if not password:
        message = f"{name}.password_file: {path} has no password on its first line"
        raise ConfigError(message)
    return password


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
