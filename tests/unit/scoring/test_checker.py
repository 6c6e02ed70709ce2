"""The teams' checker: it says what a reply would, holds no label, and runs with nothing installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from scoring import pack
from scoring.__main__ import main
from scoring.checker import findings
from scoring.rows.ids import read_ids, write_ids
from scoring.scores.evaluate import evaluated_any
from tests.unit.scoring.made import S, U, csv_of, jsonl_of, official, s_rows, s_truth, u_rows, u_truth

if TYPE_CHECKING:
    from pathlib import Path

TRUTHS = {"siqa-s": s_truth(), "siqa-u": u_truth()}
IDS = {name: truth.ids for name, truth in TRUTHS.items()}
FILES = {
    "good s": official(s_rows(), "S"),
    "good u": jsonl_of(u_rows()),
    "constant": official([{**row, "perception": 3} for row in s_rows()], "S"),
    "short": csv_of(s_rows(5)),
    "from zero": official([{**row, "id": n} for n, row in enumerate(s_rows())], "S"),
    "twice": official([*s_rows(), *s_rows(2)], "S"),
    "no column": csv_of([{"id": n, "perception": 1.5} for n in range(1, 7)]),
    "not a number": official([{**s_rows(1)[0], "perception": "NaN"}, *s_rows()[1:]], "S"),
    "wrong track": official(s_rows(), "U"),
    "no track": official(s_rows(), "X"),
    "letters": csv_of([{**row, "precision": "Q"} for row in u_rows()]),
    "no json": b'{"predictions": [',
    "nothing": b"",
}


@pytest.mark.parametrize("name", FILES)
def test_it_says_what_the_reply_says(name: str) -> None:
    """Problems and notes are those of an evaluation, sentence for sentence."""
    evaluation = evaluated_any(FILES[name], TRUTHS, name="file").evaluation
    (found,) = findings(FILES[name], IDS, [S, U], name="file")
    assert found.problems == evaluation.problems
    assert found.notes == evaluation.notes
    assert bool(found.problems) != evaluation.ok


def test_an_archive_is_checked_file_by_file(tmp_path: Path) -> None:
    """As a mail's attachment is: what cannot be taken out of it is named too."""
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as archive:
        archive.writestr("s.json", FILES["good s"])
        archive.writestr("u.jsonl", FILES["good u"])
        archive.writestr("model.pkl", b"\x80\x04N.")
    found = findings((tmp_path / "both.zip").read_bytes(), IDS, [S, U], name="both.zip")
    assert [(each.file, each.track, bool(each.problems)) for each in found] == [
        ("s.json", "SIQA-S", False),
        ("u.jsonl", "SIQA-U", False),
        ("both.zip", None, True),
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a good file, a short one and the ids."""
    (tmp_path / "good.json").write_bytes(FILES["good s"])
    (tmp_path / "short.csv").write_bytes(FILES["short"])
    (tmp_path / "ids.txt").write_text("".join(f"{n}\n" for n in range(1, 7)))
    (tmp_path / "every.txt").write_text(write_ids(IDS))
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("good.json", "--track", "siqa-s", "--ids", "ids.txt"), 0),
        (("good.json", "--ids", "every.txt"), 0),
        (("short.csv", "--track", "siqa-s", "--ids", "ids.txt"), 1),
        (("good.json", "--ids", "ids.txt"), 2),
        (("good.json", "--track", "siqa-s"), 2),
        (("good.json", "--track", "siqa-x", "--ids", "every.txt"), 2),
        (("nowhere.json", "--track", "siqa-s", "--ids", "ids.txt"), 2),
    ],
    ids=["good", "ids that say the track", "short", "no track", "no ids", "unknown track", "no file"],
)
def test_its_exit_status_tells_the_outcome(
    folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], status: int
) -> None:
    """0 in order, 1 to be fixed, 2 called wrongly."""
    monkeypatch.chdir(folder)
    assert main(["check", *arguments]) == status


def test_as_a_single_file_it_runs_with_nothing_installed(folder: Path) -> None:
    """Isolated and without site-packages; the ids are in it."""
    (folder / "checker.pyz").write_bytes(pack.packed(write_ids(IDS)))
    command = (sys.executable, "-I", "-S", folder / "checker.pyz", folder / "short.csv", "--json")
    ran = subprocess.run(command, check=False, capture_output=True, cwd=folder, env={"PATH": os.defpath})
    assert (ran.returncode, ran.stderr) == (1, b"")
    (found,) = json.loads(ran.stdout)
    assert found["problems"][0]["message"] == evaluated_any(FILES["short"], TRUTHS).evaluation.problems[0].message


def test_the_single_file_holds_no_label(folder: Path) -> None:
    """Only the checker's own modules, and ids; the same sources make the same bytes."""
    (folder / "checker.pyz").write_bytes(pack.packed(write_ids(IDS)))
    with zipfile.ZipFile(folder / "checker.pyz") as archive:
        names = archive.namelist()
        baked = archive.read("scoring/baked/ids.txt").decode()
    assert {"scoring/labels/truth.py", "scoring/kernel.py", "scoring/scores/evaluate.py"}.isdisjoint(names)
    assert baked.split("\n", 1)[0] == "# track siqa-s"
    assert set(baked.split()) == {"#", "track", "siqa-s", "siqa-u", *"123456"}
    assert pack.packed(write_ids(IDS)) == (folder / "checker.pyz").read_bytes()


def test_ids_come_back_as_they_were_but_sorted() -> None:
    """Numbers as numbers, words as words; the order of the labels is nobody's business."""
    given: dict[str, tuple[int | str, ...]] = {"a": (3, 1, 2), "b": ("oak", "7", "elm 2")}
    assert read_ids(write_ids(given)) == {"a": (1, 2, 3), "b": ("7", "elm 2", "oak")}
    assert read_ids("\ufeff1\n\n2\n", "a") == {"a": (1, 2)}
