"""A backup is whole, verifiable, and comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from mailbot.cli.app import app
from mailbot.config import load
from mailbot.errors import Permanent
from mailbot.ledger import events, submissions
from mailbot.operations import backup
from tests.contest.contest import Clock, contest, mail, take

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """Return a folder with a contest in ``a`` and its backup in ``copy``."""
    clock = Clock()
    (tmp_path / "a").mkdir()
    with contest(tmp_path / "a", clock) as wired:
        for number in range(3):
            take(wired, mail("amber@example.org", shift=number / 5), clock.instant)
            clock.pass_by(hours=1)
        backup.back_up(wired.ledger, wired.config.state, tmp_path / "copy")
    return tmp_path


def test_a_backup_verifies(saved: Path) -> None:
    """A fresh backup agrees with its manifest."""
    assert backup.mistakes(saved / "copy") == []


@pytest.mark.parametrize("harm", ["change", "remove", "manifest"])
def test_harm_to_a_backup_is_found_and_it_is_not_restored(saved: Path, harm: str) -> None:
    """A changed file, a missing file and a missing manifest are each named."""
    victim = next((saved / "copy/spool").rglob("*.eml"))
    if harm == "change":
        victim.write_bytes(victim.read_bytes() + b"x")
    else:
        (victim if harm == "remove" else saved / "copy" / backup.MANIFEST).unlink()
    assert len(backup.mistakes(saved / "copy")) == 1
    with pytest.raises(Permanent, match="cannot be restored"):
        backup.restore(saved / "copy", saved / "b")


def test_it_comes_back_as_it_was(saved: Path) -> None:
    """A restored contest has the same submissions and the same trail, and goes on."""
    with contest(saved / "a", Clock()) as wired, wired.ledger.read() as tx:
        before = (submissions.listing(tx), events.since(tx, 0))
    (saved / "b").mkdir()
    backup.restore(saved / "copy", saved / "b/state")
    with contest(saved / "b", Clock()) as wired:
        with wired.ledger.read() as tx:
            assert (submissions.listing(tx), events.since(tx, 0)) == before
        take(wired, mail("amber@example.org", shift=0.9), Clock().instant)
        with wired.ledger.read() as tx:
            assert len(submissions.listing(tx)) == 4


def test_it_is_not_restored_over_a_ledger(saved: Path) -> None:
    """What is there is never overwritten."""
    config = load.load(saved / "a/config.toml")
    with pytest.raises(Permanent, match="move it away first"):
        backup.restore(saved / "copy", config.state)


def test_a_second_backup_adds_what_is_new(saved: Path) -> None:
    """The same folder may be used again and again."""
    with contest(saved / "a", Clock()) as wired:
        take(wired, mail("beryl@example.org"), Clock().instant)
        backup.back_up(wired.ledger, wired.config.state, saved / "copy")
    assert backup.mistakes(saved / "copy") == []
    assert len(list((saved / "copy/spool").rglob("*.eml"))) == 4


def _modes(folder: Path, *, of_folders: bool) -> set[int]:
    """Return the permissions of a folder and all folders below it, or of all files there."""
    return {path.stat().st_mode & 0o777 for path in (folder, *folder.rglob("*")) if path.is_dir() is of_folders}


def test_nobody_else_can_read_a_backup_nor_what_comes_back(saved: Path) -> None:
    """It holds labels and mails: folders and files are their owner's alone, also where an older backup was open."""
    (saved / "copy").chmod(0o755)
    (saved / "copy" / backup.LEDGER).chmod(0o644)
    with contest(saved / "a", Clock()) as wired:
        backup.back_up(wired.ledger, wired.config.state, saved / "copy")
    (saved / "b").mkdir()
    backup.restore(saved / "copy", saved / "b/state")
    for folder in (saved / "copy", saved / "b/state"):
        assert _modes(folder, of_folders=True) == {0o700}
        assert _modes(folder, of_folders=False) == {0o600}


@pytest.mark.parametrize("name", ["notes.txt", "ledger.db", "manifest.json"])
def test_a_folder_with_something_else_is_left_alone(saved: Path, name: str) -> None:
    """Neither somebody's files, nor the state folder itself, nor an export becomes a backup."""
    (saved / "other").mkdir()
    (saved / "other" / name).write_text('{"format": 1, "files": {}}')
    with contest(saved / "a", Clock()) as wired, pytest.raises(Permanent, match="not empty and no backup"):
        backup.back_up(wired.ledger, wired.config.state, saved / "other")
    assert [path.name for path in (saved / "other").iterdir()] == [name]


@pytest.mark.parametrize("command", ["backup", "export"])
@pytest.mark.parametrize("place", ["a/config.toml", "/proc/x"])
def test_a_folder_that_cannot_be_made_is_said_in_a_sentence(saved: Path, command: str, place: str) -> None:
    """Whatever the system says becomes a refusal of ours."""
    done = CliRunner().invoke(app, ["--config", str(saved / "a/config.toml"), command, str(saved / place)])
    assert isinstance(done.exception, Permanent)
    assert "cannot be used (" in str(done.exception)


def test_a_backup_that_was_broken_off_is_no_whole_one_and_goes_on(saved: Path) -> None:
    """What a backup that died has left is known for what it is, and the next one completes it."""
    with contest(saved / "a", Clock()) as wired:
        spool = wired.config.state / "spool"
        lost = spool.rename(saved / "away")
        with pytest.raises(Permanent):
            backup.back_up(wired.ledger, wired.config.state, saved / "half")
        lost.rename(spool)
        assert "not a whole backup" in backup.mistakes(saved / "half")[0]
        backup.back_up(wired.ledger, wired.config.state, saved / "half")
    assert backup.mistakes(saved / "half") == []
