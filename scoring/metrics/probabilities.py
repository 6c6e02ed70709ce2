"""Metrics of probabilities: a column for each class, in the order of the choices, or the positive class's alone.

Labels are places of the choices, from 1. Rows are divided by their sums, as most public challenges do, so they need not
sum to 1. Of one column the number is the probability of the positive class, and the label its place or another.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from functools import partial, reduce
from typing import TYPE_CHECKING

import numpy as np

from scoring import kernel
from scoring.kernel import Side, doubled_ranks, side
from scoring.metrics.rule import Form, Rule, mean, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from scoring.kernel import Bools, Floats, Matrix
    from scoring.metrics.rule import Array, Maker, Options


def _shares(x: Floats, positive: int) -> list[Floats]:
    """Return the probabilities of each class, column by column; a single column is the positive class's."""
    if positive:
        return [x, 1.0 - x]
    total = reduce(operator.add, x)
    return [np.divide(each, total, out=np.zeros(total.shape), where=total > 0) for each in x]


def _is(labels: Floats, positive: int, classes: int) -> list[Bools]:
    """Return whether each item is of each class, in the order of :func:`_shares`."""
    if positive:
        return [labels == positive, labels != positive]
    return [labels == place for place in range(1, classes + 1)]


def _own(x: Floats, labels: Floats, positive: int) -> Floats:
    """Return the probability of each item's own class."""
    shares = _shares(x, positive)
    zero = np.zeros(shares[0].shape)
    return reduce(
        operator.add, (np.where(own, p, zero) for own, p in zip(_is(labels, positive, len(x)), shares, strict=True))
    )


def log_loss(x: Floats, labels: Floats, *, positive: int, clip: float) -> Floats:
    """Return the negative logarithm of each item's own probability, which counts as ``clip`` at least."""
    losses: Floats = -np.log(np.maximum(_own(x, labels, positive), clip))
    return losses + 0.0


def brier(x: Floats, labels: Floats, *, positive: int) -> Floats:
    """Return the squared errors, summed over the classes (Brier, Monthly Weather Review, 1950), of one column its own.

    >>> brier(np.array([0.7]), np.array([1.0]), positive=1).round(2).tolist()
    [0.09]
    """
    pairs = list(zip(_shares(x, positive), _is(labels, positive, len(x)), strict=True))
    return reduce(operator.add, ((p - own) ** 2 for p, own in (pairs[:1] if positive else pairs)))


def top_k(x: Floats, labels: Floats, *, positive: int, k: int) -> Floats:
    """Return 1 for each item whose class is among the k most probable; of equal ones the later class goes first."""
    shares = _shares(x, positive)
    own = _own(x, labels, positive)
    ahead = np.zeros(own.shape)
    for p, is_class, place in zip(shares, _is(labels, positive, len(x)), range(len(shares)), strict=True):
        later = reduce(operator.or_, (each for each in _is(labels, positive, len(x))[:place]), np.zeros_like(is_class))
        ahead += (p > own) | ((p == own) & later)
    hits: Floats = (ahead < k).astype(np.float64)
    return hits


def _mean(losses: Callable[..., Floats], options: Options, *names: str, scale: float = 1.0) -> Rule[Floats]:
    more = {name: options[name] for name in names}
    return mean(partial(losses, positive=_positive(options), **more), plain, scale=scale)


def _positive(options: Options) -> int:
    return int(float(options.get("positive", 0)))


# --- thresholds: each class against the rest -------------------------------------------------


@dataclass(frozen=True, kw_only=True, eq=False)
class Rest:
    """The classes that the labels have: the column of each, its items' indicator, and its weight in the mean."""

    columns: tuple[int, ...]
    own: tuple[Side, ...]
    weights: tuple[float, ...]


def one_against_rest(options: Options) -> Callable[[Sequence[Array]], Rest]:
    """Return the preparation of labels; a class that all items or none have cannot be told from the rest."""
    positive, weighted = _positive(options), options["average"] == "weighted"

    def target(labels: Sequence[Array]) -> Rest:
        codes = labels[0]
        classes = [positive] if positive else list(range(1, int(codes.max(initial=0)) + 1))
        told = [each for each in classes if 0 < (codes == each).sum() < codes.size]
        sizes = [float((codes == each).sum()) if weighted else 1.0 for each in told]
        return Rest(
            columns=tuple(0 if positive else each - 1 for each in told),
            own=tuple(side((codes == each).astype(np.float64)) for each in told),
            weights=tuple(size / math.fsum(sizes) for size in sizes),
        )

    return target


def thresholds(
    value: Callable[[Floats, Side], float],
    influence: Callable[[Floats, Side], Floats],
    form: Form,
    options: Options,
    many: Callable[[Matrix, Side], Floats] | None = None,
) -> Rule[Rest]:
    """Return the rule of a metric of one class against the rest, or of its mean over the classes."""

    def columns(x: Floats, rest: Rest) -> list[Floats]:
        return [x if x.ndim == 1 else x[place] for place in rest.columns]

    def one(x: Floats, rest: Rest) -> float | None:
        found = [value(column, own) for column, own in zip(columns(x, rest), rest.own, strict=True)]
        return reduce(operator.add, map(operator.mul, rest.weights, found)) if found else None

    def moves(x: Floats, rest: Rest) -> Floats:
        total = np.zeros(x.shape[-1])
        spread = np.zeros(x.shape[-1])
        for column, own, weight in zip(columns(x, rest), rest.own, rest.weights, strict=True):
            total += weight * influence(column, own)
            if options["average"] == "weighted":
                spread += own.vector * value(column, own) * weight / own.square
        return total + (spread - spread.mean() if options["average"] == "weighted" else 0.0)

    def each(matrices: Sequence[Matrix], _squares: Sequence[Floats], rest: Rest) -> Floats:
        found = [many(matrices[c], own) for c, own in zip(rest.columns, rest.own, strict=True) if many]
        if not found:
            return np.full(len(matrices[0]), np.nan)
        return reduce(operator.add, (weight * values for weight, values in zip(rest.weights, found, strict=True)))

    return Rule(
        form=form, target=one_against_rest(options), one=one, influence=moves, many=None if many is None else each
    )


def roc_auc(ranks: Floats, own: Side) -> float:
    """Return the probability that an item of the class is ranked above one of the rest, ties by half.

    From doubled centred ranks, whose sum is exact (Mann and Whitney 1947).
    """
    return _area(float(ranks @ own.vector), own)


def _area(ranks: float, own: Side) -> float:
    inside, rest = int(own.square), own.vector.size - int(own.square)
    return (ranks + inside * rest) / (2 * inside * rest)


def _areas(matrix: Matrix, own: Side) -> Floats:
    sums = kernel.products(matrix, own.vector, whole=True)
    return np.array([_area(each, own) for each in sums.tolist()])


def delong(ranks: Floats, own: Side) -> Floats:
    """Return the influences on the area, (m,): structural components less the area, over the class's size.

    Source: DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988).
    """
    inside = own.vector > 0
    above = np.empty(ranks.size)
    for part, rest in ((inside, ~inside), (~inside, inside)):
        within = doubled_ranks(ranks[part])
        above[part] = ((ranks[part] - within) / int(rest.sum()) + 1) / 2
    above[~inside] = 1 - above[~inside]
    area = roc_auc(ranks, own)
    found: Floats = (above - area) / np.where(inside, inside.sum(), (~inside).sum())
    return found


def average_precision(x: Floats, own: Side) -> float:
    """Return the mean over the class's items of the precision at their score, equal scores taken at once.

    As scikit-learn's: the sum of precision times the gain in recall, without interpolation.
    """
    _, inside, right, ahead = _precisions(x, own)
    return float(np.add.reduce((right / ahead)[inside])) / own.square


def average_precision_moves(x: Floats, own: Side) -> Floats:
    """Return the influences on the average precision, (m,): an item moves the precision at each score below its own."""
    order, inside, right, ahead = _precisions(x, own)
    value = float(np.add.reduce((right / ahead)[inside])) / own.square
    ends = _last_equal(x[order])
    starts = np.concatenate(([0], ends[:-1] + 1))[np.searchsorted(ends, np.arange(x.size))]
    for_right = _from_here(np.where(inside, 1 / ahead, 0.0))[starts]
    for_all = _from_here(np.where(inside, right / ahead**2, 0.0))[starts]
    own_term = np.where(inside, right / ahead - value + for_right, 0.0)
    moves = np.empty(x.size)
    moves[order] = (own_term - for_all) / own.square
    return moves


def _from_here(terms: Floats) -> Floats:
    found: Floats = terms[::-1].cumsum()[::-1]
    return found


def _precisions(x: Floats, own: Side) -> tuple[Array, Bools, Floats, Floats]:
    """Return the falling order, which items are of the class, and how many of it, and of all, are not below each."""
    order = np.lexsort((-own.vector, -x))
    inside = own.vector[order] > 0
    ends = _last_equal(x[order])
    last = ends[np.searchsorted(ends, np.arange(x.size))]
    right = inside.cumsum()[last].astype(np.float64)
    return order, inside, right, last + 1.0


def _last_equal(ordered: Floats) -> Array:
    """Return where each run of equal values ends."""
    return np.append((ordered[1:] != ordered[:-1]).nonzero()[0], ordered.size - 1)


# --- calibration -----------------------------------------------------------------------------


def ece(x: Floats, labels: Floats, *, positive: int, bins: int) -> float:
    """Return the expected calibration error: the mean distance of accuracy and confidence, bin by bin.

    Source: Guo et al., ICML 2017; equal bins (a, b] of the greatest probability.
    """
    gaps, _ = _gaps(x, labels, positive, bins)
    return float(np.add.reduce(np.abs(gaps))) / labels.size


def ece_moves(x: Floats, labels: Floats, *, positive: int, bins: int) -> Floats:
    """Return the influences on the expected calibration error, (m,)."""
    gaps, (place, gap) = _gaps(x, labels, positive, bins)
    value = float(np.abs(gaps).sum()) / labels.size
    found: Floats = (np.sign(gaps)[place] * gap - value) / labels.size
    return found


def _gaps(x: Floats, labels: Floats, positive: int, bins: int) -> tuple[Floats, tuple[Array, Floats]]:
    """Return the summed gap of each bin, and each item's bin and gap: right or not, less its confidence."""
    shares = np.array(_shares(x, positive))
    sure, said = shares.max(axis=0), shares.argmax(axis=0)
    right = np.array(_is(labels, positive, len(x)))[said, np.arange(labels.size)]
    place = np.clip(np.ceil(sure * bins).astype(np.int64) - 1, 0, bins - 1)
    gap = right - sure
    sums: Floats = np.bincount(place, weights=gap, minlength=bins).astype(np.float64)
    return sums, (place, gap)


def _ece(options: Options) -> Rule[Floats]:
    positive, bins = _positive(options), int(float(options["bins"]))
    return Rule(
        form=Form.PLAIN,
        target=plain,
        one=lambda x, labels: ece(x, labels, positive=positive, bins=bins),
        influence=lambda x, labels: ece_moves(x, labels, positive=positive, bins=bins),
    )


MAKERS: Mapping[str, Maker] = {
    "log_loss": lambda options: _mean(log_loss, options, "clip"),
    "brier": lambda options: _mean(brier, options),
    "top_k": lambda options: _mean(top_k, options, "k", scale=100.0),
    "roc_auc": lambda options: thresholds(roc_auc, delong, Form.RANKS, options, _areas),
    "average_precision": lambda options: thresholds(average_precision, average_precision_moves, Form.PLAIN, options),
    "ece": _ece,
}
