"""What a child or a worker says of a file, held to what some file could get.

One that was taken over can answer wrongly about the file in hand. It must not stop a board by a score that is no
number, nor say what the file scores by labels that it was never given.
"""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING

from mailbot.system.sandbox import ChildDied
from scoring.model import Kind
from scoring.text import texts_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.labels.truth import Truth
    from scoring.model import Column, Evaluated, Evaluation


def believed(found: Evaluated, truths: Mapping[str, Truth]) -> Evaluated:
    """Return an evaluation by one of these labels, each by its track's name. Raises ChildDied for what is none.

    It has no values but those of a file that is scored, and says nothing by labels that decide in the end.
    """
    said = found.evaluation
    truth = truths.get(said.track) if said.track else None
    if found.own is not None:
        is_fine = truth is not None and truth.track.own is not None and found.own == said.track
        is_fine = is_fine and said.score is None and not found.values
    elif said.ok:
        is_fine = truth is not None and is_score_by(said, truth) and _fits(found.values, truth)
    else:
        is_fine = (truth is not None or said.track is None) and _is_refusal(said) and not found.values
    if not is_fine or found.final is not None:
        raise ChildDied("a child answered what no file could get")
    return found


def score_by(found: Evaluation, truth: Truth) -> Evaluation:
    """Return a score by these labels, of values that had one by others. Raises ChildDied for what is none.

    A number that is too large for a metric may stand at an item that only these labels score.
    """
    if not is_score_by(found, truth):
        raise ChildDied("what a file predicts has no score by the labels that decide in the end")
    return found


def is_evaluation_by(found: Evaluation, truth: Truth) -> bool:
    """Whether these labels could have brought it about: a score, or reasons against one."""
    return is_score_by(found, truth) if found.ok else found.track == truth.track.name and _is_refusal(found)


def is_score_by(found: Evaluation, truth: Truth) -> bool:
    """Whether these labels could have brought this score about: every figure is there and a finite number."""
    track, low, high = truth.track, *truth.track.bounds
    figures = [found.score, *found.metrics.values(), *(found.interval or ())]
    return (
        (found.track, found.truth, found.scorer, found.n) == (track.name, truth.sha256, track.scorer, truth.n)
        and not found.problems
        and found.metrics.keys() == {measure.key for measure in track.measures}
        and all(figure is not None and math.isfinite(figure) for figure in figures)
        and (found.error is None or (math.isfinite(found.error) and found.error >= 0))
        and found.score is not None
        and low - SLACK <= found.score <= high + SLACK
    )


SLACK = 1e-6
"""By so much rounding may take a score out of its bounds."""


def _is_refusal(found: Evaluation) -> bool:
    return found.score is None and bool(found.problems) and not found.metrics


def _fits(values: Mapping[str, bytes], truth: Truth) -> bool:
    """Tell whether there is a finite number, or a text, for each item in each column, and nothing else."""
    columns, n = truth.track.columns, len(truth.ids)
    return values.keys() == {column.name for column in columns} and all(
        _is_column(values[column.name], column, n) for column in columns
    )


def _is_column(packed: bytes, column: Column, n: int) -> bool:
    if column.kind.is_text:
        try:
            texts_in(packed, n)
        except ValueError:
            return False
        return True
    code = "B" if column.kind is Kind.CHOICE else "d"
    if len(packed) != n * array(code).itemsize:
        return False
    numbers = array(code, packed)
    if column.kind is Kind.CHOICE:
        return max(numbers, default=0) <= len(column.choices)
    return math.isfinite(sum(numbers)) or all(map(math.isfinite, numbers))  # large ones may have no finite sum
