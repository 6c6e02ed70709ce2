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


def test_a_board_as_it_was_for_a_paper_and_which_teams_differ(tmp_path: Path) -> None:
    """--as-of before anything arrived is empty, --wide shows receipts, --latex escapes, --significance tests pairs."""
    folder = tmp_path / "leaves"
    shutil.copytree(Path(__file__).parents[3] / "docs/examples/leaves", folder)
    mailbot("ingest", "mails", folder=folder)
    now = mailbot("board", "--json", folder=folder).json
    assert {row["team"] for row in now if not row["baseline"]}
    early = mailbot("board", "--as-of", "2000-01-01", "--json", folder=folder).json
    assert [row for row in early if not row["baseline"]] == []
    latest = max(row["date"] for row in now if row["date"])[:10]
    then = mailbot("board", "--as-of", latest, "--json", folder=folder).json
    assert [(row["rank"], row["team"]) for row in then] == [(row["rank"], row["team"]) for row in now]
    assert [row["submissions"] for row in then] != [row["submissions"] for row in now]  # one came later
    assert "S-00000" in mailbot("board", "--wide", folder=folder, environment={"COLUMNS": "40"}).out
    latex = mailbot("board", "--latex", folder=folder).out
    assert latex.count(r"\begin{tabular}") == latex.count(r"\end{tabular}") == len({row["table"] for row in now})
    pairs = mailbot("board", "--significance", "--json", folder=folder).json
    assert {"table", "team", "other", "value", "error", "p", "adjusted", "differs"} == set(pairs[0])
    assert "Holm" in mailbot("board", "--significance", folder=folder).out
    for wrong in (("--as-of", "2999-01-01"), ("--as-of", "soon"), ("--wide", "--latex")):
        assert mailbot("board", *wrong, folder=folder, code=2).err


def test_items_that_nearly_all_get_wrong_are_listed(tmp_path: Path) -> None:
    """With --share 0 all are; an unknown track is named."""
    folder = tmp_path / "leaves"
    shutil.copytree(Path(__file__).parents[3] / "docs/examples/leaves", folder)
    mailbot("ingest", "mails", folder=folder)
    every = mailbot("items", "--share", "0", "--json", folder=folder).json
    assert {"track", "item", "column", "wrong", "unanswered", "commonest", "common", "submissions"} == set(every[0])
    hard = mailbot("items", "--json", folder=folder).json
    assert len(hard) < len(every)
    assert all(row["wrong"] >= 0.9 or row["unanswered"] == 1 for row in hard)
    assert "there is no track" in mailbot("items", "--track", "x", folder=folder, code=2).err
