"""A score out of its measures: the weighted sum of the terms. Standard library only."""

from __future__ import annotations

import operator
from functools import reduce
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scoring.model import Term, Track


def score(track: Track, figures: Mapping[str, float]) -> float:
    """Return the score of a track from its measures by key; within the track's bounds despite rounding."""
    low, high = track.bounds
    return min(high, max(low, added(term.weight * points(term, figures) for term in track.terms)))


def points(term: Term, figures: Mapping[str, float]) -> float:
    """Return what one term gives before its weight."""
    mean = added(figures[measure.key] for measure in term.measures) / len(term.measures)
    return term.points * (mean if term.floor is None else max(mean, term.floor))


def added(values: Iterable[float]) -> float:
    """Add one number at least, from left to right, as the kernels add the columns of many files.

    The built-in ``sum`` does so up to Python 3.11 alone; later ones carry the rounding along (CPython gh-100425), and a
    score would end in another digit when it is computed again after an update.
    """
    return reduce(operator.add, values)
