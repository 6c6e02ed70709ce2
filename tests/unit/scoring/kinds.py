"""Predictions and labels for each metric of the registry, made up at random: whatever shape it is of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.declaration.registry import METRICS, Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from scoring.model import Option

    Array = NDArray[Any]

LEVELS = (0.1, 0.5, 0.9)
WORDS = ("fire", "smoke", "water", "wind")


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """Predictions and labels, and what the metric is told of them."""

    #: (n,), or (columns, n).
    x: Array
    labels: tuple[Array, ...]
    told: Mapping[str, Option]
    #: Predictions as good as can be.
    perfect: Array


def made(metric: str, seed: int, n: int = 40) -> Case:
    """Return predictions that are about right, with ties, refused answers and empty texts among them."""
    draw = np.random.default_rng(seed)
    shape = METRICS[metric].shapes[0]
    case = MAKERS[shape](draw, n)
    if metric == "plcc_fit":
        x = (2 * draw.normal(size=n)).round(2)
        y = 5 / (1 + np.exp(-1.5 * x)) + 0.1 * draw.normal(size=n)
        return Case(x=x, labels=(y,), told={}, perfect=y)
    if METRICS[metric].needs_per:
        relevance = draw.integers(0, 3, n).astype(np.float64)
        return Case(x=(relevance + draw.normal(size=n)).round(1), labels=(relevance,), told={}, perfect=relevance)
    if METRICS[metric].least >= 0:
        return Case(x=np.abs(case.x), labels=(np.abs(case.labels[0]),), told={}, perfect=np.abs(case.perfect))
    return case


def _numbers(draw: np.random.Generator, n: int) -> Case:
    y = draw.normal(size=n).round(1)
    return Case(x=(y + draw.normal(size=n)).round(1), labels=(y,), told={}, perfect=y)


def _choices(draw: np.random.Generator, n: int) -> Case:
    y = np.concatenate([[1.0, 2.0, 3.0], draw.integers(1, 4, n - 3)])
    x = np.where(draw.random(n) < 0.6, y, draw.integers(0, 4, n)).astype(np.float64)
    return Case(x=x, labels=(y,), told={"classes": 3.0}, perfect=y)


def _probabilities(draw: np.random.Generator, n: int) -> Case:
    y = np.concatenate([[1.0, 2.0, 3.0], draw.integers(1, 4, n - 3)])
    perfect = (np.arange(1.0, 4.0)[:, None] == y).astype(np.float64)
    x = (perfect * draw.random(n) + draw.random((3, n))).round(2) + 0.01
    return Case(x=x / x.sum(axis=0), labels=(y,), told={}, perfect=perfect)


def _quantiles(draw: np.random.Generator, n: int) -> Case:
    y = draw.normal(size=n).round(1)
    x = np.array([y + draw.normal(size=n) + level - 0.5 for level in LEVELS])
    return Case(x=x, labels=(y,), told={"levels": " ".join(map(str, LEVELS))}, perfect=np.array([y] * len(LEVELS)))


def _times(draw: np.random.Generator, n: int) -> Case:
    time, event = draw.integers(1, 20, n).astype(np.float64), (draw.random(n) < 0.7).astype(np.float64)
    event[0] = 1.0
    return Case(
        x=(time + draw.normal(size=n) * 5).round(), labels=(time, event), told={}, perfect=time + 0.5 * (event <= 0)
    )


def _texts(draw: np.random.Generator, n: int) -> Case:
    y = [" ".join(draw.choice(["the", *WORDS], draw.integers(1, 6))) for _ in range(n)]
    x = [" ".join(word for word in each.split() if draw.random() < 0.8) for each in y]
    x[0] = ""
    return _of_texts(x, y)


def _tags(draw: np.random.Generator, n: int) -> Case:
    def one() -> str:
        return " ".join(word for word in WORDS if draw.random() < 0.4)

    return _of_texts([one() for _ in range(n)], [one() for _ in range(n)])


def _masks(draw: np.random.Generator, n: int) -> Case:
    def one() -> str:
        edges = np.cumsum(draw.integers(1, 9, 2 * draw.integers(0, 5)))
        return " ".join(f"{a} {b - a}" for a, b in zip(edges[::2], edges[1::2], strict=True))

    return _of_texts([one() for _ in range(n)], [one() for _ in range(n)])


def _boxes(draw: np.random.Generator, n: int) -> Case:
    y, x, perfect = [], [], []
    for _ in range(n):
        boxes = [
            (str(draw.choice(["cat", "dog"])), *draw.integers(1, 100, 2), *draw.integers(20, 90, 2)) for _ in range(2)
        ]
        y.append("; ".join("{} {} {} {} {}".format(*box) for box in boxes))
        perfect.append("; ".join("{} 0.9 {} {} {} {}".format(*box) for box in boxes))
        moved = [
            (name, f"{draw.random():.4f}", *(place + draw.normal() * 3 for place in corner), *size)
            for name, *rest in boxes
            for corner, size in [(rest[:2], rest[2:])]
        ]
        x.append("; ".join("{} {} {:.2f} {:.2f} {} {}".format(*box) for box in moved))
    case = _of_texts(x, y)
    return Case(x=case.x, labels=case.labels, told={}, perfect=np.array(perfect, dtype=np.object_))


def _of_texts(x: list[str], y: list[str]) -> Case:
    labels = np.array(y, dtype=np.object_)
    return Case(x=np.array(x, dtype=np.object_), labels=(labels,), told={}, perfect=labels)


MAKERS: Mapping[Shape, Callable[[np.random.Generator, int], Case]] = {
    Shape.NUMBER: _numbers,
    Shape.CHOICE: _choices,
    Shape.PROBABILITIES: _probabilities,
    Shape.QUANTILES: _quantiles,
    Shape.EVENT: _times,
    Shape.TEXT: _texts,
    Shape.TAGS: _tags,
    Shape.MASK: _masks,
    Shape.BOXES: _boxes,
}
