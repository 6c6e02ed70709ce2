"""Which process of a run begins with which tests: each with some that wait for servers, and short ones behind them.

pytest-xdist gives each process an equal piece of the list; who has done its own takes over half of what another one
has left, from its end. In the order of the folders the first process had nearly all that is long, and in the end the
others waited for it. Modules are kept whole, for what their tests share is made once in each process.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SHORT = "tests/unit/"
"""Where tests are that take milliseconds."""


def dealt(names: Iterable[str], hands: int) -> list[str]:
    """Return the names of tests in the order in which so many processes share them best."""
    names = list(names)
    short = [name for name in names if name.startswith(SHORT)]
    held: list[list[str]] = [[] for _ in range(hands)]
    for _, module in groupby((name for name in names if not name.startswith(SHORT)), _module):
        min(held, key=len).extend(module)
    for number, hand in enumerate(held):
        share = (len(names) - sum(map(len, held[:number]))) // (hands - number)  # as pytest-xdist cuts the list
        wanted = max(0, share - len(hand))
        hand.extend(short[:wanted])
        del short[:wanted]
    return [name for hand in held for name in hand] + short


def _module(name: str) -> str:
    return name.partition("::")[0]
