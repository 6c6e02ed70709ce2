"""Metrics of sets: words of each item (several labels at once), and pixels of masks.

Sets that are both empty agree wholly. A predicted set is never compared with another item's.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from scoring.metrics.rule import Form, Rule
from scoring.rows import cells

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from scoring.kernel import Floats
    from scoring.metrics.rule import Array, Maker, Options

    Sets = tuple[frozenset[str], ...]
    Masks = tuple[Array, ...]
    #: Sizes of the intersection, the predicted and the labelled sets to the share in common.
    Share = Callable[[Floats, Floats, Floats], Floats]


def f1_share(both: Floats, predicted: Floats, labelled: Floats) -> Floats:
    """Return twice what is in both over the sizes (Dice, Ecology 26, 1945); of nothing 1."""
    size = predicted + labelled
    return np.divide(2 * both, size, out=np.ones(size.shape), where=size > 0)


def jaccard_share(both: Floats, predicted: Floats, labelled: Floats) -> Floats:
    """Return what is in both over what is in either (Jaccard, 1901); of nothing 1."""
    size = predicted + labelled - both
    return np.divide(both, size, out=np.ones(size.shape), where=size > 0)


# --- each item by itself ---------------------------------------------------------------------


def by_item(
    sizes: Callable[[Array, Any], tuple[Floats, Floats, Floats]],
    target: Callable[[Sequence[Array]], Any],
    share: Share,
    scale: float,
) -> Rule[Any]:
    """Return the rule of the mean share of the items."""

    def one(x: Array, labels: object) -> float:
        return scale * float(np.add.reduce(share(*sizes(x, labels)))) / x.size

    def influence(x: Array, labels: object) -> Floats:
        found = scale * share(*sizes(x, labels))
        moves: Floats = (found - found.mean()) / x.size
        return moves

    return Rule(form=Form.PLAIN, target=target, one=one, influence=influence)


def _tag_sets(columns: Sequence[Array]) -> Sets:
    return tuple(cells.tags(cell) for cell in columns[0].tolist())


def _tag_sizes(x: Array, labels: Sets) -> tuple[Floats, Floats, Floats]:
    found = [cells.tags(cell) for cell in x.tolist()]
    both = [len(a & b) for a, b in zip(found, labels, strict=True)]
    three = (both, [len(a) for a in found], [len(b) for b in labels])
    first, second, third = (np.array(each, dtype=np.float64) for each in three)
    return first, second, third


# --- all items together ----------------------------------------------------------------------


def together(share: Share, *, by_class: bool) -> Rule[Sets]:
    """Return the rule of the share of the sums over all items, or of its mean over the classes that labels have."""

    def parts(x: Array, labels: Sets) -> list[tuple[Floats, Floats, Floats]]:
        found = [cells.tags(cell) for cell in x.tolist()]
        if not by_class:
            return [_tag_sizes(x, labels)]
        every = []
        for name in sorted(frozenset().union(*labels)):
            said = np.array([name in each for each in found], dtype=np.float64)
            own = np.array([name in each for each in labels], dtype=np.float64)
            every.append((own * said, said, own))
        return every

    def one(x: Array, labels: Sets) -> float:
        values = [float(share(*(np.array([each.sum()], dtype=np.float64) for each in p))[0]) for p in parts(x, labels)]
        return 100.0 * sum(values) / len(values) if values else 100.0

    def influence(x: Array, labels: Sets) -> Floats:
        every = parts(x, labels)
        total = np.zeros(x.size)
        for both, said, own in every:
            total += _slope(share, both, said, own)
        return 100.0 * total / max(1, len(every))

    return Rule(form=Form.PLAIN, target=_tag_sets, one=one, influence=influence)


def _slope(share: Share, both: Floats, said: Floats, own: Floats) -> Floats:
    """Return each item's slope of a ratio of two sums."""
    top, bottom = (2 * both, said + own) if share is f1_share else (both, said + own - both)
    size = float(bottom.sum())
    if size == 0.0:
        return np.zeros(both.size)
    found: Floats = (top - float(top.sum()) / size * bottom) / size
    return found


def _tags(share: Share, options: Options) -> Rule[Any]:
    average = options["average"]
    if average == "samples":
        return by_item(_tag_sizes, _tag_sets, share, 100.0)
    return together(share, by_class=average == "macro")


# --- masks -----------------------------------------------------------------------------------


def _masks(columns: Sequence[Array]) -> Masks:
    return tuple(_edges(cell) for cell in columns[0].tolist())


def _edges(cell: str) -> Array:
    """Return where the runs of a mask begin and end, rising."""
    return np.array(cells.runs(cell), dtype=np.int64).reshape(-1)


def _mask_sizes(x: Array, labels: Masks) -> tuple[Floats, Floats, Floats]:
    found = [_edges(cell) for cell in x.tolist()]
    both = [_common(a, b) for a, b in zip(found, labels, strict=True)]
    three = (both, [_pixels(a) for a in found], [_pixels(b) for b in labels])
    first, second, third = (np.array(each, dtype=np.float64) for each in three)
    return first, second, third


def _pixels(edges: Array) -> int:
    return int(edges[1::2].sum() - edges[::2].sum())


def _common(first: Array, second: Array) -> int:
    """Count the pixels in both masks: between two edges of either, it is in as many masks as are open there."""
    edges = np.concatenate([first, second])
    turns = np.concatenate([np.resize([1, -1], first.size), np.resize([1, -1], second.size)])
    order = edges.argsort(kind="stable")
    inside = turns[order].cumsum() == 2  # noqa: PLR2004 -- both of the two
    lengths = np.diff(edges[order], append=0)
    return int(lengths[inside].sum())


# --- words of a text -------------------------------------------------------------------------


def shared(first: Sequence[str], second: Sequence[str]) -> int:
    """Count what two lists have in common, each as often as it is in both."""
    return (Counter(first) & Counter(second)).total()


MAKERS: Mapping[str, Maker] = {
    "tags_f1": partial(_tags, f1_share),
    "jaccard": partial(_tags, jaccard_share),
    "dice": lambda _: by_item(_mask_sizes, _masks, f1_share, 1.0),
    "iou": lambda _: by_item(_mask_sizes, _masks, jaccard_share, 1.0),
}
