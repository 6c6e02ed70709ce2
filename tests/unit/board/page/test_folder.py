"""The site's folder is replaced as a whole, keeps what has not changed, and leaves a copy under way alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailbot.board.page import folder as site_folder
from mailbot.system import crash

ONE = {"index.html": b"one", "weeks/1/index.html": b"week one", "feed.xml": b"<feed/>"}
TWO = {"index.html": b"two", "weeks/1/index.html": b"week one", "weeks/2/index.html": b"week two"}
THREE = {"index.html": b"three"}


def held(folder: Path) -> dict[str, bytes]:
    """Return the files below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_folder_shows_the_files_and_only_those(tmp_path: Path) -> None:
    """What is no longer part of the site is gone."""
    page = tmp_path / "published" / "page"
    for files in (ONE, TWO, THREE, ONE):
        site_folder.replace(page, files)
        assert held(page.resolve()) == files


def test_a_copy_under_way_ends_with_the_old_site(tmp_path: Path) -> None:
    """A program that has the folder open, as rsync has, reads the old site to its end."""
    page = tmp_path / "page"
    site_folder.replace(page, ONE)
    opened = os.open(page, os.O_RDONLY | os.O_DIRECTORY)
    try:
        site_folder.replace(page, TWO)
        old = {name: Path(f"/proc/self/fd/{opened}", name).read_bytes() for name in ONE}
    finally:
        os.close(opened)
    assert old == ONE
    assert held(page.resolve()) == TWO


def test_what_has_not_changed_keeps_its_time(tmp_path: Path) -> None:
    """The same bytes are the same file, so rsync and browsers need not fetch it again."""
    page = tmp_path / "page"
    site_folder.replace(page, ONE)
    before = {name: (page / name).stat() for name in ONE}
    site_folder.replace(page, TWO)
    assert (page / "weeks/1/index.html").stat().st_ino == before["weeks/1/index.html"].st_ino
    assert (page / "index.html").stat().st_ino != before["index.html"].st_ino


def test_the_same_site_again_is_no_work(tmp_path: Path) -> None:
    """Publishing what stands there already leaves the folder as it is."""
    page = tmp_path / "page"
    first = site_folder.replace(page, ONE)
    assert site_folder.replace(page, dict(reversed(ONE.items()))) == first
    assert len(list((tmp_path / ".page").iterdir())) == 1


def test_old_sites_are_swept_away(tmp_path: Path) -> None:
    """The present site and the one before stay; nothing else, not even what a dead process left."""
    page = tmp_path / "page"
    site_folder.replace(page, ONE)
    (tmp_path / ".page" / "draft-dead").mkdir()
    os.utime(tmp_path / ".page" / "draft-dead", (0, 0))
    site_folder.replace(page, TWO)
    site_folder.replace(page, THREE)
    assert len(list((tmp_path / ".page").iterdir())) == site_folder.KEPT
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".tmp")] == []


@pytest.mark.parametrize("fails", ["file.sync", "file.rename"])
def test_a_write_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    """When the disk is full the old site stays, whole, and no draft beside it."""
    page = tmp_path / "page"
    site_folder.replace(page, ONE)

    def full(name: str) -> None:
        if name == f"{fails}.before":
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(crash, "point", full)
    with pytest.raises(OSError, match="No space"):
        site_folder.replace(page, TWO)
    assert held(page.resolve()) == ONE
    assert not list((tmp_path / ".page").glob("draft-*"))
    assert not list(tmp_path.glob(".page.*.tmp"))


def test_a_folder_of_an_older_version_gives_way(tmp_path: Path) -> None:
    """Where page is a folder, as it was before it was a link, the new site takes its place."""
    page = tmp_path / "page"
    page.mkdir()
    (page / "index.html").write_bytes(b"old")
    site_folder.replace(page, ONE)
    assert held(page.resolve()) == ONE
    assert page.is_symlink()
