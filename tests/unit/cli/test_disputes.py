"""`mailbot rule`: a dispute is closed one way or the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Shell


@pytest.mark.parametrize("said", [(), ("--accept", "--reject"), ("--reject", "--accept")])
def test_a_ruling_is_one_of_two(shell: Shell, said: tuple[str, ...]) -> None:
    """The team hears of it at once and it cannot be undone: which of the two is meant is never guessed."""
    _, err = shell("rule", "S-4", *said, "--why", "x", code=2)
    assert "say --accept or --reject" in err
