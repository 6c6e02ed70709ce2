"""Thousands of submissions scored against new labels at once: what was computed from predictions alone is kept.

A change of labels leaves predictions as they are, so of each submission are kept, in the order of
:mod:`.parts`, the forms of its columns that the track's metrics look at. A change of labels then costs one
pass over each matrix. The scores are those of :func:`scoring.scores.scored.scored`, to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scoring import kernel, metrics
from scoring.declaration import formula
from scoring.declaration.registry import METRICS
from scoring.kernel import BLOCK
from scoring.metrics.rule import ALL_FORMS, Form, by_rows
from scoring.model import Kind
from scoring.scores.parts import labels_of, parts_of, rule_of, target_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import DTypeLike, NDArray

    from scoring.kernel import Floats, Matrix
    from scoring.labels.truth import Truth
    from scoring.metrics.rule import Array
    from scoring.model import Measure, Track

    Key = tuple[str, Form]


@dataclass(frozen=True, kw_only=True, eq=False)
class Stack:
    """One form of one column of k submissions; arrays may be memory-mapped."""

    #: (k, n), in the order of the parts, of the type that :func:`kinds` says.
    matrix: Matrix
    #: Sums of squares of each part of each row, (k, parts).
    square: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class Rescored:
    """The measures of k submissions by key, each (k,), and their scores (k,); nothing is NaN."""

    figures: Mapping[str, Floats]
    scores: Floats


def kinds(track: Track, n: int) -> dict[Key, DTypeLike]:
    """Return which forms of which columns are kept for a track of n items, each with the type of its numbers."""
    kept = {column.name: column.kind for column in track.columns}
    keys = dict.fromkeys((name, metrics.of(each).form) for each in track.measures for name in each.predicted)
    types = {Form.RANKS: kernel.rank_type(n), Form.CENTRED: np.float64, Form.PLAIN: np.float64}
    own = {
        name: np.uint8 if kind is Kind.CHOICE else np.object_ for name, kind in kept.items() if kind is not Kind.NUMBER
    }
    return {(name, form): own.get(name, types[form]) for name, form in keys}


def all_rows(laid: Mapping[str, Array], truth: Truth) -> dict[Key, tuple[NDArray[np.generic], Floats]]:
    """Return what is kept of k submissions, from their columns (k, n).

    That is of each form of :func:`kinds` the rows (k, n) and their squares (k, parts).
    Only of columns of numbers and choices.
    """
    parts = parts_of(truth)
    found = {}
    for (column, form), kind in kinds(truth.track, parts.n).items():
        if column not in laid:
            continue
        given = laid[column]
        made = np.empty(given.shape, dtype=kind)
        squares = np.empty((len(given), len(parts.slices)))
        height = max(1, BLOCK // max(1, parts.n))
        for start in range(0, len(given), height):
            rows = slice(start, start + height)
            for place, part in enumerate(parts.slices.values()):
                piece = ALL_FORMS[form](np.ascontiguousarray(given[rows, part]))
                np.add.reduce(piece * piece, axis=1, out=squares[rows, place])
                made[rows, part] = piece
        found[column, form] = (made, squares)
    return found


def rescored(stacks: Mapping[Key, Stack], truth: Truth) -> Rescored:
    """Return the measures and the scores of all submissions against a truth whose items lie as the stacks' do."""
    figures = _accuracies(stacks, truth)
    for measure in truth.track.measures:
        if measure.key not in figures:
            figures[measure.key] = _figures(stacks, truth, measure)
    ordered = {measure.key: figures[measure.key] for measure in truth.track.measures}
    return Rescored(figures=ordered, scores=_scores(truth.track, ordered))


def _accuracies(stacks: Mapping[Key, Stack], truth: Truth) -> dict[str, Floats]:
    """Return the accuracies, of all parts of a column in one pass."""
    parts = parts_of(truth)
    found: dict[str, Floats] = {}
    sizes = np.array([part.stop - part.start for part in parts.slices.values()])
    places = {group: place for place, group in enumerate(parts.slices)}
    measures = [each for each in truth.track.measures if each.metric == "accuracy" and not each.per]
    for column in dict.fromkeys(each.column for each in measures):
        labels = labels_of(truth)[column].astype(np.uint8)
        shares = 100.0 * kernel.hits(stacks[column, Form.PLAIN].matrix, labels, parts.starts) / sizes
        found |= {each.key: shares[:, places[each.group]] for each in measures if each.column == column}
    return found


def _figures(stacks: Mapping[Key, Stack], truth: Truth, measure: Measure) -> Floats:
    """Return one measure of all submissions; where it is undefined, what it counts as."""
    slices = parts_of(truth).slices
    rule, place = rule_of(truth, measure), list(slices).index(measure.group)
    kept = [stacks[name, rule.form] for name in measure.predicted]
    matrices = [each.matrix[:, slices[measure.group]] for each in kept]
    found = by_rows(rule, matrices, [each.square[:, place] for each in kept], target_of(truth, measure))
    instead = METRICS[measure.metric].undefined
    return found if instead is None else np.where(np.isnan(found), instead, found)


def _scores(track: Track, figures: Mapping[str, Floats]) -> Floats:
    """Return :func:`scoring.declaration.formula.score` of all rows, step by step the same."""
    if track.expression:
        rows = (
            dict(zip(figures, row, strict=True)) for row in zip(*(f.tolist() for f in figures.values()), strict=True)
        )
        return np.array([formula.score(track, row) for row in rows])
    total: Floats = np.zeros(len(next(iter(figures.values()))))
    for term in track.terms:
        mean = sum(figures[measure.key] for measure in term.measures) / len(term.measures)
        total = total + term.weight * (term.points * (mean if term.floor is None else np.maximum(mean, term.floor)))
    return np.clip(total, *track.bounds)
