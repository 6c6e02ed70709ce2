"""Submissions that look alike: the same values, the same ranks, or nearer than the contest's others are to each other.

A likeness is shown to an organizer and refuses nothing: teams may share a public model. So likenesses are taken in what
submissions get wrong, since good ones agree where they are right, and are judged against those of all pairs.

- Numbers: the correlation of the ranks less what both share with the labels (partial rank correlation; Kendall,
  Biometrika 32, 1942).
- Choices: how many more wrong answers agree than the shares of the wrong answers among all submissions let expect, in
  standard deviations, as the omega index of copying has it (Wollack, Applied Psychological Measurement 21, 1997).

Submissions come as the stacks of :mod:`scoring.scores.stack`.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from scoring.interval import NORMAL, holm
from scoring.kernel import cosines, doubled_ranks, side, squares
from scoring.metrics.rule import Form
from scoring.model import Kind as Holds
from scoring.scores.parts import labels_of, parts_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scoring.kernel import Bools, Floats, Matrix
    from scoring.labels.truth import Truth
    from scoring.scores.scored import Laid
    from scoring.scores.stack import Key, Stack

#: Partial rank correlation from which a pair is told of, whatever the others are like.
NEAR_RANKS = 0.995
#: Standard deviations of agreement on wrong answers from which a pair is told of.
NEAR_WRONG = 6.0
#: Files that differ in at most this share of the items, or in one, are told of.
FEW_ITEMS = 0.02
#: So many pairs make a distribution to judge by.
ENOUGH_PAIRS = 30
#: Less than that of a correlation is what rounding leaves of none.
LEAST_ROOM = 1e-6
#: A normal distribution's standard deviation over its median absolute deviation.
MAD = 1.4826


class Kind(StrEnum):
    """In what two submissions are alike."""

    VALUES = "same-values"  # every value the same
    RANKS = "same-ranks"  # every column in the same order: rescaled
    FEW = "few-items"  # but for a few items every value the same, as files are that ask about items one by one
    NUMBERS = "near-ranks"  # the same errors, nearly
    ANSWERS = "same-wrong-answers"  # wrong in the same way


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """Two submissions that look alike, by their places in the stacks."""

    first: int
    second: int
    kind: Kind
    #: The partial rank correlation, or the standard deviations of agreement; 1 for what is the same, and for a few
    #: items how many.
    value: float
    #: How far it stands out among the contest's pairs, in robust standard deviations; None with too few pairs.
    outlying: float | None = None


@dataclass(frozen=True, kw_only=True)
class Background:
    """How alike the contest's pairs are: the middle and the width, of the correlations' arc tangents or the z."""

    middle: float
    width: float
    pairs: int


# --- the same --------------------------------------------------------------------------------


def value_hash(laid: Laid) -> str:
    """Return the SHA-256 of a submission's values, whatever its file looked like."""
    digest = hashlib.sha256()
    for name in sorted(laid):
        column = laid[name]
        texts = column.dtype == np.object_
        values = json.dumps(column.tolist()).encode() if texts else (column + 0.0).astype("<f8").tobytes()
        digest.update(f"{name}\n".encode() + values)
    return digest.hexdigest()


def rank_hash(laid: Laid) -> str:
    """Return the SHA-256 of the order of a submission's values: the same for any rescaling that keeps the order."""
    return value_hash({n: each if each.dtype == np.object_ else doubled_ranks(each) for n, each in laid.items()})


# --- near ------------------------------------------------------------------------------------


def likeness_to(stacks: Mapping[Key, Stack], truth: Truth, place: int) -> Floats:
    """Return how alike the submission at ``place`` is to each of the stacks, (k,); see the module for what it is."""
    answers = stacks.get((truth.track.columns[0].name, Form.PLAIN))
    if answers is not None and truth.track.columns[0].choices:
        labels = labels_of(truth)[truth.track.columns[0].name].astype(np.uint8)
        return wrong_agreement(answers.matrix, labels, place, wrong_shares(answers.matrix, labels))
    found = [partial_correlations(*_ranked(stacks, truth, name), place) for name in _number_columns(truth)]
    mean: Floats = np.mean(found, axis=0) if found else np.zeros(len(next(iter(stacks.values())).matrix))
    return mean


def likenesses(stacks: Mapping[Key, Stack], truth: Truth) -> Floats:
    """Return how alike each two submissions are, (k, k); of two directions the lower figure."""
    first = truth.track.columns[0]
    if first.choices:
        answers, labels = stacks[first.name, Form.PLAIN].matrix, labels_of(truth)[first.name].astype(np.uint8)
        shares = wrong_shares(answers, labels)
        z = np.array([wrong_agreement(answers, labels, place, shares) for place in range(len(answers))])
        lower: Floats = np.minimum(z, z.T)
        return lower
    found = [_all_partial(*_ranked(stacks, truth, name)) for name in _number_columns(truth)]
    size = len(next(iter(stacks.values())).matrix)
    mean: Floats = np.mean(found, axis=0) if found else np.zeros((size, size))
    return mean


def partial_correlations(ranks: Matrix, square: Floats, labels: Floats, place: int) -> Floats:
    """Return the partial rank correlation of row ``place`` with each row, given the labels, (k,); 0 if undefined."""
    own = side(np.asarray(ranks[place], dtype=np.float64))
    return _partial(
        _defined(cosines(ranks, square, own, whole=True)),
        _defined(cosines(ranks, square, side(labels), whole=True)),
        _defined(cosines(ranks[place : place + 1], square[place : place + 1], side(labels), whole=True)),
    )


def _all_partial(ranks: Matrix, square: Floats, labels: Floats) -> Floats:
    norms = np.sqrt(np.where(square > 0, square, 1.0))
    unit = np.asarray(ranks, dtype=np.float64) / norms[:, None]
    to_labels = unit @ (labels / math.sqrt(float(labels @ labels)))
    return _partial(unit @ unit.T, to_labels, to_labels[:, None])


def _partial(each: Floats, first: Floats, second: Floats) -> Floats:
    """Return (r_ab - r_a r_b) / sqrt((1 - r_a²)(1 - r_b²)); 0 where a side is all of the labels."""
    room = np.sqrt(np.clip((1 - first**2) * (1 - second**2), 0.0, None))
    left = room > LEAST_ROOM
    found: Floats = np.where(left, (each - first * second) / np.where(left, room, 1.0), 0.0)
    clipped: Floats = np.clip(found, -1.0, 1.0)
    return clipped


def wrong_shares(answers: Matrix, labels: Matrix) -> Floats:
    """Return each choice's share among the wrong answers to each item, (choices + 1, n), one more of each counted."""
    most = int(max(answers.max(initial=1), labels.max(initial=1)))
    counts = np.array([(answers == choice).sum(axis=0) for choice in range(most + 1)], dtype=np.float64) + 1.0
    counts[0] = 0.0
    counts[labels, np.arange(labels.size)] = 0.0
    shares: Floats = counts / np.maximum(counts.sum(axis=0), 1.0)
    return shares


def wrong_agreement(answers: Matrix, labels: Matrix, place: int, shares: Floats) -> Floats:
    """Return how far row ``place`` and each row agree beyond chance where both are wrong, in standard deviations, (k,).

    0 where they have no wrong item in common. No answer is not a wrong answer.
    """
    own = answers[place]
    wrong = ((own != labels) & (own != 0)).nonzero()[0]
    theirs, chance = answers[:, wrong], shares[own[wrong], wrong]
    both = ((theirs != labels[wrong]) & (theirs != 0)).astype(np.float64)
    agree = (theirs == own[wrong]).sum(axis=1)
    spread = np.sqrt(both @ (chance * (1 - chance)))
    excess = agree - both @ chance
    found: Floats = np.zeros(len(answers))
    np.divide(excess, spread, out=found, where=spread > 0)
    return found


def _number_columns(truth: Truth) -> list[str]:
    labelled = {column.name for column in truth.track.labelled}
    return [c.name for c in truth.track.columns if c.kind is Holds.NUMBER and c.name in labelled]


def _ranked(stacks: Mapping[Key, Stack], truth: Truth, column: str) -> tuple[Matrix, Floats, Floats]:
    """Return the ranks of a column, their squares, and the labels' ranks; within each part."""
    slices = list(parts_of(truth).slices.values())
    labels = np.concatenate([doubled_ranks(labels_of(truth)[column][part]) for part in slices])
    kept = stacks.get((column, Form.RANKS))
    if kept is not None:
        return kept.matrix, kept.square.sum(axis=1), labels
    other = next(stack for (name, _), stack in stacks.items() if name == column).matrix
    rows = [np.concatenate([doubled_ranks(row[part]) for part in slices]) for row in other]
    ranks: Matrix = np.array(rows)
    return ranks, squares(ranks), labels


def _defined(values: Floats) -> Floats:
    return np.nan_to_num(values, nan=0.0)


# --- judged ----------------------------------------------------------------------------------


def background(matrix: Floats, teams: Sequence[str], truth: Truth) -> Background | None:
    """Return how alike submissions of different teams are, from :func:`likenesses`; None with too few pairs."""
    values = _spread(matrix[_pairs(teams)], truth)
    if values.size < ENOUGH_PAIRS:
        return None
    middle = float(np.median(values))
    width = MAD * float(np.median(np.abs(values - middle)))
    return Background(middle=middle, width=width, pairs=values.size) if width > 0 else None


def near(matrix: Floats, teams: Sequence[str], truth: Truth) -> list[Likeness]:
    """Return the pairs of different teams that are near, nearest first, from :func:`likenesses`.

    A pair is near beyond a fixed limit, or if it stands out among the contest's pairs (Holm, 5 %).
    """
    choices = bool(truth.track.columns[0].choices)
    places = _pairs(teams)
    values, ground = matrix[places], background(matrix, teams, truth)
    outlying: list[float | None] = [None] * values.size
    if ground is not None:
        outlying = ((_spread(values, truth) - ground.middle) / ground.width).tolist()
    p = [1.0 if each is None else NORMAL.cdf(-each) for each in outlying]
    limit, kind = (NEAR_WRONG, Kind.ANSWERS) if choices else (NEAR_RANKS, Kind.NUMBERS)
    found = [
        Likeness(first=int(first), second=int(second), kind=kind, value=float(value), outlying=far)
        for first, second, value, far, stands_out in zip(*places, values, outlying, holm(p), strict=True)
        if value >= limit or stands_out
    ]
    return sorted(found, key=lambda each: -each.value)


def same(hashes: Sequence[str], teams: Sequence[str], kind: Kind) -> list[Likeness]:
    """Return the pairs of different teams of the same hash (:func:`value_hash`, :func:`rank_hash`), in order."""
    first: dict[str, list[int]] = {}
    found = []
    for place, each in enumerate(hashes):
        others = first.setdefault(each, [])
        found += [
            Likeness(first=other, second=place, kind=kind, value=1.0)
            for other in others
            if teams[other] != teams[place]
        ]
        others.append(place)
    return found


def _pairs(teams: Sequence[str]) -> tuple[Bools, Bools]:
    """Return the places of all pairs of different teams, as indices of a matrix."""
    number = np.unique(np.array(teams), return_inverse=True)[1] if teams else np.array([], dtype=np.intp)
    first, second = np.triu_indices(len(teams), 1)
    apart = number[first] != number[second]
    return first[apart], second[apart]


def _spread(values: Floats, truth: Truth) -> Floats:
    """Return correlations as their inverse hyperbolic tangents, which are about normal; z as they are."""
    if truth.track.columns[0].choices:
        return values
    spread: Floats = np.arctanh(np.clip(values, -0.999999, 0.999999))
    return spread
