"""The spool's folders are synced as often as a power cut asks for, and no more often."""

from __future__ import annotations

import errno
import os
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from mailbot.errors import Temporary
from mailbot.system import safefile
from mailbot.transport.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def test_the_spool_is_synced_once_for_each_folder_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is there may be of a process that died before its name was synced, so its first use syncs it."""
    synced: list[Path] = []
    monkeypatch.setattr(safefile, "sync_folder", synced.append)
    spool = Spool(tmp_path)
    folder = spool.path(spool.put(b"a mail", NOW)).parent
    spool.put(b"a mail", NOW)
    assert synced.count(tmp_path) == 1
    assert synced.count(folder) == 2
    Spool(tmp_path).put(b"a mail", NOW)
    assert synced.count(tmp_path) == 2


def test_a_folder_that_is_made_again_is_synced_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where somebody deleted it in between."""
    synced: list[Path] = []
    monkeypatch.setattr(safefile, "sync_folder", synced.append)
    spool = Spool(tmp_path)
    folder = spool.path(spool.put(b"a mail", NOW)).parent
    shutil.rmtree(folder)
    spool.put(b"a mail", NOW)
    assert synced.count(tmp_path) == 2
    assert folder.is_dir()


def test_a_draft_that_another_host_swept_away_is_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that takes over tidies the spool up; one that was writing there tries again, and loses nothing."""
    spool = Spool(tmp_path)

    def swept(draft: Path, *_: object) -> None:
        draft.touch()
        safefile.sweep(tmp_path)

    with monkeypatch.context() as patched:
        patched.setattr(safefile, "_write_synced", swept)
        with pytest.raises(Temporary, match="tidied it up"):
            spool.put(b"a mail", NOW)
    assert spool.get(spool.put(b"a mail", NOW)) == b"a mail"


def test_a_mail_that_a_shared_disk_shows_late_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NFS may remember that a name was not there; to list its folder makes it ask the server."""
    mine, others = Spool(tmp_path / "mine"), Spool(tmp_path / "others")
    digest = others.put(b"a mail", NOW)
    mine.path(digest).parent.mkdir()

    def asks_the_server(_: Path) -> Iterator[Path]:
        yield others.path(digest).replace(mine.path(digest))

    monkeypatch.setattr("pathlib.Path.iterdir", asks_the_server)
    assert mine.get(digest) == b"a mail"


def test_a_file_of_the_disk_that_another_host_replaced_is_read_again_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NFS says ESTALE: that is trouble that passes, and no mail is set aside for it."""
    spool = Spool(tmp_path)
    digest = spool.put(b"a mail", NOW)

    def stale(_: Path) -> bytes:
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    monkeypatch.setattr("pathlib.Path.read_bytes", stale)
    with pytest.raises(Temporary, match="Stale file handle"):
        spool.get(digest)
