"""The journal: a line for each event, as JSON or for people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mailbot.system import journal

if TYPE_CHECKING:
    import pytest


def test_an_event_is_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    """Whatever a team has written into a field: it is made harmless and cut."""
    journal.set_up(as_json=True)
    journal.event("mail-taken", subject="a\nb\x1b[31m" + "c" * 1000, size=3)
    (line,) = capfd.readouterr().err.splitlines()
    told = json.loads(line)
    assert (told["event"], told["level"], told["size"]) == ("mail-taken", "info", 3)
    assert "\n" not in told["subject"]
    assert "\x1b" not in told["subject"]
    assert len(told["subject"]) <= 300


def test_a_quiet_journal_has_warnings_only(capfd: pytest.CaptureFixture[str]) -> None:
    """As a command wants it that has its own output."""
    journal.set_up(as_json=True, quiet=True)
    journal.event("mail-taken")
    journal.trouble("mailbox-lost", why="closed")
    (line,) = capfd.readouterr().err.splitlines()
    assert (json.loads(line)["event"], json.loads(line)["level"]) == ("mailbox-lost", "warning")
