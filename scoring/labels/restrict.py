"""A truth of fewer items: items withdrawn from scoring, or one side of a split. Files must hold all items as before."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from scoring.labels.defined import Labelled, undefined
from scoring.labels.truth import TruthError
from scoring.model import Problem
from scoring.text import first, listed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from scoring.labels.truth import Truth
    from scoring.rows.ids import Id


def without(truth: Truth, ids: Collection[Id]) -> Truth:
    """Return the truth less the items ``ids``. Raises TruthError for an unknown id, or if too little is left.

    The name of the new truth is the SHA-256 of the old one's and the positions that are scored: whoever withdraws
    the same items of the same labels, in one step or in several, gets the same name.
    """
    unknown = [str(each) for each in ids if each not in set(truth.ids)]
    if unknown:
        message = f"The labels have no item {listed(unknown)}."
        raise TruthError([Problem(code="unknown-items", count=len(unknown), examples=first(unknown), message=message)])
    gone = set(ids)
    return _restricted(truth, [place for place in truth.positions if truth.ids[place] not in gone])


def only(truth: Truth, ids: Collection[Id]) -> Truth:
    """Return the truth of no other items than ``ids``. Raises TruthError as :func:`without` does."""
    kept = set(ids)
    return without(truth, [truth.ids[place] for place in truth.positions if truth.ids[place] not in kept])


def _restricted(truth: Truth, positions: Sequence[int]) -> Truth:
    problems = list(_problems(truth, positions))
    if problems:
        raise TruthError(problems)
    if len(positions) == len(truth.ids):
        return truth
    named = f"{truth.whole or truth.sha256}\n{' '.join(map(str, positions))}\n"
    return replace(
        truth,
        sha256=hashlib.sha256(named.encode()).hexdigest(),
        whole=truth.whole or truth.sha256,
        scored=tuple(positions),
        _made={},
    )


def _problems(truth: Truth, positions: Sequence[int]) -> Iterator[Problem]:
    """Yield what keeps the items at ``positions`` from being a truth."""
    left = {truth.groups[place] for place in positions} if truth.groups else set()
    empty = [group for group in truth.track.weights if truth.groups and group not in left]
    if empty:
        message = f"No item of {truth.track.group} {listed(empty)} is left: its accuracy would be undefined."
        yield Problem(code="empty-groups", count=len(empty), examples=first(empty), message=message)
        return
    labelled = Labelled(track=truth.track, values=truth.values, groups=truth.groups)
    yield from undefined(labelled, positions)
