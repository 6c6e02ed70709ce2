"""Which process of a run begins with which tests: each with some that wait for servers, and short ones behind them.

pytest-xdist gives each process an equal piece of the list; who has done its own takes over half of what another one
has left, from its end. In the order of the folders the first process had nearly all that is long, and in the end the
others waited for it. Modules are kept whole, for what their tests share is made once in each process.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SHORT = "tests/unit/"
"""Where tests are that take milliseconds."""

LONGEST = (
    "tests/test_handbook.py", "tests/faults/test_children.py", "tests/integration/test_demo.py",
    "tests/flow/test_tasks.py", "tests/hostile/test_pipeline.py", "tests/integration/test_cluster.py",
    "tests/faults/test_takeover.py", "tests/integration/test_strict_server.py",
)  # fmt: skip
"""Modules with a test, or something that their tests share, of a quarter of a minute and more: nobody is to begin one
when the others are nearly done.
"""


def dealt(names: Iterable[str], hands: int) -> list[str]:
    """Return the names of tests in the order in which so many processes share them best."""
    names = list(names)
    short = [name for name in names if name.startswith(SHORT)]
    held: list[list[str]] = [[] for _ in range(hands)]
    modules = [list(module) for _, module in groupby((n for n in names if not n.startswith(SHORT)), _module)]
    for module in sorted(modules, key=_turn):
        min(held, key=len).extend(module)
    for number, hand in enumerate(held):
        share = (len(names) - sum(map(len, held[:number]))) // (hands - number)  # as pytest-xdist cuts the list
        wanted = max(0, share - len(hand))
        hand.extend(short[:wanted])
        del short[:wanted]
    return [name for hand in held for name in hand] + short


def _turn(module: Sequence[str]) -> int:
    """Return when a module is dealt: the longest first, all others in their order."""
    name = _module(module[0])
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)


def _module(name: str) -> str:
    return name.partition("::")[0]
