"""Copies are found, and teams that are merely good, or share a backbone, are not taken for copies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from mailbot import lazily
from scoring.declaration.declare import track_from
from scoring.fairness import similarity
from scoring.fairness.similarity import Kind
from tests.unit.scoring.cases import s_case, truth_of, u_case
from tests.unit.scoring.stacks import kept_of, stacked

if TYPE_CHECKING:
    from scoring.kernel import Floats
    from scoring.labels.truth import Truth
    from scoring.scores.scored import Laid

with lazily(__name__):  # collecting the tests needs none of it
    from scipy import stats


def s_field(teams: int = 12, n: int = 500, shared: float = 0.5) -> tuple[list[Laid], Truth]:
    """Return submissions that are all good, and share part of their errors (a backbone)."""
    _, truth = s_case(1, n)
    draw = np.random.default_rng(2)
    common = {name: draw.normal(size=n) for name in truth.values}
    laids: list[Laid] = [
        {
            name: np.array(truth.values[name]) + 0.35 * (shared * common[name] + (1 - shared) * draw.normal(size=n))
            for name in truth.values
        }
        for _ in range(teams)
    ]
    return laids, truth


def u_field(teams: int = 12, n: int = 600) -> tuple[list[Laid], Truth]:
    """Return submissions that are right 6 times in 10, and wrong each in its own way."""
    return [redrawn(seed, n)[0] for seed in range(teams)], redrawn(0, n)[1]


def redrawn(seed: int, n: int) -> tuple[Laid, Truth]:
    """Return answers to the same questions, drawn anew."""
    _, truth = u_case(1, n)
    draw = np.random.default_rng(100 + seed)
    labels = np.array(["ABCD".index(str(letter)) + 1.0 for letter in truth.values["precision"]])
    return {"precision": np.where(draw.random(labels.size) < 0.6, labels, draw.integers(0, 5, labels.size))}, truth


def found(laids: list[Laid], truth: Truth) -> list[tuple[int, int, Kind]]:
    """Return the near pairs of submissions of one team each."""
    matrix = similarity.likenesses(stacked([kept_of(laid, truth) for laid in laids]), truth)
    near = similarity.near(matrix, [f"team {number}" for number in range(len(laids))], truth)
    return [(each.first, each.second, each.kind) for each in near]


def test_good_teams_on_one_backbone_are_not_copies() -> None:
    """Their raw rank correlation is above 0.95, where another platform sees a duplicate."""
    laids, truth = s_field()
    raw = stats.spearmanr(laids[0]["perception"], laids[1]["perception"]).statistic
    assert raw > 0.95
    assert found(laids, truth) == []
    assert found(*u_field()) == []


def test_a_copy_with_a_little_noise_is_near() -> None:
    """One of twelve, among good teams."""
    laids, truth = s_field()
    noise = np.random.default_rng(3)
    laids.append({name: values + noise.normal(size=values.size) * 0.005 for name, values in laids[4].items()})
    assert found(laids, truth) == [(4, 12, Kind.NUMBERS)]


def test_a_copy_is_near_where_the_smaller_error_is_the_better() -> None:
    """Likeness has no direction: of an RMSE the copy is found, and good teams are none."""
    columns = [{"name": name, "metrics": ["rmse"]} for name in ("perception", "knowledge")]
    laids, scaled = s_field()
    truth = truth_of(track_from({"name": "depths", "columns": columns}), scaled.values)
    assert not truth.track.higher_is_better
    assert found(laids, truth) == []
    noise = np.random.default_rng(3)
    laids.append({name: values + noise.normal(size=values.size) * 0.005 for name, values in laids[4].items()})
    assert found(laids, truth) == [(4, 12, Kind.NUMBERS)]


def test_a_copy_of_most_answers_is_wrong_in_the_same_way() -> None:
    """Eight answers in ten."""
    laids, truth = u_field()
    mine, copied = laids[5]["precision"], np.random.default_rng(3).random(laids[5]["precision"].size) < 0.8
    laids.append({"precision": np.where(copied, mine, redrawn(50, 600)[0]["precision"])})
    assert found(laids, truth) == [(5, 12, Kind.ANSWERS)]


def test_a_near_pair_says_how_far_it_stands_out() -> None:
    """In robust standard deviations of the contest's pairs; none with a handful of them."""
    laids, truth = s_field()
    laids.append(laids[4])
    matrix = similarity.likenesses(stacked([kept_of(laid, truth) for laid in laids]), truth)
    teams = [str(number) for number in range(13)]
    (pair,) = similarity.near(matrix, teams, truth)
    assert (pair.first, pair.second) == (4, 12)
    assert pair.value == pytest.approx(1.0)
    assert pair.outlying is not None
    assert pair.outlying > 6
    (pair,) = similarity.near(matrix[4:][:, 4:][[0, 8]][:, [0, 8]], ["a", "b"], truth)
    assert pair.outlying is None


def test_a_team_may_repeat_itself() -> None:
    """Pairs of one team are left out of everything."""
    laids, truth = s_field(3)
    laids.append(laids[0])
    matrix = similarity.likenesses(stacked([kept_of(laid, truth) for laid in laids]), truth)
    assert similarity.near(matrix, ["a", "b", "c", "a"], truth) == []
    hashes = [similarity.value_hash(laid) for laid in laids]
    assert similarity.same(hashes, ["a", "b", "c", "a"], Kind.VALUES) == []
    (pair,) = similarity.same(hashes, ["a", "b", "c", "d"], Kind.VALUES)
    assert (pair.first, pair.second, pair.kind) == (0, 3, Kind.VALUES)


def test_a_rescaled_copy_has_the_ranks_of_its_source() -> None:
    """Another scale, another bend: the values differ, the order does not; minus zero is zero."""
    laids, _ = s_field(2)
    bent = {name: np.exp(values) * 20 - 3 for name, values in laids[0].items()}
    assert similarity.value_hash(bent) != similarity.value_hash(laids[0])
    assert similarity.rank_hash(bent) == similarity.rank_hash(laids[0]) != similarity.rank_hash(laids[1])
    assert similarity.value_hash({"x": np.array([0.0])}) == similarity.value_hash({"x": np.array([-0.0])})


def test_the_partial_correlation_is_that_of_what_the_labels_leave() -> None:
    """Regress the labels' ranks out of both and correlate what remains."""
    laids, truth = s_field(4)
    matrix = similarity.likenesses(stacked([kept_of(laid, truth) for laid in laids]), truth)
    expected: list[float] = []
    for name, column in truth.values.items():
        labels = stats.rankdata(np.array(column, dtype=np.float64))
        first, second = (rest(stats.rankdata(laid[name]), labels) for laid in laids[:2])
        expected.append(float(stats.pearsonr(first, second).statistic))
    assert matrix[0, 1] == pytest.approx(sum(expected) / 2)


def rest(y: Floats, x: Floats) -> Floats:
    """Return what a line through ``x`` leaves of ``y``."""
    fit = stats.linregress(x, y)
    left: Floats = y - fit.slope * x - fit.intercept
    return left


@pytest.mark.parametrize("field", [s_field, u_field])
def test_one_against_all_is_a_row_of_all_pairs(field: type) -> None:
    """For choices of one direction, of which all pairs take the lower."""
    laids, truth = field(6)
    stacks = stacked([kept_of(laid, truth) for laid in laids])
    every = similarity.likenesses(stacks, truth)
    rows = np.array([similarity.likeness_to(stacks, truth, place) for place in range(6)])
    assert np.minimum(rows, rows.T) == pytest.approx(every)


def test_tracks_without_rank_metrics_are_compared_too() -> None:
    """Ranks are made of the values that the stack keeps."""
    track = track_from({"name": "t", "columns": [{"name": "x", "metrics": ["rmse"]}]})
    laids, plain = s_field(4)
    truth = truth_of(track, {"x": plain.values["perception"]})
    columns: list[Laid] = [{"x": laid["perception"]} for laid in [*laids, laids[2]]]
    assert found(columns, truth) == [(2, 4, Kind.NUMBERS)]


def test_perfect_and_constant_submissions_are_like_nobody() -> None:
    """There is nothing left that could agree."""
    laids, truth = s_field(3)
    perfect: Laid = {name: np.array(values, dtype=np.float64) for name, values in truth.values.items()}
    flat: Laid = {name: np.zeros(truth.n) for name in truth.values}
    matrix = similarity.likenesses(stacked([kept_of(x, truth) for x in [*laids, perfect, flat]]), truth)
    assert not matrix[3, [0, 1, 2, 4]].any()
    assert not matrix[4, [0, 1, 2, 3]].any()
