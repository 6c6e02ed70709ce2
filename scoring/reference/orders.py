"""Metrics of an order, in plain Python: of one query, and of times."""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scoring.reference.answers import Column, Oracle, Told


def ndcg(x: Sequence[Column], y: Sequence[Column], told: Told) -> float:
    """Return the discounted gain over the best; equal scores share the mean gain of their places."""
    k = int(float(told["k"]))
    gains = [b if told["gain"] == "linear" else 2**b - 1 for b in y[0]]
    discounts = [1 / math.log2(place + 2) if place < k else 0.0 for place in range(len(gains))]
    best = math.fsum(map(math.prod, zip(sorted(gains, reverse=True), discounts, strict=True)))
    pairs = sorted(zip(x[0], gains, strict=True), key=lambda pair: -pair[0])
    found, place = [], 0
    for _, group in groupby(pairs, key=lambda pair: pair[0]):
        own = [gain for _, gain in group]
        found.append(math.fsum(own) / len(own) * math.fsum(discounts[place : place + len(own)]))
        place += len(own)
    return math.fsum(found) / best if best else 0.0


def _relevant(x: Sequence[Column], y: Sequence[Column], told: Told) -> tuple[list[bool], int]:
    """Return which of the first k are relevant, the relevant of equal ones last, and how many are in all."""
    pairs = sorted(zip(x[0], y[0], strict=True), key=lambda pair: (-pair[0], pair[1] > 0))
    return [label > 0 for _, label in pairs][: int(float(told["k"]))], sum(label > 0 for label in y[0])


def average_precision(x: Sequence[Column], y: Sequence[Column], told: Told) -> float:
    """Return the precisions at the relevant ones of the first k, over as many as there could be."""
    first, every = _relevant(x, y, told)
    found = [sum(first[: place + 1]) / (place + 1) for place, relevant in enumerate(first) if relevant]
    return math.fsum(found) / min(int(float(told["k"])), every) if every else 0.0


def reciprocal_rank(x: Sequence[Column], y: Sequence[Column], told: Told) -> float:
    """Return one over the rank of the first relevant one."""
    first, _ = _relevant(x, y, told)
    return 1 / (first.index(True) + 1) if True in first else 0.0


def c_index(x: Sequence[Column], y: Sequence[Column], _told: Told) -> float | None:
    """Return the share of comparable pairs that are in order, pair by pair."""
    right = pairs = 0.0
    items = list(zip(x[0], y[0], y[1], strict=True))
    for said, time, event in items:
        for other, later, happens in items:
            if event > 0 and (time < later or (time == later and happens <= 0)):
                pairs += 1
                right += (said < other) + 0.5 * (said == other)
    return right / pairs if pairs else None


ORACLES: Mapping[str, Oracle] = {
    "ndcg": ndcg,
    "map": average_precision,
    "mrr": reciprocal_rank,
    "c_index": c_index,
}
