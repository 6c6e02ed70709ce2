"""The attacks gain what the policies let them, on the labels behind the replies and on no others."""

from __future__ import annotations

import pytest

from scoring.attack import Gain, simulate
from scoring.ladder import Policy
from scoring.split import split
from tests.unit.scoring.labels import s_case, u_case


def gain_of(policy: Policy, track: str, mails: int = 120) -> Gain:
    """Return what 120 mails gain against half of 600 items, the other half hidden."""
    _, truth = u_case(1, n=600) if track == "u" else s_case(1, n=600)
    (gain,) = simulate(truth, policy, split=split(truth, "secret"), mails=[mails], runs=6, seed=1)
    return gain


@pytest.mark.parametrize(("track", "least"), [("u", 5.0), ("s", 0.8)])
def test_open_scores_teach_the_labels(track: str, least: float) -> None:
    """And nothing else: where no replies come from there is no gain."""
    gain = gain_of(Policy.FULL, track)
    assert gain.shown > least
    assert gain.hidden is not None
    assert gain.hidden < 0.3 * gain.shown


@pytest.mark.parametrize("track", ["u", "s"])
def test_the_ladder_takes_most_of_the_gain(track: str) -> None:
    """Less than half of it is left of boosting, nearly nothing of finite differences."""
    assert gain_of(Policy.LADDER, track).shown < (0.5 if track == "u" else 0.1) * gain_of(Policy.FULL, track).shown


@pytest.mark.parametrize("track", ["u", "s"])
def test_a_receipt_teaches_nothing(track: str) -> None:
    """There is nothing to climb by: the first file is as good as the last."""
    gain = gain_of(Policy.RECEIPT, track, 40)
    assert abs(gain.shown) < 3.0 if track == "u" else gain.shown == 0.0


def test_rounding_does_not_help_against_boosting() -> None:
    """Whole points are fine enough to choose by."""
    assert gain_of(Policy.ROUNDED, "u").shown > 0.6 * gain_of(Policy.FULL, "u").shown


def test_a_simulation_is_repeatable_and_gives_each_number_of_mails() -> None:
    """Without a split nothing is hidden."""
    _, truth = u_case(2, n=100)
    gains = simulate(truth, Policy.FULL, mails=[5, 10], runs=2, seed=3)
    assert gains == simulate(truth, Policy.FULL, mails=[5, 10], runs=2, seed=3)
    assert [(each.mails, each.hidden) for each in gains] == [(5, None), (10, None)]
