"""A column as a declaration has it: what it holds, which columns of files and labels that makes, and its metrics.

Standard library only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scoring.declaration.form import Form, is_number
from scoring.declaration.registry import KINDS, Shape
from scoring.declaration.uses import uses
from scoring.model import RANGE, Column, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.declaration.uses import Use
    from scoring.model import Option

COLUMN_KEYS = frozenset(
    {
        *("name", "aliases", "choices", "probabilities", "positive", "quantiles", "holds", "event", "range", "whole"),
        *("metrics", "also"),
    }
)
MOST_CHOICES = 255
#: What ``holds`` may say.
HOLDS = {
    "number": Shape.NUMBER,
    "text": Shape.TEXT,
    "tags": Shape.TAGS,
    "mask": Shape.MASK,
    "boxes": Shape.BOXES,
}


@dataclass(frozen=True, kw_only=True)
class Described:
    """A column as declared."""

    name: str
    shape: Shape
    #: The columns of files, and those of label files; of the latter the first holds what is predicted.
    columns: tuple[Column, ...]
    labels: tuple[Column, ...]
    #: The metrics that count, and those that are only shown.
    metrics: tuple[Use, ...]
    also: tuple[Use, ...]


def described(form: Form, *, measured: bool = True) -> Described:
    """Return a column out of its table; what is wrong is noted in the form. Unless ``measured``, it has no metric."""
    form.only(COLUMN_KEYS)
    name, aliases = form.text("name").casefold(), tuple(map(str.casefold, form.texts("aliases")))
    choices = tuple(choice.upper() for choice in form.texts("choices"))
    form.once("choices", choices, "choice")
    if len(choices) > MOST_CHOICES:
        form.wrong("choices", f"a column has at most {MOST_CHOICES} choices")
    shape = _shape(form, choices)
    added = _added(form, shape, choices)
    keys = ("metrics", "also") if measured else ()
    metrics, also = [tuple(uses(form, key, shape, choices, added)) for key in keys] or ((), ())
    form.once("also", [each.short for each in (*metrics, *also)], "metric")
    columns, labels = _columns(form, shape, Column(name=name, aliases=aliases, kind=Kind.NUMBER, choices=choices))
    least = max((use.metric.least for use in (*metrics, *also)), default=-math.inf)
    least_label = max((use.metric.least_label for use in (*metrics, *also)), default=-math.inf)
    return Described(
        name=name,
        shape=shape,
        columns=tuple(_at_least(column, least) for column in columns),
        labels=tuple(_at_least(column, max(least, least_label)) for column in labels),
        metrics=metrics,
        also=also,
    )


def _at_least(column: Column, least: float) -> Column:
    low, high = column.range
    if column.kind is not Kind.NUMBER or least <= low:
        return column
    return replace(column, range=(least, high))


# --- what it holds ---------------------------------------------------------------------------


def _shape(form: Form, choices: Sequence[str]) -> Shape:
    """Return what the column holds; note what does not go together."""
    given = form.given
    said = [key for key in ("probabilities", "positive", "quantiles", "event", "holds") if key in given]
    if len({"probabilities" if key == "positive" else key for key in said}) > 1:
        form.wrong(said[1], f"does not go together with {said[0]}")
    if "quantiles" in given:
        return Shape.QUANTILES
    if "probabilities" in given or "positive" in given:
        if not choices:
            form.wrong("choices", "probabilities are of classes: name them in choices")
        return Shape.PROBABILITIES
    if "event" in given:
        return Shape.EVENT
    if "holds" in given:
        holds = form.text("holds")
        if holds not in HOLDS:
            form.wrong("holds", f"must be one of {', '.join(HOLDS)}")
        return HOLDS.get(holds, Shape.TEXT)
    return Shape.CHOICE if choices else Shape.NUMBER


def _added(form: Form, shape: Shape, choices: Sequence[str]) -> dict[str, Option]:
    """Return what the column itself tells its metrics."""
    if shape is Shape.QUANTILES:
        return {"levels": " ".join(f"{level!r}" for level in _levels(form))}
    if shape is Shape.CHOICE:
        return {"classes": float(len(choices))}
    if shape is Shape.PROBABILITIES and "positive" in form.given:
        positive = form.text("positive").upper()
        if positive in choices:
            return {"positive": float(choices.index(positive) + 1)}
        form.wrong("positive", f"must be one of the choices {', '.join(choices)}")
    return {}


def _levels(form: Form) -> list[float]:
    given = form.given.get("quantiles")
    if isinstance(given, list | tuple) and given and all(is_number(each) and 0 < each < 1 for each in given):
        return [float(each) for each in given]
    form.wrong("quantiles", "must be levels between 0 and 1, as [0.1, 0.5, 0.9]")
    return [0.5]


def _range(form: Form, usual: tuple[float, float]) -> tuple[float, float]:
    given = form.given.get("range")
    if given is None:
        return usual
    if isinstance(given, list | tuple) and len(given) == 2 and all(map(is_number, given)) and given[0] < given[1]:  # noqa: PLR2004 -- two ends
        return float(given[0]), float(given[1])
    form.wrong("range", "must be the least and the greatest number that is taken, as [0, 100]")
    return usual


def _columns(form: Form, shape: Shape, plain: Column) -> tuple[tuple[Column, ...], tuple[Column, ...]]:
    """Return the columns of files and those of label files."""
    name, aliases = plain.name, plain.aliases
    if shape is Shape.PROBABILITIES:
        return _probabilities(form, plain)
    if shape in KINDS:
        kind = KINDS[shape]
        choices = plain.choices if kind is Kind.CHOICE else ()
        return ((Column(name=name, aliases=aliases, kind=kind, choices=choices),),) * 2
    whole = form.given.get("whole", False)
    if not isinstance(whole, bool):
        form.wrong("whole", "must be true or false")
    number = Column(name=name, aliases=aliases, kind=Kind.NUMBER, range=_range(form, RANGE), whole=whole is True)
    if shape is Shape.QUANTILES:
        names = [f"{name}_{level:g}" for level in _levels(form)]
        return tuple(Column(name=each, kind=Kind.NUMBER, range=number.range) for each in names), (number,)
    if shape is Shape.EVENT:
        event = Column(name=form.text("event").casefold(), kind=Kind.NUMBER, range=(0.0, 1.0))
        return (number,), (number, event)
    return (number,), (number,)


def _probabilities(form: Form, plain: Column) -> tuple[tuple[Column, ...], tuple[Column, ...]]:
    """Return a column for each class, or the positive class's alone, and the column of the labels' classes."""
    name, aliases, choices = plain.name, plain.aliases, plain.choices
    label = Column(name=name, aliases=aliases, kind=Kind.CHOICE, choices=choices)
    if "positive" in form.given:
        return (Column(name=name, aliases=aliases, kind=Kind.NUMBER, range=_range(form, (0.0, 1.0))),), (label,)
    within = _range(form, (0.0, 1.0))
    return tuple(Column(name=each, kind=Kind.NUMBER, range=within) for each in _class_names(form, choices)), (label,)


def _class_names(form: Form, choices: Sequence[str]) -> list[str]:
    """Return the columns of the classes' probabilities: named in order, or called as the choices."""
    given = form.given.get("probabilities")
    if given is True:
        return [choice.casefold() for choice in choices]
    names = [name.casefold() for name in form.texts("probabilities")]
    if len(names) != len(choices):
        form.wrong("probabilities", "must be true, or name a column for each of the choices, in their order")
    return names
