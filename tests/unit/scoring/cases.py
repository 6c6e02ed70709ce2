"""Truths and columns made up as numbers, for the tests of what comes after checking."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from scoring.labels.truth import Truth
from tests.unit.scoring.made import S, U

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scoring.model import Track
    from scoring.scores.scored import Laid

TYPES = (("yes-or-no", 0.34), ("what", 0.31), ("how", 0.35))


def truth_of(
    track: Track,
    values: Mapping[str, Sequence[object]],
    groups: tuple[str, ...] | None = None,
    clusters: tuple[str, ...] | None = None,
) -> Truth:
    """Return a truth with these labels, numbers or letters."""
    labels = {name: cast("tuple[float, ...]", tuple(column)) for name, column in values.items()}
    ids = tuple(range(1, len(next(iter(labels.values()))) + 1))
    return Truth(track=track, sha256="0" * 64, ids=ids, values=labels, groups=groups, clusters=clusters)


def s_case(seed: int, n: int = 400, skill: float = 0.6) -> tuple[Laid, Truth]:
    """Draw labels of both dimensions and predictions that correlate with them."""
    draw = np.random.default_rng(seed)
    labels = {name: draw.normal(size=n) for name in S.weights}
    laid = {name: skill * label + draw.normal(size=n) * (1 - skill) for name, label in labels.items()}
    return laid, truth_of(S, {name: tuple(label.tolist()) for name, label in labels.items()})


def u_case(seed: int, n: int = 400, skill: float = 0.6) -> tuple[Laid, Truth]:
    """Draw questions of the three types, and answers that are right with a probability of about ``skill``."""
    draw = np.random.default_rng(seed)
    groups = [name for name, share in TYPES for _ in range(round(share * n))]
    labels = draw.integers(1, 5, len(groups))
    answers = np.where(draw.random(labels.size) < skill, labels, draw.integers(1, 5, labels.size)).astype(np.float64)
    letters = tuple("ABCD"[label - 1] for label in labels)
    return {"precision": answers}, truth_of(U, {"precision": letters}, groups=tuple(groups))
