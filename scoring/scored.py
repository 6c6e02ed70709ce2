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
    from collections.abc import Callable, Mapping, Sequence

    from scoring.kernel import Floats, Side
    from scoring.model import Measure, Track
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


@dataclass(frozen=True, kw_only=True, eq=False)
class _Step:
    """All that one measure takes, looked up once for a truth."""

    measure: Measure
    rule: metrics.Rule
    form: Callable[[Floats], Floats]
    part: slice
    labels: Side

    def value(self, laid: Laid) -> float | None:
        return self.rule.one(self.form(laid[self.measure.column][self.part]), self.labels)

    def influence(self, laid: Laid) -> Floats:
        return self.rule.influence(self.form(laid[self.measure.column][self.part]), self.labels)


def _plan(truth: Truth) -> tuple[_Step, ...]:
    return truth.once("plan", lambda: tuple(_step(truth, measure) for measure in truth.track.measures))


def _step(truth: Truth, measure: Measure) -> _Step:
    rule = metrics.RULES[measure.metric]
    part = parts_of(truth).slices[measure.group]
    labels = label_side(truth, measure)
    return _Step(measure=measure, rule=rule, form=metrics.FORMS[rule.form], part=part, labels=labels)


def scored(laid: Laid, truth: Truth) -> Scored:
    """Return the measures and the score of columns as :func:`scoring.parts.laid_out` gives them."""
    found = {step.measure.key: step.value(laid) for step in _plan(truth)}
    return settled(found, truth.track)


def settled(found: Mapping[str, float | None], track: Track) -> Scored:
    """Return the score of measures by key, of which some may be undefined."""
    measures = track.measures
    figures = {each.key: counted(each, found[each.key]) for each in measures}
    undefined = dict.fromkeys(each.column for each in measures if found[each.key] is None)
    return Scored(figures=figures, score=formula.score(track, figures), undefined=tuple(undefined))


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
    steps = {step.measure.key: step for step in _plan(truth)}
    for term in truth.track.terms:
        own = [steps[measure.key] for measure in term.measures]
        if term.floor is None or _mean(own, laid) >= term.floor:
            for step in own:
                total[step.part] += term.weight * term.points / len(own) * step.influence(laid)
    return total


def _mean(steps: Sequence[_Step], laid: Laid) -> float:
    return formula.added(counted(step.measure, step.value(laid)) for step in steps) / len(steps)
