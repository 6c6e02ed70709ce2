"""``python -m scoring``: exit status, output, and never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from scoring.__main__ import main
from tests.unit.scoring.made import official, s_rows, s_truth, u_rows

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a good file, a short one, an odd one and labels of SIQA-S."""
    (tmp_path / "good.json").write_bytes(official(s_rows(), "S", team="队"))
    (tmp_path / "short.json").write_bytes(official(s_rows(5), "S"))
    (tmp_path / "odd.csv").write_bytes("id,perception,知识\n1,好,2\n".encode())
    (tmp_path / "labels.json").write_bytes(official(s_rows(seed=2)))
    (tmp_path / "other.json").write_bytes(official(u_rows()))
    return tmp_path


def test_an_accepted_file_exits_0_with_its_score(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON has the unrounded score."""
    assert main([str(folder / "good.json"), str(folder / "labels.json"), "--track", "siqa-s", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is True
    assert report["team"] == "队"
    assert report["n"] == s_truth().n


def test_a_refused_file_exits_1_with_its_problems(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In words, one problem after the other."""
    assert main([str(folder / "short.json"), str(folder / "labels.json"), "--track", "siqa-s"]) == 1
    assert "missing-ids" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("pred", "labels"), [("nowhere", "labels.json"), ("good.json", "nowhere"), ("good.json", "other.json")]
)
def test_a_wrong_call_exits_2(folder: Path, capsys: pytest.CaptureFixture[str], pred: str, labels: str) -> None:
    """Files that are not there, and labels of another track."""
    assert main([str(folder / pred), str(folder / labels), "--track", "siqa-s"]) == 2
    assert capsys.readouterr().err.startswith("scoring: ")


def test_a_wrong_option_exits_2(capsys: pytest.CaptureFixture[str]) -> None:
    """As argparse does."""
    with pytest.raises(SystemExit) as caught:
        main(["a", "b", "--track", "siqa-x"])
    assert caught.value.code == 2
    assert "siqa-x" in capsys.readouterr().err


def test_odd_letters_do_not_break_an_ascii_terminal(folder: Path) -> None:
    """The real command, with the file's own words in its answer."""
    command = [
        sys.executable,
        "-m",
        "scoring",
        str(folder / "odd.csv"),
        str(folder / "labels.json"),
        "--track",
        "siqa-s",
    ]
    env = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=env)
    assert (done.returncode, done.stderr) == (1, "")
    assert "missing-column" in done.stdout
