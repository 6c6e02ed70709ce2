"""Texts in the column store: kept beside the numbers, found again in any order of the ids, missing when damaged."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mailbot.evaluation.columns import Columns, Predictions
from mailbot.evaluation.rowfile import TextFiles
from scoring.declaration.declare import track_from
from scoring.labels.truth import load_truth
from scoring.scores import stack
from scoring.scores.evaluate import laid_of
from scoring.scores.scored import scored

TRACK = track_from(
    {
        "name": "t",
        "columns": [
            {"name": "said", "holds": "text", "metrics": ["token_f1"]},
            {"name": "size", "metrics": ["srcc"], "also": ["rmse"]},
        ],
    }
)
TRUTH = load_truth(b"id,said,size\n3,a cat,1\n1,the dog runs,2\n2,nothing,4\n", TRACK, "labels.csv")
SHA = "ab" * 32


def predictions(each: int, *said: str) -> Predictions:
    """Return predictions in the order of the truth's ids."""
    sizes = np.array([1.0, 5.0, 2.0 + each]).tobytes()
    return Predictions(submission_id=each, sha256=SHA, values={"said": json.dumps(said).encode(), "size": sizes})


def test_texts_are_found_again_beside_the_numbers(tmp_path: Path) -> None:
    """As they were given, and in stacks the scores of each alone to the last bit."""
    columns = Columns(tmp_path)
    found = [predictions(1, "a cat", "dogs run", ""), predictions(2, "cats", "the dog runs", "nothing")]
    columns.put(TRUTH, found)
    laid = columns.laid(TRUTH, [1, 2])
    assert {each: values["said"].tolist() for each, values in laid.items()} == {
        1: ["a cat", "dogs run", ""],
        2: ["cats", "the dog runs", "nothing"],
    }
    alone = [scored(laid_of(each.values, TRUTH), TRUTH) for each in found]
    stacked = columns.stacks(TRUTH, [1, 2])
    assert stack.rescored(stacked.stacks, TRUTH).scores.tolist() == [each.score for each in alone]


def test_a_damaged_text_counts_as_missing(tmp_path: Path) -> None:
    """It is made anew from the mail; a submission without it has no columns."""
    columns = Columns(tmp_path)
    columns.put(TRUTH, [predictions(1, "a", "b", "c")])
    assert columns.missing(TRUTH, {1: SHA}) == set()
    (kept,) = tmp_path.glob("*.texts/1")
    kept.write_bytes(b"spoiled")
    assert columns.missing(TRUTH, {1: SHA}) == {1}
    assert columns.laid(TRUTH, [1]) == {}
    columns.put(TRUTH, [predictions(1, "a", "b", "c")])
    assert columns.missing(TRUTH, {1: SHA}) == set()


@pytest.mark.parametrize("said", [b"[", b'["a", "b"]', b'["a", "b", 3]', b'{"a": 1}'])
def test_what_is_no_column_of_texts_is_passed_over(tmp_path: Path, said: bytes) -> None:
    """It came from a child, which may have been taken over."""
    columns = Columns(tmp_path)
    columns.put(TRUTH, [Predictions(submission_id=1, sha256=SHA, values={**predictions(1).values, "said": said})])
    assert columns.missing(TRUTH, {1: SHA}) == {1}


def test_a_track_without_texts_has_no_files(tmp_path: Path) -> None:
    """Nothing is written, and nothing is missing."""
    files = TextFiles(tmp_path / "texts", [], 3)
    files.put(1, {})
    assert files.has(1)
    assert not (tmp_path / "texts").exists()


def test_pages_that_were_given_back_are_read_again(tmp_path: Path) -> None:
    """The process has none of the map's pages after a release, and the same values when it looks again."""
    columns = Columns(tmp_path)
    columns.put(TRUTH, [predictions(1, "a", "b", "c")])
    seen = columns.laid(TRUTH, [1])[1]["size"].tolist()
    assert _resident(tmp_path) > 0
    columns.release()
    assert _resident(tmp_path) == 0
    assert columns.laid(TRUTH, [1])[1]["size"].tolist() == seen
    assert _resident(tmp_path) > 0


def _resident(folder: Path) -> int:
    """Return how many KiB of the maps of a folder's files this process has in memory."""
    found, of_folder = 0, False
    for line in Path("/proc/self/smaps").read_text(encoding="utf-8").splitlines():
        name, _, rest = line.partition(" ")
        if not name.endswith(":"):
            of_folder = str(folder) in line
        elif of_folder and name == "Rss:":
            found += int(rest.split()[0])
    return found
