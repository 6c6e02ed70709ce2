"""The organizers' command: real programs, their failures told and never raised, ended in time with their children."""

from __future__ import annotations

import stat
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mailbot.board import publish as site_command
from mailbot.config.load import build
from mailbot.errors import ConfigError
from mailbot.ledger import outbox
from tests.groups import wait_for_the_end_of
from tests.unit.services import NOW, Clock, served

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.service import Service

PYTHON = sys.executable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a site's folder whose name has a space."""
    made = tmp_path / "the site"
    made.mkdir()
    (made / "index.html").write_text("board", encoding="utf-8")
    return made


def run(command: str, folder: Path, *, seconds: float = 30) -> str:
    """Run a command."""
    return site_command.run_command(command, folder, seconds=seconds, log=folder.parent / "log")


def test_it_gets_the_folder(folder: Path) -> None:
    """As a word of its own, whatever the name, as the folder it runs in, and in its environment; no shell reads it."""
    assert run("cp {folder}/index.html ../copied", folder) == ""
    assert (folder.parent / "copied").read_text(encoding="utf-8") == "board"
    code = f"import os; print(os.environ['{site_command.FOLDER}'], '$HOME; *')"
    assert run(f'{PYTHON} -c "{code}"', folder) == ""
    assert (folder.parent / "log").read_text(encoding="utf-8") == f"{folder} $HOME; *\n"


def test_what_it_says_is_for_us_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log cannot be read by others, no sentence holds what it said, and our passwords are not named to it."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials/mailbot")
    code = "import os, sys; print('token 123', 'CREDENTIALS_DIRECTORY' in os.environ); sys.exit(3)"
    told = run(f'{PYTHON} -c "{code}"', folder)
    assert told == "page.command ended with exit code 3."
    log = folder.parent / "log"
    assert log.read_text(encoding="utf-8") == "token 123 False\n"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_a_program_that_is_not_there(folder: Path) -> None:
    """It is told, not raised."""
    assert run("/nowhere/rsync {folder}", folder) == "page.command could not be started (No such file or directory)."


@pytest.mark.parametrize(
    "both",
    ["trap '' TERM; sleep 600 & sleep 600", "(trap '' TERM; exec sleep 600) & exec sleep 600"],
    ids=["deaf parent, deaf child", "deaf child"],
)
def test_it_is_ended_with_what_it_started(both: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its time the command and its child are gone, also where only the child does not care for SIGTERM."""
    monkeypatch.setattr(site_command, "GRACE", 0.1)
    assert run(f'sh -c "echo $$; {both}"', folder, seconds=2) == "page.command was ended after 2 seconds."
    wait_for_the_end_of(int((folder.parent / "log").read_text(encoding="utf-8")))


def test_a_command_that_is_no_command_is_a_mistake_of_the_config(tmp_path: Path) -> None:
    """A quote without its other half is named with its key."""
    given = {"preset": "siqa", "challenge": {"address": "a@x.org"}, "page": {"command": "sh -c 'oops"}}
    with pytest.raises(ConfigError, match=r"page\.command: .*No closing quotation"):
        build(given, base=tmp_path)


def _letters(service: Service) -> list[str]:
    with service.ledger.read() as tx:
        return [row.subject for row in outbox.listing(tx) if row.kind == "health-page"]


def test_failure_is_told_once_and_the_board_is_out(tmp_path: Path) -> None:
    """The organizers hear of it, and again when it is well; each board is published and kept all the same."""
    clock = Clock(NOW)
    with served(tmp_path, clock, page={"command": "test -e ../../ok"}) as service:
        for _ in range(2):
            clock.forward(weeks=1)
            assert service.weekly.step()
        assert _letters(service) == ["[mailbot] the command after publishing the results page failed"]
        (service.config.published / "ok").touch()
        clock.forward(weeks=1)
        assert service.weekly.step()
        assert _letters(service)[1:] == ["[mailbot] fixed: the command after publishing the results page succeeded"]
        assert (service.config.published / "page" / "index.html").is_file()
    assert clock.now - NOW == timedelta(weeks=3)
