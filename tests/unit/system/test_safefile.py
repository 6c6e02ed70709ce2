"""Files that are replaced as a whole, and secrets that are their owner's alone."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from mailbot.errors import ConfigError
from mailbot.system import safefile

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 3, 12, 8, tzinfo=UTC)


def test_a_file_is_replaced_and_its_folder_made(tmp_path: Path) -> None:
    """Nothing else is left in the folder; the time of modification is the one given."""
    path = tmp_path / "new" / "file"
    safefile.replace(path, b"old")
    safefile.replace(path, b"new", modified_at=AT, mode=0o600)
    assert [each.name for each in path.parent.iterdir()] == ["file"]
    assert (path.read_bytes(), path.stat().st_mtime) == (b"new", AT.timestamp())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_cannot_be_written_leaves_all_as_it_was(tmp_path: Path) -> None:
    """A folder stands where the file is to be: the error is raised, and no draft is left."""
    (tmp_path / "file").mkdir()
    with pytest.raises(OSError, match="file"):
        safefile.replace(tmp_path / "file", b"new")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_file_with_one_writer_is_refreshed(tmp_path: Path) -> None:
    """Readers see the old bytes or the new ones."""
    safefile.refresh(tmp_path / "file", b"old")
    safefile.refresh(tmp_path / "file", b"new")
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("file", b"new")]


def test_drafts_of_a_dead_process_are_swept(tmp_path: Path) -> None:
    """Only they are: another hidden file with the same ending stays."""
    (tmp_path / "ab").mkdir()
    for name in (".mail.eml.0123456789abcdef.tmp", ".other.tmp", "mail.eml"):
        (tmp_path / "ab" / name).write_text("")
    safefile.sweep(tmp_path)
    assert sorted(each.name for each in (tmp_path / "ab").iterdir()) == [".other.tmp", "mail.eml"]


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    """And only its owner can read it."""
    first = safefile.secret(tmp_path / "secret")
    assert safefile.secret(tmp_path / "secret") == first
    assert len(bytes.fromhex(first)) == 32
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_a_private_folder_is_closed_to_others(tmp_path: Path) -> None:
    """Also one that was open before."""
    (tmp_path / "open").mkdir(mode=0o755)
    for name in ("open", "new"):
        safefile.private_folder(tmp_path / name)
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_used_names_its_key(tmp_path: Path) -> None:
    """The message says which key of the config, which folder and why."""
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(ConfigError, match=r"published: .*file cannot be used \(Not a directory|File exists"),
        safefile.folder_in_use("published", tmp_path / "file"),
    ):
        (tmp_path / "file" / "page").mkdir()
