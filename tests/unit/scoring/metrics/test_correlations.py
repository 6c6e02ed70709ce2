"""Influences on Spearman's correlation, with ties."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scoring.kernel import doubled_ranks
from scoring.metrics.correlations import _Above


@given(st.lists(st.integers(0, 6), min_size=1, max_size=40))
def test_how_a_sum_of_squared_ranks_moves_is_known_in_closed_form(values: list[int]) -> None:
    """To the last bit what the sums over the items above each item give, tied or not."""
    ranks = doubled_ranks(values)
    above, x = _Above(ranks), ranks / 2
    higher = [sum(x[x > one]) + sum(x[x == one]) / 2 for one in x]
    assert above(x).tolist() == higher
    assert np.broadcast_to(above.own_squares, x.shape).tolist() == (x * x + 2 * np.array(higher)).tolist()
