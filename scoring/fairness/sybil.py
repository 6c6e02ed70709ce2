"""What many teams of one owner gain: each asks about other items, so that no limit on a team's mails stands in the way.

The first mail is a base of random answers. Each other mail is a new team's first: the base with one answer changed in
each group that replies tell a figure of, or with one answer where they tell the score alone. A figure that rose shows
that the new answer is right, one that fell that the old one was; where it stayed, another answer is tried.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scoring.kernel import Floats

    Values = dict[str, Floats]
    #: What the reply to a new team tells, by the group that it is about; "" for the score.
    Ask = Callable[[Values], Mapping[str, float]]

LEAST = 1e-9
"""A figure that moves by less did not move."""


@dataclass
class _Items:
    """The items of one group, in the order in which they are asked about."""

    #: Places of those that nothing is known of.
    left: list[int]
    #: Answers to the first of them that are known to be wrong.
    wrong: set[int] = field(default_factory=set)

    def settle(self) -> None:
        """Turn to the next item."""
        self.left.pop(0)
        self.wrong.clear()


def probe(ask: Ask, base: Values, column: str, *, choices: int, groups: Mapping[str, list[int]], mails: int) -> Values:
    """Return the base with all answers to a column that ``mails`` mails found right.

    ``groups`` has the places of each group's items, in the order in which they are asked about.
    """
    known, told = base[column].copy(), ask(base)
    items = {name: _Items(left=list(places)) for name, places in groups.items() if name in told}
    for _ in range(mails - 1):
        tried = {name: _guess(base[column], each, choices) for name, each in items.items() if each.left}
        changed = base[column].copy()
        for name, guess in tried.items():
            changed[items[name].left[0]] = guess
        found = ask(base | {column: changed})
        for name, guess in tried.items():
            _learn(known, items[name], guess, found[name] - told[name], choices)
    return base | {column: known}


def _guess(answers: Floats, items: _Items, choices: int) -> int:
    """Return an answer to the next item that was not tried."""
    first = int(answers[items.left[0]])
    return next(each for each in range(1, choices + 1) if each != first and each not in items.wrong)


def _learn(known: Floats, items: _Items, guess: int, moved: float, choices: int) -> None:
    """Note what a reply says of the next item of a group."""
    if moved > LEAST:
        known[items.left[0]] = guess
    if abs(moved) > LEAST or len(items.wrong) + 2 >= choices:
        items.settle()
    else:
        items.wrong.add(guess)


def shuffled(places: list[int], draw: np.random.Generator) -> list[int]:
    """Return places in a random order."""
    order: list[int] = draw.permutation(np.array(places, dtype=np.intp)).tolist()
    return order
