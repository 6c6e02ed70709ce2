"""The challenge as configured: tracks, labels, and the rules printed on the board."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from mailbot.config import challenge, load
from mailbot.config.challenge import headings, track_of
from mailbot.errors import ConfigError
from mailbot.evaluation.label_files import given_truths, load_truths
from tests.unit.services import LABELS

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.config.challenge import Challenge

TRACKS = {name: {"labels": f"labels/answer-{name[-1]}.json"} for name in ("siqa-s", "siqa-u")}


def _build(folder: Path, **more: Any) -> Challenge:  # noqa: ANN401  # any TOML
    """Build a challenge with the small labels."""
    if not (folder / "labels").exists():
        shutil.copytree(LABELS, folder / "labels")
    given = {"preset": "siqa", "challenge": {"address": "s@siqa.example"}, "tracks": TRACKS} | more
    config = load.build(given, base=folder)
    return challenge.build(config, given_truths(config, challenge.tracks_of(config)))


def test_each_track_has_its_labels_and_formula(tmp_path: Path) -> None:
    """A challenge knows its tracks, how many items each has, and what scores them."""
    made = _build(tmp_path)
    assert {name: truth.n for name, truth in made.truths.items()} == {"siqa-s": 8, "siqa-u": 20}
    assert {name: track.scorer for name, track in made.tracks.items()} == {"siqa-s": "siqa-s/1", "siqa-u": "siqa-u/1"}


def test_the_rules_are_printed_on_the_board(tmp_path: Path) -> None:
    """Which submission counts, the quota and the phases stand under the tables, as sentences."""
    phase = {"name": "test", "closes": "2026-04-26T00:00:00+08:00"}
    made = _build(tmp_path, board={"standing": "best"}, quota={"per_week": 3}, phases=[phase])
    best, quota, window, intervals = made.board.rules
    assert best == "The best accepted submission of each team and track counts, the earlier of equals."
    assert "3 submissions" in quota
    assert "Wednesday 00:00 (Asia/Shanghai)" in quota
    assert window == "Phase test: submissions are taken until Sun 26 Apr 2026, 00:00 (Asia/Shanghai, UTC+08:00)."
    assert intervals == "The 95 % intervals of SIQA-U and SIQA-S are by influence values."


def test_baselines_belong_to_their_track(tmp_path: Path) -> None:
    """The published baselines come with SIQA-S alone."""
    assert {one.track for one in _build(tmp_path).board.baselines} == {"siqa-s"}
    assert _build(tmp_path, tracks={"siqa-u": TRACKS["siqa-u"]}).board.baselines == ()


def test_every_label_file_that_cannot_be_used_is_named_at_once(tmp_path: Path) -> None:
    """All problems of all label files come in one message, and no label is in it."""
    _build(tmp_path)
    (tmp_path / "labels" / "answer-s.json").unlink()
    (tmp_path / "labels" / "answer-u.json").write_text('[{"id": 1, "type": "what", "answer": "Q"}]')
    with pytest.raises(ConfigError) as refused:
        _build(tmp_path)
    message = str(refused.value)
    assert "tracks.siqa-s.labels: " in message
    assert "tracks.siqa-u.labels: " in message
    assert "No such file" in message
    assert '"Q"' not in message


def test_an_unknown_track_is_told_with_the_known() -> None:
    """A track that no formula has is refused."""
    with pytest.raises(ConfigError, match=r"known: .*siqa-u"):
        track_of("siqa-x")


def test_weights_must_be_those_of_the_track() -> None:
    """Weights for other groups than the track's are refused with its key."""
    with pytest.raises(ConfigError, match=r"tracks\.siqa-s\.weights: "):
        track_of("siqa-s", {"weights": {"beauty": 1.0}})


def test_weights_of_ones_own_are_another_scorer(tmp_path: Path) -> None:
    """Scores of other weights are never mixed up with the standard's."""
    weights = {"perception": 0.25, "knowledge": 0.75}
    made = _build(tmp_path, tracks={"siqa-s": TRACKS["siqa-s"] | {"weights": weights}})
    assert made.tracks["siqa-s"].scorer != "siqa-s/1"
    assert "0.25 perception" in made.board.tracks[0].formula


def test_the_columns_of_a_board_are_the_tracks_metrics() -> None:
    """Correlations with four decimals, accuracies with two."""
    assert [(h.title, h.decimals) for h in headings(track_of("siqa-u"))] == [
        ("Yes/No ACC", 2),
        ("What ACC", 2),
        ("How ACC", 2),
    ]
    assert [h.title for h in headings(track_of("siqa-s"))] == [
        "Perception SRCC",
        "Perception PLCC",
        "Knowledge SRCC",
        "Knowledge PLCC",
    ]
    assert {h.decimals for h in headings(track_of("siqa-s"))} == {4}


def test_labels_are_loaded_for_the_tracks_asked_for() -> None:
    """A label file alone is enough to score a file by hand."""
    truths = load_truths({"siqa-s": LABELS / "answer-s.json"}, {"siqa-s": track_of("siqa-s")})
    assert truths["siqa-s"].n == 8
