"""The percentile bootstrap, as the check of :mod:`scoring.interval`: seeded, and the same draws for all submissions.

Efron, Annals of Statistics 7 (1979). A draw is a weight for each item: how often it was drawn. Ranks under weights
come from sums of weights over the items once sorted, so that nothing is sorted again (the same numbers as from the
expanded draw). Items are drawn within their part, as the standard error has it; those that share a cluster together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.declaration import formula
from scoring.declaration.registry import METRICS
from scoring.metrics.rule import FORMS, joined, parted
from scoring.scores.parts import labels_for, labels_of, parts_of, predicted, prepared, rule_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from scoring.kernel import Floats
    from scoring.labels.truth import Truth
    from scoring.metrics.rule import Array
    from scoring.model import Measure
    from scoring.scores.scored import Laid

    Weighted = Callable[[Floats, Floats, Floats], Floats]

#: Draws that are computed at once, so that their weights stay in the cache.
CHUNK = 250


def bootstrap(laid: Laid, truth: Truth, draws: int, seed: int) -> Floats:
    """Return the score of each of ``draws`` resamples of the items, (draws,); the same seed gives the same scores.

    The seed alone and the truth fix the resamples, so scores of two submissions may be compared draw by draw.
    """
    return np.concatenate([scores_under(laid, truth, weights) for weights in resamples(truth, draws, seed)])


def percentiles(scores: Floats, level: float = 0.95) -> tuple[float, float]:
    """Return the percentile interval of bootstrapped scores."""
    low, high = np.quantile(scores, [0.5 - level / 2, 0.5 + level / 2])
    return float(low), float(high)


def resamples(truth: Truth, draws: int, seed: int) -> Iterator[Floats]:
    """Yield the weights of the items, (up to CHUNK, n), chunk after chunk."""
    draw = np.random.default_rng(seed)
    parts = parts_of(truth)
    for start in range(0, draws, CHUNK):
        rows = min(CHUNK, draws - start)
        if parts.clusters is not None:
            yield _drawn(draw, rows, int(parts.clusters.max()) + 1)[:, parts.clusters]
        else:
            yield np.hstack([_drawn(draw, rows, part.stop - part.start) for part in parts.slices.values()])


def _drawn(draw: np.random.Generator, rows: int, size: int) -> Floats:
    """Draw ``size`` of ``size`` things with replacement, ``rows`` times; return how often each was drawn."""
    picked = draw.integers(0, size, (rows, size)) + np.arange(0, rows * size, size)[:, None]
    counts = np.bincount(picked.ravel(), minlength=rows * size)
    return counts.reshape(rows, size).astype(np.float64)


def scores_under(laid: Laid, truth: Truth, weights: Floats) -> Floats:
    """Return the score under each row of weights (B, n), which are whole numbers, in the order of the parts; (B,)."""
    columns: dict[str, Floats] = {}
    for measure in truth.track.measures:
        found = _weighted(laid, truth, measure, weights)
        columns[measure.key] = np.where(np.isnan(found), METRICS[measure.metric].undefined or 0.0, found)
    rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
    return np.array([formula.score(truth.track, row) for row in rows])


def _weighted(laid: Laid, truth: Truth, measure: Measure, weights: Floats) -> Floats:
    """Return a measure under each row of weights; NaN where it is undefined."""
    part = parts_of(truth).slices[measure.group]
    own = weights[:, part]
    if measure.per:
        return _by_query(laid, truth, measure, own)
    if measure.metric in WEIGHTED:
        x, y = laid[measure.column][part], labels_of(truth)[measure.column][part]
        return WEIGHTED[measure.metric](x, y, own)
    one = prepared(truth)[measure.key]
    if one.rule.under is not None:
        return one.rule.under(predicted(one, laid), one.target, own)
    columns = [laid[name][part] for name in measure.predicted]
    labels = labels_for(measure, truth)
    found = (_expanded(truth, measure, columns, labels, row.astype(np.int64)) for row in own)
    return np.array([np.nan if value is None else value for value in found])


def _expanded(
    truth: Truth, measure: Measure, columns: Sequence[Array], labels: Sequence[Array], counts: NDArray[np.int64]
) -> float | None:
    """Return a measure of the items, each as often as it was drawn; None without any."""
    if not counts.any():
        return None
    rule = rule_of(truth, measure)
    form = FORMS[rule.form]
    x = joined([form(column.repeat(counts)) for column in columns])
    return rule.one(x, rule.target([column.repeat(counts) for column in labels]))


def _by_query(laid: Laid, truth: Truth, measure: Measure, weights: Floats) -> Floats:
    """Return the weighted mean over queries, whose items are drawn together: a query drawn twice counts twice."""
    one = prepared(truth)[measure.key]
    x, target = predicted(one, laid), one.target
    each = rule_of(truth, measure).queries
    values = np.array(each(x, target) if each else [])
    drawn = np.array([weights[:, at].mean(axis=1) for at in parted(labels_for(measure, truth)[-1])]).T
    return _over(drawn @ values, drawn.sum(axis=1))


# --- metrics under weights: predictions and labels (m,), weights (B, m), result (B,) ----------


def accuracy(x: Floats, y: Floats, weights: Floats) -> Floats:
    """Return the weighted share of right answers, in percent."""
    return _over(100.0 * (weights @ (x == y).astype(np.float64)), weights.sum(axis=1))


def mae(x: Floats, y: Floats, weights: Floats) -> Floats:
    """Return the weighted mean absolute difference."""
    return _over(weights @ np.abs(x - y), weights.sum(axis=1))


def rmse(x: Floats, y: Floats, weights: Floats) -> Floats:
    """Return the root of the weighted mean squared difference."""
    return np.sqrt(_over(weights @ (x - y) ** 2, weights.sum(axis=1)))


def plcc(x: Floats, y: Floats, weights: Floats) -> Floats:
    """Return Pearson's correlation under weights, from five weighted sums of the centred values."""
    a, b = x - x.mean(), y - y.mean()
    n = weights.sum(axis=1)
    mean_a, mean_b, aa, bb, ab = (weights @ np.stack([a, b, a * a, b * b, a * b], axis=1) / n[:, None]).T
    return _over(ab - mean_a * mean_b, np.sqrt((aa - mean_a**2) * (bb - mean_b**2)))


def srcc(x: Floats, y: Floats, weights: Floats) -> Floats:
    """Return Spearman's correlation under weights: that of the ranks that the weighted items have."""
    first, second = _weighted_ranks(x, weights), _weighted_ranks(y, weights)
    norm = (weights * first * first).sum(axis=1) * (weights * second * second).sum(axis=1)
    return _over((weights * first * second).sum(axis=1), np.sqrt(norm))


def _weighted_ranks(values: Floats, weights: Floats) -> Floats:
    """Return doubled centred average ranks of ``values`` (m,) under each row of weights, (B, m): integers."""
    order = values.argsort()
    ordered = values[order]
    last = np.append((ordered[1:] != ordered[:-1]).nonzero()[0], values.size - 1)
    until = weights[:, order].cumsum(axis=1)[:, last]
    before = np.hstack([np.zeros((len(weights), 1)), until[:, :-1]])
    ranks = np.empty(weights.shape)
    ranks[:, order] = (until + before - until[:, -1:]).repeat(np.diff(last, prepend=-1), axis=1)
    return ranks


def _over(numerator: Floats, denominator: Floats) -> Floats:
    found = np.full(numerator.shape, np.nan)
    np.divide(numerator, denominator, out=found, where=denominator > 0)
    return found


#: The metrics that are computed for all draws at once.
WEIGHTED: Mapping[str, Weighted] = {"accuracy": accuracy, "mae": mae, "rmse": rmse, "plcc": plcc, "srcc": srcc}
