"""What a child answers, as its parent reads it: records of ours, and nothing that runs."""

from __future__ import annotations

import os
import pickle
from typing import TYPE_CHECKING

import pytest

from mailbot.model import AuthLevel
from mailbot.system.child import Bounds, Outcome, loads

if TYPE_CHECKING:
    from collections.abc import Callable


class Calls:
    """Calls a function when it is unpickled."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        """Note what to call."""
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        """Have it called."""
        return self.function, self.arguments


@pytest.mark.parametrize("value", [None, 3, "text", (b"bytes", {"a": [1.5]}), Bounds(seconds=1), AuthLevel.CONFIRMED])
def test_records_come_out_as_they_went_in(value: object) -> None:
    """Plain values, and dataclasses and enums of ours."""
    outcome = Outcome(value=value, peak=7)
    assert loads(pickle.dumps(outcome)) == outcome


@pytest.mark.parametrize("value", [Calls(os.system, "true"), Calls(loads, b""), Calls(eval, "1"), ValueError("x")])
def test_nothing_else_comes_out(value: object) -> None:
    """Neither a function of any module, ours included, nor a class that is no record."""
    with pytest.raises(pickle.UnpicklingError, match="a child answered with "):
        loads(pickle.dumps(Outcome(value=value)))


def test_an_answer_is_an_outcome() -> None:
    """Another record in its place is refused."""
    with pytest.raises(pickle.UnpicklingError, match="a child answered with Bounds"):
        loads(pickle.dumps(Bounds()))
