"""Each attack on a mailbot inside the test; ``make attack`` plays the same against a running daemon."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.hostile.attacks.every import ATTACKS
from tests.hostile.attacks.grounds import inside

if TYPE_CHECKING:
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


def test_the_page_on_security_names_attacks_that_there_are() -> None:
    """What is said to hold an attack is an attack that is played."""
    page = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")
    names = {attack.name for attack in ATTACKS}
    assert names - set(re.findall(r"`([a-z0-9-]+)`", page)) == set()
