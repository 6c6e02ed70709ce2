"""The commands: exit codes, that they never end in a traceback, and that the table lists them as they are."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING

import pytest
import typer

from mailbot.cli.app import COMMANDS, load
from tests.command import mailbot
from tests.contest.contest import write_config

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cli.conftest import Shell


@pytest.mark.parametrize(
    "arguments",
    [
        ("score",),
        ("score", "missing.json", "--track", "siqa-s"),
        ("score", "s.json", "--track", "siqa-x"),
        ("score", "s.json", "--track", "missing.toml", "--labels", "labels.json"),
        ("score", "s.json", "--track", "track.toml"),
        ("score", "s.json", "--track", "siqa-s", "--bootstrap", "0"),
        ("simulate-attack", "--track", "siqa-u"),
        ("simulate-attack", "--policy", "open"),
        ("simulate-attack", "--mails", "10,many"),
        ("simulate-attack", "--split", "0.01"),
        ("score", "s.json", "--track", "siqa-u"),
        ("score", "s.json", "--track", "siqa-s", "--labels", "missing.json"),
        ("score", "s.json", "--track", "siqa-s", "--labels", "config.toml"),
        ("score", ".", "--track", "siqa-s"),
        ("nonsense",),
        ("submissions", "show", "S-000001"),
        ("submissions", "show", "nonsense"),
        ("outbox", "show", "R-1"),
        ("rescore", "--submission", "S-000009"),
        ("rescore", "--tell", "--silent"),
        ("verify", "S-000009"),
        ("verify", "S-000009", "--signature", "n=9"),
        ("once",),
        ("send",),
        ("--config", "missing.toml", "teams", "list"),
        ("teams", "list", "--config", "missing.toml"),
        ("teams", "add", "Alpha", "nobody"),
        ("ingest", "missing.eml"),
    ],
)
def test_a_wrong_call_is_exit_code_2(shell: Shell, arguments: tuple[str, ...]) -> None:
    """What cannot be done is said in a sentence on standard error, and nothing is printed."""
    shell.predictions()
    out, err = shell(*arguments, code=2)
    assert err.strip()
    assert "Traceback" not in err
    assert out == "" or "Usage" in out


@pytest.mark.parametrize(
    "arguments",
    [
        ("status",),
        ("top", "--once"),
        ("trace", "M-1"),
        ("mails", "list"),
        ("teams", "list"),
        ("disputes",),
        ("audit", "verify"),
        ("board",),
        ("verify", "S-1"),
        ("truth", "list"),
        ("truth", "diff"),
    ],
)
def test_who_only_looks_begins_no_ledger(shell: Shell, arguments: tuple[str, ...]) -> None:
    """A `state` with a typing error shows no empty contest, and no folder is made for it."""
    _, err = shell(*arguments, code=2)
    assert f"no ledger in {shell.folder / 'state'} yet" in err
    assert not (shell.folder / "state").exists()


@pytest.mark.parametrize("command", ["board", "once"])
def test_a_split_that_leaves_too_little_names_its_key(shell: Shell, command: str) -> None:
    """Exit code 2 keeps systemd from starting it for ever."""
    write_config(shell.folder, split={"public": 0.1})
    (shell.folder / "state").mkdir()
    _, err = shell(command, code=2)
    assert err.startswith("mailbot: split.public: 0.1 of the 12 items of siqa-s leaves a part too small: ")


@pytest.mark.parametrize("command", ["board", "once"])
def test_a_file_in_the_place_of_the_state_names_its_key(shell: Shell, command: str) -> None:
    """The folder of ledger and lock cannot be made."""
    write_config(shell.folder)
    (shell.folder / "state").touch()
    _, err = shell(command, code=2)
    assert err.startswith(f"mailbot: state: {shell.folder}/state cannot be used (")


def test_a_mail_can_be_followed_through_the_commands(shell: Shell) -> None:
    """ingest, submissions, outbox, mails, rescore, board and publish tell of one mail."""
    shell("teams", "add", "Alpha", "a@x.org")
    data = (shell.folder / shell.predictions()).read_text()
    (shell.folder / "mail.eml").write_text(
        "Received: from a by b; Thu, 12 Mar 2026 08:00:00 +0000\nFrom: a@x.org\nSubject: x\n"
        f"Content-Type: application/json; name=s.json\n\n{data}\n"
    )
    (mail,) = shell.json("ingest", "mail.eml")
    assert mail["outcome"] == "scored", mail["reason"]
    (submission,) = shell.json("submissions", "list")
    assert mail["submissions"][0] == {key: submission[key] for key in ("receipt", "track", "status", "score")}
    assert submission["arrived_at"] == "2026-03-12T16:00:00+08:00"
    assert shell.json("submissions", "show", "s1") == [submission]
    shown, _ = shell("submissions", "show", "s1")
    assert f"score        {submission['score']:.4f}\n" in shown
    assert f"Perception SRCC {submission['metrics']['perception_srcc']:.4f}, " in shown
    assert "{" not in shown
    assert [row["mail"] for row in shell.json("mails", "list")] == [submission["mail"]]
    assert [row["state"] for row in shell.json("outbox", "list")] == ["queued"]
    shown, _ = shell("outbox", "show", "R-000001")
    assert "To: a@x.org" in shown
    assert "S-000001 | SIQA-S | accepted" in shown
    verified = shell.json("verify", "s1")
    assert (verified["ok"], verified["scores"][0]["agrees"], verified["signature"]) == (True, True, None)
    line = verified["scores"][0]["signature"]
    assert "Score and measures agree" in shell("verify", "S-000001", "--signature", line)[0]
    shown, _ = shell("verify", "S-000001", "--signature", line.replace("n=8", "n=9"), code=1)
    assert "items: quoted 9, the ledger has 8" in shown
    assert shell.json("rescore", "--dry-run") == {"submissions": 0, "told": 0, "changes": []}
    rows = [row for row in shell.json("board") if not row.get("baseline")]
    assert {row["team"] for row in rows} == {"Alpha"}
    shell("publish", "--dry-run")
    assert not (shell.folder / "state" / "published").exists()
    shell("publish")
    assert (shell.folder / "state" / "published" / "page" / "index.html").exists()
    for listing in ("submissions", "outbox", "mails", "teams"):
        assert shell(listing, "list")[0].strip()


def test_help_loads_nothing_slow() -> None:
    """--help answers without the database, the arrays or the config library."""
    code = (
        "import sys; sys.argv = ['mailbot', '--help']\n"
        "from mailbot.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "print([m for m in ('sqlalchemy', 'numpy', 'pydantic', 'jinja2', 'pandas', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "ingest" in done.stdout


@pytest.mark.parametrize("option", ["--version", "--help", "-h"])
def test_a_question_is_answered(shell: Shell, option: str) -> None:
    """What mailbot is, and which."""
    assert "mailbot" in shell(option)[0]


def test_help_shows_six_groups() -> None:
    """In the order in which an organizer needs them."""
    assert list(dict.fromkeys(listed.group for listed in COMMANDS.values())) == [
        "Set up",
        "Run",
        "Score",
        "Publish",
        "Maintain",
        "Inspect",
    ]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_lists_a_command_as_it_is(name: str) -> None:
    """Its name, its group and the first paragraph of its help: a list of commands loads none of their modules."""
    command, listed = load(name), COMMANDS[name]
    assert (command.name, command.rich_help_panel) == (name, listed.group)
    assert " ".join(command.help.split("\n\n")[0].split()) == listed.help


def test_every_command_with_subcommands_is_listed() -> None:
    """Each app of a module has its line in the table."""
    listed = {one.place for one in COMMANDS.values()}
    for module in {place.partition(":")[0] for place in listed}:
        found = vars(import_module(f"mailbot.cli.{module}"))
        apps = {name for name, value in found.items() if isinstance(value, typer.Typer)}
        assert {f"{module}:{name}" for name in apps} <= listed


def test_a_misspelt_command_is_told_the_right_one(shell: Shell) -> None:
    """As typer does it, although no command is loaded yet."""
    assert "Did you mean 'publish'?" in shell("publsh", code=2)[1]


def test_a_shell_completes_what_is_below_a_command(tmp_path: Path) -> None:
    """The command's module is loaded for it: subcommands and options are known there alone."""

    def completed(words: str) -> list[str]:
        asked = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
        return mailbot(folder=tmp_path, environment={"_MAILBOT_COMPLETE": "complete_bash", **asked}).out.split()

    assert completed("mailbot truth v") == ["void"]
    assert completed("mailbot truth diff --v") == ["--values"]
    assert completed("mailbot score --boot") == ["--bootstrap"]


@pytest.mark.parametrize("module", ["status", "submissions"])
def test_a_command_that_only_looks_loads_little(module: str) -> None:
    """Neither what scores, nor what speaks to servers, nor what writes mails, pages or the journal."""
    slow = {"numpy", "structlog", "jinja2", "babel", "imapclient", "msgspec", "mailbot.service", "mailbot.evaluation"}
    code = f"import sys, mailbot.cli.{module}; print(*sys.modules)"
    loaded = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True).stdout.split()
    assert "mailbot.ledger" in loaded
    assert slow.isdisjoint(loaded)


def test_what_is_imported_lazily_is_there_when_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module, a module of a package and a name of a module are loaded by their first use, and then are the same."""
    (tmp_path / "lazy_package").mkdir()
    (tmp_path / "lazy_package/__init__.py").write_text("")
    (tmp_path / "lazy_package/inner.py").write_text("def double(number):\n    return 2 * number\n")
    (tmp_path / "lazy_user.py").write_text(
        "from mailbot import lazily\n"
        "with lazily(__name__):\n"
        "    import lazy_package\n"
        "    from lazy_package import inner\n"
        "    from lazy_package.inner import double\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    user = import_module("lazy_user")
    assert "lazy_package" not in sys.modules
    assert user.double(4) == user.inner.double(4) == user.lazy_package.inner.double(4) == 8
    assert user.inner.double is sys.modules["lazy_package.inner"].double
    for name in ("lazy_user", "lazy_package", "lazy_package.inner"):
        monkeypatch.delitem(sys.modules, name)
