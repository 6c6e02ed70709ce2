"""init --preset and --from-labels: a track of one's own with its config, a sample of a submission, and its score."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from mailbot.config import challenge, load
from mailbot.config.starter import EXAMPLE
from mailbot.config.starters import STARTERS
from mailbot.evaluation.label_files import given_truths
from scoring.scores.evaluate import evaluate
from tests.challenges.make import EXAMPLES
from tests.command import mailbot

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("preset", STARTERS)
def test_a_preset_is_ready_at_once(tmp_path: Path, preset: str) -> None:
    """The config loads, the labels fit, the sample scores, and no word of SIQA is in any file or line."""
    said = mailbot("init", "new", "--preset", preset, "--yes", folder=tmp_path).out
    config = load.load(tmp_path / "new" / "config.toml")
    tracks = challenge.tracks_of(config)
    (truth,) = given_truths(config, tracks).values()
    sample = (tmp_path / "new" / "sample.csv").read_bytes()
    found = evaluate(sample, truth, name="sample.csv")
    assert found.score is not None
    assert f"{truth.track.name}: {found.score:.2f} ({truth.n} items)" in said
    files = [path for path in (tmp_path / "new").rglob("*") if path.is_file() and path.name != EXAMPLE]  # of all keys
    written = [path.read_text(encoding="utf-8") for path in files]
    assert not any(re.search("siqa", text, re.IGNORECASE) for text in (said, *written))


@pytest.mark.parametrize("name", ["aptos", "house-prices", "ms-marco", "leaves"])
def test_labels_say_what_the_challenge_is(tmp_path: Path, name: str) -> None:
    """The file is copied, its columns are declared with a reason each, and a sample scores."""
    labels = EXAMPLES / name / "labels.csv"
    said = mailbot("init", "new", "--from-labels", str(labels), "--yes", folder=tmp_path).out
    config = load.load(tmp_path / "new" / "config.toml")
    (track,) = challenge.tracks_of(config).values()
    assert (tmp_path / "new" / "labels" / "labels.csv").read_bytes() == labels.read_bytes()
    assert f"ids: the column {track.id}" in said
    assert f"Scored by {track.formula}:" in said


@pytest.mark.parametrize(
    ("content", "why"), [(b"", "empty"), (b'[{"id": 1}, {"id": 2}]', "no column of labels"), (None, "No such")]
)
def test_labels_that_say_nothing_are_refused(tmp_path: Path, content: bytes | None, why: str) -> None:
    """With the reason, and nothing is written."""
    if content is not None:
        (tmp_path / "labels.csv").write_bytes(content)
    found = mailbot("init", "new", "--from-labels", "labels.csv", "--yes", folder=tmp_path, code=2)
    assert why in found.err
    assert not (tmp_path / "new").exists()
