"""The tutorial and the how-to pages: every command is run and prints what is shown, every config is taken."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mailbot.config.load import build
from tests.command import mailbot
from tests.flow.test_example import missing

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parents[2] / "docs"
TUTORIAL = DOCS / "tutorial.md"
HOW_TO = [DOCS / "no-answer.md", *sorted((DOCS / "how-to").glob("*.md"))]
FENCE = re.compile(r"^```(console|toml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPECIES = {"name": "species", "choices": ["OAK", "BIRCH", "MAPLE"], "metrics": ["macro_f1"]}
#: What every example of a config stands on, where it says nothing else.
COMMON: dict[str, Any] = {
    "challenge": {"address": "submissions@leaves.example", "organizers": ["chair@leaves.example"]},
    "imap": {"host": "imap.leaves.example", "user": "submissions"},
    "smtp": {"host": "smtp.leaves.example"},
    "tracks": {"leaves": {"labels": "labels/leaves.csv", "columns": [SPECIES]}},
}


def blocks(page: Path, kind: str) -> list[str]:
    """Return the blocks of a page that are of a kind."""
    return [text for found, text in FENCE.findall(page.read_text(encoding="utf-8")) if found == kind]


def shown(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield each command of a page, its here-document included, with the lines that it is said to print."""
    for block in blocks(page, "console"):
        for each in re.split(r"(?m)^\$ ", block)[1:]:
            end = r"^END\n" if "<<'END'" in each.partition("\n")[0] else r"\n"
            command, printed = re.split(end, each, maxsplit=1, flags=re.MULTILINE)
            yield (f"{command}END\n" if end != r"\n" else command), printed.splitlines()


def follow(page: Path, folder: Path, until: str = "") -> Path:
    """Run the commands of a page in a folder; return the folder in which they end. Each must print what is shown."""
    for command, expected in shown(page):
        if until and command.startswith(until):
            break
        if command.startswith("cd "):
            folder /= command.removeprefix("cd ")
        elif command.startswith("mailbot "):
            code = 1 if command in FAILS else 0
            done = mailbot(*shlex.split(command)[1:], folder=folder, environment={"COLUMNS": "110"}, code=code)
            said = [line.rstrip() for line in done.out.splitlines()]
            assert not missing(expected, said), f"{command}\n{done.out}"
        else:
            ended = subprocess.run(("/bin/bash", "-c", command), cwd=folder, capture_output=True, text=True, check=True)
            assert ended.stdout.splitlines() == expected
    return folder


#: In the contest of the tutorial, which has no mail server, these end with exit code 1, as they should.
FAILS = {"mailbot doctor"}


def test_a_contest_in_twenty_minutes(tmp_path: Path) -> None:
    """From an empty folder to a corrected label: nothing is prepared, and every screen is as shown."""
    assert {"init", "score", "ingest", "outbox", "publish", "truth", "rescore"} <= {
        words.split()[1] for words, _ in shown(TUTORIAL) if words.startswith("mailbot")
    }
    follow(TUTORIAL, tmp_path)


@pytest.fixture(scope="module")
def contest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the contest of the tutorial, with its two mails and its first board."""
    return follow(TUTORIAL, tmp_path_factory.mktemp("tutorial"), until="ls state/published")


@pytest.mark.parametrize("page", HOW_TO, ids=lambda page: page.stem)
def test_every_command_and_config_of_a_how_to_works(page: Path, contest: Path, tmp_path: Path) -> None:
    """Commands in the contest of the tutorial, in the order of the page; then each config, over hosts and a track."""
    folder = follow(page, Path(shutil.copytree(contest, tmp_path / "contest", symlinks=True)))
    for block in blocks(page, "toml"):
        given = tomllib.loads(block)
        under = {} if "profile" in given else {section: dict(keys) for section, keys in COMMON.items()}
        merged = {
            section: {**under.get(section, {}), **keys} for section, keys in given.items() if isinstance(keys, dict)
        }
        config = build({"tracks": COMMON["tracks"], **under, **given, **merged}, base=folder, with_files=False)
        assert config.tracks


def test_each_how_to_is_tried() -> None:
    """A page that shows no command to run and no config has nothing that could be wrong, and helps nobody."""
    assert len(HOW_TO) > 15
    assert [page.stem for page in HOW_TO if not blocks(page, "console") + blocks(page, "toml")] == []
