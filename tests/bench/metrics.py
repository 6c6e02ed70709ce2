"""Ten metrics over 2,000 submissions after a change of labels, beside a loop of scikit-learn's on the same data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn import metrics as sklearn  # type: ignore[import-untyped]  # publishes no types

from scoring import metrics
from scoring.metrics.rule import FORMS, by_rows
from tests.bench import METRICS
from tests.bench.scores import clocked

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

MANY, ITEMS, SHARE, TURNS = 2_000, 1_000, 20, 3

#: Each metric with scikit-learn's function of labels and predictions.
PAIRS: dict[str, Callable[[Any, Any], float]] = {
    "accuracy": sklearn.accuracy_score,
    "balanced_accuracy": sklearn.balanced_accuracy_score,
    "macro_f1": lambda y, x: float(sklearn.f1_score(y, x, average="macro")),
    "mcc": sklearn.matthews_corrcoef,
    "kappa": sklearn.cohen_kappa_score,
    "rmse": sklearn.root_mean_squared_error,
    "mae": sklearn.mean_absolute_error,
    "mape": sklearn.mean_absolute_percentage_error,
    "log_loss": lambda y, x: float(sklearn.log_loss(y == 1, x)),
    "roc_auc": lambda y, x: float(sklearn.roc_auc_score(y == 1, x)),
}
ANSWERS = ("accuracy", "balanced_accuracy", "macro_f1", "mcc", "kappa")
PROBABILITIES = ("log_loss", "roc_auc")


def measure() -> dict[str, dict[str, object]]:
    """Return the figures of the ten."""
    return {f"metric-{name}": _one(name) for name in METRICS}


def _one(name: str) -> dict[str, object]:
    labels, rows = _data(name)
    rule = metrics.rule(name, **({"positive": 1.0} if name in PROBABILITIES else {}))
    matrix: NDArray[Any] = np.array([FORMS[rule.form](row) for row in rows])
    if name in ANSWERS:
        matrix = matrix.astype(np.uint8)
    squares = (matrix.astype(np.float64) ** 2).sum(axis=1)
    target = rule.target([labels])
    ours = min(clocked(lambda: by_rows(rule, [matrix], [squares], target)) for _ in range(TURNS))
    theirs = min(clocked(lambda: [PAIRS[name](labels, row) for row in rows[:SHARE]]) for _ in range(TURNS))
    theirs *= MANY / SHARE
    return {
        "value": round(theirs / ours, 1),
        "unit": "times a loop of scikit-learn's",
        "ours_ms": float(f"{1e3 * ours:.3g}"),
        "sklearn_s": float(f"{theirs:.3g}"),
        "submissions": MANY,
    }


def _data(name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return labels and predictions, (items,) and (submissions, items)."""
    draw = np.random.default_rng(1)
    if name in ANSWERS:
        labels = draw.integers(1, 5, ITEMS).astype(np.float64)
        guesses = draw.integers(1, 5, (MANY, ITEMS)).astype(np.float64)
        return labels, np.where(draw.random((MANY, ITEMS)) < 0.6, labels, guesses)
    if name in PROBABILITIES:
        labels = draw.integers(1, 3, ITEMS).astype(np.float64)
        return labels, np.clip(0.3 * (labels == 1) + 0.7 * draw.random((MANY, ITEMS)), 0.01, 0.99)
    labels = draw.uniform(1, 5, ITEMS)
    return labels, labels + draw.normal(0, 0.5, (MANY, ITEMS))
