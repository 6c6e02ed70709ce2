"""Root becomes the owner of a state folder before it touches anything there."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mailbot.system.owner import Owner, owner_to_be
from tests.servers.process import give, plain_user

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def test_root_becomes_the_owner(tmp_path: Path) -> None:
    """Of the folder, and of a link in its place whoever laid it; what is root's, or not there yet, stays root's."""
    user = plain_user()
    owner = Owner(uid=user.uid, gid=user.gid)
    (theirs := tmp_path / "theirs").mkdir()
    give(theirs)
    (ours := tmp_path / "ours").mkdir()
    (link := tmp_path / "link").symlink_to(ours)
    os.chown(link, user.uid, user.gid, follow_symlinks=False)
    (to_theirs := tmp_path / "to-theirs").symlink_to(theirs)
    assert [owner_to_be(path) for path in (theirs, link, to_theirs)] == [owner] * 3
    assert owner_to_be(ours) is owner_to_be(tmp_path / "none") is None


def test_there_is_no_way_back(tmp_path: Path) -> None:
    """User, group and groups are given up for good."""
    (tmp_path / "state").mkdir()
    give(tmp_path / "state")
    code = (
        "import os, sys; from pathlib import Path; from mailbot.system.owner import become, owner_to_be\n"
        "become(owner_to_be(Path(sys.argv[1])), Path(sys.argv[1]))\n"
        "try: os.setuid(0)\nexcept PermissionError: print(os.getresuid(), os.getresgid(), 0 in os.getgroups())"
    )
    done = subprocess.run((sys.executable, "-c", code, tmp_path / "state"), capture_output=True, text=True, check=True)
    user = plain_user()
    assert done.stdout.strip() == f"{(user.uid,) * 3} {(user.gid,) * 3} False"


def test_a_folder_below_one_that_is_roots_alone_is_reached(tmp_path: Path) -> None:
    """As /var/lib/private, where systemd keeps the state of a user that it makes up; nothing else below it is."""
    (state := tmp_path / "private" / "contest" / "state").mkdir(parents=True)
    (tmp_path / "private" / "another").mkdir()
    give(state)
    give(state.parent)
    (tmp_path / "private").chmod(0o700)
    code = (
        "import os, sys; from pathlib import Path; from mailbot.system.owner import become, owner_to_be\n"
        "state = Path(sys.argv[1]); become(owner_to_be(state), state)\n"
        "(state / 'made').write_text('here'); print(os.listdir(state.parents[1]))"
    )
    done = subprocess.run((sys.executable, "-c", code, state), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['contest']"
    assert ((state / "made").read_text(), (state / "made").stat().st_uid) == ("here", plain_user().uid)
    assert sorted(path.name for path in (tmp_path / "private").iterdir()) == ["another", "contest"]
