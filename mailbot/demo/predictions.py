"""What a made-up team predicts: labels blurred as much as its skill demands. The same key gives the same rows. Pure."""

from __future__ import annotations

import math
import random
import statistics
from typing import TYPE_CHECKING, Any

from mailbot.demo.labels import LETTERS, QUESTIONS, clipped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mailbot.demo.labels import Labels

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
