"""Each attack on a mailbot inside the test; ``make attack`` plays the same against a running daemon."""

from __future__ import annotations

import re
from itertools import pairwise, takewhile
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


ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


def test_the_page_on_security_names_attacks_that_there_are() -> None:
    """What is said to hold an attack is an attack that is played; and every module of attacks here is named."""
    names = {attack.name for attack in ATTACKS}
    assert names - set(re.findall(r"`([a-z0-9-]+)`", PAGE)) == set()
    assert [
        path.name for path in Path(__file__).parent.glob("test_*.py") if f"tests/hostile/{path.name}" not in PAGE
    ] == []


def test_each_row_of_the_page_names_attacker_act_wall_and_a_test_that_there_is() -> None:
    """Nothing is claimed that no test holds."""
    below = PAGE.split("| Attacker |", 1)[1].splitlines()[2:]
    rows = [row.strip("| ").split(" | ") for row in takewhile(lambda line: line.startswith("|"), below)]
    assert len(rows) > 30
    names = {attack.name for attack in ATTACKS}
    for attacker, act, wall, held in rows:
        assert attacker
        assert act
        assert wall
        told = re.findall(r"`([^`]+)`", held)
        assert told
        assert [each for each in told if each not in names and not (ROOT / each).exists()] == []


def test_what_the_page_names_is_there_and_each_table_says_who_attacks() -> None:
    """A test may be named anywhere; the tables on children and state say it in their heads."""
    assert [path for path in re.findall(r"`(tests/[^`]+)`", PAGE) if not (ROOT / path).exists()] == []
    heads = [line for line, rule in pairwise(PAGE.splitlines()) if rule.startswith("|---")]
    assert len(heads) == 6
    assert [
        head
        for head in heads
        if not re.match(
            r"\| (?:Attacker|A child that was taken over|A worker or scheduler that was taken over|What is changed)",
            head,
        )
    ] == []
    cells = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| ")]
    assert [row for row in cells if not all(cell.strip() for cell in row)] == []
