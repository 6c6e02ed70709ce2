"""The site's folder on disk, replaced as a whole: a reader sees the old site or the new one, never some of each.

``page`` is a link to a folder beside it that is named by its contents. A new site is laid down in a folder of its own,
made durable, and then the link is renamed over (POSIX rename is atomic). The site before stays until the next one but
one, so that a copy under way, by rsync or cp, which has the old folder open, ends with the old site whole. A file
that has not changed is linked, not written again, and keeps its time, by which rsync and browsers know it.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from mailbot.system import crash, safefile

if TYPE_CHECKING:
    from collections.abc import Mapping

KEPT = 2
"""So many sites stay on disk: the present one and the one before."""

_STORE = ".page"


def replace(page: Path, files: Mapping[str, bytes]) -> Path:
    """Make ``page`` show ``files``, by their paths below it; return the folder that it now leads to.

    Raises:
        OSError: it could not be written; ``page`` shows what it did before.
    """
    store = page.with_name(_STORE)
    new = store / _digest(files)
    if not new.is_dir():
        draft = store / f"draft-{secrets.token_hex(8)}"
        try:
            _lay_down(draft, files, _present(page))
            with crash.around("file.rename"):
                draft.replace(new)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        safefile.sync_folder(store)
    _permit(store, new)
    _lead(page, new)
    _sweep(store, keep=new)
    return new


def keep_present_only(page: Path) -> None:
    """Delete every site but the one that ``page`` shows: they name somebody who is to be forgotten."""
    present = _present(page)
    for path in page.with_name(_STORE).glob("*"):
        if path.resolve() != present:
            shutil.rmtree(path)


def _digest(files: Mapping[str, bytes]) -> str:
    """Name a site by its contents."""
    parts = (f"{name}\0{hashlib.sha256(data).hexdigest()}\n" for name, data in sorted(files.items()))
    return hashlib.sha256("".join(parts).encode()).hexdigest()[:16]


def _present(page: Path) -> Path | None:
    """Return the folder that ``page`` leads to, if it does."""
    return page.resolve() if page.is_dir() else None


def _lay_down(folder: Path, files: Mapping[str, bytes], before: Path | None) -> None:
    """Write all files below a new folder, and make files and folders durable."""
    folders = {folder}
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        folders |= {path.parent, *(place for place in path.parents if place.is_relative_to(folder))}
        old = before / name if before else None
        if old and old.is_file() and old.read_bytes() == data:
            path.hardlink_to(old)
        else:
            _write(path, data)
    for place in sorted(folders, reverse=True):
        safefile.sync_folder(place)


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        with crash.around("file.sync"):
            os.fsync(file.fileno())


def _permit(store: Path, new: Path) -> None:
    """Give the store and a site in it the permissions that the umask leaves: it may have been another one before.

    Files that did not change are those of an earlier site, with its permissions.
    """
    probe = store / f"draft-{secrets.token_hex(8)}"
    probe.mkdir()
    wanted = stat.S_IMODE(probe.stat().st_mode) & 0o777
    probe.rmdir()
    for path in (store, new, *new.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        right = mode & ~0o777 | (wanted if path.is_dir() else wanted & 0o666)
        if mode != right:
            path.chmod(right)


def _lead(page: Path, new: Path) -> None:
    """Turn the link; a folder of that name, as older versions made it, is moved aside first."""
    target = Path(_STORE) / new.name
    if page.is_symlink() and page.readlink() == target:
        return
    draft = page.with_name(f".{page.name}.{secrets.token_hex(8)}.tmp")
    draft.symlink_to(target, target_is_directory=True)
    try:
        if page.is_dir() and not page.is_symlink():
            page.rename(page.with_name(_STORE) / f"before-{secrets.token_hex(8)}")
        with crash.around("file.rename"):
            draft.replace(page)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    os.utime(page.with_name(_STORE) / new.name)  # the order of sites is that of their times
    safefile.sync_folder(page.parent)


def _sweep(store: Path, *, keep: Path) -> None:
    """Delete all sites but the latest; what cannot be deleted is in nobody's way."""
    others = sorted((path for path in store.iterdir() if path != keep), key=lambda path: -path.stat().st_mtime_ns)
    for path in others[KEPT - 1 :]:
        shutil.rmtree(path, ignore_errors=True)
