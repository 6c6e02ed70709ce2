"""Predictions that are made up for a declared track: taken as they are, and better where the skill is greater."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mailbot.config.starters import STARTERS
from mailbot.demo import challenges
from mailbot.demo.declared import predictions
from mailbot.errors import Permanent
from scoring.declaration.declare import track_from
from scoring.labels.truth import load_truth
from scoring.scores.evaluate import evaluate

if TYPE_CHECKING:
    from scoring.model import Track

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
#: Every example that the metrics score, whose labels are a table in columns of that name.
DECLARED = sorted(
    place.parent.name for place in EXAMPLES.glob("*/track.toml") if "scorer =" not in place.read_text(encoding="utf-8")
)


def _scores(track: Track, labels: bytes) -> tuple[float, float]:
    """Return the scores of a good and of a bad team; both are taken without a word."""
    rows: list[dict[str, Any]] = list(csv.DictReader(io.StringIO(labels.decode("utf-8-sig"))))
    rows = [{name.casefold(): value for name, value in row.items()} for row in rows]
    rows = [row | {track.id: int(row[track.id]) if row[track.id].isdigit() else row[track.id]} for row in rows]
    truth, scores = load_truth(labels, track), []
    for skill in (0.97, 0.3):
        made = predictions(track, rows, skill, "a key")
        assert made == predictions(track, rows, skill, "a key")
        found = evaluate(json.dumps({"track": track.letters[0], "predictions": made}).encode(), truth, name="made.json")
        assert (found.problems, found.notes) == ((), ())
        assert found.score is not None
        scores.append(found.score)
    return scores[0], scores[1]


@pytest.mark.parametrize("preset", [name for name in challenges.TITLES if name != "own"])
def test_a_good_team_beats_a_bad_one_in_each_challenge(preset: str) -> None:
    """On the demo's own labels, of which there are enough to tell a dozen teams apart."""
    track, labels = challenges.declared(STARTERS[preset]), challenges.of(preset, 2026).files["labels/labels.csv"]
    good, bad = _scores(track, labels)
    assert good > bad if track.higher_is_better else good < bad
    assert labels.count(b"\n") > challenges.ITEMS * 0.9


@pytest.mark.parametrize("name", DECLARED)
def test_any_declared_track_can_be_played(name: str) -> None:
    """Answers, probabilities, numbers, quantiles, sets, texts, masks and boxes: the examples have them all."""
    track = track_from(tomllib.loads((EXAMPLES / name / "track.toml").read_text(encoding="utf-8")))
    good, bad = _scores(track, (EXAMPLES / name / "labels.csv").read_bytes())
    assert good > bad if track.higher_is_better else good < bad


def test_what_is_no_rows_is_refused() -> None:
    """A zip of pictures cannot be made up from a declaration."""
    track = track_from(tomllib.loads((EXAMPLES / "segmentation" / "track.toml").read_text(encoding="utf-8")))
    with pytest.raises(Permanent, match="rows"):
        predictions(track, [], 1.0, "a key")
