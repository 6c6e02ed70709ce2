"""What a made-up team predicts: labels blurred as much as its skill demands. The same key gives the same rows. Pure."""

from __future__ import annotations

import json
import math
import random
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


Row = dict[str, Any]


def answers(labels: Labels, correct: tuple[int, int, int], key: str) -> list[Row]:
    """Answer the questions, exactly so many of each type (yes-or-no, what, how) correctly."""
    rng = random.Random(key)  # noqa: S311  # made-up answers, no secret
    right = _chosen(labels, dict(zip(QUESTIONS, correct, strict=True)), rng)
    return [
        {"id": n, "type": kind, "precision": letter if n in right else _other(kind, letter, rng)}
        for n, (kind, letter) in enumerate(labels.questions, 1)
    ]


def ratings(labels: Labels, skill: tuple[float, float], key: str) -> list[Row]:
    """Rate the images; ``skill`` is about the correlation with the labels of perception and knowledge."""
    rng = random.Random(key)  # noqa: S311  # made-up ratings, no secret
    seen, known = (
        _blurred(dimension, s, rng) for dimension, s in zip(zip(*labels.images, strict=True), skill, strict=True)
    )
    return [{"id": n, "perception": p, "knowledge": k} for n, (p, k) in enumerate(zip(seen, known, strict=True), 1)]


def with_refusals(rows: Sequence[Row], count: int, labels: Labels) -> list[Row]:
    """Put a language model's refusal in place of the first ``count`` wrong letters, so that the score stays."""
    wrong = [row["id"] for row, (_, right) in zip(rows, labels.questions, strict=True) if row["precision"] != right]
    refused = set(wrong[:count])
    sentence = "I'm sorry, I can't determine that from the image."
    return [row | {"precision": sentence} if row["id"] in refused else row for row in rows]


def _chosen(labels: Labels, correct: Mapping[str, int], rng: random.Random) -> set[int]:
    """Choose the ids that are answered correctly."""
    chosen: set[int] = set()
    for kind, count in correct.items():
        ids = [n for n, (its_kind, _) in enumerate(labels.questions, 1) if its_kind == kind]
        chosen.update(rng.sample(ids, count))
    return chosen


def _other(kind: str, right: str, rng: random.Random) -> str:
    return rng.choice([letter for letter in LETTERS[kind] if letter != right])


def _blurred(truth: Sequence[float], skill: float, rng: random.Random) -> list[float]:
    """Return ratings whose correlation with ``truth`` is about ``skill``."""
    mean, spread = statistics.fmean(truth), statistics.pstdev(truth)
    noise = math.sqrt(1 - skill**2) * spread
    return [clipped(mean + skill * (value - mean) + rng.gauss(0, noise)) for value in truth]


IMAGES = 1050

QUESTIONS = {"yes-or-no": 380, "what": 350, "how": 390}

LETTERS = {"yes-or-no": "AB", "what": "ABCD", "how": "ABCD"}

LOWEST, HIGHEST = 1.0, 5.0


@dataclass(frozen=True, kw_only=True)
class Labels:
    """The truth that the demo's teams do not see; an item's id is its place, from 1."""

    #: Type and right letter of each question.
    questions: tuple[tuple[str, str], ...]
    #: Perception and knowledge of each image, 1 to 5.
    images: tuple[tuple[float, float], ...]

    def as_files(self) -> dict[str, str]:
        """Return the two label files as the committee stores them, by file name."""
        answers = [{"id": n, "type": kind, "precision": right} for n, (kind, right) in enumerate(self.questions, 1)]
        ratings = [{"id": n, "perception": seen, "knowledge": known} for n, (seen, known) in enumerate(self.images, 1)]
        return {
            "answer-u.json": json.dumps({"track": "U", "predictions": answers}, indent=1) + "\n",
            "answer-s.json": json.dumps({"track": "S", "predictions": ratings}, indent=1) + "\n",
        }


def make(seed: int) -> Labels:
    """Make up labels: questions in mixed order, ratings around "good" whose two dimensions agree in part."""
    rng = random.Random(f"labels {seed}")  # noqa: S311  # made-up labels, no secret
    kinds = [kind for kind, count in QUESTIONS.items() for _ in range(count)]
    rng.shuffle(kinds)
    questions = tuple((kind, rng.choice(LETTERS[kind])) for kind in kinds)
    return Labels(questions=questions, images=tuple(_ratings(rng) for _ in range(IMAGES)))


def _ratings(rng: random.Random) -> tuple[float, float]:
    """Return the mean opinions of an image: one part shared by both dimensions, one part its own."""
    shared = rng.gauss(0, 1)
    return clipped(3.3 + 0.7 * shared + 0.5 * rng.gauss(0, 1)), clipped(3.1 + 0.6 * shared + 0.8 * rng.gauss(0, 1))


def clipped(rating: float) -> float:
    """Return a rating within the scale, with four decimals."""
    return round(min(max(rating, LOWEST), HIGHEST), 4)
