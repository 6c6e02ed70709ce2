"""The same measures by other hands: scipy.stats for correlations, plain Python for the rest.

``evaluate(…, by=reference.scored)`` and ``python -m scoring --reference`` use it, so that anyone can see the same
number come out of scipy. Nothing here calls :mod:`scoring.kernel` or :mod:`scoring.metrics`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from scoring.parts import labels_of, parts_of
from scoring.scored import settled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType

    from scoring.scored import Laid, Scored
    from scoring.truth import Truth

    Column = Sequence[float]


def scored(laid: Laid, truth: Truth) -> Scored:
    """Return what :func:`scoring.scored.scored` returns, computed in the reference way."""
    labels, slices = labels_of(truth), parts_of(truth).slices
    found = {
        each.key: ORACLES[each.metric](
            laid[each.column][slices[each.group]].tolist(), labels[each.column][slices[each.group]].tolist()
        )
        for each in truth.track.measures
    }
    return settled(found, truth.track)


def srcc(x: Column, y: Column) -> float | None:
    """Return scipy.stats.spearmanr; None where it is undefined."""
    return None if _constant(x, y) else float(_stats().spearmanr(x, y).statistic)


def plcc(x: Column, y: Column) -> float | None:
    """Return scipy.stats.pearsonr; None where it is undefined."""
    return None if _constant(x, y) else float(_stats().pearsonr(x, y).statistic)


def krcc(x: Column, y: Column) -> float | None:
    """Return scipy.stats.kendalltau, variant b; None where it is undefined."""
    return None if _constant(x, y) else float(_stats().kendalltau(x, y).statistic)


def accuracy(x: Column, y: Column) -> float:
    """Return the share of right answers, in percent."""
    return 100.0 * sum(a == b for a, b in zip(x, y, strict=True)) / len(y)


def macro_f1(x: Column, y: Column) -> float:
    """Return the mean over the labels' classes of the harmonic mean of precision and recall, in percent."""
    shares = []
    for each in sorted(set(y)):
        right = sum(a == b == each for a, b in zip(x, y, strict=True))
        precision, recall = right / max(1, x.count(each)), right / y.count(each)
        shares.append(2 * precision * recall / (precision + recall) if right else 0.0)
    return 100.0 * math.fsum(shares) / len(shares)


def rmse(x: Column, y: Column) -> float:
    """Return the root of the mean squared difference."""
    return math.dist(x, y) / math.sqrt(len(y))


def mae(x: Column, y: Column) -> float:
    """Return the mean absolute difference."""
    return math.fsum(abs(a - b) for a, b in zip(x, y, strict=True)) / len(y)


def _stats() -> ModuleType:
    """Return scipy.stats."""
    from scipy import stats  # noqa: PLC0415 -- slow to load, and only wanted here

    return stats


def _constant(x: Column, y: Column) -> bool:
    return len(set(x)) < 2 or len(set(y)) < 2  # noqa: PLR2004 -- two values to differ


#: Every metric by its name in the registry.
ORACLES: Mapping[str, Callable[[Column, Column], float | None]] = {
    "accuracy": accuracy,
    "macro_f1": macro_f1,
    "srcc": srcc,
    "plcc": plcc,
    "krcc": krcc,
    "rmse": rmse,
    "mae": mae,
}
