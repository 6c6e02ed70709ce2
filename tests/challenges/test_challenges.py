"""Each challenge of docs/examples gives the figure that its published tool gives, and its checker works."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from scoring import pack, reference
from scoring.declaration.declare import track_in
from scoring.labels.truth import read_truth_file
from scoring.rows.ids import write_ids
from scoring.scores.evaluate import evaluate
from tests.challenges import owned
from tests.challenges.make import EXAMPLES, MADE
from tests.challenges.tools import FIGURES

DOCS = (Path(__file__).parents[2] / "docs" / "challenges.md").read_text(encoding="utf-8")
EVERY = pytest.mark.parametrize("name", MADE)

KINDS = ("brats", "coco", "dcase", "gefcom", "human-protein", "imagenet", "ntire-iqa", "squad")
"""One challenge for each kind of value that a checker reads: masks, boxes, labels with probabilities, quantiles, sets,
guesses in their order, numbers, texts. The other checkers are built of the same parts."""


def columns(path: Path) -> dict[str, list[str]]:
    """Return the columns of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: [row[name] for row in rows] for name in rows[0]}


def test_no_challenge_is_forgotten() -> None:
    """Each has its folder, its data and its tool, and stands in the documentation with its formula's source."""
    folders = {path.parent.name for path in EXAMPLES.glob("*/figure.json")}
    assert folders == {*MADE, *owned.MADE} == {*FIGURES, *owned.FIGURES}
    assert [name for name in folders if f"| `{name}` |" not in DOCS] == []
    assert [name for name in folders if "# Formula: " not in (EXAMPLES / name / "track.toml").read_text("utf-8")] == []


@EVERY
def test_a_challenge_gives_the_figure_of_its_own_tool(name: str) -> None:
    """To nine digits: the figure kept, the tool run now, our kernels, and the second hand."""
    folder = EXAMPLES / name
    truth = read_truth_file(folder / "labels.csv", track_in(folder / "track.toml"))
    data = (folder / "submission.csv").read_bytes()
    found = evaluate(data, truth, name="submission.csv")
    figure = json.loads((folder / "figure.json").read_text(encoding="utf-8"))["value"]
    assert FIGURES[name](columns(folder / "submission.csv"), columns(folder / "labels.csv")) == pytest.approx(
        figure, rel=1e-9
    )
    assert found.problems == ()
    assert found.score == pytest.approx(figure, rel=1e-9)
    assert evaluate(data, truth, name="submission.csv", by=reference.scored).score == pytest.approx(figure, rel=1e-8)
    assert found.error is not None
    assert found.error > 0


@pytest.mark.parametrize(
    "name", [*KINDS, *(pytest.param(name, marks=pytest.mark.long) for name in MADE if name not in KINDS)]
)
def test_the_checker_of_a_challenge_is_one_file(name: str, tmp_path: Path) -> None:
    """With ids and track baked in it takes the submission, and names what is missing of half of it."""
    folder = EXAMPLES / name
    track = track_in(folder / "track.toml")
    truth = read_truth_file(folder / "labels.csv", track)
    made = pack.packed(write_ids({track.name: truth.ids}), [(folder / "track.toml").read_text(encoding="utf-8")])
    (tmp_path / "check.pyz").write_bytes(made)
    whole = (folder / "submission.csv").read_text(encoding="utf-8")
    (tmp_path / "half.csv").write_text("\n".join(whole.splitlines()[:-5]) + "\n", encoding="utf-8")
    command = [sys.executable, "-I", "-S", str(tmp_path / "check.pyz")]
    taken = subprocess.run([*command, str(folder / "submission.csv")], capture_output=True, text=True, check=False)
    assert (taken.returncode, taken.stderr) == (0, "")
    assert track.title in taken.stdout
    half = subprocess.run([*command, str(tmp_path / "half.csv")], capture_output=True, text=True, check=False)
    assert half.returncode == 1
    assert "5 of our" in half.stdout
