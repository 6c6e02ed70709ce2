"""A folder with a config, in which commands are called in this very process."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from mailbot.cli import main
from tests.unit.services import LABELS

if TYPE_CHECKING:
    from pathlib import Path


CONFIG = """\
preset = "siqa"
[challenge]
address = "submissions@siqa.example"
[tracks.siqa-s]
labels = "labels.json"
"""


class Shell:
    """Calls commands in a folder with a config, as a person would."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        """Lay out the folder and go there."""
        self.folder = folder
        self._monkeypatch, self._capsys = monkeypatch, capsys
        (folder / "config.toml").write_text(CONFIG)
        (folder / "labels.json").write_bytes((LABELS / "answer-s.json").read_bytes())
        monkeypatch.chdir(folder)

    def __call__(self, *arguments: str, code: int = 0) -> tuple[str, str]:
        """Call a command, which must end with the exit code; return what it printed, and what it said of trouble."""
        self._monkeypatch.setattr(sys, "argv", ["mailbot", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self._capsys.readouterr()
        assert (ended.value.code or 0) == code, out + err
        return out, err

    def json(self, *arguments: str, code: int = 0) -> Any:  # noqa: ANN401  # any JSON
        """Call a command with --json and read what it printed."""
        return json.loads(self(*arguments, "--json", code=code)[0])

    def predictions(self, name: str = "s.json", rows: int = 8, *, turned: bool = False) -> str:
        """Write a result file and return its name; it scores 0, and more than that when it is ``turned``."""
        rising, falling = ("knowledge", "perception") if turned else ("perception", "knowledge")
        items = [{"id": n, rising: n / 2, falling: 5 - n / 2} for n in range(1, rows + 1)]
        (self.folder / name).write_text(json.dumps({"team": "T", "method": "M", "track": "S", "predictions": items}))
        return name


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Give a folder to call commands in."""
    return Shell(tmp_path, monkeypatch, capsys)
