"""Whose a state folder is: what root does with it is done as its owner, who then gains nothing by a link laid there."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


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


def become(owner: Owner) -> None:
    """Give up root for good: groups, group and user, real, effective and saved (setresuid(2)). Raises OSError."""
    try:
        groups = os.getgrouplist(pwd.getpwuid(owner.uid).pw_name, owner.gid)
    except KeyError:
        groups = [owner.gid]
    os.setgroups(groups)
    os.setresgid(owner.gid, owner.gid, owner.gid)
    os.setresuid(owner.uid, owner.uid, owner.uid)
