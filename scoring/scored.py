"""The measures, the score and the influences of one submission, from columns that are laid out.

Everything else that scores goes through here: :func:`scoring.evaluate.evaluate`, the attacks, the bootstrap's check.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scoring import formula, metrics
from scoring.parts import label_side, parts_of
from scoring.registry import METRICS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.kernel import Floats
    from scoring.model import Measure, Term, Track
    from scoring.truth import Truth

    Laid = Mapping[str, Floats]


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What a submission's values come to."""

    #: Each measure by key, in the order shown; an undefined one as what it counts as.
    figures: Mapping[str, float]
    score: float
    #: The columns of which a measure is undefined: their values are all alike.
    undefined: tuple[str, ...] = ()


def scored(laid: Laid, truth: Truth) -> Scored:
    """Return the measures and the score of columns as :func:`scoring.parts.laid_out` gives them."""
    found = {measure.key: _value(laid, truth, measure) for measure in truth.track.measures}
    undefined = dict.fromkeys(each.column for each in truth.track.measures if found[each.key] is None)
    return settled(found, truth.track, tuple(undefined))


def settled(found: Mapping[str, float | None], track: Track, undefined: tuple[str, ...]) -> Scored:
    """Return the score of measures, of which some may be undefined."""
    figures = {each.key: counted(each, found[each.key]) for each in track.measures}
    return Scored(figures=figures, score=formula.score(track, figures), undefined=undefined)


def counted(measure: Measure, value: float | None) -> float:
    """Return the value of a measure, or what it counts as where it is undefined."""
    if value is not None:
        return value
    instead = METRICS[measure.metric].undefined
    if instead is None:
        raise ValueError(f"{measure.metric} is undefined without items")
    return instead


def influence(laid: Laid, truth: Truth) -> Floats:
    """Return the influence of each item on the score, (n,), in the order of the parts.

    Where a term lies below its floor, or is undefined, no item moves it.
    """
    total = np.zeros(parts_of(truth).n)
    for term in truth.track.terms:
        if not _floored(term, laid, truth):
            for measure in term.measures:
                rule, form, part = _looked_at(laid, truth, measure)
                share = term.weight * term.points / len(term.measures)
                total[part] += share * rule.influence(form, label_side(truth, measure))
    return total


def _floored(term: Term, laid: Laid, truth: Truth) -> bool:
    if term.floor is None:
        return False
    values = [counted(each, _value(laid, truth, each)) for each in term.measures]
    return sum(values) / len(values) < term.floor


def _value(laid: Laid, truth: Truth, measure: Measure) -> float | None:
    rule, values, _ = _looked_at(laid, truth, measure)
    return rule.one(values, label_side(truth, measure))


def _looked_at(laid: Laid, truth: Truth, measure: Measure) -> tuple[metrics.Rule, Floats, slice]:
    """Return a measure's rule, the values it looks at in the rule's form, and where they lie."""
    rule = metrics.RULES[measure.metric]
    part = parts_of(truth).slices[measure.group]
    return rule, metrics.FORMS[rule.form](laid[measure.column][part]), part
