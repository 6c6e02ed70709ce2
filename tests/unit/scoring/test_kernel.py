"""Ranks, cosines and counts: exact, the same in any order, and the same one by one and all at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mailbot import lazily
from scoring import kernel
from scoring.kernel import centred, doubled_ranks, side

with lazily(__name__):  # collecting the tests needs none of it
    from scipy import stats

#: Values with many ties, over the whole range that the check lets pass.
VALUE = st.one_of(st.integers(-3, 3).map(float), st.floats(-1e6, 1e6, allow_subnormal=False))
MATRIX = arrays.arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(2, 30)), elements=VALUE)


@given(st.lists(VALUE, max_size=60))
def test_doubled_ranks_are_scipys_average_ranks(values: list[float]) -> None:
    """Twice the rank, centred: exactly integers."""
    expected = 2 * stats.rankdata(values) - (len(values) + 1)
    assert doubled_ranks(values).tolist() == expected.tolist()


@pytest.mark.parametrize("scale", [1.0, 1e-250, 1e300, 1e-15])
def test_values_too_near_for_sixteen_bits_are_sorted_all_the_same(scale: float) -> None:
    """The radix sort is finished by the values themselves, or not begun."""
    draw = np.random.default_rng(1)
    for values in (
        draw.normal(size=5000) * scale,
        draw.normal(size=5000) ** 9 * scale,
        1 + scale * draw.normal(size=9),
    ):
        assert doubled_ranks(values).tolist() == (2 * stats.rankdata(values) - (values.size + 1)).tolist()


def test_ranks_are_exact_at_the_largest_size() -> None:
    """The sums stay below 2^53 for 300,000 rows."""
    ranks = doubled_ranks(np.arange(300_000.0))
    n = 300_000
    assert int((ranks * ranks).sum()) == n * (n * n - 1) // 3


@given(MATRIX, st.integers(0, 9))
def test_many_cosines_are_the_single_ones_to_the_last_bit(matrix: kernel.Floats, seed: int) -> None:
    """In float64 and as small integers, with blocks of any height."""
    labels = np.random.default_rng(seed).normal(size=matrix.shape[1])
    ranks, moved = np.array([doubled_ranks(row) for row in matrix]), np.array([centred(row) for row in matrix])
    small = ranks.astype(np.int16)
    by_rank, by_value = side(doubled_ranks(labels)), side(centred(labels))
    singly = [kernel.rank_cosine(row, by_rank) for row in ranks]
    stored: kernel.Matrix
    for stored in (ranks, small):
        found = kernel.cosines(stored, kernel.squares(stored), by_rank, whole=True)
        assert [None if np.isnan(value) else value for value in found.tolist()] == singly
    found = kernel.cosines(moved, kernel.squares(moved), by_value, whole=False)
    assert [None if np.isnan(value) else value for value in found] == [kernel.cosine(row, by_value) for row in moved]


def test_many_cosines_are_the_single_ones_beyond_one_block() -> None:
    """Ten times as many rows as are taken at once."""
    draw = np.random.default_rng(2)
    matrix = np.array([centred(row) for row in draw.normal(size=(310, 1050))])
    labels = side(centred(draw.normal(size=1050)))
    found = kernel.cosines(matrix, kernel.squares(matrix), labels, whole=False)
    assert found.tolist() == [kernel.cosine(row, labels) for row in matrix]


def test_small_integers_hold_the_ranks() -> None:
    """Doubled centred ranks are less than n in size."""
    assert kernel.rank_type(2**15) is np.int16
    assert kernel.rank_type(2**15 + 1) is np.int32
    assert np.abs(doubled_ranks(np.arange(2.0**15))).max() <= np.iinfo(np.int16).max


@given(st.integers(0, 2**32 - 1), st.integers(1, 400))
def test_hits_are_counted_by_part(seed: int, rows: int) -> None:
    """As counted one by one."""
    draw = np.random.default_rng(seed)
    answers, labels = draw.integers(0, 5, (rows, 12), dtype=np.uint8), draw.integers(1, 5, 12, dtype=np.uint8)
    counts = kernel.hits(answers, labels, [0, 3, 8])
    assert counts.tolist() == [
        [int((row == labels)[a:b].sum()) for a, b in ((0, 3), (3, 8), (8, 12))] for row in answers
    ]
