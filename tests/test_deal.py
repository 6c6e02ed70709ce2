"""Tests are dealt to the processes of a run so that each has long ones first, and none is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deal import LONGEST, SHORT, dealt

LONG = [f"tests/faults/test_{module}.py::test_{number}" for module in "abcde" for number in range(7)]
UNIT = [f"{SHORT}test_{module}.py::test_{number}" for module in "fgh" for number in range(40)]


@pytest.mark.parametrize("hands", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("names", [LONG + UNIT, LONG, UNIT, []], ids=["both", "long", "short", "none"])
def test_each_test_is_dealt_once(names: list[str], hands: int) -> None:
    """However many processes there are."""
    assert sorted(dealt(names, hands)) == sorted(names)


def test_each_process_begins_with_whole_modules_that_are_long() -> None:
    """Two processes halve the list: each half has long modules first, then short tests, which may be taken over."""
    order = dealt(LONG + UNIT, 2)
    half = len(order) // 2
    for piece in (order[:half], order[half:]):
        kinds = [name.startswith(SHORT) for name in piece]
        assert kinds == sorted(kinds)
        assert {False, True} == set(kinds)
    modules = [{name.partition("::")[0] for name in piece} for piece in (order[:half], order[half:])]
    assert modules[0] & modules[1] & {name.partition("::")[0] for name in LONG} == set()


def test_the_longest_modules_are_begun_first() -> None:
    """The last in the order of the folders would run alone in the end."""
    longest = [f"{module}::test_{number}" for module in sorted(LONGEST) for number in range(3)]
    order = dealt(LONG + longest + UNIT, 4)
    quarters = [order[start : start + len(order) // 4] for start in range(0, len(order), len(order) // 4)]
    assert {name.partition("::")[0] for piece in quarters for name in piece[:6]} >= set(LONGEST)


def test_the_longest_modules_are_there() -> None:
    """None was renamed."""
    assert [module for module in LONGEST if not Path(__file__).parents[1].joinpath(module).is_file()] == []
