"""What each metric computes; what is undefined is None, never NaN.

A metric looks at the predictions and the labels in one :class:`Form`: their ranks, their centred values, or as they
are. Names, bounds and units are in :mod:`scoring.registry`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from scoring import influence, kernel
from scoring.kernel import Side, centred, doubled_ranks, side

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike

    from scoring.kernel import Floats, Matrix


class Form(StrEnum):
    """How a metric looks at a column."""

    RANKS = "ranks"  # doubled centred ranks, integers
    CENTRED = "centred"  # less the mean
    PLAIN = "plain"  # as it is: numbers, or the places of the choices


#: Each form as a function of a column (n,).
FORMS: Mapping[Form, Callable[[Floats], Floats]] = {
    Form.RANKS: doubled_ranks,
    Form.CENTRED: centred,
    Form.PLAIN: lambda values: values,
}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A metric as functions of predictions (m,) and labels, both in its form."""

    form: Form
    #: The value; None where it is undefined.
    one: Callable[[Floats, Side], float | None]
    #: The influence of each item on the value, (m,); see :mod:`scoring.influence`.
    influence: Callable[[Floats, Side], Floats]


def one(metric: str, predictions: ArrayLike, labels: ArrayLike) -> float | None:
    """Return a metric of predictions and labels (n,), choices as whole numbers; None where it is undefined.

    Raises ValueError for a value that is not finite or for lengths that differ.

    >>> one("srcc", [1, 2, 3, 4], [1, 3, 2, 4])
    0.8
    """
    x, y = np.asarray(predictions, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    if x.shape != y.shape or not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("predictions and labels must be finite and equally many")
    rule = RULES[metric]
    transform = FORMS[rule.form]
    return rule.one(transform(x), side(transform(y))) if x.size else None


def many(metric: str, matrix: Matrix, square: Floats, labels: Side) -> Floats:
    """Return a metric of each row of ``matrix`` (k, m), in the metric's form, bit for bit as :func:`one`; shape (k,).

    ``square`` (k,) holds the sums of squares of the rows. NaN where the metric is undefined.
    """
    rule = RULES[metric]
    if metric in CORRELATIONS:
        return kernel.cosines(matrix, square, labels, whole=rule.form is Form.RANKS)
    found = (rule.one(np.asarray(row, dtype=np.float64), labels) for row in matrix)
    return np.array([math.nan if value is None else value for value in found])


# --- choices ---------------------------------------------------------------------------------


def accuracy(answers: Floats, labels: Side) -> float:
    """Return the share of right answers, in percent."""
    return 100.0 * int((answers == labels.vector).sum()) / answers.size


def macro_f1(answers: Floats, labels: Side) -> float:
    """Return the mean of F1 over the classes that the labels have, in percent.

    F1 of a class is 2 TP / (2 TP + FP + FN) (van Rijsbergen, Information Retrieval, 1979); it is 0 where the class
    is never answered.
    """
    shares = influence.f1_counts(answers, labels.vector)
    return 100.0 * float(np.add.reduce(2 * shares.right / (shares.answered + shares.labelled))) / shares.right.size


# --- numbers ---------------------------------------------------------------------------------


def krcc(x: Floats, labels: Side) -> float | None:
    """Kendall's tau-b: concordant less discordant pairs over the geometric mean of the pairs untied in each.

    Source: Kendall, Biometrika 33 (1945). Counted over all pairs, in blocks: n² / 2 steps.
    """
    both, first, second = influence.pair_sums(x, labels.vector)
    untied = int(np.abs(first).sum()) * int(np.abs(second).sum())
    return None if untied == 0 else max(-1.0, min(1.0, int(both.sum()) / math.sqrt(untied)))


def rmse(x: Floats, labels: Side) -> float:
    """Return the root of the mean squared difference."""
    errors = x - labels.vector
    return math.sqrt(float(np.add.reduce(errors * errors)) / x.size)


def mae(x: Floats, labels: Side) -> float:
    """Return the mean absolute difference."""
    return float(np.add.reduce(np.abs(x - labels.vector))) / x.size


def srcc(x: ArrayLike, y: ArrayLike) -> float | None:
    """Spearman's rank correlation of ``x`` and ``y`` (n,), finite; ties share average ranks. None if one is constant.

    >>> srcc([1, 2, 3, 4], [1, 3, 2, 4])
    0.8
    """
    return one("srcc", x, y)


def plcc(x: ArrayLike, y: ArrayLike) -> float | None:
    """Pearson's linear correlation of ``x`` and ``y`` (n,), finite, raw: no curve is fitted. None if one is constant.

    >>> plcc([1, 2, 3], [2, 4, 6])
    1.0
    """
    return one("plcc", x, y)


#: The metrics that are cosines, so that thousands are one product.
CORRELATIONS = frozenset({"srcc", "plcc"})

#: Every metric by its name in the registry.
RULES: Mapping[str, Rule] = {
    "accuracy": Rule(form=Form.PLAIN, one=accuracy, influence=influence.accuracy),
    "macro_f1": Rule(form=Form.PLAIN, one=macro_f1, influence=influence.macro_f1),
    "srcc": Rule(form=Form.RANKS, one=kernel.rank_cosine, influence=influence.srcc),
    "plcc": Rule(form=Form.CENTRED, one=kernel.cosine, influence=influence.plcc),
    "krcc": Rule(form=Form.PLAIN, one=krcc, influence=influence.krcc),
    "rmse": Rule(form=Form.PLAIN, one=rmse, influence=influence.rmse),
    "mae": Rule(form=Form.PLAIN, one=mae, influence=influence.mae),
}
