"""Whose a state folder is: what root does with it is done as its owner, who then gains nothing by a link laid there."""

from __future__ import annotations

import os
import pwd
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mailbot import lazily

with lazily(__name__):  # few commands change who they work as
    import ctypes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


@dataclass(frozen=True, kw_only=True)
class Owner:
    """An account of this host other than root."""

    uid: int
    gid: int

    @property
    def name(self) -> str:
        """Its name, or its number where it has none, as with the users that systemd makes up."""
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return f"uid {self.uid}"


def owner_to_be(folder: Path) -> Owner | None:
    """Return whom root must become before it does anything in a folder; None when this is not root, or it is root's.

    Of a link, whoever laid it counts before the owner of where it leads.
    """
    if os.geteuid() != 0:
        return None
    for look in (os.lstat, os.stat):
        try:
            found = look(folder)
        except FileNotFoundError:  # there is no state yet
            return None
        if found.st_uid != 0:
            return Owner(uid=found.st_uid, gid=found.st_gid)
    return None


def owners_of(config: Path, state: Path) -> frozenset[Owner]:
    """Return all accounts but root's that say what root does here: whose state it is, or who can change the config.

    A config says which folder is the state, and which command runs after a board. Of a state that is still to be made
    the nearest folder above it counts.
    """
    above = next(path for path in (state, *state.absolute().parents) if path.exists() or path.is_symlink())
    return frozenset(owner for path in (above, config, config.parent) if (owner := owner_to_be(path)))


def become(owner: Owner, folder: Path) -> None:
    """Give up root for good: groups, group and user, real, effective and saved (setresuid(2)).

    The owner can reach the folder afterwards, also where it lies below one that only root may pass. Raises OSError.
    """
    try:
        groups = os.getgrouplist(pwd.getpwuid(owner.uid).pw_name, owner.gid)
    except KeyError:
        groups = [owner.gid]
    _open_the_way(folder.resolve(), owner, groups)
    os.setgroups(groups)
    os.setresgid(owner.gid, owner.gid, owner.gid)
    os.setresuid(owner.uid, owner.uid, owner.uid)


# --- a folder below one that only root may pass, as systemd's /var/lib/private is ---------------

PROGRAM = Path(__file__).parents[2]
"""Where mailbot lies."""

_CLONE_NEWNS = 0x0002_0000
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_BIND, _MS_REC, _MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18


def _open_the_way(folder: Path, owner: Owner, groups: Sequence[int]) -> None:
    """Show this process alone, in the place of each closed folder, an empty one with the way to what it needs below it.

    That is the folder, and the program itself where only root may read it. systemd does the same for a service with
    DynamicUser (systemd.exec(5), "/var/lib/private"). Raises OSError.
    """
    needed: dict[Path, list[Path]] = {}
    for path in (folder, *(Path(place).resolve() for place in (sys.prefix, sys.base_prefix, PROGRAM))):
        if closed := [parent for parent in path.parents if not _may_pass(parent.stat(), owner, groups)]:
            inner, outer = closed[0], closed[-1]
            needed.setdefault(outer, []).append(inner / path.relative_to(inner).parts[0])
    if needed:
        _call("unshare", _CLONE_NEWNS)
        _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
    for outer, below in needed.items():
        _cover(outer, list(dict.fromkeys(below)))


def _cover(outer: Path, below: Sequence[Path]) -> None:
    """Mount an empty folder over a closed one, and in it those below that are to be seen."""
    kept = {path: os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC) for path in below}
    _mount("tmpfs", str(outer), "tmpfs", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, "mode=755,size=64k")
    for path, opened in kept.items():
        for each in reversed([path, *(parent for parent in path.parents if outer in parent.parents)]):
            each.mkdir(exist_ok=True)
            each.chmod(0o755)
        _mount(f"/proc/self/fd/{opened}", str(path), None, _MS_BIND | _MS_REC)
        os.close(opened)


def _may_pass(status: os.stat_result, owner: Owner, groups: Sequence[int]) -> bool:
    """Whether an account may go through a folder, by its mode."""
    if status.st_uid == owner.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    return bool(status.st_mode & (stat.S_IXGRP if status.st_gid in groups else stat.S_IXOTH))


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    """Mount, see mount(2). Raises OSError."""
    words = (word.encode() if word is not None else None for word in (source, target, kind))
    _call("mount", *words, ctypes.c_ulong(flags), options.encode() if options else None)


def _call(name: str, *arguments: Any) -> None:  # noqa: ANN401  # whatever the C function takes
    """Call a function of the C library that answers 0. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    if libc is None or getattr(libc, name)(*arguments) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")
