"""The spool's folders are synced as often as a power cut asks for, and no more often."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mailbot.system import safefile
from mailbot.transport.spool import Spool

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

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
