"""The challenges that the demo can play: all that `mailbot init` begins with, written as a config that loads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mailbot.cli import demo
from mailbot.config import load
from mailbot.demo import challenges, folder
from mailbot.errors import Permanent

if TYPE_CHECKING:
    from pathlib import Path


def test_whatever_init_begins_with_can_be_played() -> None:
    """And nothing else is offered."""
    assert set(demo.PRESETS) == set(challenges.PRESETS)


@pytest.mark.parametrize("preset", challenges.PRESETS)
def test_each_is_a_folder_that_loads(tmp_path: Path, preset: str) -> None:
    """With labels, and mails whose names, ids and instants are in order; the two shown are among them."""
    played = challenges.of(preset, 2026)
    folder.prepare(tmp_path)
    config = load.load(folder.furnish(tmp_path, played.keys, files=played.files, imap_port=1, smtp_port=2))
    assert all(section.labels.is_file() for section in config.tracks.values())
    assert config.challenge.address == played.keys.address
    names = [mail.name for mail in played.mails]
    assert set(played.shown.values()) <= set(names)
    assert len(set(names)) == len({mail.message_id for mail in played.mails}) == len(names)
    assert [mail.arrived_at for mail in played.mails] == sorted(mail.arrived_at for mail in played.mails)
    assert all(f"To: <{played.keys.address}>".encode() in mail.raw for mail in played.mails)
    assert challenges.of(preset, 2026).mails == played.mails


def test_a_challenge_that_is_none_is_refused_with_those_there_are() -> None:
    """Before anything is written."""
    with pytest.raises(Permanent, match=r"knows no segmentation.*siqa, classification, .*own"):
        demo.demo(preset="segmentation")
