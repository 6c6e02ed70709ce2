"""Metrics of probabilities, in plain Python."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from scoring.reference.answers import Column, Oracle, Told

    #: The scores of the items of a class, and those of the others, to a value.
    OfTwo = Callable[[Sequence[float], Sequence[float]], float]


def _rows(x: Sequence[Column], y: Sequence[Column], told: Told) -> list[tuple[list[float], int]]:
    """Return each item's probabilities and the place of its class among them, from 0."""
    if positive := told.get("positive"):
        return [([p, 1 - p], int(label != positive)) for p, label in zip(x[0], y[0], strict=True)]
    rows = [(list(row), math.fsum(row)) for row in zip(*x, strict=True)]
    shares = [[each / total if total else 0.0 for each in row] for row, total in rows]
    return [(row, int(label) - 1) for row, label in zip(shares, y[0], strict=True)]


def log_loss(x: Sequence[Column], y: Sequence[Column], told: Told) -> float:
    """Return the mean negative logarithm of each item's own probability."""
    clip = float(told["clip"])
    return math.fsum(-math.log(max(row[own], clip)) for row, own in _rows(x, y, told)) / len(y[0])


def brier(x: Sequence[Column], y: Sequence[Column], told: Told) -> float:
    """Return the mean squared error, summed over the classes; of one column its own."""
    rows = _rows(x, y, told)
    if told.get("positive"):
        return math.fsum((row[0] - (own == 0)) ** 2 for row, own in rows) / len(rows)
    return math.fsum((p - (place == own)) ** 2 for row, own in rows for place, p in enumerate(row)) / len(rows)


def top_k(x: Sequence[Column], y: Sequence[Column], told: Told) -> float:
    """Return the share of items whose class is among the k most probable, the later of equal ones first, in percent."""
    k = int(float(told["k"]))
    hits = [
        own in sorted(range(len(row)), key=lambda place: (row[place], place))[-k:] for row, own in _rows(x, y, told)
    ]
    return 100.0 * sum(hits) / len(hits)


def ece(x: Sequence[Column], y: Sequence[Column], told: Told) -> float:
    """Return the mean distance of accuracy and confidence over equal bins of confidence."""
    bins: dict[int, list[float]] = {}
    count = int(float(told["bins"]))
    for row, own in _rows(x, y, told):
        sure = max(row)
        place = min(count - 1, max(0, math.ceil(sure * count) - 1))
        bins.setdefault(place, []).append((row.index(sure) == own) - sure)
    return math.fsum(abs(math.fsum(gaps)) for gaps in bins.values()) / len(y[0])


def _each_class(of: OfTwo) -> Oracle:
    """Return the mean over the classes of a value of one class against the rest; None where there are not two."""

    def oracle(x: Sequence[Column], y: Sequence[Column], told: Told) -> float | None:
        values, weights = [], []
        for each in [float(told["positive"])] if told.get("positive") else sorted(set(y[0])):
            column = x[0] if told.get("positive") else x[int(each) - 1]
            inside = [p for p, label in zip(column, y[0], strict=True) if label == each]
            rest = [p for p, label in zip(column, y[0], strict=True) if label != each]
            if inside and rest:
                values.append(of(inside, rest))
                weights.append(len(inside) if told["average"] == "weighted" else 1)
        return math.fsum(v * w for v, w in zip(values, weights, strict=True)) / sum(weights) if values else None

    return oracle


def _area(inside: Sequence[float], rest: Sequence[float]) -> float:
    """Return the share of pairs in which the item of the class is above, ties by half."""
    return sum((p > q) + 0.5 * (p == q) for p in inside for q in rest) / (len(inside) * len(rest))


def _average_precision(inside: Sequence[float], rest: Sequence[float]) -> float:
    """Return the mean over the items of the class of the share of the class among what is not below it."""
    found = []
    for score in inside:
        right = sum(p >= score for p in inside)
        found.append(right / (right + sum(q >= score for q in rest)))
    return math.fsum(found) / len(found)


ORACLES: Mapping[str, Oracle] = {
    "log_loss": log_loss,
    "brier": brier,
    "top_k": top_k,
    "ece": ece,
    "roc_auc": _each_class(_area),
    "average_precision": _each_class(_average_precision),
}
