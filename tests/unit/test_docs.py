"""The documentation names every command, event and word; a new one cannot be forgotten."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer.main

from mailbot import __version__
from mailbot.cli.app import app
from mailbot.model import MailState, Outcome, ReplyState, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
OPERATIONS = (ROOT / "docs/operations.md").read_text()


def commands() -> Iterator[str]:
    """Yield every command as it is typed."""
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]  # the app is a group
        inner = getattr(command, "commands", {})
        yield from (f"mailbot {name} {sub}" for sub in inner) if inner else iter([f"mailbot {name}"])


@pytest.mark.parametrize("command", list(commands()))
def test_every_command_is_documented(command: str) -> None:
    """docs/operations.md names each command."""
    assert f"`{command}" in OPERATIONS


@pytest.mark.parametrize("word", [*MailState, *Outcome, *Status, *ReplyState])
def test_every_word_of_a_listing_is_documented(word: str) -> None:
    """docs/operations.md names each state, outcome and status."""
    assert f"`{word}`" in OPERATIONS


def test_every_event_of_the_journal_is_documented() -> None:
    """docs/operations.md names each event that the code writes to the journal."""
    code = "\n".join(path.read_text() for path in (ROOT / "mailbot").rglob("*.py"))
    written = set(re.findall(r'journal\.(?:event|trouble)\(\s*"([a-z-]+)"', code))
    assert written
    assert not {event for event in written if f"`{event}`" not in OPERATIONS}


def test_the_changelog_names_the_version() -> None:
    """CHANGELOG.md has a section for the version that the package says."""
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_every_test_that_a_page_names_is_there() -> None:
    """Whoever reads that something is held by a test finds it."""
    pages = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"]
    named = {name for page in pages for name in re.findall(r"tests/[\w/]+\.py", page.read_text(encoding="utf-8"))}
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []
