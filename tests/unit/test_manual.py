"""`mailbot man`: the manual page is made from the commands."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from typer.main import get_command

from mailbot.cli.app import app
from mailbot.cli.manual import page
from tests.unit.test_docs import commands

PAGE = page(get_command(app))


@pytest.mark.parametrize("command", list(commands()))
def test_every_command_is_in_it(command: str) -> None:
    """Each has a section of its own."""
    escaped = command.replace("-", "\\-")
    assert any(line == f".SS {escaped}" or line.startswith(f".SS {escaped} ") for line in PAGE.splitlines())


def test_roff_takes_it_without_a_warning() -> None:
    """The formatter has nothing to say against it, and shows an option of a command."""
    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("there is no groff on this machine")
    done = subprocess.run(
        (groff, "-man", "-Tascii", "-ww", "-P-c"), input=PAGE, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert "--dry-run" in done.stdout
