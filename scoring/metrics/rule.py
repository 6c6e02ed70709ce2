"""What a metric is to the code: functions of predictions and of labels that were prepared once.

Predictions come as one column (m,) or, where the metric looks at several, as (columns, m); texts as an array of
objects. Labels come as the columns that the metric names, and are prepared by :attr:`Rule.target`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from scoring import kernel
from scoring.kernel import BLOCK, Side, all_centred, all_doubled_ranks, centred, doubled_ranks, side

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from scoring.kernel import Floats, Matrix
    from scoring.model import Option

    #: The options of a metric by name, each of them set.
    Options = Mapping[str, Option]
    #: A column: numbers, or texts.
    Array = NDArray[Any]
    #: Sets up a metric for its options.
    Maker = Callable[[Options], "Rule[Any]"]

Labels = TypeVar("Labels")


class Form(StrEnum):
    """How a metric looks at a column."""

    RANKS = "ranks"  # doubled centred ranks, integers
    CENTRED = "centred"  # less the mean
    PLAIN = "plain"  # as it is: numbers, the places of the choices, or texts


#: Each form as a function of a column (n,).
FORMS: Mapping[Form, Callable[[Array], Array]] = {
    Form.RANKS: doubled_ranks,
    Form.CENTRED: centred,
    Form.PLAIN: lambda values: values,
}


#: The same of each row of a matrix (k, n), at least one item in each, bit for bit.
ALL_FORMS: Mapping[Form, Callable[[Array], Array]] = {
    Form.RANKS: all_doubled_ranks,
    Form.CENTRED: all_centred,
    Form.PLAIN: lambda values: values,
}


@dataclass(frozen=True, kw_only=True)
class Rule(Generic[Labels]):
    """A metric with its options, as functions of predictions in its form and of prepared labels."""

    #: The form of the predictions, column by column.
    form: Form
    #: The columns of labels, as they are, to what the functions take.
    target: Callable[[Sequence[Array]], Labels]
    #: The value; None where it is undefined.
    one: Callable[[Any, Labels], float | None]
    #: The influence of each item on the value, (m,); None where it has none (see :mod:`scoring.scores.deviations`).
    influence: Callable[[Any, Labels], Floats] | None = None
    #: The value of each row, bit for bit as ``one``, from the columns' matrices (k, m) and the rows' sums of squares
    #: (k,), NaN where it is undefined; None: row by row.
    many: Callable[[Sequence[Matrix], Sequence[Floats], Labels], Floats] | None = None
    #: Of a mean over queries: the value of each.
    queries: Callable[[Any, Labels], list[float]] | None = None
    #: The value under each row of whole weights (B, m), that is of each item so often, (B,); NaN without any items.
    #: None: each is computed from its items.
    under: Callable[[Any, Labels, Floats], Floats] | None = None


def by_rows(rule: Rule[Labels], matrices: Sequence[Matrix], squares: Sequence[Floats], labels: Labels) -> Floats:
    """Return the value of each row of the matrices (k, m), shape (k,); NaN where it is undefined."""
    if rule.many is not None:
        return rule.many(matrices, squares, labels)
    found = (rule.one(joined([matrix[row] for matrix in matrices]), labels) for row in range(len(matrices[0])))
    return np.array([math.nan if value is None else value for value in found])


def joined(columns: Sequence[Array]) -> Array:
    """Return the columns of one submission as the functions take them: (m,), or (columns, m)."""
    if len(columns) == 1:
        only = columns[0]
        return only if only.dtype in {np.dtype(np.object_), np.dtype(np.float64)} else only.astype(np.float64)
    return np.array(columns, dtype=np.float64)


# --- what labels are prepared to -------------------------------------------------------------


def plain(labels: Sequence[Array]) -> Floats:
    """Return the first column."""
    return labels[0]


def in_form(form: Form) -> Callable[[Sequence[Array]], Side]:
    """Return the preparation that brings the first column into a form."""
    return lambda labels: side(FORMS[form](labels[0]))


# --- cosines ---------------------------------------------------------------------------------


def cosine(form: Form, influence: Callable[[Floats, Side], Floats]) -> Rule[Side]:
    """Return the rule of a correlation: the cosine of predictions and labels in one form."""
    whole = form is Form.RANKS
    return Rule(
        form=form,
        target=in_form(form),
        one=kernel.rank_cosine if whole else kernel.cosine,
        influence=influence,
        many=lambda matrices, squares, labels: kernel.cosines(matrices[0], squares[0], labels, whole=whole),
    )


# --- means -----------------------------------------------------------------------------------


def mean(
    losses: Callable[[Any, Labels], Floats],
    target: Callable[[Sequence[Array]], Labels],
    *,
    finish: Callable[[float], float] = lambda mean: mean,
    slope: Callable[[float], float] = lambda _: 1.0,
    scale: float = 1.0,
) -> Rule[Labels]:
    """Return the rule of ``finish`` of the mean loss of the items.

    ``losses`` takes predictions (…, m), or (columns, …, m), and gives (…, m); ``slope`` is the derivative of
    ``finish``, which multiplies each item's own deviation from the mean (Hampel, JASA 69, 1974).
    """

    def value(sums: float, size: int) -> float:
        return finish(scale * sums / size)

    def one(x: Floats, labels: Labels) -> float:
        found = losses(x, labels)
        return value(float(np.add.reduce(found)), found.size)

    def influence(x: Floats, labels: Labels) -> Floats:
        found = scale * losses(x, labels)
        middle = float(found.mean())
        moves: Floats = slope(middle) * (found - middle) / found.size
        return moves

    def many(matrices: Sequence[Matrix], _squares: Sequence[Floats], labels: Labels) -> Floats:
        k, m = matrices[0].shape
        rows = max(1, BLOCK // max(1, m * len(matrices)))
        sums = np.empty(k)
        for start in range(0, k, rows):
            blocks = [np.asarray(matrix[start : start + rows], dtype=np.float64) for matrix in matrices]
            found = np.ascontiguousarray(losses(blocks[0] if len(blocks) == 1 else np.stack(blocks), labels))
            np.add.reduce(found, axis=1, out=sums[start : start + rows])
        return np.array([value(each, m) for each in sums.tolist()])

    return Rule(form=Form.PLAIN, target=target, one=one, influence=influence, many=many)


# --- the mean over queries, series or the like -----------------------------------------------


@dataclass(frozen=True, kw_only=True, eq=False)
class Queries(Generic[Labels]):
    """Prepared labels, query by query: where its items are, and what they are prepared to."""

    places: tuple[NDArray[np.intp], ...]
    labels: tuple[Labels, ...]


def per(rule: Rule[Labels], undefined: float | None) -> Rule[Queries[Labels]]:
    """Return the rule of the mean of a metric over the queries that the last label column names.

    A query in which it is undefined counts ``undefined``. Whole queries are taken as the draw, so the deviation of a
    query from the mean is shared among its items, which make one cluster.
    """
    form = FORMS[rule.form]

    def target(labels: Sequence[Array]) -> Queries[Labels]:
        places = parted(labels[-1])
        return Queries(places=places, labels=tuple(rule.target([c[at] for c in labels[:-1]]) for at in places))

    def values(x: Array, queries: Queries[Labels]) -> list[float]:
        found = []
        for at, labels in zip(queries.places, queries.labels, strict=True):
            own = x[..., at]
            value = rule.one(form(own) if own.ndim == 1 else np.array([form(each) for each in own]), labels)
            found.append(undefined if value is None else value)
        return [math.nan if value is None else value for value in found]

    def one(x: Array, queries: Queries[Labels]) -> float:
        return math.fsum(values(x, queries)) / len(queries.places)

    def influence(x: Array, queries: Queries[Labels]) -> Floats:
        found = np.array(values(x, queries))
        moves = np.empty(x.shape[-1])
        for at, own in zip(queries.places, (found - found.mean()) / found.size, strict=True):
            moves[at] = own / at.size
        return moves

    return Rule(form=Form.PLAIN, target=target, one=one, influence=influence, queries=values)


def parted(names: Array) -> tuple[NDArray[np.intp], ...]:
    """Return the places of the items of each name, in the order of the names."""
    _, number = np.unique(names.astype(np.str_) if names.dtype == np.object_ else names, return_inverse=True)
    order = number.argsort(kind="stable")
    return tuple(np.split(order, np.bincount(number).cumsum()[:-1]))
