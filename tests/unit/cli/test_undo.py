"""Every command of the table only looks, or says how it is taken back, or that it is not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from mailbot.cli.app import COMMANDS, load

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOKS = frozenset(
    {
        "audit list", "audit verify", "disputes", "docs", "doctor", "entries", "ids", "items", "mails list", "man",
        "outbox list", "outbox show", "score", "similar", "simulate-attack", "status", "stuck list", "stuck show",
        "submissions list", "submissions show", "teams list", "top", "trace", "truth diff", "truth list", "verify",
    }
)  # fmt: skip
"""Commands that change nothing; `entries --save` and `submissions show --save` write files."""

OWN_WORK = frozenset({"desk", "ingest", "once", "run", "send"})
"""What the daemon does by itself, as mails come and letters are owed; and the desk, whose acts ask in the browser."""


def _leaves(name: str, command: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401  # typer's click is its own matter
    for word, below in getattr(command, "commands", {}).items():
        yield from _leaves(f"{name} {word}", below)
    if not getattr(command, "commands", None):
        yield name, command


EVERY = {name: command for top in COMMANDS for name, command in _leaves(top, load(top))}
"""The commands with no command below them, by name."""

CHANGING = sorted(EVERY.keys() - LOOKS)


def undo(name: str) -> str:
    """Return what the help of a command says of its inverse; "" for nothing."""
    found = re.search(r"^Undo: (.+)\Z", EVERY[name].help, re.MULTILINE | re.DOTALL)
    return found[1].strip() if found else ""


def test_what_only_looks_is_there() -> None:
    """No name of the list is one that no command has any more."""
    assert EVERY.keys() >= LOOKS


@pytest.mark.parametrize("name", CHANGING)
def test_a_command_names_its_inverse_or_says_that_it_has_none(name: str) -> None:
    """The last paragraph of its help does, and what it names is there."""
    said = undo(name)
    assert said
    assert (
        said == "none."
        or "none" in said
        or "`" in said
        or re.match("each act|the same command|delete|empty|move|not needed", said)
    )
    for named in re.findall(r"`mailbot ([^`]+)`", said):
        assert named in EVERY or named in {"board", "truth"}


@pytest.mark.parametrize("name", sorted(name for name in CHANGING if "none" in undo(name) and name not in OWN_WORK))
def test_what_has_no_inverse_can_be_told_not_to_ask(name: str) -> None:
    """So it asks."""
    assert any("--yes" in option.opts for option in EVERY[name].params)
