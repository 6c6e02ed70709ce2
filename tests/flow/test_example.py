"""docs/scoring/example.md: every command that it shows is run, and prints what it says."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from tests.command import mailbot

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "leaves"
LEFT_OUT = "…"
DOCS = (ROOT / "docs" / "scoring" / "example.md").read_text(encoding="utf-8")


def shown() -> Iterator[tuple[str, list[str]]]:
    """Yield each command of the worked example with the lines that it is said to print."""
    lines = [line[4:] for line in DOCS.splitlines() if line.startswith("    ") or not line]
    for block in re.split(r"(?m)^\$ ", "\n".join(lines))[1:]:
        command, _, printed = block.partition("\n")
        yield command, printed.rstrip("\n").splitlines()


def test_every_command_prints_what_the_document_says(tmp_path: Path) -> None:
    """In the order shown; where it has a line of three dots, anything may stand. Each track is ranked its own way."""
    folder = Path(shutil.copytree(EXAMPLE, tmp_path / "leaves"))
    commands = list(shown())
    assert {"score", "ingest", "outbox", "board", "verify", "publish"} <= {words.split()[1] for words, _ in commands}
    for command, expected in commands:
        program, *arguments = shlex.split(command)
        assert program == "mailbot"
        printed = mailbot(*arguments, folder=folder, environment={"COLUMNS": "110"}).out
        assert not missing(expected, [line.rstrip() for line in printed.splitlines()]), f"{command}\n{printed}"
    rows = mailbot("board", "--json", folder=folder).json
    assert [(row["table"], row["rank"], row["team"], row["score"]) for row in rows] == [
        ("leaves", 1, "Herbarium", 76.285),
        ("mass", 1, "Botanica", 0.24),
        ("mass", 2, "Herbarium", 0.367),
    ]


def missing(expected: list[str], printed: list[str]) -> str:
    """Return the first line that is expected and does not come next; "" when all do. Versions of mailbot may differ."""
    rest, anywhere = iter(map(_of_any_version, printed)), False
    for line in map(_of_any_version, expected):
        if line == LEFT_OUT:
            anywhere = True
            continue
        found = next((each for each in rest if each == line), None) if anywhere else next(rest, None)
        if found != line:
            return line
        anywhere = False
    return ""


def _of_any_version(line: str) -> str:
    return re.sub(r" mailbot=\S+", " mailbot=", line)


def test_a_line_that_is_not_printed_is_missed() -> None:
    """The comparison above can fail."""
    assert missing(["a", LEFT_OUT, "d"], ["a", "b", "c", "d"]) == ""
    assert missing(["a", "c"], ["a", "b", "c"]) == "c"
    assert missing(["a", LEFT_OUT, "e"], ["a", "b"]) == "e"


def test_the_example_holds_no_more_than_it_needs() -> None:
    """Every file of it is named by its config or the document."""
    said = DOCS + (EXAMPLE / "config.toml").read_text(encoding="utf-8")
    assert not {path.name for path in EXAMPLE.iterdir() if path.name not in said}
