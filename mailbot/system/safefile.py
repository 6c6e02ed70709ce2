"""Replace a file as a whole: a reader sees the old bytes or the new ones, also after a power cut."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mailbot.errors import ConfigError
from mailbot.system import crash

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path


PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
"""What is its owner's alone."""

_DRAFT = re.compile(r"\..+\.[0-9a-f]{16}\.tmp")


def replace(path: Path, data: bytes, *, modified_at: datetime | None = None, mode: int = 0o666) -> None:
    """Put ``data`` at ``path``; folders are made as needed, permissions are ``mode`` less the umask.

    The bytes go to a new file beside ``path``, which is synced and then renamed over it; the folder is synced last
    (POSIX rename is atomic, and durable once the folder is synced). ``modified_at`` becomes its modification time.

    Raises:
        OSError: it could not be written; ``path`` is as it was and nothing is left beside it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name[:100]}.{secrets.token_hex(8)}.tmp")
    try:
        _write_synced(draft, data, modified_at, mode)
        with crash.around("file.rename"):
            draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def refresh(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path``, which has one writer: readers see the old bytes or the new ones, after a power cut any.

    Raises:
        OSError: it could not be written; ``path`` is as it was.
    """
    draft = path.with_name(f".{path.name}.tmp")
    draft.write_bytes(data)
    with crash.around("file.refresh"):
        draft.replace(path)


def private_folder(path: Path) -> None:
    """Make a folder that nobody else can look into, whatever the umask; one that is there is closed to them."""
    path.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    path.chmod(PRIVATE_FOLDER)


def secret(path: Path) -> str:
    """Return the secret in a file, 64 hex letters; it is made, for its owner's eyes only, when there is none yet."""
    if not path.exists():
        replace(path, f"{secrets.token_hex(32)}\n".encode(), mode=PRIVATE_FILE)
    return path.read_text(encoding="ascii").strip()


def _write_synced(path: Path, data: bytes, modified_at: datetime | None, mode: int) -> None:
    with open(path, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
        file.write(data)
        file.flush()
        if modified_at is not None:
            os.utime(file.fileno(), (modified_at.timestamp(), modified_at.timestamp()))
        with crash.around("file.sync"):
            os.fsync(file.fileno())


def sweep(folder: Path) -> None:
    """Delete, below a folder, the drafts of a process that died; no other may be writing there."""
    for path in folder.rglob(".*.tmp"):
        if _DRAFT.fullmatch(path.name):
            path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make durable which files a folder holds."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with crash.around("file.sync-folder"):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def folder_in_use(key: str, folder: Path) -> Iterator[None]:
    """Make or use a folder that ``key`` names. Raises ConfigError in place of an OSError."""
    try:
        yield
    except OSError as error:
        why = error.strerror or error.__class__.__name__
        message = f"{key}: {folder} cannot be used ({why}: {error.filename or folder})"
        mend = "name a folder that mailbot can make and write, or mend what stands in its way"
        raise ConfigError(message, mend=mend) from error


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, hex. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hashes(folder: Path, files: Iterable[Path]) -> dict[str, str]:
    """Return the SHA-256 of files below a folder, by their path in it: what a manifest holds."""
    return {str(path.relative_to(folder)): sha256(path) for path in files}
