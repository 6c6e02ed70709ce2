"""The measures, the score and the influences of one submission, from columns that are laid out.

Everything else that scores goes through here: :func:`.evaluate.evaluate`, the attacks, the bootstrap's check.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scoring.declaration import formula
from scoring.declaration.registry import METRICS
from scoring.scores.parts import parts_of, predicted, prepared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.kernel import Floats
    from scoring.labels.truth import Truth
    from scoring.metrics.rule import Array
    from scoring.model import Measure, Track
    from scoring.scores.parts import Prepared

    Laid = Mapping[str, Array]


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What a submission's values come to."""

    #: Each measure by key, in the order shown; an undefined one as what it counts as.
    figures: Mapping[str, float]
    score: float
    #: The columns of which a measure is undefined: their values are all alike.
    undefined: tuple[str, ...] = ()


def scored(laid: Laid, truth: Truth) -> Scored:
    """Return the measures and the score of columns as :func:`scoring.scores.parts.laid_out` gives them."""
    return settled({key: _value(each, laid) for key, each in prepared(truth).items()}, truth.track)


def value(measure: Measure, laid: Laid, truth: Truth) -> float | None:
    """Return one measure; None where it is undefined."""
    return _value(prepared(truth)[measure.key], laid)


def _value(one: Prepared, laid: Laid) -> float | None:
    return one.rule.one(predicted(one, laid), one.target)


def settled(found: Mapping[str, float | None], track: Track) -> Scored:
    """Return the score of measures by key, of which some may be undefined."""
    measures = track.measures
    figures = {each.key: counted(each, found[each.key]) for each in measures}
    undefined = dict.fromkeys(m.column for m in measures if found[m.key] is None and METRICS[m.metric].correlates)
    return Scored(figures=figures, score=formula.score(track, figures), undefined=tuple(undefined))


def counted(measure: Measure, value: float | None) -> float:
    """Return the value of a measure, or what it counts as where it is undefined."""
    if value is not None:
        return value
    instead = METRICS[measure.metric].undefined
    if instead is None:
        raise ValueError(f"{measure.metric} is undefined without items")
    return instead


def influence(laid: Laid, truth: Truth, found: Scored | None = None) -> Floats:
    """Return the influence of each item on the score, (n,), in the order of the parts; ``found`` is what it scores.

    Where a term lies below its floor, or is undefined, no item moves it. Of an expression it is the sum of the
    measures' influences times its slopes by them (the delta method).
    """
    parts, track = parts_of(truth), truth.track
    total = np.zeros(parts.n)
    bent = bool(track.expression) or any(term.floor is not None for term in track.terms)
    every = prepared(truth)
    figures = (found or scored(laid, truth)).figures if bent else dict.fromkeys(every, 0.0)
    slopes = formula.slopes(track, figures)
    for key, each in every.items():
        if slope := slopes.get(key):
            if each.rule.influence is None:
                raise ValueError(f"{each.measure.metric} has no influence values")
            total[each.part] += slope * each.rule.influence(predicted(each, laid), each.target)
    return total
