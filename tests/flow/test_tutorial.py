"""The tutorial: every command that it shows is run, in its order, and prints what it says."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.command import mailbot
from tests.flow.test_example import missing

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text(encoding="utf-8")


def shown() -> Iterator[tuple[str, list[str]]]:
    """Yield each command of the page, its here-document included, with the lines that it is said to print."""
    for block in re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        for each in re.split(r"(?m)^\$ ", block)[1:]:
            end = r"^END\n" if "<<'END'" in each.partition("\n")[0] else r"\n"
            command, printed = re.split(end, each, maxsplit=1, flags=re.MULTILINE)
            yield (f"{command}END\n" if end != r"\n" else command), printed.splitlines()


def test_a_contest_in_twenty_minutes(tmp_path: Path) -> None:
    """From an empty folder to a corrected label: nothing is prepared, and every screen is as shown."""
    folder = tmp_path
    commands = list(shown())
    assert {"init", "score", "ingest", "outbox", "publish", "truth", "rescore"} <= {
        words.split()[1] for words, _ in commands if words.startswith("mailbot")
    }
    for command, expected in commands:
        if command.startswith("cd "):
            folder /= command.removeprefix("cd ")
        elif command.startswith("mailbot "):
            printed = mailbot(*shlex.split(command)[1:], folder=folder, environment={"COLUMNS": "110"}).out
            assert not missing(expected, [line.rstrip() for line in printed.splitlines()]), f"{command}\n{printed}"
        else:
            done = subprocess.run(("/bin/bash", "-c", command), cwd=folder, capture_output=True, text=True, check=True)
            assert done.stdout.splitlines() == expected
