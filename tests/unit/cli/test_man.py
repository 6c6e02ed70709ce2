"""`mailbot man`: the manual page is made from the commands."""

from __future__ import annotations

import shutil
import subprocess
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from typer.main import get_command

from mailbot.cli.app import app
from mailbot.cli.man import page
from tests.command import MAILBOT, mailbot
from tests.test_docs import commands

if TYPE_CHECKING:
    from pathlib import Path

GROFF = shutil.which("groff")

PAGE = page(get_command(app))


@pytest.mark.parametrize("command", list(commands()))
def test_every_command_is_in_it(command: str) -> None:
    """Each has a section of its own."""
    escaped = command.replace("-", "\\-")
    assert any(line == f".SS {escaped}" or line.startswith(f".SS {escaped} ") for line in PAGE.splitlines())


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ("--labels TRACK=FILE", "A label file to copy; may be repeated."),
        ("--mails N,N,...", "[default: 10,30,100,300]"),
        ("--bootstrap B", "[1<=x<=100000]"),
        ("--why <str>", "kept permanently. [required]"),
        ("DIR <path>", "Folder to write to; created if missing. [required]"),
    ],
)
def test_it_tells_what_help_tells(names: str, told: str) -> None:
    """What value an option wants, its default and range, and whether it must be given; arguments as well."""
    heading = f"\\fB{names}\\fR".replace("-", "\\-")
    lines = PAGE.splitlines()
    assert any(told in after for line, after in pairwise(lines) if line == heading)


@pytest.mark.skipif(GROFF is None, reason="the page is made without groff; where it is, it must take the page")
def test_roff_takes_it_without_a_warning() -> None:
    """The formatter has nothing to say against it, and shows an option of a command."""
    done = subprocess.run(
        (str(GROFF), "-man", "-Tascii", "-ww", "-P-c"), input=PAGE, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert "--dry-run" in done.stdout


def test_a_shell_completes_the_commands(tmp_path: Path) -> None:
    """Bash is given a script, and that script is given the commands which begin so."""
    asked = {"_MAILBOT_COMPLETE": "complete_bash", "COMP_WORDS": "mailbot for", "COMP_CWORD": "1"}
    assert mailbot(folder=tmp_path, environment=asked).out.split() == ["forget"]
    shell = ("bash", "-c", f"{MAILBOT} --show-completion; exit")  # one that stays, so that it can be told which it is
    done = subprocess.run(shell, capture_output=True, text=True, check=True)
    assert "complete -o default -F _mailbot_completion mailbot" in done.stdout
