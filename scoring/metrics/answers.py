"""Metrics of answers out of a closed set. They are functions of the counts of each answer given each label.

The influence of an item is the slope of the metric by its count (the delta method). An answer that is none of the
choices has the place 0: it is wrong, and no class's. Means are over the classes that the labels have.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from scoring.kernel import BLOCK
from scoring.metrics.rule import Form, Rule, mean, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from scoring.kernel import Floats, Matrix
    from scoring.metrics.rule import Array, Maker, Options

    Counts = NDArray[np.int64]
    #: The value of counts (answers, labels), and its slope by each of them; places are the choices', 0 none of them.
    Of = Callable[[Counts], tuple[float, Floats]]


def _right(answers: Floats, labels: Floats) -> Floats:
    right: Floats = (answers == labels).astype(np.float64)
    return right


def counted(of: Of, classes: int = 0) -> Rule[Counts]:
    """Return the rule of a metric of counts; ``classes`` is the number of choices, if it is known."""

    def one(answers: Floats, labels: Counts) -> float:
        return of(counts(answers, labels, classes))[0]

    def influence(answers: Floats, labels: Counts) -> Floats:
        found = of(counts(answers, labels, classes))[1][answers.astype(np.int64), labels]
        moves: Floats = found - found.mean()
        return moves

    def many(matrices: Sequence[Matrix], _squares: Sequence[Floats], labels: Counts) -> Floats:
        (matrix,) = matrices
        most = _most(int(np.asarray(matrix).max(initial=0)), labels, classes)
        rows = max(1, BLOCK // max(1, labels.size))
        found: list[float] = []
        for start in range(0, len(matrix), rows):
            block = np.asarray(matrix[start : start + rows]).astype(np.int64)
            turns = np.arange(len(block))[:, None] * most * most
            every = np.bincount((turns + block * most + labels).ravel(), minlength=len(block) * most * most)
            found += [of(each)[0] for each in every.reshape(len(block), most, most)]
        return np.array(found)

    return Rule(form=Form.PLAIN, target=_whole, one=one, influence=influence, many=many)


def counts(answers: Floats, labels: Counts, classes: int = 0) -> Counts:
    """Count the items by answer and label, (most + 1, most + 1)."""
    most = _most(int(answers.max(initial=0)), labels, classes)
    found = np.bincount(answers.astype(np.int64) * most + labels, minlength=most * most)
    return found.reshape(most, most)


def _most(answer: int, labels: Counts, classes: int) -> int:
    return max(answer, int(labels.max(initial=0)), classes) + 1


def _whole(labels: Sequence[Array]) -> Counts:
    return labels[0].astype(np.int64)


# --- by class --------------------------------------------------------------------------------


def by_class(table: Counts, ratio: Callable[[Floats, Floats, Floats], tuple[Floats, Floats, Floats, Floats]]) -> Floats:
    """Return the ratio of each class and its slopes by right, answered and labelled, (4, most + 1)."""
    right, answered, labelled = (
        each.astype(np.float64) for each in (table.diagonal(), table.sum(axis=1), table.sum(axis=0))
    )
    return np.array(ratio(right, answered, labelled))


def _over(numerator: Floats, denominator: Floats) -> Floats:
    found = np.zeros(np.broadcast(numerator, denominator).shape)
    np.divide(numerator, denominator, out=found, where=denominator > 0)
    return found


def precision(right: Floats, answered: Floats, labelled: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Right over answered; 0 where the class is never answered."""
    value = _over(right, answered)
    each = _over(np.ones(right.shape), answered)
    return value, each, -value * each, np.zeros(labelled.shape)


def recall(right: Floats, answered: Floats, labelled: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Right over labelled."""
    value = _over(right, labelled)
    each = _over(np.ones(right.shape), labelled)
    return value, each, np.zeros(answered.shape), -value * each


def f1(right: Floats, answered: Floats, labelled: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Twice the right over answered and labelled (van Rijsbergen, Information Retrieval, 1979)."""
    value = _over(2 * right, answered + labelled)
    each = _over(np.ones(right.shape), answered + labelled)
    return value, 2 * each, -value * each, -value * each


RATIOS = {"precision": precision, "recall": recall, "f1": f1}


def averaged(table: Counts, *, ratio: str, average: str, place: int = 0) -> tuple[float, Floats]:
    """Return a ratio in percent: the mean over classes, that of one, or of all counts, and its slopes."""
    labelled = table.sum(axis=0).astype(np.float64)
    if average == "micro":
        return _micro(table, ratio)
    value, by_right, by_answered, by_labelled = by_class(table, RATIOS[ratio])
    present = labelled > 0
    present[0] = False
    if average == "class":
        weights = np.zeros(labelled.shape)
        weights[place] = 1.0
    elif average == "weighted":
        weights = labelled / labelled.sum()
    else:
        weights = present / present.sum()
    found = float(np.add.reduce(weights[present] * value[present])) if average != "class" else float(value[place])
    slope = np.diag(weights * by_right) + (weights * by_answered)[:, None] + weights * by_labelled
    if average == "weighted":
        slope = slope + (value - found) / labelled.sum()
    return _percent(found), 100.0 * slope


def _percent(share: float) -> float:
    return min(100.0, 100.0 * share)


def _micro(table: Counts, ratio: str) -> tuple[float, Floats]:
    """Return a ratio of the sums over all classes; no answer is no class's."""
    size = len(table)
    own = np.eye(size)
    own[0, 0] = 0.0
    answered = np.ones((size, size))
    answered[0] = 0.0
    sums = [np.array([float((table * each).sum())]) for each in (own, answered, np.ones((size, size)))]
    value, by_right, by_answered, by_labelled = (float(each[0]) for each in RATIOS[ratio](*sums))
    return _percent(value), 100.0 * (by_right * own + by_answered * answered + by_labelled)


def balanced(table: Counts) -> tuple[float, Floats]:
    """Return the mean recall in percent over the classes that the labels have."""
    return averaged(table, ratio="recall", average="macro")


# --- agreement beyond chance -----------------------------------------------------------------


def mcc(table: Counts) -> tuple[float, Floats]:
    """Return the correlation of answers and labels over all classes; 0 where one side has one class alone.

    Source: Gorodkin, Computational Biology and Chemistry 28 (2004); of two classes it is Matthews' (1975).
    """
    n = int(table.sum())
    answered, labelled = table.sum(axis=1), table.sum(axis=0)
    cross = int(table.trace()) * n - int(answered @ labelled)
    first, second = n * n - int(answered @ answered), n * n - int(labelled @ labelled)
    if first == 0 or second == 0:
        return 0.0, np.zeros(table.shape)
    norm = float(first) ** 0.5 * float(second) ** 0.5
    value = max(-1.0, min(1.0, cross / (first * second) ** 0.5))
    by_cross = n * np.eye(len(table)) + int(table.trace()) - labelled[:, None] - answered
    by_first, by_second = 2 * n - 2 * answered[:, None], 2 * n - 2 * labelled
    return value, by_cross / norm - value / 2 * (by_first / first + by_second / second)


def kappa(table: Counts, *, weights: str, classes: int = 0) -> tuple[float, Floats]:
    """Return Cohen's kappa: 1 less the disagreement over that of answers and labels which are independent.

    Sources: Cohen, Educational and Psychological Measurement 20 (1960); Psychological Bulletin 70 (1968), weighted by
    the distance of the places or its square. No answer is as far from each label as the first choice from the last.
    Where answers and labels are all one class, both agree by chance alone and it counts 1.
    """
    size = len(table)
    far = _distances(size, weights, max(classes, size - 1))
    n = float(table.sum())
    answered, labelled = table.sum(axis=1).astype(np.float64), table.sum(axis=0).astype(np.float64)
    seen, chance = float((far * table).sum()), float(answered @ far @ labelled) / n
    if chance == 0.0:
        return 1.0, np.zeros(table.shape)
    by_chance = ((far @ labelled)[:, None] + answered @ far) / n - chance / n
    return 1.0 - seen / chance, -far / chance + seen / chance**2 * by_chance


def _distances(size: int, weights: str, classes: int) -> Floats:
    places = np.arange(size, dtype=np.float64)
    far = np.abs(places[:, None] - places)
    far[0] = far[:, 0] = max(1, classes - 1)
    far[0, 0] = 0.0
    if weights == "none":
        return (far > 0).astype(np.float64)
    found: Floats = far if weights == "linear" else far * far
    return found


# --- all of them -----------------------------------------------------------------------------


def _number(options: Options, key: str) -> int:
    return int(float(options.get(key, 0) or 0))


def _ratio(ratio: str, options: Options) -> Rule[Counts]:
    of = partial(averaged, ratio=ratio, average=str(options["average"]), place=_number(options, "place"))
    return counted(of, _number(options, "classes"))


def _kappa(options: Options) -> Rule[Counts]:
    classes = _number(options, "classes")
    return counted(partial(kappa, weights=str(options["weights"]), classes=classes), classes)


MAKERS: Mapping[str, Maker] = {
    "accuracy": lambda _: mean(_right, plain, scale=100.0),
    "balanced_accuracy": lambda options: counted(balanced, _number(options, "classes")),
    "macro_f1": lambda _: counted(partial(averaged, ratio="f1", average="macro")),
    "f1": partial(_ratio, "f1"),
    "precision": partial(_ratio, "precision"),
    "recall": partial(_ratio, "recall"),
    "mcc": lambda options: counted(mcc, _number(options, "classes")),
    "kappa": _kappa,
}
