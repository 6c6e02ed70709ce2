"""The items of a truth in the order in which they are computed with: part after part, a part being a group.

Every vector and matrix of :mod:`scoring.metrics`, :mod:`scoring.scores.stack` and :mod:`scoring.interval` has its
items in this order, so that a group is a slice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scoring import metrics
from scoring.metrics.rule import joined
from scoring.model import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from numpy.typing import NDArray

    from scoring.labels.truth import Truth
    from scoring.metrics.rule import Array, Rule
    from scoring.model import Column, Measure

    Values = Mapping[str, Sequence[float] | Sequence[str | None]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Parts:
    """Where the items that are scored lie."""

    #: Position in ``Truth.ids`` of each item that is scored, (n,); in a part, in the order of the label file.
    order: NDArray[np.intp]
    #: Where each part begins and ends, by group; one part, of the name None, where there are no groups.
    slices: Mapping[str | None, slice]
    #: Number of the cluster of each item, (n,); None where each item is by itself.
    clusters: NDArray[np.intp] | None

    @property
    def n(self) -> int:
        """Number of items that are scored."""
        return self.order.size

    @property
    def starts(self) -> list[int]:
        """Where each part begins."""
        return [part.start for part in self.slices.values()]


class Columns(dict[str, "Array"]):
    """The columns of a submission, laid out, and the forms of them that metrics look at, each made once.

    The arrays do not change any more.
    """

    def __init__(self, columns: Mapping[str, Array]) -> None:
        """Take the columns."""
        super().__init__(columns)
        self._forms: dict[object, Array] = {}

    def form(self, name: str, form: metrics.Form, part: slice) -> Array:
        """Return a form of the items of a part."""
        key = name, form, part.start, part.stop
        if key not in self._forms:
            self._forms[key] = metrics.FORMS[form](self[name][part])
        return self._forms[key]


def parts_of(truth: Truth) -> Parts:
    """Return the parts of a truth, made once."""
    return truth.once("parts", lambda: _parts(truth))


def _parts(truth: Truth) -> Parts:
    scored = np.asarray(truth.positions, dtype=np.intp)
    clusters = None
    if truth.clusters is not None:
        clusters = np.unique(np.array(truth.clusters)[scored], return_inverse=True)[1]
    if truth.groups is None:
        return Parts(order=scored, slices={None: slice(0, scored.size)}, clusters=clusters)
    names = list(truth.track.weights)
    group = np.array([names.index(name) for name in truth.groups])[scored]
    order = group.argsort(kind="stable")
    ends = np.cumsum(np.bincount(group, minlength=len(names))).tolist()
    slices: dict[str | None, slice] = {}
    slices |= {name: slice(start, end) for name, start, end in zip(names, [0, *ends[:-1]], ends, strict=True)}
    return Parts(order=scored[order], slices=slices, clusters=None if clusters is None else clusters[order])


def laid_out(values: Values, truth: Truth) -> Columns:
    """Return each column as numbers in the order of the parts, (n,); see :func:`numbered`.

    ``values`` are in the order of ``truth.ids``, as :func:`scoring.rows.check.check` leaves them.
    """
    return ordered(numbered(values, truth.track.columns), truth)


def ordered(numbers: Mapping[str, Array], truth: Truth) -> Columns:
    """Return columns as :func:`numbered` gives them in the order of the parts."""
    order = parts_of(truth).order
    return Columns({name: array[order] for name, array in numbers.items()})


def numbered(values: Values, columns: Sequence[Column]) -> dict[str, Array]:
    """Return each column as numbers in the order given; a choice as its place among the choices, from 1.

    An answer that is no choice is 0. Texts stay texts. Raises ValueError for a number that is not finite: checking
    refuses it first.
    """
    found: dict[str, Array] = {}
    for column in columns:
        given = values[column.name]
        if column.kind.is_text:
            found[column.name] = np.array(given, dtype=np.object_)
            continue
        if column.kind is Kind.CHOICE:
            places: dict[object, float] = {choice: float(place) for place, choice in enumerate(column.choices, start=1)}
            found[column.name] = np.array([places.get(each, 0.0) for each in given])
            continue
        array = np.asarray(given, dtype=np.float64)
        if not np.isfinite(array).all():
            raise ValueError(f"{column.name} holds a value that is not finite")
        found[column.name] = array
    return found


def labels_of(truth: Truth) -> dict[str, Array]:
    """Return the labels as :func:`laid_out` gives predictions, made once."""
    order = parts_of(truth).order
    return truth.once(
        "labels", lambda: {name: each[order] for name, each in numbered(truth.values, truth.track.labelled).items()}
    )


def rule_of(truth: Truth, measure: Measure) -> Rule[Any]:
    """Return the metric of a measure, set up once."""
    return truth.once(("rule", measure), lambda: metrics.of(measure))


def labels_for(measure: Measure, truth: Truth) -> list[Array]:
    """Return the columns of labels that a measure looks at, in its part."""
    part = parts_of(truth).slices[measure.group]
    names = (*measure.labelled, *([measure.per] if measure.per else []))
    return [labels_of(truth)[name][part] for name in names]


def target_of(truth: Truth, measure: Measure) -> Any:  # noqa: ANN401 -- what its own metric takes
    """Return the labels that a measure compares with, as its metric takes them; made once."""
    return truth.once(("target", measure), lambda: rule_of(truth, measure).target(labels_for(measure, truth)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """A measure with all that is alike for every submission."""

    measure: Measure
    rule: Rule[Any]
    #: The labels that it compares with, as its metric takes them.
    target: Any
    part: slice


def prepared(truth: Truth) -> Mapping[str, Prepared]:
    """Return the measures of a truth's track by key, in the order shown, prepared once."""
    return truth.once("prepared", lambda: {each.key: _prepared(each, truth) for each in truth.track.measures})


def _prepared(measure: Measure, truth: Truth) -> Prepared:
    part = parts_of(truth).slices[measure.group]
    return Prepared(measure=measure, rule=rule_of(truth, measure), target=target_of(truth, measure), part=part)


def predicted(one: Prepared, laid: Mapping[str, Array]) -> Any:  # noqa: ANN401 -- see metrics.rule
    """Return the predictions that a measure looks at, as its metric takes them."""
    columns = laid if isinstance(laid, Columns) else Columns(laid)
    return joined([columns.form(name, one.rule.form, one.part) for name in one.measure.predicted])
