"""The examples with a scorer of their own: figures to nine digits, behind the walls, and a checker in one file."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from mailbot.operations.result_file import scored
from scoring import pack
from scoring.declaration.declare import track_in
from scoring.labels.truth import read_truth_file
from scoring.rows.ids import write_ids
from tests.challenges.make import EXAMPLES
from tests.challenges.owned import FIGURES, MADE, SUBMISSIONS, rows_of

if TYPE_CHECKING:
    from pathlib import Path

    from scoring.labels.truth import Truth

EVERY = pytest.mark.parametrize("name", MADE)


def truth_of(name: str) -> Truth:
    """Return the labels of an example, with its scorer."""
    return read_truth_file(EXAMPLES / name / "labels.csv", track_in(EXAMPLES / name / "track.toml"))


@EVERY
def test_an_own_scorer_gives_the_figure_of_another_tool(name: str) -> None:
    """To nine digits, run as a mail's file is: in a child behind its walls."""
    folder, truth = EXAMPLES / name, truth_of(name)
    data = (folder / SUBMISSIONS[name]).read_bytes()
    figure = json.loads((folder / "figure.json").read_text(encoding="utf-8"))["value"]
    assert FIGURES[name](rows_of((folder / "labels.csv").read_bytes()), data) == pytest.approx(figure, rel=1e-9)
    found = scored(SUBMISSIONS[name], data, truth, None)
    assert found.evaluation.problems == ()
    assert found.evaluation.score == pytest.approx(figure, rel=1e-9)
    assert truth.track.own is not None
    assert f"+{truth.track.own.sha256[:16]} " in str(found.signature)


def test_the_data_are_made_by_a_script() -> None:
    """What lies in the folders is what the script writes."""
    import numpy as np  # noqa: PLC0415

    for number, (name, make) in enumerate(MADE.items()):
        assert make(np.random.default_rng(1700 + number))[1] == (EXAMPLES / name / SUBMISSIONS[name]).read_bytes()


@EVERY
def test_the_checker_of_an_own_track_is_one_file(name: str, tmp_path: Path) -> None:
    """It takes the submission with nothing installed; of a shared scorer it runs the check."""
    truth, declaration = truth_of(name), EXAMPLES / name / "track.toml"
    made = pack.packed(
        write_ids({name: truth.ids}), [declaration.read_text(encoding="utf-8")], pack.shared([declaration])
    )
    (tmp_path / "check.pyz").write_bytes(made)
    command = [sys.executable, str(tmp_path / "check.pyz"), str(EXAMPLES / name / SUBMISSIONS[name])]
    taken = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (taken.returncode, taken.stderr) == (0, "")
    assert truth.track.title in taken.stdout
    assert ("Kabsch" in str(made)) is False


def test_the_checker_runs_a_shared_check(tmp_path: Path) -> None:
    """A member that is not a PNG file is named; a scorer that is not shared is not in the file."""
    declaration = EXAMPLES / "segmentation" / "track.toml"
    with (
        zipfile.ZipFile(EXAMPLES / "segmentation" / "submission.zip") as good,
        zipfile.ZipFile(tmp_path / "bad.zip", "w") as bad,
    ):
        for info in good.infolist():
            bad.writestr(info, b"GIF89a" if "07" in info.filename else good.read(info))
    (tmp_path / "ids.txt").write_text(write_ids({"segmentation": truth_of("segmentation").ids}))
    command = [sys.executable, "-m", "scoring", "check", str(tmp_path / "bad.zip")]
    command += ["--track", str(declaration), "--ids", str(tmp_path / "ids.txt")]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert "case-07.png is not a PNG file." in found.stdout
    assert pack.shared([EXAMPLES / "casp" / "track.toml"]) == {}
