"""The documentation names every command, event and word; a new one cannot be forgotten."""

from __future__ import annotations

import re
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer.main

from mailbot import __version__
from mailbot.cli.app import app
from mailbot.config.errors import nearest_model
from mailbot.config.schema import Config
from mailbot.intake.sender import THANKS
from mailbot.ledger import events
from mailbot.mail.automatic import ABSENCE
from mailbot.model import MailState, Outcome, ReplyState, Status
from tests.bench import ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[1]
PAGES = [
    *sorted(page for page in (ROOT / "docs").rglob("*.md") if ROOT / "docs/reference" not in page.parents),
    *sorted((ROOT / ".github").glob("*.md")),
    ROOT / "README.md",
]
OPERATIONS = "\n".join(
    page.read_text(encoding="utf-8") for page in PAGES if page.parent.name in {"operations", "how-to"}
)


def commands() -> Iterator[str]:
    """Yield every command as it is typed."""
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]  # the app is a group
        inner = getattr(command, "commands", {})
        yield from (f"mailbot {name} {sub}" for sub in inner) if inner else iter([f"mailbot {name}"])


def test_every_command_is_documented() -> None:
    """The pages of operation name each command."""
    assert [command for command in commands() if f"`{command}" not in OPERATIONS] == []


def test_every_word_of_a_listing_is_documented() -> None:
    """The pages of operation name each state, outcome and status."""
    words = [*MailState, *Outcome, *Status, *ReplyState]
    assert [word for word in words if f"`{word}`" not in OPERATIONS] == []


def test_every_event_of_the_journal_is_documented() -> None:
    """The pages of operation name each event that the code writes to the journal."""
    code = "\n".join(path.read_text() for path in (ROOT / "mailbot").rglob("*.py"))
    written = set(re.findall(r'journal\.(?:event|trouble)\(\s*"([a-z-]+)"', code))
    assert written
    assert not {event for event in written if f"`{event}`" not in OPERATIONS}


def test_every_kind_of_the_audit_trail_is_known() -> None:
    """`mailbot audit list --kind` knows each kind that the code writes, and says so of any other."""
    written: set[str] = set()
    for path in (ROOT / "mailbot").rglob("*.py"):
        code = path.read_text()
        written |= set(re.findall(r'(?:events\.append\(\s*tx, |Told\()\s*kind="([a-z-]+)"', code))
        for constant in re.findall(r"events\.append\(\s*tx,\s*kind=([A-Z_]+)", code):
            written |= set(re.findall(rf'(?m)^{constant} = "([a-z-]+)"', code))
    assert len(written) > 40
    assert {"board-withdrawn", "mail-spooled", "strangers-told"} <= written
    assert written - events.KINDS == set()


def test_every_bench_has_its_row() -> None:
    """The page of figures has a row for each name that ``make bench`` measures, and for no other."""
    page = (ROOT / "docs/performance.md").read_text(encoding="utf-8")
    cells = re.findall(r"^\| (`.*?)[:|]", page, re.MULTILINE)
    named = [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]
    assert sorted(named) == sorted(name for names in ROWS.values() for name in names)


def test_no_page_is_long() -> None:
    """A page answers one question, so that nobody has to search in it."""
    lines = {str(page.relative_to(ROOT)): page.read_text(encoding="utf-8").count("\n") for page in PAGES}
    assert {name: count for name, count in lines.items() if count > 250} == {}


def test_every_page_that_a_text_names_is_there() -> None:
    """Messages, comments and pages say where to read on; a page that moves takes them along."""
    sources = [
        *(path for folder in ("mailbot", "scoring") for path in (ROOT / folder).rglob("*.py")),
        *(ROOT / "docs" / "examples").rglob("*.toml"),
        ROOT / "config.example.toml",
        *PAGES,
    ]
    text = "\n".join(source.read_text(encoding="utf-8") for source in sources)
    named = set(re.findall(r"(?<![\w/.])docs/[\w/-]+\.md\b", text)) - {"docs/reference/index.md"}
    assert len(named) > 15
    assert sorted(name for name in named if not (ROOT / name).is_file()) == []


def test_the_changelog_names_the_version() -> None:
    """CHANGELOG.md has a section for the version that the package says."""
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("page", ["architecture.md", "flow.md"])
def test_every_module_that_a_page_names_is_there(page: str) -> None:
    """A module that moves takes its place in the documentation along."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    named = set(re.findall(r"(?<![\w/.])((?:\w+/)*\w+\.py)\b", text))
    assert len(named) > 20
    places = (ROOT, ROOT / "mailbot")
    assert {name for name in named if not any((place / name).is_file() for place in places)} == set()


def test_the_walks_of_the_architecture_name_what_is_there() -> None:
    """Each line of a walk names a module and what in it is called: a class, its method, a function."""
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    lines = re.findall(r"^    ([\w/]+\.py) +([A-Za-z_.]+(?:, \w+)*)?  ", text, re.MULTILINE)
    assert len(lines) > 20
    for path, names in lines:
        module = import_module("mailbot." + path.removesuffix(".py").replace("/", "."))
        for name in filter(None, names.split(", ")):
            assert attrgetter(name)(module), f"{path}: {name}"


def test_every_silence_is_explained() -> None:
    """docs/no-answer.md has each outcome that may be silent, and each reason that a mail looks automatic for."""
    page = (ROOT / "docs/no-answer.md").read_text(encoding="utf-8")
    silent = {"unknown-sender", "automatic", "own", "known", "held", "confirmed", "no-submission", "set-aside"}
    assert silent <= {*Outcome, *MailState}
    code = (ROOT / "mailbot/mail/automatic.py").read_text(encoding="utf-8")
    strong = re.findall(r'Sign\.(?:LOOP|REPORT|REPLY), "([^"]+)"', code)
    assert len(strong) > 5
    assert {word for word in silent if f"`{word}`" not in page} == set()
    assert {reason for reason in [*strong, ABSENCE, THANKS] if f"“{reason}”" not in page} == set()


def test_every_test_that_a_page_names_is_there() -> None:
    """Whoever reads that something is held by a test finds it."""
    named = {name for page in PAGES for name in re.findall(r"tests/[\w/]+\.py", page.read_text(encoding="utf-8"))}
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


MAKE = re.compile(r"`make ([a-z-]+)")


def test_each_task_says_how_it_is_undone() -> None:
    """docs/tasks.md has a row for each task: task, command, expected, warned of, undo; none of them empty."""
    page = (ROOT / "docs/tasks.md").read_text(encoding="utf-8")
    rows = [line.strip("|").split(" | ") for line in page.splitlines() if re.match(r"\| \d+\. ", line)]
    assert len(rows) == 17
    assert all(len(row) == 5 and all(cell.strip() for cell in row) for row in rows)


CODE = re.compile(r"```.*?```|`[^`]+`", re.DOTALL)
CALL = re.compile(r"(?<![\w/.@\[-])mailbot((?:[ ]+(?:\\\n)?[^\s#&;|`)]+)+)")
OPTION = re.compile(r"--[a-z][a-z-]*")
KEY = re.compile(r"`([a-z_]+)\.([a-z_]+)(?: = [^`]*)?`")
FILES = {"py", "csv", "json", "jsonl", "xlsx", "secret"}
"""Endings of files that are named as a section is."""
ROOT_COMMAND = typer.main.get_command(app)
WHOLE = {"--config", "--version", "--help", "--install-completion", "--show-completion"}
"""Options of mailbot itself, which stand before or after a command."""


def calls(page: Path) -> list[str]:
    """Return what follows the word mailbot in the code of a page, without shell comments."""
    codes = (re.sub(r"\s#.*", "", code) for code in CODE.findall(page.read_text(encoding="utf-8")))
    return [call for code in codes for call in CALL.findall(code)]


def options(path: str) -> set[str]:
    """Return the options of a command, by its words."""
    command = ROOT_COMMAND
    for word in path.split():
        command = command.commands[word]  # type: ignore[attr-defined]  # a group, or there is no further word
    return {name for param in command.params for name in (*param.opts, *param.secondary_opts)}


def mistake(words: list[str], known: Mapping[str, set[str]]) -> str:
    """Say what is wrong with a call of mailbot as a page writes it; "" when nothing is."""
    named = [word for word in words if not word.startswith(("-", "/", "["))]
    path = next((p for n in (2, 1) if (p := " ".join(named[:n])) in known), None)
    if path is None and named and not named[0].isupper():
        return f"no command {' '.join(named[:2])!r}"
    allowed = WHOLE | (known[path] if path else set())
    said = {option for word in words for option in OPTION.findall(word)}
    return f"{path} has no {sorted(said - allowed)}" if said - allowed else ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_names_is_there(page: Path) -> None:
    """Commands, subcommands and options in the code of the pages are those of the command line."""
    names = [command.removeprefix("mailbot ") for command in commands()]
    groups = {name.split()[0] for name in names if " " in name}  # a group may have options of its own, as board
    known = {name: options(name) for name in {*names, *groups}}
    told = {mistake(call.replace("\\\n", " ").split(), known) for call in calls(page)}
    assert told - {""} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_key_that_a_page_names_is_there(page: Path) -> None:
    """`section.key` in a page is a key of the config, where the section is one."""
    named = KEY.findall(page.read_text(encoding="utf-8"))
    sections = {name for name in Config.model_fields if nearest_model(name) is not Config}
    wrong = [
        f"{section}.{key}"
        for section, key in named
        if section in sections - {"tracks"} and key not in {*FILES, *nearest_model(section).model_fields}
    ]
    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_target_that_a_page_names_is_there(page: Path) -> None:
    """`make word` is a target of the Makefile."""
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8")))
    assert set(MAKE.findall(page.read_text(encoding="utf-8"))) - targets == set()


def test_the_pages_do_name_commands_and_keys() -> None:
    """The two tests above look at something."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert sum(len(calls(page)) for page in PAGES) > 50
    assert len(KEY.findall(text)) > 20
