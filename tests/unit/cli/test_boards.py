"""`mailbot board`, `publish` and `page`: what a terminal shows, and a folder that cannot be written."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from tests.command import mailbot
from tests.contest.contest import write_config

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Shell


def test_a_board_shows_intervals_where_they_find_room(tmp_path: Path) -> None:
    """In a terminal of eighty columns too; a table that is wider than the terminal goes without."""
    folder = tmp_path / "leaves"
    shutil.copytree(Path(__file__).parents[3] / "docs/examples/leaves", folder)
    mailbot("ingest", "mails", folder=folder)
    usual = mailbot("board", folder=folder, environment={"COLUMNS": "80"}).out
    narrow = mailbot("board", folder=folder, environment={"COLUMNS": "40"}).out
    mass = usual[usual.index("Leaf mass") :]
    assert "95 %" in mass
    assert "±" in mass
    assert "±" not in narrow


def test_a_folder_that_cannot_be_written_names_its_key(shell: Shell) -> None:
    """Not even root can make a folder in /proc."""
    write_config(shell.folder)
    shell("publish")
    write_config(shell.folder, board={"folder": "/proc/nope"})
    for command in ("page", "publish"):
        _, err = shell(command, code=2)
        assert err.startswith("mailbot: board.folder: /proc/nope cannot be used (")
