"""Metrics of answers, in plain Python: counted pair by pair."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Column = Sequence[Any]
Told = Mapping[str, float | str]
#: Of the counts of right, answered and labelled items of a class.
Ratio = Callable[[int, int, int], float]
#: What a reference is: a function of columns of predictions and of labels, and of what the metric is told.
Oracle = Callable[[Sequence[Column], Sequence[Column], Told], float | None]


def accuracy(x: Sequence[Column], y: Sequence[Column], _told: Told) -> float:
    """Return the share of right answers, in percent."""
    return 100.0 * sum(int(a == b) for a, b in zip(x[0], y[0], strict=True)) / len(y[0])


def balanced_accuracy(x: Sequence[Column], y: Sequence[Column], _told: Told) -> float:
    """Return the mean over the labels' classes of the share of their items that is answered right, in percent."""
    found = []
    for each in set(y[0]):
        own = [a == each for a, b in zip(x[0], y[0], strict=True) if b == each]
        found.append(sum(own) / len(own))
    return 100.0 * math.fsum(found) / len(found)


def precision(x: Sequence[Column], y: Sequence[Column], told: Told) -> float:
    """Return the share of the answers of a class that is right."""
    return _averaged(x[0], y[0], told, lambda right, answered, _: right / answered if answered else 0.0)


def recall(x: Sequence[Column], y: Sequence[Column], told: Told) -> float:
    """Return the share of the items of a class that is answered right."""
    return _averaged(x[0], y[0], told, lambda right, _, labelled: right / labelled if labelled else 0.0)


def f1(x: Sequence[Column], y: Sequence[Column], told: Told) -> float:
    """Return the harmonic mean of precision and recall."""
    return _averaged(x[0], y[0], told, lambda right, a, b: 2 / (a / right + b / right) if right else 0.0)


def macro_f1(x: Sequence[Column], y: Sequence[Column], _told: Told) -> float:
    """Return the mean of F1 over the labels' classes."""
    return f1(x, y, {"average": "macro"})


def _averaged(x: Column, y: Column, told: Told, ratio: Ratio) -> float:
    if told["average"] == "micro":
        right = sum(a == b for a, b in zip(x, y, strict=True))
        return 100.0 * ratio(right, sum(a != 0 for a in x), len(y))
    if told["average"] == "class":
        return 100.0 * _of_class(x, y, float(told["place"]), ratio)
    classes = sorted(set(y))
    values = [_of_class(x, y, each, ratio) for each in classes]
    if told["average"] == "weighted":
        return 100.0 * math.fsum(v * y.count(c) for v, c in zip(values, classes, strict=True)) / len(y)
    return 100.0 * math.fsum(values) / len(values)


def _of_class(x: Column, y: Column, each: float, ratio: Ratio) -> float:
    right = sum(a == b == each for a, b in zip(x, y, strict=True))
    return float(ratio(right, x.count(each), y.count(each)))


def mcc(x: Sequence[Column], y: Sequence[Column], _told: Told) -> float:
    """Return the covariance of the classes' indicators over both deviations; 0 where one side is of one class."""
    classes = sorted({*x[0], *y[0]})
    n = len(y[0])
    both = first = second = 0.0
    for each in classes:
        a, b = [float(v == each) for v in x[0]], [float(v == each) for v in y[0]]
        mean_a, mean_b = math.fsum(a) / n, math.fsum(b) / n
        both += math.fsum((p - mean_a) * (q - mean_b) for p, q in zip(a, b, strict=True))
        first += math.fsum((p - mean_a) ** 2 for p in a)
        second += math.fsum((q - mean_b) ** 2 for q in b)
    return both / math.sqrt(first * second) if first * second > 0 else 0.0


def kappa(x: Sequence[Column], y: Sequence[Column], told: Told) -> float:
    """Return one less the mean disagreement over that of all pairs of an answer and a label."""
    classes = int(float(told.get("classes", 0) or max(*x[0], *y[0])))

    def far(a: float, b: float) -> float:
        distance = abs(a - b) if a and b else float(max(1, classes - 1))
        return float(distance > 0) if told["weights"] == "none" else distance ** (1 + (told["weights"] == "quadratic"))

    n = len(y[0])
    seen = math.fsum(far(a, b) for a, b in zip(x[0], y[0], strict=True)) / n
    chance = math.fsum(far(a, b) for a in x[0] for b in y[0]) / n / n
    return 1.0 - seen / chance if chance else 1.0


ORACLES: Mapping[str, Oracle] = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "macro_f1": macro_f1,
    "f1": f1,
    "precision": precision,
    "recall": recall,
    "mcc": mcc,
    "kappa": kappa,
}
