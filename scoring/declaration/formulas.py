"""The measures of a declaration by name, and its score in words and as an expression. Standard library only."""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scoring.declaration import expression
from scoring.declaration.registry import METRICS, Shape
from scoring.model import Measure, Term

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scoring.declaration.declared import Described
    from scoring.declaration.form import Form
    from scoring.declaration.uses import Use

#: Shapes of which a file has other columns than labels.
APART = frozenset({Shape.PROBABILITIES, Shape.QUANTILES, Shape.EVENT})


def measure_of(each: Described, use: Use, group: str | None, *, alone: bool, per: str | None) -> Measure:
    """Return one metric of one column, over all items or over those of one group."""
    column = each.name
    parts = [column, use.short] if group is None else [use.short, group]
    if group is not None and not alone:
        parts.insert(0, column)
    title = column.replace("_", " ").capitalize() if group is None or not alone else ""
    spelled = "" if group is None else "/".join(word.capitalize() for word in group.split("-or-"))
    apart = each.shape in APART
    return Measure(
        key="_".join(parts).replace("-", "_").replace(" ", "_").replace(".", "_").replace(":", "_"),
        title=" ".join(word for word in (title, spelled, use.title) if word),
        metric=use.metric.name,
        column=column,
        group=group,
        decimals=use.metric.decimals,
        columns=tuple(column.name for column in each.columns) if apart else (),
        labels=tuple(column.name for column in each.labels) if apart else (),
        options=use.options,
        per=per,
    )


def bounds_of(terms: Sequence[Term]) -> tuple[float, float]:
    """Return the least and the greatest score that the terms allow."""
    low = high = 0.0
    for term in terms:
        bounds = [METRICS[measure.metric].bounds for measure in term.measures]
        worst = math.fsum(low for low, _ in bounds) / len(bounds)
        low += term.weight * term.points * (worst if term.floor is None else max(worst, term.floor))
        high += term.weight * term.points * math.fsum(high for _, high in bounds) / len(bounds) if term.weight else 0.0
    return round(low, 9), round(high, 9)


# --- words -----------------------------------------------------------------------------------


def formula_of(terms: Sequence[Term], *, alone: bool) -> str:
    """Return the formula in one line, as ``0.7 macro F1 of grade + 0.3 × 100 SRCC of size``."""
    summed = " + ".join(f"{_weight(term) if len(terms) > 1 else ''}{_term(term, alone=alone)}" for term in terms)
    per = terms[0].measures[0].per
    summed = f"{summed}, the mean over each {per}" if per else summed
    lower = not METRICS[terms[0].measures[0].metric].higher_is_better
    return f"{summed}; lower is better" if lower else summed


def _weight(term: Term) -> str:
    return f"{term.weight:.4g} " if term.points == 1 else f"{term.weight:.4g} × "


def _term(term: Term, *, alone: bool) -> str:
    titles = [_called(measure) for measure in term.measures]
    mean = titles[0] if len(titles) == 1 else f"({' + '.join(titles)}) / {len(titles)}"
    least = max(METRICS[measure.metric].bounds[0] for measure in term.measures)
    mean = mean if term.floor is None or term.floor <= least else f"max({mean}, {term.floor:.4g})"
    first = term.measures[0]
    over = [first.group] if first.group and alone else [first.column, *([first.group] if first.group else [])]
    scaled = mean if term.points == 1 else f"{term.points:.4g} {mean}"
    return f"{scaled} of {', '.join(over)}"


def _called(measure: Measure) -> str:
    """Return the metric's name with its options, without the column's."""
    name = METRICS[measure.metric].title
    start = measure.title.rfind(name[:3])
    return measure.title[start:] if start >= 0 else name


# --- an expression ---------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Expressed:
    """A score as an expression."""

    #: The expression of the measures' keys.
    text: str
    formula: str
    #: One term of the measures that are in it, and the others.
    terms: tuple[Term, ...]
    also: tuple[Measure, ...]
    higher_is_better: bool
    bounds: tuple[float, float]


def expressed(form: Form, terms: Sequence[Term], also: Sequence[Measure]) -> Expressed | None:
    """Return the score as the key ``score`` of a declaration has it; None where there is none."""
    for key in ("better", "bounds"):
        if key in form.given and "score" not in form.given:
            form.wrong(key, "goes with score alone; otherwise the metrics tell it")
    if "score" not in form.given:
        return None
    if clash := next(
        (key for key in ("weights", "floor", "points") if key in form.given and "group" not in form.given), None
    ):
        form.wrong(clash, "does not go with score, which says all of it")
    measures = [*(measure for term in terms for measure in term.measures), *also]
    text = form.text("score")
    try:
        named = _keys(text, measures)
        tree = _renamed(text, named)
    except ValueError as error:
        form.wrong("score", str(error))
        return None
    used = [measure for measure in measures if measure.key in named.values()]
    higher = _direction(form, tree, used)
    if form.mistakes:
        return None
    return Expressed(
        text=tree,
        formula=text if higher else f"{text}; lower is better",
        terms=(Term(weight=1.0, measures=tuple(used)),),
        also=tuple(measure for measure in measures if measure not in used),
        higher_is_better=higher,
        bounds=stated_bounds(form),
    )


def _keys(text: str, measures: Sequence[Measure]) -> dict[str, str]:
    """Return the key of each measure that an expression names, by its key or by what no other key ends in."""
    found = {}
    for name in expression.names(text):
        ending = [m.key for m in measures if m.key == name] or [m.key for m in measures if m.key.endswith(f"_{name}")]
        if len(ending) != 1:
            known = ", ".join(measure.key for measure in measures)
            message = f'"{name}" names {"several measures" if ending else "no measure"}; there are {known}'
            raise ValueError(message)
        found[name] = ending[0]
    if not found:
        raise ValueError("names no measure")
    return found


def _renamed(text: str, names: Mapping[str, str]) -> str:
    tree = ast.parse(text, mode="eval")
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in names:
            node.id = names[node.id]
    return ast.unparse(tree)


def _direction(form: Form, text: str, used: Sequence[Measure]) -> bool:
    """Return whether a greater score is the better one: as ``better`` says, else as the measures make it."""
    said = form.given.get("better")
    if said is not None:
        if said not in {"higher", "lower"}:
            form.wrong("better", 'must be "higher" or "lower"')
        return said == "higher"
    lower = [measure.key for measure in used if not METRICS[measure.metric].higher_is_better]
    found = expression.directions(text, lower, [measure.key for measure in used])
    if len(found) != 1:
        form.wrong("better", 'cannot be told from the expression: write better = "higher" or better = "lower"')
    return True in found


def stated_bounds(form: Form) -> tuple[float, float]:
    """Return the least and the greatest score as ``bounds`` says, infinite where it says nothing."""
    given = form.given.get("bounds")
    if given is None:
        return -math.inf, math.inf
    if isinstance(given, list | tuple) and len(given) == 2 and all(isinstance(each, int | float) for each in given):  # noqa: PLR2004 -- two ends
        return float(given[0]), float(given[1])
    form.wrong("bounds", "must be the least and the greatest score there can be, as [0, 100]")
    return -math.inf, math.inf
