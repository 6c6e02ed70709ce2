"""The spool: raw mails on disk, named by their SHA-256, complete or absent."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from mailbot import safefile
from mailbot.errors import Permanent

if TYPE_CHECKING:
    from pathlib import Path


class Spool:
    """A folder of raw mails."""

    def __init__(self, folder: Path) -> None:
        """Use a folder, made when missing."""
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, raw: bytes) -> str:
        """Keep a mail durably and return its SHA-256; a mail that is kept already is not written again."""
        digest = hashlib.sha256(raw).hexdigest()
        path = self.path(digest)
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            safefile.replace(path, raw)
        return digest

    def get(self, digest: str) -> bytes:
        """Return a mail. Raises Permanent when it is gone or is not what its name says."""
        try:
            raw = self.path(digest).read_bytes()
        except FileNotFoundError as error:
            message = f"the spool has no mail {digest[:12]}"
            raise Permanent(message) from error
        if hashlib.sha256(raw).hexdigest() != digest:
            message = f"the spooled mail {digest[:12]} has been changed on disk"
            raise Permanent(message)
        return raw

    def path(self, digest: str) -> Path:
        """Return where a mail lies."""
        return self._folder / digest[:2] / f"{digest}.eml"
