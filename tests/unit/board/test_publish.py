"""Files below a folder: all there, replaced whole, and nothing left behind when writing fails."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from mailbot.board import publish
from mailbot.board.build import build
from mailbot.system import safefile
from tests.unit import boards
from tests.unit.boards import site_rules

DATA = ("board.csv", "board.xlsx", "board.json")
FILES = {
    *DATA,
    *(f"page/{name}" for name in ("index.html", "feed.xml", *DATA)),
    *(f"page/{name}/index.html" for name in ("weeks", "rules", "submit", "teams", "teams/zh")),
    "page/weeks/board.css",
    *(f"page/weeks/2026-11-25/{name}" for name in ("index.html", "board.csv", "board.json")),
}


def files_below(folder: Path) -> set[str]:
    """Return the paths of all files below ``folder`` that are for readers."""
    below = (
        (Path(top) / name).relative_to(folder) for top, _, names in os.walk(folder, followlinks=True) for name in names
    )
    return {path.as_posix() for path in below if path.parts[0] != ".page"}


def test_everything_is_written_and_named(tmp_path: Path) -> None:
    """The page, the three files, and their copies that the page links to; the paths come back."""
    paths = publish.write(boards.board(), tmp_path / "new" / "folder", site_rules())
    assert files_below(tmp_path / "new" / "folder") == FILES
    assert [path.name for path in paths] == ["index.html", "board.csv", "board.xlsx", "board.json"]
    assert all(path.stat().st_size for path in paths)


def test_publishing_again_changes_nothing(tmp_path: Path) -> None:
    """The same board gives the same bytes in every file."""
    publish.write(boards.board(), tmp_path, site_rules())
    before = {name: (tmp_path / name).read_bytes() for name in FILES}
    publish.write(boards.board(), tmp_path, site_rules())
    assert {name: (tmp_path / name).read_bytes() for name in files_below(tmp_path)} == before


def test_a_board_that_cannot_be_made_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All files are made before the first is replaced."""
    publish.write(boards.board(), tmp_path, site_rules())
    before = {name: (tmp_path / name).read_bytes() for name in FILES}

    def fail(_: object) -> bytes:
        raise RuntimeError("no workbook")

    monkeypatch.setattr("mailbot.board.workbook.as_xlsx", fail)
    with pytest.raises(RuntimeError, match="no workbook"):
        publish.write(build([], boards.rules(), boards.AS_OF), tmp_path, site_rules())
    assert {name: (tmp_path / name).read_bytes() for name in files_below(tmp_path)} == before


def test_replaced_file_is_a_new_one(tmp_path: Path) -> None:
    """A reader that has the old file open still reads the old bytes to their end."""
    path = tmp_path / "board.csv"
    safefile.replace(path, b"old")
    with path.open("rb") as reader:
        safefile.replace(path, b"new")
        assert reader.read() == b"old"
    assert path.read_bytes() == b"new"


def test_failed_write_leaves_the_old_file_and_no_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full the old file stays and the draft is removed."""
    path = tmp_path / "board.csv"
    safefile.replace(path, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        safefile.replace(path, b"new")
    assert path.read_bytes() == b"old"
    assert files_below(tmp_path) == {"board.csv"}


def test_file_and_folder_are_synced_around_the_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """First the bytes are made durable, then the name is set, then the folder is made durable."""
    events: list[str] = []
    sync, rename = os.fsync, Path.replace

    def note_sync(descriptor: int) -> None:
        events.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        sync(descriptor)

    def note_rename(source: Path, target: Path) -> Path:
        events.append("rename")
        return rename(source, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(Path, "replace", note_rename)
    safefile.replace(tmp_path / "x", b"1")
    assert events == ["file", "rename", "folder"]


@pytest.mark.parametrize(("umask", "file", "folder"), [(0o022, 0o644, 0o755), (0o027, 0o640, 0o750)])
def test_permissions_follow_the_umask(tmp_path: Path, umask: int, file: int, folder: int) -> None:
    """A web server of another user can read what is published, where the umask allows it; all else is private."""
    published = tmp_path / "www" / "board"
    before = os.umask(umask)
    try:
        publish.write(boards.board(), published, site_rules())
        safefile.replace(tmp_path / "x", b"1")
    finally:
        os.umask(before)
    below = [published.parent, published, *published.rglob("*"), *(published / "page").resolve().rglob("*")]
    modes = {path.is_dir(): set[int]() for path in below}
    for path in below:
        modes[path.is_dir()].add(stat.S_IMODE(path.stat().st_mode))
    assert modes == {False: {file}, True: {folder}}
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == safefile.PRIVATE_FILE


@pytest.mark.parametrize(("before", "now"), [(0o077, 0o022), (0o022, 0o077)])
def test_permissions_follow_the_umask_of_now(tmp_path: Path, before: int, now: int) -> None:
    """A site that was published under another umask: what has not changed is as open or closed as what is new."""
    kept = os.umask(before)
    try:
        publish.write(boards.board(), tmp_path / "www", site_rules())
        os.umask(now)
        for method in ("Other", "Other", "Third"):  # a new site, the same one again, and one that has files of both
            board = build([boards.standing("A", "siqa-s", 1, method=method)], boards.rules(), boards.AS_OF)
            publish.write(board, tmp_path / "www", site_rules())
            below = [tmp_path / "www" / ".page", *(tmp_path / "www" / "page").resolve().rglob("*")]
            modes = {stat.S_IMODE(path.stat().st_mode) & now for path in below}
            assert modes == {0}
            assert all(stat.S_IMODE(path.stat().st_mode) & 0o777 == 0o777 & ~now for path in below if path.is_dir())
            assert all(stat.S_IMODE(path.stat().st_mode) == 0o666 & ~now for path in below if path.is_file())
    finally:
        os.umask(kept)
