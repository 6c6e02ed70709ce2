"""The attacks gain what the policies let them, on the labels behind the replies and on no others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scoring.declaration.declare import track_from
from scoring.fairness.attack import Attack, Gain, attacks_on, made_up, simulate
from scoring.labels.split import split
from scoring.model import Policy
from tests.unit.scoring.cases import s_case, truth_of, u_case
from tests.unit.scoring.made import S, U

DOCS = (Path(__file__).parents[4] / "docs" / "scoring" / "feedback.md").read_text(encoding="utf-8")
GROUPS = ("yes-or-no",) * 380 + ("what",) * 350 + ("how",) * 390


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


# --- made-up labels --------------------------------------------------------------------------


def test_made_up_labels_have_the_size_of_the_real_ones_and_nothing_else() -> None:
    """The same items and groups; the labels are drawn, the same for the same seed."""
    _, truth = u_case(1, n=200)
    other = made_up(truth, 5)
    assert (other.ids, other.groups, other.n) == (truth.ids, truth.groups, truth.n)
    right = sum(a == b for a, b in zip(other.values["precision"], truth.values["precision"], strict=True))
    assert right < 0.4 * truth.n
    assert made_up(truth, 5).values == other.values != made_up(truth, 6).values


def test_a_track_of_both_kinds_is_open_to_both_attacks() -> None:
    """Each climbs by its own columns and leaves the others as they are; less is better works as well."""
    columns = [
        {"name": "kind", "choices": ["a", "b", "c"], "metrics": ["accuracy"]},
        {"name": "size", "metrics": ["srcc"]},
    ]
    both = track_from({"name": "t", "columns": columns})
    truth = truth_of(both, {"kind": ["A", "B", "C"] * 50, "size": [float(n % 17) for n in range(150)]})
    assert attacks_on(both) == (Attack.BOOSTING, Attack.DIFFERENCES, Attack.SYBIL)
    gains = {attack: simulate(truth, Policy.FULL, attack=attack, mails=[150], runs=3)[0].shown for attack in Attack}
    assert gains[Attack.BOOSTING] > 5.0
    assert gains[Attack.DIFFERENCES] > 0.5
    assert gains[Attack.SYBIL] > 5.0
    errors = track_from({"name": "t", "columns": [{"name": "size", "metrics": ["rmse"]}]})
    truth = truth_of(errors, {"size": [float(n % 17) for n in range(150)]})
    assert attacks_on(errors) == (Attack.DIFFERENCES,)
    assert simulate(truth, Policy.FULL, mails=[150], runs=3)[0].shown > 0.05


@pytest.mark.parametrize("policy", [Policy.FULL, Policy.LADDER])
def test_many_teams_learn_an_item_with_every_mail_or_two(policy: Policy) -> None:
    """Where replies tell figures of each group, one of each; the ladder, which is a team's own, hinders no new team."""
    truth = u_case(5, n=90)[1]
    few, many = simulate(truth, policy, attack=Attack.SYBIL, mails=[10, 100], runs=3)
    assert many.shown > few.shown > 0.0
    assert many.shown > (40.0 if policy is Policy.FULL else 15.0)
    parts = split(truth, "secret")
    (gain,) = simulate(truth, policy, attack=Attack.SYBIL, split=parts, mails=[100], runs=3)
    assert gain.hidden == pytest.approx(0.0)
    for nothing in (Policy.RECEIPT,):
        assert simulate(truth, nothing, attack=Attack.SYBIL, mails=[30], runs=2)[0].shown == pytest.approx(0.0)


def test_every_run_is_told() -> None:
    """With its number of mails, for a bar of progress."""
    told: list[int] = []
    simulate(u_case(2, n=50)[1], Policy.FULL, mails=[2, 4], runs=2, done=told.append)
    assert told == [2, 2, 4, 4]


@pytest.mark.parametrize(("track", "policy"), [(t, p) for t in ("siqa-u", "siqa-s") for p in ("full", "ladder")])
@pytest.mark.parametrize("half", [False, True], ids=["all", "half"])
def test_the_document_tells_what_the_command_prints(track: str, policy: str, half: bool) -> None:  # noqa: FBT001  # a parameter of the cases
    """The first two numbers of mails of its table, at seed 0 for labels of SIQA's size."""
    real = (
        truth_of(U, {"precision": ["A"] * 1120}, groups=GROUPS)
        if track == "siqa-u"
        else truth_of(S, {name: [0.0] * 1050 for name in S.weights})
    )
    truth = made_up(real, 0)
    parts = split(truth, "made up 0", 0.5) if half else None
    gains = simulate(truth, Policy(policy), split=parts, mails=[10, 30], runs=10)
    (shown,) = re.findall(
        rf"\| {track} \| \w+ \| `{policy}` \| (?:all items|the public half) \| (.*?) \|\n", _table(half=half)
    )
    assert shown.split(" | ")[:2] == [f"{gain.shown:+.1f}" for gain in gains]


def _table(*, half: bool) -> str:
    """Return the rows of the document's table that are about all items, or about halves."""
    return "\n".join(line for line in DOCS.splitlines() if ("half |" in line) == half) + "\n"
