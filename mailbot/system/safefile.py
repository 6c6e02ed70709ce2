"""Atomic replacement of files: a reader sees the old bytes or the new ones, also after a power cut."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import re
import secrets
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, cast

from mailbot.errors import ConfigError, Permanent
from mailbot.system import crash

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

PRIVATE_FILE, PRIVATE_FOLDER, PUBLIC_FILE = 0o600, 0o700, 0o666
"""Permissions of what only its owner may read, and of what the umask alone limits."""

_DRAFT = re.compile(r"\..+\.[0-9a-f]{16}\.tmp")


def replace(path: Path, data: bytes, *, modified_at: datetime | None = None, mode: int = PRIVATE_FILE) -> None:
    """Write ``data`` to ``path``; missing folders are created, the permissions are ``mode`` less the umask.

    The bytes go to a new file beside ``path``, which is synced and then renamed to it; the folder is synced last
    (a POSIX rename is atomic, and durable once the folder is synced). ``modified_at`` is the modification time.

    Raises:
        OSError: it could not be written; ``path`` is unchanged and no other file is left behind.
    """
    if not path.parent.is_dir():
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
    """Write ``data`` to ``path``, which has one writer, without a sync: only after a power cut it may hold anything.

    Raises:
        OSError: it could not be written; ``path`` is unchanged.
    """
    draft = path.with_name(f".{path.name}.tmp")
    with opened(draft, "wb") as file:
        file.write(data)
    with crash.around("file.refresh"):
        draft.replace(path)


def opened(path: Path, mode: str) -> IO[bytes]:
    """Open a file of the state folder, made as its owner's alone: relative to its folder, and never through a link.

    Raises:
        Permanent: it is a link.
        OSError: it could not be opened.
    """
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def opener(name: str, flags: int) -> int:
        return os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE, dir_fd=folder)

    try:
        return cast("IO[bytes]", open(path.name, mode, opener=opener))  # relative to its folder
    except OSError as error:
        if error.errno == errno.ELOOP:
            refuse_link(path)
        raise
    finally:
        os.close(folder)


def noted(path: Path) -> dict[str, Any] | None:
    """Return the JSON object in a file of the state folder; None without one, or where a power cut left no object.

    Raises:
        OSError: it is there and cannot be read.
    """
    try:
        with opened(path, "rb") as file:
            found = json.load(file)
    except (FileNotFoundError, ValueError):  # ValueError: no JSON, or no UTF-8
        return None
    return found if isinstance(found, dict) else None


def alone(file: IO[bytes]) -> None:
    """Let nobody else hold an open file like this until it is closed; on a disk without locks of files, do nothing."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS}:
            raise


def refuse_link(path: Path) -> None:
    """Raise Permanent where a file of the state folder is a link: whoever laid it may not be whom it is opened for."""
    if path.is_symlink():
        message = f"{path} is a link: mailbot follows none in its state folder; put the file itself in its place"
        raise Permanent(message)


def refuse_anothers(state: Path) -> None:
    """Raise Permanent where a state folder is there and this account may not use it."""
    try:
        if not state.is_dir() or os.access(state, os.R_OK | os.W_OK | os.X_OK):
            return
        whose = f"it is another account's (uid {state.stat().st_uid})"
    except PermissionError:
        whose = "it is below a folder that this account may not pass"
    message = f"{state} cannot be used: {whose}; call mailbot as the user whose state folder it is"
    raise Permanent(message)


def private_folder(path: Path) -> None:
    """Make a folder that only its owner can read, whatever the umask; an existing one is made so."""
    path.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    if path.stat().st_mode & 0o077:
        path.chmod(PRIVATE_FOLDER)


def secret(path: Path) -> str:
    """Return the secret in a file, 64 hex digits; if there is none yet, create it, readable by its owner only."""
    if not path.exists():
        replace(path, f"{secrets.token_hex(32)}\n".encode(), mode=PRIVATE_FILE)
    with opened(path, "rb") as file:
        return file.read().decode("ascii").strip()


def _write_synced(path: Path, data: bytes, modified_at: datetime | None, mode: int) -> None:
    with open(path, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
        file.write(data)
        file.flush()
        if modified_at is not None:
            os.utime(file.fileno(), (modified_at.timestamp(), modified_at.timestamp()))
        with crash.around("file.sync"):
            os.fsync(file.fileno())


def sweep(folder: Path) -> None:
    """Delete the temporary files of a crashed process below a folder; nobody may be writing there."""
    for path in folder.rglob(".*.tmp"):
        if _DRAFT.fullmatch(path.name):
            path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Sync a folder, so that the names of its files survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with crash.around("file.sync-folder"):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def folder_in_use(key: str, folder: Path) -> Iterator[None]:
    """Turn an OSError of the block, which uses a folder that the config names, into a ConfigError with its key."""
    try:
        yield
    except OSError as error:
        why = error.strerror or error.__class__.__name__
        message = f"{key}: {folder} cannot be used ({why}: {error.filename or folder})"
        fix = "name a folder that mailbot can make and write, or fix what prevents it"
        raise ConfigError(message, fix=fix) from error


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, hex. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hashes(folder: Path, files: Iterable[Path]) -> dict[str, str]:
    """Return the SHA-256 of files below a folder, by their path in it: what a manifest holds."""
    return {str(path.relative_to(folder)): sha256(path) for path in files}
