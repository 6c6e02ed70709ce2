"""What the commands share: no reason may hold an address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import typer

from mailbot.cli.app import app
from mailbot.cli.common import nameless

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.cli.conftest import Shell


def reasons(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401  # typer's click is its own matter
    """Yield every command with an option --why, with that option, of a command and of those below it."""
    yield from ((name, (command, one)) for one in command.params if one.name == "why")
    for word, below in getattr(command, "commands", {}).items():
        yield from reasons(below, f"{name} {word}".strip())


REASONS = dict(reasons(typer.main.get_command(app)))


@pytest.mark.parametrize("name", REASONS)
def test_no_reason_may_name_an_address(name: str) -> None:
    """It would stay in the trail, in every export of it, and behind `forget`."""
    command, option = REASONS[name]
    context = typer.Context(command)
    with pytest.raises(typer.BadParameter, match="name no address: the reason is kept permanently"):
        option.process_value(context, "used test labels, told by ada@peepers.example")
    assert option.process_value(context, "a broken image") == "a broken image"


@pytest.mark.parametrize("why", ["ada＠peepers.example", "(<Ada+x@Peepers.Example>)", "由ada@例子.中国告知"])  # noqa: RUF001  # a full-width sign
def test_an_address_is_known_in_any_writing(why: str) -> None:
    """Full-width, in brackets, in a text without spaces."""
    with pytest.raises(typer.BadParameter):
        nameless(why)


@pytest.mark.parametrize("why", ["", "mAP@0.5 was computed wrong.", "P@1, recall@5. Both", "@ada said so", "a @ b.c"])
def test_what_is_no_address_may_be_said(why: str) -> None:
    """Measures have an @ too."""
    assert nameless(why) == why


def test_a_refused_reason_is_told_in_a_sentence(shell: Shell) -> None:
    """Without the address, with exit code 2."""
    out, err = shell("teams", "hide", "Peepers", "--why", "told by ada@peepers.example", code=2)
    assert "name no address: the reason is kept permanently" in " ".join(err.replace("│", " ").split())
    assert "ada@" not in out + err
