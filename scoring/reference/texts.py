"""Metrics of texts and sets, in plain Python; BLEU, chrF and COCO's AP by the libraries that they are of."""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from typing import TYPE_CHECKING

from scoring import metrics
from scoring.rows import cells

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from scoring.reference.answers import Column, Oracle, Told


def _words(text: str) -> list[str]:
    bare = text.lower().translate(str.maketrans("", "", string.punctuation))
    return re.sub(r"\b(a|an|the)\b", " ", bare).split()


def exact_match(x: Sequence[Column], y: Sequence[Column], _told: Told) -> float:
    """Return the share of texts of the same words, in percent."""
    return 100.0 * sum(_words(a) == _words(b) for a, b in zip(x[0], y[0], strict=True)) / len(y[0])


def token_f1(x: Sequence[Column], y: Sequence[Column], _told: Told) -> float:
    """Return the mean harmonic mean of precision and recall of words, in percent."""
    found = []
    for a, b in zip(map(_words, x[0]), map(_words, y[0]), strict=True):
        same = sum((Counter(a) & Counter(b)).values())
        both = 2 * (same / len(a)) * (same / len(b)) / (same / len(a) + same / len(b)) if same else float(a == b)
        found.append(both)
    return 100.0 * math.fsum(found) / len(found)


def _edits(first: Sequence[str], second: Sequence[str]) -> int:
    """Return the edit distance, row by row of its table."""
    row = list(range(len(second) + 1))
    for place, a in enumerate(first, 1):
        before, row[0] = row[0], place
        for other, b in enumerate(second, 1):
            before, row[other] = row[other], min(row[other] + 1, row[other - 1] + 1, before + (a != b))
    return row[-1]


def _error_rate(parted: Callable[[str], Sequence[str]]) -> Oracle:
    def oracle(x: Sequence[Column], y: Sequence[Column], _told: Told) -> float:
        edits = sum(_edits(parted(a), parted(b)) for a, b in zip(x[0], y[0], strict=True))
        return 100.0 * edits / max(1, sum(len(parted(b)) for b in y[0]))

    return oracle


# --- sets ------------------------------------------------------------------------------------


def _f1(both: int, first: int, second: int) -> float:
    return 2 * both / (first + second) if first + second else 1.0


def _jaccard(both: int, first: int, second: int) -> float:
    return both / (first + second - both) if first + second - both else 1.0


def _of_tags(share: Callable[[int, int, int], float]) -> Oracle:
    def oracle(x: Sequence[Column], y: Sequence[Column], told: Told) -> float:
        pairs = [(cells.tags(a), cells.tags(b)) for a, b in zip(x[0], y[0], strict=True)]
        if told["average"] == "samples":
            return 100.0 * math.fsum(share(len(a & b), len(a), len(b)) for a, b in pairs) / len(pairs)
        if told["average"] == "micro":
            return 100.0 * _summed(share, pairs)
        names = sorted({name for _, b in pairs for name in b})
        each = [_summed(share, [(a & {name}, b & {name}) for a, b in pairs]) for name in names]
        return 100.0 * math.fsum(each) / len(each) if each else 100.0

    return oracle


def _summed(share: Callable[[int, int, int], float], pairs: Sequence[tuple[Any, Any]]) -> float:
    return share(sum(len(a & b) for a, b in pairs), sum(len(a) for a, _ in pairs), sum(len(b) for _, b in pairs))


def _of_masks(share: Callable[[int, int, int], float]) -> Oracle:
    """Return the mean share of the pixels, each of them in a set."""

    def oracle(x: Sequence[Column], y: Sequence[Column], _told: Told) -> float:
        found = [share(len(a & b), len(a), len(b)) for a, b in zip(map(_pixels, x[0]), map(_pixels, y[0]), strict=True)]
        return math.fsum(found) / len(found)

    return oracle


def _pixels(cell: str) -> set[int]:
    return {pixel for start, end in cells.runs(cell) for pixel in range(start, end)}


# --- other libraries -------------------------------------------------------------------------


def _of_library(metric: str) -> Oracle:
    def oracle(x: Sequence[Column], y: Sequence[Column], told: Told) -> float | None:
        return metrics.one(metric, x[0], y[0], **told)

    return oracle


ORACLES: Mapping[str, Oracle] = {
    "exact_match": exact_match,
    "token_f1": token_f1,
    "cer": _error_rate(lambda text: " ".join(text.split())),
    "wer": _error_rate(str.split),
    "tags_f1": _of_tags(_f1),
    "jaccard": _of_tags(_jaccard),
    "dice": _of_masks(_f1),
    "iou": _of_masks(_jaccard),
    "bleu": _of_library("bleu"),
    "chrf": _of_library("chrf"),
    "coco_ap": _of_library("coco_ap"),
}
