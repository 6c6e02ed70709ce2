"""Made-up labels of both tracks, in the sizes of the real test sets. The same seed gives the same labels. Pure."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass

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
