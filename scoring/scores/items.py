"""How each item was answered by many submissions: whom it beats, and who leaves it out.

For organizers alone: what nearly all get wrong may have a wrong label, what nobody answers may be broken.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scoring.kernel import doubled_ranks
from scoring.model import Kind
from scoring.scores.parts import labels_of, parts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.labels.truth import Truth
    from scoring.metrics.rule import Array
    from scoring.model import Column
    from scoring.rows.ids import Id
    from scoring.scores.scored import Laid

FAR = 0.25
"""A number counts as wrong whose rank among the predictions is so far from the label's, as a share of all items."""


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One column of one item."""

    item: Id
    column: str
    submissions: int
    #: Shares of the submissions: that gave no answer, and that gave a wrong one or none; None where no value is wrong.
    unanswered: float
    wrong: float | None
    #: The answer given most often, and its share; "" for numbers and where nobody answered.
    commonest: str = ""
    common: float = 0.0


def answered(truth: Truth, laid: Sequence[Laid]) -> list[Answered]:
    """Return each column of each scored item, in the order of the parts; ``laid`` are submissions by this truth.

    An answer is wrong that is not the label, whatever its case; a number whose rank is far (:data:`FAR`) from the
    label's, as scores by correlation look at the order alone. Of tags, masks and boxes no value is wrong as such.
    """
    if not laid:
        return []
    order, labels = parts_of(truth).order, labels_of(truth)
    return [
        one
        for column in truth.track.labelled
        for one in _column(column, [truth.ids[place] for place in order], labels[column.name], laid)
    ]


NEARLY_ALL = 0.9
"""The share that got an item wrong, from which on it is worth an organizer's look."""


def doubtful(one: Answered, share: float = NEARLY_ALL) -> bool:
    """Whether at least this share got it wrong, or nobody answered."""
    return one.unanswered == 1 or (one.wrong is not None and one.wrong >= share)


def worst_first(one: Answered) -> tuple[float, float]:
    """Return what to sort by: what nobody answers comes first, then what most get wrong."""
    return -one.unanswered, -(one.wrong or 0)


def shown(truth: Truth, values: Laid) -> dict[tuple[Id, str], str]:
    """Return what each column of each scored item holds, as text; "" for no answer. ``values`` are laid out as labels.

    With the labels themselves (:func:`labels`) and a submission's columns, the two can be set side by side.
    """
    ids = [truth.ids[place] for place in parts_of(truth).order]
    return {
        (item, column.name): text
        for column in truth.track.labelled
        for item, text in zip(ids, _as_texts(column, values[column.name]), strict=True)
    }


def labels(truth: Truth) -> dict[tuple[Id, str], str]:
    """Return the labels as :func:`shown` does a submission. For organizers alone."""
    return shown(truth, labels_of(truth))


def _as_texts(column: Column, values: Array) -> list[str]:
    if column.kind is Kind.NUMBER:
        return [f"{value:g}" for value in values]
    return [str(text) for text in _texts(column, values)]


def _column(column: Column, ids: Sequence[Id], label: Array, laid: Sequence[Laid]) -> list[Answered]:
    given = [each[column.name] for each in laid]
    if column.kind is Kind.NUMBER:
        right = doubled_ranks(label)
        far = np.array([np.abs(doubled_ranks(each) - right) / (2 * label.size) > FAR for each in given])
        blank, wrong = np.zeros(label.size), far.mean(0)
        said = np.full(far.shape, "", dtype=np.object_)
    else:
        said = np.array([_texts(column, each) for each in given], dtype=np.object_)
        blank, wrong = (said == "").mean(0), (said != _texts(column, label)).mean(0)
    found = []
    for place, item in enumerate(ids):
        ((commonest, count),) = Counter(each for each in said[:, place] if each).most_common(1) or [("", 0)]
        found.append(
            Answered(
                item=item,
                column=column.name,
                submissions=len(laid),
                unanswered=float(blank[place]),
                wrong=float(wrong[place]) if column.kind in {Kind.NUMBER, Kind.CHOICE, Kind.TEXT} else None,
                commonest=commonest,
                common=count / len(laid),
            )
        )
    return found


def _texts(column: Column, values: Array) -> Array:
    """Return answers as texts that can be compared; "" for none."""
    if column.kind is Kind.CHOICE:
        names = np.array(["", *column.choices], dtype=np.object_)
        return names[values.astype(np.intp)]
    return np.array([" ".join(str(each or "").split()).casefold() for each in values], dtype=np.object_)
