"""Laws that every metric of the registry keeps, with scipy and scikit-learn as oracles."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as sklearn  # type: ignore[import-untyped]  # publishes no types

from scoring import influence, metrics
from scoring.kernel import side
from scoring.metrics import one
from scoring.model import Kind
from scoring.registry import METRICS

if TYPE_CHECKING:
    from collections.abc import Callable

    from scoring.kernel import Floats

    Pairs = list[tuple[float, float]]

NUMBER = st.one_of(
    st.integers(-3, 3).map(float), st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda x: round(x, 6))
)
NUMBERS = st.lists(st.tuples(NUMBER, NUMBER), min_size=2, max_size=40)
#: An answer, 0 for none of the choices, and a label.
ANSWERS = st.lists(st.tuples(st.integers(0, 4).map(float), st.integers(1, 4).map(float)), min_size=1, max_size=40)

EVERY = pytest.mark.parametrize("metric", METRICS)
CORRELATIONS = pytest.mark.parametrize("metric", ["srcc", "plcc", "krcc"])

ORACLES: dict[str, Callable[[Floats, Floats], float]] = {
    "accuracy": lambda x, y: 100 * sklearn.accuracy_score(y, x),
    "macro_f1": lambda x, y: 100 * sklearn.f1_score(y, x, labels=np.unique(y), average="macro", zero_division=0),
    "srcc": lambda x, y: float(stats.spearmanr(x, y).statistic),
    "plcc": lambda x, y: float(stats.pearsonr(x, y).statistic),
    "krcc": lambda x, y: float(stats.kendalltau(x, y).statistic),
    "rmse": lambda x, y: float(sklearn.root_mean_squared_error(y, x)),
    "mae": lambda x, y: float(sklearn.mean_absolute_error(y, x)),
}


def pairs_for(data: st.DataObject, metric: str) -> tuple[Floats, Floats]:
    """Draw predictions and labels that the metric is defined for."""
    pairs = np.array(data.draw(NUMBERS if METRICS[metric].kind is Kind.NUMBER else ANSWERS))
    x, y = pairs[:, 0], pairs[:, 1]
    assume(METRICS[metric].undefined is None or (np.ptp(x) > 0 and np.ptp(y) > 0))
    return x, y


def test_no_metric_is_forgotten() -> None:
    """Each has a computation, and an oracle here."""
    assert set(METRICS) == set(metrics.RULES) == set(ORACLES)
    assert all(name == metric.name for name, metric in METRICS.items())
    assert {name for name, metric in METRICS.items() if metric.undefined is not None} == {"srcc", "plcc", "krcc"}


@EVERY
@given(data=st.data())
def test_a_metric_is_its_oracles(metric: str, data: st.DataObject) -> None:
    """scipy.stats for correlations, scikit-learn for the rest; ties, absent classes and refusals included."""
    x, y = pairs_for(data, metric)
    assert one(metric, x, y) == pytest.approx(ORACLES[metric](x, y), abs=1e-7, rel=1e-9)


@EVERY
@given(data=st.data())
def test_a_metric_lies_within_its_bounds(metric: str, data: st.DataObject) -> None:
    """Never 1.0000000000000002."""
    value = one(metric, *pairs_for(data, metric))
    assert value is not None
    assert METRICS[metric].bounds[0] <= value <= METRICS[metric].bounds[1]


@EVERY
@given(data=st.data())
def test_the_order_of_the_items_does_not_matter(metric: str, data: st.DataObject) -> None:
    """To the last bit where the sums are of integers."""
    x, y = pairs_for(data, metric)
    order = np.random.default_rng(data.draw(st.integers(0, 99))).permutation(x.size)
    exact = metric in {"accuracy", "macro_f1", "srcc", "krcc"}
    expected = one(metric, x, y)
    assert one(metric, x[order], y[order]) == (expected if exact else pytest.approx(expected, abs=1e-12, rel=1e-12))


@EVERY
@given(data=st.data())
def test_perfect_is_the_best_there_is(metric: str, data: st.DataObject) -> None:
    """Exactly the bound, and nothing is better."""
    _, y = pairs_for(data, metric)
    best = METRICS[metric].bounds[METRICS[metric].higher_is_better]
    assert one(metric, y, y) == best
    if METRICS[metric].undefined is not None:
        assert one(metric, -y, y) == METRICS[metric].bounds[0]


@EVERY
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_is_refused(metric: str, value: float) -> None:
    """On either side; pandas and polars would score it."""
    for x, y in (([1, value, 2], [1, 2, 3]), ([1, 2, 3], [1, value, 2])):
        with pytest.raises(ValueError, match="finite"):
            one(metric, x, y)


@EVERY
def test_sides_of_different_length_are_refused(metric: str) -> None:
    """Nothing is broadcast."""
    with pytest.raises(ValueError, match="equally many"):
        one(metric, [1, 2, 3], [1])


@CORRELATIONS
@pytest.mark.parametrize("constant", [[3.0, 3.0, 3.0], [0.1, 0.1, 0.1], [0.0, 0.0, 0.0]])
def test_a_constant_has_no_correlation(metric: str, constant: list[float]) -> None:
    """Undefined is None, on either side; no item has an influence on it."""
    assert one(metric, constant, [1.0, 2.0, 3.0]) is None
    assert one(metric, [1.0, 2.0, 3.0], constant) is None
    assert influences(metric, np.array(constant), np.array([1.0, 2.0, 3.0])).tolist() == [0.0] * 3


@EVERY
def test_nothing_has_no_value(metric: str) -> None:
    """And a single number no correlation."""
    assert one(metric, [], []) is None
    assert METRICS[metric].undefined is None or one(metric, [1.0], [1.0]) is None


def test_tiny_differences_are_not_lost() -> None:
    """Squares of 1e-200 vanish in float64; the values are scaled first."""
    assert one("plcc", [1e-200, 2e-200, 4e-200], [1.0, 2.0, 4.0]) == pytest.approx(1.0)


@EVERY
@given(seed=st.integers(0, 99))
def test_many_is_one_by_one(metric: str, seed: int) -> None:
    """Bit for bit, NaN where one alone is None."""
    draw = np.random.default_rng(seed)
    transform = metrics.FORMS[metrics.RULES[metric].form]
    rows = draw.integers(1, 5, (6, 20)).astype(np.float64)
    rows[3] = 2.0
    labels = side(transform(draw.integers(1, 5, 20).astype(np.float64)))
    stored = np.array([transform(row) for row in rows])
    found = metrics.many(metric, stored, (stored * stored).sum(axis=1), labels).tolist()
    expected = [metrics.RULES[metric].one(row, labels) for row in stored]
    assert [None if math.isnan(value) else value for value in found] == expected


# --- influences ------------------------------------------------------------------------------


def influences(metric: str, x: Floats, y: Floats) -> Floats:
    """Return the influences of the items on a metric."""
    rule = metrics.RULES[metric]
    transform = metrics.FORMS[rule.form]
    return rule.influence(transform(x), side(transform(y)))


def made(metric: str, seed: int, n: int = 60) -> tuple[Floats, Floats]:
    """Make up predictions that are about right, with ties."""
    draw = np.random.default_rng(seed)
    if METRICS[metric].kind is Kind.CHOICE:
        y = draw.integers(1, 4, n).astype(np.float64)
        return np.where(draw.random(n) < 0.6, y, draw.integers(0, 4, n)), y
    y = draw.normal(size=n).round(1)
    return (y + draw.normal(size=n)).round(1), y


@EVERY
@given(seed=st.integers(0, 99))
def test_influences_sum_to_zero(metric: str, seed: int) -> None:
    """As derivatives by weights of a metric that does not mind how large all weights are."""
    x, y = made(metric, seed)
    found = influences(metric, x, y)
    assert abs(float(found.sum())) < 1e-9 * max(1.0, float(np.abs(found).max()))


@EVERY
def test_an_influence_is_the_slope_by_the_items_weight(metric: str) -> None:
    """An item that stands there once more, among 20 copies of all, moves the metric by its influence over 20."""
    x, y = made(metric, 5)
    found = influences(metric, x, y)
    many_x, many_y = np.tile(x, 20), np.tile(y, 20)
    base = one(metric, many_x, many_y)
    assert base is not None
    moved = [one(metric, np.append(many_x, x[item]), np.append(many_y, y[item])) for item in range(10)]
    slopes = [(value - base) * 20 for value in moved if value is not None]
    assert slopes == pytest.approx(found[:10].tolist(), rel=0.1, abs=0.02 * float(np.abs(found).max()))


@given(NUMBERS)
def test_pairs_are_counted_as_by_hand(pairs: Pairs) -> None:
    """All signs of all differences."""
    x, y = np.array(pairs).T
    both, first, second = influence.pair_sums(x, y)
    signs_x, signs_y = np.sign(x[:, None] - x), np.sign(y[:, None] - y)
    assert both.tolist() == (signs_x * signs_y).sum(axis=1).tolist()
    assert first.tolist() == np.abs(signs_x).sum(axis=1).tolist()
    assert second.tolist() == np.abs(signs_y).sum(axis=1).tolist()
