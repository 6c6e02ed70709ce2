"""The same measures by other hands: scipy.stats for correlations, plain Python for the rest.

``evaluate(…, by=reference.scored)`` and ``python -m scoring --reference`` use it, so that anyone can see the same
number come out of scipy. Nothing here calls :mod:`scoring.kernel` or :mod:`scoring.metrics`. What another library
computes (BLEU, chrF, COCO's AP) has no second hand: there it is that library again.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from scoring.declaration.registry import METRICS
from scoring.reference import answers, numbers, orders, probabilities, texts
from scoring.scores.parts import labels_of, parts_of
from scoring.scores.scored import settled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scoring.labels.truth import Truth
    from scoring.model import Measure
    from scoring.reference.answers import Column, Oracle, Told
    from scoring.scores.scored import Laid, Scored

#: Every metric by its name in the registry.
ORACLES: Mapping[str, Oracle] = {
    **answers.ORACLES,
    **numbers.ORACLES,
    **orders.ORACLES,
    **probabilities.ORACLES,
    **texts.ORACLES,
}


def scored(laid: Laid, truth: Truth) -> Scored:
    """Return what :func:`scoring.scores.scored.scored` returns, computed in the reference way."""
    return settled({each.key: _value(each, laid, truth) for each in truth.track.measures}, truth.track)


def value(metric: str, predictions: Sequence[Column], labels: Sequence[Column], told: Told) -> float | None:
    """Return a metric of columns of predictions and of labels; None where it is undefined."""
    usual = {name: choice.default for name, choice in METRICS[metric].options.items()}
    return ORACLES[metric](predictions, labels, usual | dict(told))


def _value(measure: Measure, laid: Laid, truth: Truth) -> float | None:
    part = parts_of(truth).slices[measure.group]
    columns = [laid[name][part].tolist() for name in measure.predicted]
    labels = [labels_of(truth)[name][part].tolist() for name in measure.labelled]
    if measure.per is None:
        return value(measure.metric, columns, labels, dict(measure.options))
    queries: dict[object, list[int]] = {}
    for place, query in enumerate(labels_of(truth)[measure.per][part].tolist()):
        queries.setdefault(query, []).append(place)
    found = []
    for places in queries.values():
        own = [[column[place] for place in places] for column in columns]
        known = [[column[place] for place in places] for column in labels]
        one = value(measure.metric, own, known, dict(measure.options))
        found.append(METRICS[measure.metric].undefined if one is None else one)
    return math.fsum(each for each in found if each is not None) / len(found)
