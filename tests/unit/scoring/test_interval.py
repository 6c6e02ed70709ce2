"""Errors, intervals, ties and rank intervals, against the bootstrap and against repeated draws."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st

from scoring import interval, metrics
from scoring.declaration.declare import track_from
from scoring.scores import bootstrap, deviations, parts, scored
from tests.unit.scoring.cases import s_case, truth_of, u_case
from tests.unit.scoring.made import S, U

if TYPE_CHECKING:
    from collections.abc import Callable

    from scoring.kernel import Floats
    from scoring.labels.truth import Truth
    from scoring.scores.scored import Laid


def error_of(laid: Laid, truth: Truth) -> float:
    """Return the standard error of a score."""
    return interval.standard_error(scored.influence(laid, truth))


@pytest.mark.parametrize("case", [s_case, u_case])
@pytest.mark.parametrize("seed", range(3))
def test_the_error_is_the_bootstraps(case: Callable[[int], tuple[Laid, Truth]], seed: int) -> None:
    """Within the bootstrap's own noise, 5 % for 1,000 draws; the intervals agree to a tenth of their width."""
    laid, truth = case(seed)
    score = scored.scored(laid, truth).score
    scores = bootstrap.bootstrap(laid, truth, 1000, seed)
    error = error_of(laid, truth)
    assert error == pytest.approx(float(scores.std()), rel=0.08)
    low, high = bootstrap.percentiles(scores)
    assert interval.interval(score, error) == pytest.approx((low, high), abs=0.15 * (high - low))


def test_the_error_of_accuracies_is_the_closed_form() -> None:
    """The root of the sum of w² p (1 - p) / n over the types."""
    laid, truth = u_case(4)
    figures = scored.scored(laid, truth).figures
    groups = truth.groups or ()
    shares = [(w, figures[f"acc_{g.replace('-', '_')}"] / 100, groups.count(g)) for g, w in U.weights.items()]
    assert error_of(laid, truth) == pytest.approx(100 * sum(w * w * p * (1 - p) / n for w, p, n in shares) ** 0.5)


def test_ninety_five_percent_intervals_hold_the_true_score_ninety_five_times_in_a_hundred() -> None:
    """Of 400 draws of 500 items each between 93 and 97 % hold what 200,000 items give."""
    whole, everything = s_case(1, n=200_000)
    goal = scored.scored(whole, everything).score
    held = 0
    for seed in range(400):
        laid, truth = s_case(1000 + seed, n=500)
        low, high = interval.interval(scored.scored(laid, truth).score, error_of(laid, truth))
        held += low <= goal <= high
    assert 0.93 <= held / 400 <= 0.97


def test_intervals_of_accuracies_hold_the_true_score_too() -> None:
    """Of 400 draws of 600 questions."""
    goal = 100 * (0.6 + 0.4 / 4)
    held = 0
    for seed in range(400):
        laid, truth = u_case(seed, n=600)
        low, high = interval.interval(scored.scored(laid, truth).score, error_of(laid, truth))
        held += low <= goal <= high
    assert 0.93 <= held / 400 <= 0.97


def test_questions_that_share_an_image_are_drawn_together() -> None:
    """Each question three times is no more evidence than once; the bootstrap of clusters says the same."""
    laid, truth = u_case(5, n=200)
    tripled = {name: values.repeat(3) for name, values in laid.items()}
    again = truth_of(
        U,
        {"precision": tuple(letter for letter in truth.values["precision"] for _ in range(3))},
        groups=tuple(group for group in truth.groups or () for _ in range(3)),
        clusters=tuple(str(item) for item in range(truth.n) for _ in range(3)),
    )
    clusters = np.arange(truth.n).repeat(3)
    influences = scored.influence(tripled, again)
    assert interval.standard_error(influences, clusters) == pytest.approx(error_of(laid, truth))
    assert interval.standard_error(influences) == pytest.approx(error_of(laid, truth) / 3**0.5)
    spread = float(bootstrap.bootstrap(tripled, again, 1000, 1).std())
    assert interval.standard_error(influences, clusters) == pytest.approx(spread, rel=0.1)


def test_a_term_below_its_floor_moves_with_no_item() -> None:
    """Predictions turned around score 0, and would on other items."""
    laid, truth = s_case(6)
    turned = {name: -values for name, values in laid.items()}
    assert scored.scored(turned, truth).score == 0.0
    assert not scored.influence(turned, truth).any()


def test_an_interval_stays_within_the_bounds() -> None:
    """There is no score above 100."""
    assert interval.interval(99.9, 1.0)[1] == 100.0
    assert interval.interval(0.5, 1.0)[0] == 0.0


# --- the bootstrap ---------------------------------------------------------------------------


@pytest.mark.parametrize("metric", bootstrap.WEIGHTED)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_metric_under_weights_is_the_metric_of_the_expanded_draw(metric: str, seed: int) -> None:
    """Ties, and items that were not drawn, included."""
    draw = np.random.default_rng(seed)
    x, y = draw.integers(1, 6, (2, 30)).astype(np.float64)
    weights = draw.integers(0, 4, (5, 30)).astype(np.float64)
    found = bootstrap.WEIGHTED[metric](x, y, weights)
    expected = [metrics.one(metric, x.repeat(row.astype(int)), y.repeat(row.astype(int))) for row in weights]
    assert found.tolist() == pytest.approx([np.nan if value is None else value for value in expected], nan_ok=True)


@pytest.mark.parametrize("metric", ["bleu", "chrf"])
@given(seed=st.integers(0, 2**32 - 1))
def test_a_corpus_metric_under_weights_is_that_of_each_text_so_often(metric: str, seed: int) -> None:
    """Bit for bit, though each text is counted once; empty texts, and draws without any text, included."""
    draw = np.random.default_rng(seed)
    x, y = (
        np.array([" ".join(draw.choice(list("ab,."), draw.integers(0, 8))) for _ in range(12)], object) for _ in "xy"
    )
    weights = np.vstack([draw.integers(0, 4, (3, 12)), np.zeros((1, 12))]).astype(np.float64)
    under = metrics.rule(metric).under
    assert under is not None
    found = under(x, y.tolist(), weights).tolist()
    assert np.isnan(found.pop())
    assert found == [metrics.one(metric, x.repeat(row), y.repeat(row)) for row in weights[:-1].astype(int)]


def test_the_error_of_a_corpus_metric_counts_each_text_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The deviations without each of twenty groups are the scores of the texts that are left, less their mean."""
    track = track_from({"name": "t", "columns": [{"name": "x", "holds": "text", "metrics": ["chrf"]}]})
    texts = [f"text {n} of {n % 7} {'with' if n % 3 else 'without'} words" for n in range(60)]
    truth = truth_of(track, {"x": texts})
    laid = {"x": np.array([each.replace("text", "word") for each in texts], object)}
    counted: list[int] = []
    count = sacrebleu.CHRF._extract_corpus_statistics  # noqa: SLF001

    def counts(metric: sacrebleu.CHRF, found: list[str], labels: list[list[str]]) -> object:
        counted.append(len(found))
        return count(metric, found, labels)

    monkeypatch.setattr(sacrebleu.CHRF, "_extract_corpus_statistics", counts)
    made = deviations.deviations(laid, truth)
    assert counted == [60]
    ((key, one),) = parts.prepared(truth).items()
    monkeypatch.setitem(parts.prepared(truth), key, replace(one, rule=replace(one.rule, under=None)))
    assert deviations.deviations(laid, truth).tolist() == made.tolist()


def test_a_seed_gives_the_same_draws() -> None:
    """And another seed others; each draw has as many items of each part as the truth."""
    laid, truth = u_case(7)
    first = bootstrap.bootstrap(laid, truth, 300, 1)
    assert first.size == 300
    assert first.tolist() == bootstrap.bootstrap(laid, truth, 300, 1).tolist()
    assert first.tolist() != bootstrap.bootstrap(laid, truth, 300, 2).tolist()
    weights = next(iter(bootstrap.resamples(truth, 5, 1)))
    assert weights[:, :136].sum(axis=1).tolist() == [136.0] * 5


def test_metrics_without_weights_are_computed_draw_by_draw() -> None:
    """Kendall's correlation and macro F1."""
    track = track_from({"name": "t", "columns": [{"name": "x", "metrics": ["krcc"]}]})
    laid, plain = s_case(8, n=150)
    truth = truth_of(track, {"x": plain.values["perception"]})
    column = {"x": laid["perception"]}
    scores = bootstrap.bootstrap(column, truth, 300, 3)
    assert error_of(column, truth) == pytest.approx(float(scores.std()), rel=0.15)


# --- pairs and boards ------------------------------------------------------------------------


def board(skills: list[float], seed: int = 9, n: int = 400) -> tuple[list[float], Floats]:
    """Return scores and influences of submissions of these skills on the same items."""
    _, truth = s_case(seed, n)
    draw = np.random.default_rng(seed + 1)
    laids = [
        {name: skill * np.array(truth.values[name]) + (1 - skill) * draw.normal(size=n) for name in S.weights}
        for skill in skills
    ]
    return [scored.scored(laid, truth).score for laid in laids], np.array([scored.influence(x, truth) for x in laids])


def test_a_paired_difference_is_surer_than_its_parts() -> None:
    """Two submissions that err alike; the bootstrap of the same draws agrees."""
    laid, truth = s_case(10)
    other = {name: values + np.random.default_rng(1).normal(size=values.size) * 0.1 for name, values in laid.items()}
    g, h = scored.influence(laid, truth), scored.influence(other, truth)
    score, rival = scored.scored(laid, truth).score, scored.scored(other, truth).score
    found = interval.difference(score, rival, g, h)
    drawn = bootstrap.bootstrap(laid, truth, 1000, 2) - bootstrap.bootstrap(other, truth, 1000, 2)
    assert found.error == pytest.approx(float(drawn.std()), rel=0.1)
    assert found.error < 0.5 * float(np.hypot(interval.standard_error(g), interval.standard_error(h)))
    assert found.flip == pytest.approx(float((drawn * found.value < 0).mean()), abs=0.04)
    assert found.p == pytest.approx(2 * found.flip)


def test_equal_submissions_are_a_toss_up() -> None:
    """And never surely different, rounding or not."""
    scores, influences = board([0.6, 0.6, 0.9])
    scores[1], influences[1] = scores[0], influences[0]
    assert interval.difference(scores[0], scores[1], influences[0], influences[1]).flip == 0.5
    found = interval.ties(scores, influences)
    assert found.letters == ("b", "b", "a")
    assert found.ranks == ((2, 3), (2, 3), (1, 1))
    assert found.flips[0] == 0.5
    assert found.flips[1] is None


@pytest.mark.parametrize("seed", range(8))
def test_rescaled_values_are_a_toss_up(seed: int) -> None:
    """A copy times ten and one more has the same ranks, and a PLCC that differs by rounding: no sure difference."""
    laid, truth = s_case(seed)
    copy = {name: 10 * values + 1 for name, values in laid.items()}
    both = [scored.scored(each, truth).score for each in (laid, copy)]
    g, h = (scored.influence(each, truth) for each in (laid, copy))
    assert both[0] == pytest.approx(both[1], rel=1e-12)
    assert interval.difference(both[0], both[1], g, h).flip == pytest.approx(0.5, abs=1e-3)
    found = interval.ties(both, np.array([g, h]))
    assert found.groups == ("a", "a")
    assert found.flips[found.order[0]] == 0.5


def test_ranks_hold_the_places_that_are_not_sure() -> None:
    """A clear winner, a clear last, and two between that cannot be told apart."""
    scores, influences = board([0.3, 0.62, 0.61, 0.9])
    found = interval.ties(scores, influences)
    assert found.letters == ("c", "b", "b", "a")
    assert found.ranks == ((4, 4), (2, 3), (2, 3), (1, 1))
    errors = -np.array(scores)
    assert interval.ties(errors.tolist(), influences, higher_is_better=False).ranks == found.ranks


@given(st.integers(2, 9), st.integers(0, 2**32 - 1))
def test_two_scores_share_a_letter_if_and_only_if_they_may_be_equal(teams: int, seed: int) -> None:
    """Whatever the order of the sure differences."""
    draw = np.random.default_rng(seed)
    influences = draw.normal(size=(teams, 30)) * draw.uniform(0.1, 1)
    scores = draw.normal(size=teams).cumsum() * 5
    found = interval.ties(scores.tolist(), influences)
    errors = interval.difference_errors(influences)
    pairs = [(i, j) for i in range(teams) for j in range(i + 1, teams)]
    p = [interval.difference(scores[i], scores[j], influences[i], influences[j]).p for i, j in pairs]
    assert all(errors[i, j] == pytest.approx(np.linalg.norm(influences[i] - influences[j])) for i, j in pairs)
    for (i, j), differ in zip(pairs, interval.holm(p), strict=True):
        assert differ == (set(found.letters[i]).isdisjoint(found.letters[j]))
    assert "a" in found.letters[int(scores.argmax())]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_lies_between_bonferroni_and_no_correction(p: list[float]) -> None:
    """What Bonferroni refuses, Holm refuses; Holm refuses nothing above 5 %."""
    refused = interval.holm(p)
    assert all(no for no, value in zip(refused, p, strict=True) if value <= 0.05 / len(p))
    assert not any(no for no, value in zip(refused, p, strict=True) if value > 0.05)


def test_a_board_of_one_has_one_letter() -> None:
    """And one rank."""
    found = interval.ties([50.0], np.ones((1, 3)))
    assert (found.letters, found.ranks, found.flips) == (("a",), ((1, 1),), (None,))


@pytest.mark.parametrize("seed", range(5))
def test_adjusted_p_values_are_those_of_the_closed_test(seed: int) -> None:
    """Holm's procedure is the closed test of Bonferroni's (Marcus, Peritz and Gabriel, 1976): by its definition."""
    p = np.random.default_rng(seed).beta(0.3, 2, 5).tolist()
    sets = [each for size in range(1, 6) for each in combinations(range(5), size)]
    closed = [
        max(min(1.0, len(each) * min(p[i] for i in each)) for each in sets if place in each) for place in range(5)
    ]
    assert interval.holm_adjusted(p) == pytest.approx(closed)
    assert [one <= interval.ALPHA for one in interval.holm_adjusted(p)] == interval.holm(p)
