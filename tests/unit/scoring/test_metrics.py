"""Correlations and accuracies against scipy and by their laws."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from scoring.metrics import CORRELATIONS, accuracy_by_group, cosine, doubled_ranks, plcc, srcc

if TYPE_CHECKING:
    from collections.abc import Callable

    Metric = Callable[[list[float], list[float]], float | None]

#: Values with many ties, over the whole range that the check lets pass.
VALUE = st.one_of(st.integers(-3, 3).map(float), st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda x: round(x, 6)))
PAIRS = st.lists(st.tuples(VALUE, VALUE), min_size=2, max_size=60)

METRICS = pytest.mark.parametrize("metric", [srcc, plcc])


def split(pairs: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """Return the two columns, neither of them constant."""
    x, y = [a for a, _ in pairs], [b for _, b in pairs]
    assume(len(set(x)) > 1 and len(set(y)) > 1)
    return x, y


@given(st.lists(VALUE, max_size=60))
def test_doubled_ranks_are_scipys_average_ranks(values: list[float]) -> None:
    """Twice the rank, centred: exactly integers."""
    expected = 2 * stats.rankdata(values) - (len(values) + 1)
    assert doubled_ranks(values).tolist() == expected.tolist()


@given(PAIRS)
def test_srcc_is_scipys(pairs: list[tuple[float, float]]) -> None:
    """Ties included."""
    x, y = split(pairs)
    assert srcc(x, y) == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)


@given(PAIRS)
def test_plcc_is_scipys(pairs: list[tuple[float, float]]) -> None:
    """Raw: no curve is fitted first."""
    x, y = split(pairs)
    assert plcc(x, y) == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-7)


@METRICS
@given(PAIRS)
def test_a_metric_lies_within_one_and_is_symmetric(metric: Metric, pairs: list[tuple[float, float]]) -> None:
    """Never 1.0000000000000002."""
    x, y = split(pairs)
    value = metric(x, y)
    assert value is not None
    assert -1.0 <= value <= 1.0
    assert metric(y, x) == value


@METRICS
@given(PAIRS)
def test_perfect_is_exactly_one(metric: Metric, pairs: list[tuple[float, float]]) -> None:
    """And the opposite is exactly minus one."""
    x, _ = split(pairs)
    assert metric(x, x) == 1.0
    assert metric(x, [-value for value in x]) == -1.0


@given(PAIRS, st.integers(0, 2**32 - 1))
def test_srcc_is_the_same_to_the_last_bit_in_any_order(pairs: list[tuple[float, float]], seed: int) -> None:
    """Sums of integers do not depend on their order."""
    x, y = split(pairs)
    order = np.random.default_rng(seed).permutation(len(x))
    assert srcc(np.array(x)[order].tolist(), np.array(y)[order].tolist()) == srcc(x, y)


@METRICS
@pytest.mark.parametrize("constant", [[3.0, 3.0, 3.0], [0.1, 0.1, 0.1], [0.0, 0.0, 0.0]])
def test_a_constant_has_no_correlation(metric: Metric, constant: list[float]) -> None:
    """Undefined is None, on either side."""
    assert metric(constant, [1.0, 2.0, 3.0]) is None
    assert metric([1.0, 2.0, 3.0], constant) is None


@METRICS
@pytest.mark.parametrize("values", [[], [1.0]])
def test_fewer_than_two_have_no_correlation(metric: Metric, values: list[float]) -> None:
    """Nothing to correlate."""
    assert metric(values, values) is None


def test_tiny_differences_are_not_lost() -> None:
    """Squares of 1e-200 vanish in float64; the values are scaled first."""
    assert plcc([1e-200, 2e-200, 4e-200], [1.0, 2.0, 4.0]) == pytest.approx(1.0)


def test_ranks_are_exact_at_the_largest_size() -> None:
    """The sums stay below 2^53 for 300,000 rows."""
    ranks = doubled_ranks(np.arange(300_000.0))
    n = 300_000
    assert int((ranks * ranks).sum()) == n * (n * n - 1) // 3


def test_every_correlation_is_tested() -> None:
    """A new one must be entered above."""
    assert {name: cosine(f([1, 2, 4]), f([1, 2, 3])) for name, f in CORRELATIONS.items()} == {
        "srcc": srcc([1, 2, 4], [1, 2, 3]),
        "plcc": plcc([1, 2, 4], [1, 2, 3]),
    }


def test_accuracies_are_over_the_labels_of_each_group() -> None:
    """An answer that is none is wrong, not left out."""
    figures = accuracy_by_group(["A", None, "B", "B"], list("AABA"), ["what", "what", "how", "how"])
    assert figures == {"what": 50.0, "how": 50.0}
