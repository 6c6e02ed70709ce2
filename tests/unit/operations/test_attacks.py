"""Attacks are played against made-up labels of the size of a contest's own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mailbot.config import load
from mailbot.errors import ConfigError
from mailbot.operations import attacks
from scoring.model import Policy
from tests.unit.services import LABELS

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.config.schema import Config

PLAN = attacks.Plan(policies={Policy.FULL: 1.0, Policy.RECEIPT: 1.0}, share=1.0, mails=(3, 9), repeats=2, seed=0)


def config(folder: Path, *phases: dict[str, object]) -> Config:
    """Return the config of a contest of one track."""
    given = {
        "preset": "siqa",
        "challenge": {"address": "s@siqa.example"},
        "tracks": {"siqa-s": {"labels": str(LABELS / "answer-s.json")}},
        "phases": list(phases),
    }
    return load.build(given, base=folder)


def test_what_mails_gain_is_told_for_each_policy(tmp_path: Path) -> None:
    """Nothing where replies tell nothing; every mail is counted as it is played."""
    (truth,) = attacks.made_up_labels(config(tmp_path), None, PLAN.seed)
    played: list[int] = []
    full, receipt = attacks.play(truth, PLAN, played.append)
    assert (full.track, full.policy, full.on, full.items, set(full.gains)) == ("siqa-s", "full", "all", truth.n, {3, 9})
    assert receipt.gains == {3: 0.0, 9: 0.0}
    assert sum(played) == attacks.mails_to_play(truth, PLAN)


def test_a_split_tells_both_parts(tmp_path: Path) -> None:
    """That which replies come from, and that which decides; a part of too few items is refused."""
    (truth,) = attacks.made_up_labels(config(tmp_path), "siqa-s", 0)
    found = attacks.play(truth, replace(PLAN, share=0.5), lambda _: None)
    assert [one.on for one in found] == ["public", "private"] * 2
    with pytest.raises(ConfigError, match=r"--split 0.01: siqa-s has too few items to be split"):
        attacks.play(truth, replace(PLAN, share=0.01), lambda _: None)


def test_policies_are_those_named_or_those_of_the_phases(tmp_path: Path) -> None:
    """With the rounding that a phase gives."""
    rounded = config(tmp_path, {"name": "test", "feedback": "rounded", "rounding": 0.5})
    assert attacks.policies(rounded, None) == {Policy.ROUNDED: 0.5}
    assert attacks.policies(rounded, ["full", "rounded"]) == {Policy.FULL: 1.0, Policy.ROUNDED: 0.5}
    with pytest.raises(ConfigError, match="--policy open: it is one of full"):
        attacks.policies(rounded, ["open"])
    with pytest.raises(ConfigError, match="--track siqa-x: the config has siqa-s"):
        next(attacks.made_up_labels(rounded, "siqa-x", 0))
