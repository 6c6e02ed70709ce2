"""Each attack on a mailbot inside the test; ``make attack`` plays the same against a running daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.hostile.attacks.every import ATTACKS
from tests.hostile.attacks.grounds import inside

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hostile.attacks.model import Attack


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_attack_is_held(attack: Attack, tmp_path: Path) -> None:
    """Nothing is gained by it."""
    with inside(tmp_path, attack.config) as ground:
        assert attack.play(ground) == ""


def test_attacks_have_names_of_their_own() -> None:
    """So that a line of ``make attack`` and the name of a test mean one attack."""
    names = [attack.name for attack in ATTACKS]
    assert len(names) == len(set(names))
