"""The ladder, the policies, the secret split, the signature."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.declaration.declare import track_from
from scoring.fairness.ladder import climb, feedback, ladder
from scoring.labels.split import public_ids, split
from scoring.labels.truth import TruthError
from scoring.model import Policy
from scoring.report import Signature, package_version, parse, signature
from scoring.scores.deviations import deviations
from scoring.scores.evaluate import evaluate
from scoring.scores.scored import scored
from tests.unit.scoring.cases import s_case, truth_of, u_case
from tests.unit.scoring.made import U, official, s_rows, s_truth

if TYPE_CHECKING:
    from scoring.kernel import Floats

ENTRIES = st.lists(st.tuples(st.floats(0, 100), st.integers(0, 99)), min_size=1, max_size=20)


def entries(drawn: list[tuple[float, int]]) -> list[tuple[float, Floats]]:
    """Return scores with influences of 20 items."""
    return [(score, np.random.default_rng(seed).normal(size=20)) for score, seed in drawn]


# --- the ladder ------------------------------------------------------------------------------


def test_only_what_beats_the_best_by_an_error_is_shown() -> None:
    """The step is the error of the paired difference, not of a score."""
    base = np.zeros(4)
    step = np.array([0.5, 0.5, 0.5, 0.5])  # of length 1
    rungs = ladder([(50.0, base), (50.9, step), (49.0, step), (51.1, step), (51.05, base), (51.2, step * 1.01)])
    assert [rung.score for rung in rungs] == [50.0, 50.0, 50.0, 51.1, 51.1, 51.2]
    assert [rung.improved for rung in rungs] == [True, False, False, True, False, True]


@given(ENTRIES)
def test_a_ladder_never_goes_down(drawn: list[tuple[float, int]]) -> None:
    """And shows only scores that were reached; its first is the first."""
    scores = [score for score, _ in drawn]
    shown = [rung.score for rung in ladder(entries(drawn))]
    assert shown == sorted(shown)
    assert set(shown) <= set(scores)
    assert shown[0] == scores[0]


@given(ENTRIES, st.integers(0, 20))
def test_a_ladder_is_a_fold(drawn: list[tuple[float, int]], cut: int) -> None:
    """Going on from a rung gives what the whole gives."""
    every = entries(drawn)
    whole = ladder(every)
    rung = whole[min(cut, len(whole) - 1)]
    for score, influence in every[min(cut, len(whole) - 1) + 1 :]:
        rung = climb(rung, score, influence)
    assert (rung.score, rung.improved) == (whole[-1].score, whole[-1].improved)


def test_a_ladder_of_errors_goes_down() -> None:
    """For a metric whose smaller value is the better one."""
    flat = np.zeros(3)
    assert [rung.score for rung in ladder([(5.0, flat), (6.0, flat), (4.0, flat)], higher_is_better=False)] == [5, 5, 4]


def test_a_ladder_of_errors_shows_what_is_surely_less() -> None:
    """By the influences of an RMSE: a copy with a little noise is no step, half the error is."""
    column = {"name": "depth", "metrics": ["rmse"]}
    draw = np.random.default_rng(1)
    labels, errors = draw.normal(size=400), draw.normal(size=400)
    truth = truth_of(track_from({"name": "depth", "columns": [column]}), {"depth": tuple(labels.tolist())})
    assert not truth.track.higher_is_better
    sent = [{"depth": labels + off} for off in (errors, 1.2 * errors, errors + 0.5 * draw.normal(size=400), errors / 2)]
    steps = [(scored(laid, truth).score, deviations(laid, truth)) for laid in sent]
    rungs = ladder(steps, higher_is_better=False)
    assert [rung.improved for rung in rungs] == [True, False, False, True]
    assert rungs[-1].score == pytest.approx(rungs[0].score / 2)


def test_the_same_file_again_is_no_improvement() -> None:
    """Its difference has no error, and is no difference."""
    assert [rung.improved for rung in ladder([(5.0, np.ones(3)), (5.0, np.ones(3))])] == [True, False]


def test_each_policy_tells_what_it_says() -> None:
    """Details go with the full score alone."""
    rung = climb(climb(None, 71.238, np.ones(3)), 50.0, np.ones(3))
    told = {policy: feedback(policy, 72.4567, rung=rung) for policy in Policy}
    assert {policy: each.score for policy, each in told.items()} == {
        Policy.FULL: 72.4567,
        Policy.ROUNDED: 72.0,
        Policy.LADDER: 71.24,
        Policy.RECEIPT: None,
    }
    assert [policy for policy, each in told.items() if each.details] == [Policy.FULL]
    assert "No significant change" in told[Policy.LADDER].sentence
    assert feedback(Policy.ROUNDED, 72.4567, resolution=0.5).score == 72.5
    with pytest.raises(ValueError, match="rung"):
        feedback(Policy.LADDER, 1.0)


# --- the split -------------------------------------------------------------------------------


def test_a_split_has_its_share_of_each_group() -> None:
    """To one item; the parts are all items, each once."""
    _, truth = u_case(1, n=400)
    parts = split(truth, "secret", 0.3)
    for group in U.weights:
        count = (truth.groups or ()).count(group)
        public = [place for place in parts.public.positions if (truth.groups or ())[place] == group]
        assert abs(len(public) - 0.3 * count) <= 1
    assert sorted([*parts.public.positions, *parts.private.positions]) == list(range(truth.n))
    assert len({parts.public.sha256, parts.private.sha256, truth.sha256}) == 3


def test_what_shares_an_image_is_split_together() -> None:
    """No picture has questions on both sides, and each group still has its share."""
    _, truth = u_case(2, n=300)
    images = tuple(str(place) for place in np.random.default_rng(1).permutation(truth.n) // 3)
    clustered = truth_of(U, truth.values, groups=truth.groups, clusters=images)
    parts = split(clustered, "secret")
    assert {images[place] for place in parts.public.positions}.isdisjoint(
        images[place] for place in parts.private.positions
    )
    for group in U.weights:
        count = (truth.groups or ()).count(group)
        public = [place for place in parts.public.positions if (truth.groups or ())[place] == group]
        assert abs(len(public) - count / 2) <= 3


@given(st.lists(st.integers() | st.text(), min_size=2, max_size=40, unique=True), st.text(min_size=1))
def test_a_split_depends_on_the_secret_and_not_on_the_order(ids: list[int | str], secret: str) -> None:
    """Ids that are numbers and ids that read alike are not mixed up."""
    first = public_ids(ids, secret)
    assert first == public_ids(list(reversed(ids)), secret)
    assert abs(len(first) - len(ids) / 2) <= 0.5


def test_another_secret_gives_another_split() -> None:
    """And a known one is the same on any machine."""
    ids = range(1, 1000)
    assert public_ids(ids, "a") != public_ids(ids, "b")
    assert sorted(public_ids(range(1, 11), "siqa")) == sorted(public_ids(range(10, 0, -1), "siqa"))


@pytest.mark.parametrize(("secret", "share"), [("", 0.5), ("x", 0.0), ("x", 1.0), ("x", math.nan)])
def test_a_split_that_makes_no_sense_is_refused(secret: str, share: float) -> None:
    """An organizer's slip."""
    with pytest.raises(ValueError, match=r"split|share"):
        public_ids([1, 2], secret, share)


def test_a_part_that_is_no_truth_is_refused() -> None:
    """Three items cannot be split into two truths."""
    with pytest.raises(TruthError):
        split(s_case(1, n=3)[1], "secret")


# --- the signature ---------------------------------------------------------------------------


def test_a_signature_is_printed_and_read_back() -> None:
    """With everything that decides the score beside the file."""
    evaluation = evaluate(official(s_rows()), s_truth())
    signed = signature(evaluation, version="1.2.3")
    assert str(signed) == f"siqa-s/1 truth={str(evaluation.truth)[:16]} n=6 mailbot=1.2.3"
    assert parse(f" {signed}\n") == signed
    seeded = signature(evaluation, seed=7)
    assert seeded == parse(str(seeded))
    assert seeded is not None
    assert (seeded.seed, seeded.version) == (7, package_version())


def test_what_has_no_score_has_no_signature() -> None:
    """Nor is any text one."""
    assert signature(evaluate(b"", s_truth())) is None
    assert parse("siqa-s/1 truth=xyz n=6 mailbot=1") is None


@given(st.integers(0, 10**6), st.none() | st.integers(0, 2**63))
def test_any_signature_reads_back(n: int, seed: int | None) -> None:
    """Whatever the formula's name, spaces apart."""
    signed = Signature(scorer="u/1(0.2,0.8)", truth="0123456789abcdef", n=n, seed=seed, version="0.1.0+dirty")
    assert parse(str(signed)) == signed
