"""The spool: raw mails on disk, named by their SHA-256, complete or absent."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mailbot.errors import Permanent, Temporary
from mailbot.system import safefile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

RETENTION = "dropped by retention"
FORGOTTEN = "dropped because its team was forgotten"
"""What the note on a mail begins with that was dropped."""


class Spool:
    """A folder of raw mails."""

    def __init__(self, folder: Path) -> None:
        """Use a folder, made when missing."""
        self._folder = folder
        self._synced = set[str]()  # names of the folders in it that survive a power cut
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, raw: bytes, arrived_at: datetime) -> str:
        """Keep a mail durably and return its SHA-256; a mail that is kept already is not written again.

        The file's modification time is the mail's arrival, so that the spool alone can tell it.

        Raises:
            Temporary: it could not be written, as on a full disk.
        """
        digest = hashlib.sha256(raw).hexdigest()
        try:
            with _translated():
                self._keep(self.path(digest), raw, arrived_at)
        except FileNotFoundError as error:  # a host that took over swept away what was half written
            raise Temporary("the spool cannot be used now: somebody else has tidied it up") from error
        return digest

    def _keep(self, path: Path, raw: bytes, arrived_at: datetime) -> None:
        """Write a mail and sync its folders; a process that died may have done only a part of that."""
        if not path.parent.is_dir():
            path.parent.mkdir(exist_ok=True)
            self._synced.discard(path.parent.name)
        if path.parent.name not in self._synced:
            safefile.sync_folder(self._folder)
            self._synced.add(path.parent.name)
        if path.exists():
            safefile.sync_folder(path.parent)
        else:
            safefile.replace(path, raw, modified_at=arrived_at)

    def get(self, digest: str) -> bytes:
        """Return a mail. Raises Permanent when it is gone or is not what its name says, Temporary when unreadable."""
        try:
            with _translated():
                raw = self._read(self.path(digest))
        except FileNotFoundError as error:
            why = self.why_dropped(digest)
            message = f"the mail {digest[:12]} was {why}" if why else f"the spool has no mail {digest[:12]}"
            raise Permanent(message) from error
        if hashlib.sha256(raw).hexdigest() != digest:
            message = f"the spooled mail {digest[:12]} has been changed on disk"
            raise Permanent(message)
        return raw

    def _read(self, path: Path) -> bytes:
        """Read a mail. One that is not there is looked for again: a shared disk may remember that it was not.

        To list a folder makes NFS ask the server for what is in it (close-to-open consistency).
        """
        try:
            return path.read_bytes()
        except FileNotFoundError:
            if path.parent.is_dir():
                next(path.parent.iterdir(), None)
            return path.read_bytes()

    def head(self, digest: str, length: int) -> bytes:
        """Return the first bytes of a mail, unchecked; b"" when it is gone. Raises Temporary when unreadable."""
        try:
            with _translated(), self.path(digest).open("rb") as file:
                return file.read(length)
        except FileNotFoundError:
            return b""

    def drop(self, digest: str, why: str) -> None:
        """Delete a mail on purpose; a note stays in its place, so that nobody takes it for lost."""
        with _translated():
            safefile.replace(self.note(digest), f"{why}\n".encode())
            self.path(digest).unlink(missing_ok=True)
            safefile.sync_folder(self.path(digest).parent)

    def why_dropped(self, digest: str) -> str:
        """Return the note on a mail that was dropped; "" when it was not, or has come again since."""
        if self.path(digest).exists() or not self.note(digest).exists():
            return ""
        return self.note(digest).read_text(encoding="utf-8").strip()

    def dropped(self) -> dict[str, str]:
        """Return the note on every mail that was dropped, by the mail's SHA-256."""
        notes = {path.stem: self.why_dropped(path.stem) for path in self._folder.glob("??/*.dropped")}
        return {digest: why for digest, why in notes.items() if why}

    def note(self, digest: str) -> Path:
        """Return where the note on a mail that was dropped lies."""
        return self.path(digest).with_suffix(".dropped")

    def paths(self) -> Iterator[Path]:
        """Yield every mail of the spool."""
        yield from self._folder.glob("??/*.eml")

    def path(self, digest: str) -> Path:
        """Return where a mail lies."""
        return self._folder / digest[:2] / f"{digest}.eml"


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the system's errors into ours: a full or failing disk is no mail's fault."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Temporary(f"the spool cannot be used now: {error.strerror or error.__class__.__name__}") from error
