"""Folders that the config names: what the system refuses there is told in a sentence, with the key."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from mailbot.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def used(key: str, folder: Path) -> Iterator[None]:
    """Make or use a folder that ``key`` names. Raises ConfigError in place of an OSError."""
    try:
        yield
    except OSError as error:
        why = error.strerror or error.__class__.__name__
        message = f"{key}: {folder} cannot be used ({why}: {error.filename or folder})"
        mend = "name a folder that mailbot can make and write, or mend what stands in its way"
        raise ConfigError(message, mend=mend) from error
