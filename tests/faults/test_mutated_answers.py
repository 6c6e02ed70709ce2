"""A server that gets any field of any answer wrong: the loop on the mailbox lives, and every mail is served once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults import mutated

if TYPE_CHECKING:
    from pathlib import Path

SESSIONS = 75
"""`make test-long` makes 10,000."""

LONG = [pytest.param(seed, marks=pytest.mark.long) for seed in (2, 3, 4)]


@pytest.mark.parametrize("seed", [1, *LONG])
def test_no_answer_ends_the_loop(tmp_path: Path, seed: int) -> None:
    """Each session has one field of one answer wrong, in one of some forty ways."""
    mutated.run(tmp_path, sessions=SESSIONS, seed=seed)
