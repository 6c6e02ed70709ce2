"""What is said of a file never depends on which items a secret split makes private: only the score may."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.labels.split import Split, split
from scoring.scores.evaluate import evaluated_any
from tests.unit.scoring.made import Row, official, s_truth, u_truth

if TYPE_CHECKING:
    from scoring.model import Evaluated

N = 12
SECRETS = st.text(min_size=1, max_size=6)


@cache
def _splits(secret: str, share: float) -> dict[str, Split]:
    return {truth.track.name: split(truth, secret, share) for truth in (s_truth(N), u_truth(N))}


def _words(found: Evaluated) -> object:
    """Return all that a reply can say of a file but its figures: those of the score, and what it was scored by."""
    return replace(found.evaluation, score=None, metrics={}, error=None, interval=None, truth=None, n=0), found.values


RATINGS = st.sampled_from([3, 3.0, "3", 4, None, "x", float("nan")])
ROWS = st.lists(st.tuples(RATINGS, RATINGS, st.sampled_from("ABZ")), min_size=N, max_size=N)


@settings(max_examples=20, deadline=None)
@given(cells=ROWS, odd=st.integers(0, N - 1), track=st.sampled_from("SU"), one=SECRETS, other=SECRETS)
def test_two_splits_say_the_same_of_a_file(
    cells: list[tuple[object, object, str]], odd: int, track: str, one: str, other: str
) -> None:
    """Whatever stands in it; half of the files are constant but for one item, as a prober writes them."""
    rows: list[Row] = [
        {"id": place, "perception": a, "knowledge": b, "precision": c} for place, (a, b, c) in enumerate(cells, 1)
    ]
    probes = [{**row, "perception": 3.0 + (place == odd), "knowledge": 2.0} for place, row in enumerate(rows)]
    wanted = ("id", "precision") if track == "U" else ("id", "perception", "knowledge")
    for given_rows in (rows, probes):
        data = official([{name: row[name] for name in wanted} for row in given_rows], track)
        told = [
            _words(evaluated_any(data, {name: parts.public for name, parts in _splits(secret, 0.5).items()}))
            for secret in (one, other)
        ]
        assert told[0] == told[1]


def test_a_probe_for_each_item_tells_nothing() -> None:
    """A file constant but for one item is told of alike, whether that item is private or public."""
    public = _splits("secret", 0.5)["siqa-s"].public
    told = [
        evaluated_any(
            official([{"id": n, "perception": 3 + (n == odd), "knowledge": n} for n in range(1, N + 1)], "S"),
            {"siqa-s": public},
        ).evaluation.notes
        for odd in range(1, N + 1)
    ]
    assert told == [()] * N
