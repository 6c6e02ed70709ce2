"""A folder that is refused, and labels that a split leaves too few of, are told in a sentence that names the key."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from mailbot.cli import main
from mailbot.errors import ConfigError
from scoring.truth import load_truth
from tests.contest.contest import write_config
from tests.unit.services import Clock, served

if TYPE_CHECKING:
    from pathlib import Path


def _said(command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """Run a command in the present folder, which must end with exit code 2; return what it said on stderr."""
    monkeypatch.setattr(sys, "argv", ["mailbot", *command.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize("command", ["board", "once"])
def test_a_split_that_leaves_too_little_names_its_key(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 keeps systemd from starting it for ever."""
    write_config(tmp_path, split={"public": 0.1})
    (tmp_path / "state").mkdir()
    monkeypatch.chdir(tmp_path)
    said = _said(command, monkeypatch, capsys)
    assert said.startswith("mailbot: split.public: 0.1 of the 12 items of siqa-s leaves a part too small: ")


@pytest.mark.parametrize("command", ["board", "once"])
def test_a_file_in_the_place_of_the_state_names_its_key(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder of ledger and lock cannot be made."""
    write_config(tmp_path)
    (tmp_path / "state").touch()
    monkeypatch.chdir(tmp_path)
    assert _said(command, monkeypatch, capsys).startswith(f"mailbot: state: {tmp_path}/state cannot be used (")


def test_a_folder_that_cannot_be_written_names_its_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not even root can make a folder in /proc."""
    write_config(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["mailbot", "publish"])
    with pytest.raises(SystemExit):
        main()
    write_config(tmp_path, board={"folder": "/proc/nope"})
    for command in ("page", "publish"):
        said = _said(command, monkeypatch, capsys)
        assert said.startswith("mailbot: board.folder: /proc/nope cannot be used (")


def test_labels_that_a_split_leaves_too_few_of_are_not_chosen(tmp_path: Path) -> None:
    """They would keep mailbot from starting: what was in force stays so."""
    with served(tmp_path, Clock(), split={"public": 0.5}) as service:
        whole = service.labels.whole["siqa-s"]
        few = load_truth(b'{"predictions": [%s]}' % b",".join(_row(n) for n in range(3)), whole.track)
        with pytest.raises(ConfigError, match="leaves a part too small"):
            service.labels.choose(few, "fewer", Clock()())
        assert service.labels.whole["siqa-s"] is whole
        assert not service.labels.refresh()


def _row(number: int) -> bytes:
    return b'{"id": %d, "perception": %d, "knowledge": %d}' % (number, number, number)
