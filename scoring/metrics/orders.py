"""Metrics of an order: of the documents of a query by their score, and of times by a risk that was predicted.

Of equal scores the worse order counts for ``map`` and ``mrr``, and the mean over all orders for ``ndcg``, so that the
order of the rows never matters. Relevance is what labels hold; more than 0 is relevant.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from scoring.kernel import BLOCK
from scoring.metrics.rule import Form, Rule, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from scoring.kernel import Floats
    from scoring.metrics.rule import Array, Maker, Options


def ndcg(x: Floats, relevance: Floats, *, k: int, gain: str) -> float:
    """Return the discounted gain of the first k over that of the best order; 0 where nothing is relevant.

    Sources: Järvelin and Kekäläinen, ACM TOIS 20 (2002); the mean over orders of equal scores as McSherry and Najork
    have it (ECIR 2008), and scikit-learn. ``gain`` exponential is 2^relevance - 1 (Burges et al., ICML 2005).
    """
    gains = relevance if gain == "linear" else np.exp2(relevance) - 1.0
    discounts = 1.0 / np.log2(np.arange(relevance.size) + 2.0)
    discounts[k:] = 0.0
    best = float(np.add.reduce(-np.sort(-gains) * discounts))
    if best == 0.0:
        return 0.0
    order = np.lexsort((gains, -x))  # equal scores in one order, so that sums are the same however the rows lie
    ends = np.append((x[order][1:] != x[order][:-1]).nonzero()[0], x.size - 1)
    starts = np.concatenate(([0], ends[:-1] + 1))
    sums = np.add.reduceat(gains[order], starts)
    shares = np.add.reduceat(discounts, starts) / (ends - starts + 1)
    if ends.size == x.size:
        shares, sums = discounts, gains[order]
    return min(1.0, float(np.add.reduce(sums * shares)) / best)


def average_precision(x: Floats, relevance: Floats, *, k: int) -> float:
    """Return the sum of the precisions at the relevant ones of the first k, over k or the number relevant if less.

    As the ``apk`` of Kaggle's Benchmarks (ml_metrics). 0 where nothing is relevant.
    """
    relevant = _worst_order(x, relevance)
    first = relevant[:k]
    if not relevant.any():
        return 0.0
    precisions = first.cumsum() / np.arange(1, first.size + 1)
    return float(np.add.reduce(precisions[first])) / min(k, int(relevant.sum()))


def reciprocal_rank(x: Floats, relevance: Floats, *, k: int) -> float:
    """Return one over the rank of the first relevant one, 0 if it is not among the first k (Voorhees, TREC-8, 1999)."""
    places = _worst_order(x, relevance)[:k].nonzero()[0]
    return 1.0 / (int(places[0]) + 1) if places.size else 0.0


def _worst_order(x: Floats, relevance: Floats) -> NDArray[np.bool_]:
    """Return which are relevant, from the greatest score down; of equal scores the relevant ones last."""
    order = np.lexsort((relevance > 0, -x))
    relevant: NDArray[np.bool_] = relevance[order] > 0
    return relevant


def _query(value: Callable[..., float], options: Options) -> Rule[Floats]:
    """Return the rule of one query; its mean over the queries has the influences (:func:`scoring.metrics.rule.per`)."""
    more: dict[str, object] = {"k": int(float(options["k"]))}
    if "gain" in options:
        more["gain"] = options["gain"]
    return Rule(form=Form.PLAIN, target=plain, one=partial(value, **more))


# --- times -----------------------------------------------------------------------------------


def c_index(x: Floats, labels: tuple[Floats, Floats]) -> float | None:
    """Return the share of comparable pairs in which the longer time has the greater prediction, ties by half.

    A pair is comparable if the earlier time is that of an event (Harrell et al., JAMA 247, 1982). None without any.
    """
    right, pairs = _comparable(x, *labels)
    all_pairs = float(pairs.sum())
    return None if all_pairs == 0.0 else float(right.sum()) / all_pairs


def c_index_moves(x: Floats, labels: tuple[Floats, Floats]) -> Floats:
    """Return the influences on the index, (m,): each item's own pairs, as of a ratio of two U-statistics."""
    right, pairs = _comparable(x, *labels)
    all_pairs = float(pairs.sum()) / 2
    if all_pairs == 0.0:
        return np.zeros(x.size)
    found: Floats = (right - float(right.sum()) / float(pairs.sum()) * pairs) / all_pairs
    return found


def _comparable(x: Floats, time: Floats, event: Floats) -> tuple[Floats, Floats]:
    """Return for each item how many of its comparable pairs are right (half for equal ones), and how many there are."""
    n = x.size
    right, pairs = np.zeros(n), np.zeros(n)
    rows = max(1, 4 * BLOCK // max(1, n))
    for start in range(0, n, rows):
        at = slice(start, start + rows)
        later = (event[at, None] > 0) & ((time[at, None] < time) | ((time[at, None] == time) & (event <= 0)))
        agree = later * (np.sign(x - x[at, None]) + 1) / 2
        right[at] += agree.sum(axis=1)
        pairs[at] += later.sum(axis=1)
        right += agree.sum(axis=0)
        pairs += later.sum(axis=0)
    return right, pairs


def _times(labels: Sequence[Array]) -> tuple[Floats, Floats]:
    return labels[0], labels[1]


MAKERS: Mapping[str, Maker] = {
    "ndcg": partial(_query, ndcg),
    "map": partial(_query, average_precision),
    "mrr": partial(_query, reciprocal_rank),
    "c_index": lambda _: Rule(form=Form.PLAIN, target=_times, one=c_index, influence=c_index_moves),
}
