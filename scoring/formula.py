"""A score out of its measures: the weighted sum of the terms. Standard library only."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.model import Term, Track


def score(track: Track, figures: Mapping[str, float]) -> float:
    """Return the score of a track from its measures by key; within the track's bounds despite rounding."""
    low, high = track.bounds
    return min(high, max(low, sum(term.weight * points(term, figures) for term in track.terms)))


def points(term: Term, figures: Mapping[str, float]) -> float:
    """Return what one term gives before its weight."""
    mean = sum(figures[measure.key] for measure in term.measures) / len(term.measures)
    return term.points * (mean if term.floor is None else max(mean, term.floor))
