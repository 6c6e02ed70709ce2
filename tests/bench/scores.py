"""Scores: one submission, thousands after a change of labels, and an interval, beside the usual libraries' loops.

Each ratio is the other's time over ours, both the least of several turns taken in turn on the same data.
"""

from __future__ import annotations

import time
import tracemalloc
import warnings
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats
from sklearn.metrics import accuracy_score  # type: ignore[import-untyped]  # publishes no types

from scoring import interval
from scoring.declaration import siqa
from scoring.labels.truth import Truth
from scoring.scores import stack
from scoring.scores.parts import target_of
from scoring.scores.scored import influence, scored
from tests.unit.scoring.stacks import kept_of, stacked

if TYPE_CHECKING:
    from collections.abc import Callable

    from scoring.kernel import Floats
    from scoring.scores.scored import Laid

MANY = 10_000
SHARE = 200  # of the many, as many go through the other library's loop, whose time for all is that much more
ITEMS, LARGE = 1_050, 104_021
QUESTIONS = {"yes-or-no": 380, "what": 350, "how": 390}
DRAWS = 1_000
SIMULATIONS = 400


def measure() -> dict[str, dict[str, object]]:
    """Return the figures of all five."""
    return {
        "score-s-1050": _one(ITEMS, submissions=32, turns=12),
        "score-s-104021": _one(LARGE, submissions=4, turns=5),
        "rescore-s-kernel": _rescore_s(),
        "rescore-u-kernel": _rescore_u(),
        "interval-s": _interval(),
    }


def _one(n: int, submissions: int, turns: int) -> dict[str, object]:
    """Score S submissions one by one, arrays in hand; different ones in turn, as they come."""
    _, truth = _s_case(1, n)
    labels = {name: np.array(values) for name, values in truth.values.items()}
    draw = np.random.default_rng(1)
    pool = [
        {name: _ratings(each + draw.normal(0, 0.55, n)) for name, each in labels.items()} for _ in range(submissions)
    ]
    ours, theirs = _least(
        lambda: [scored(laid, truth) for laid in pool], lambda: [scipys_four(laid, labels) for laid in pool], turns
    )
    ours, theirs = ours / submissions, theirs / submissions
    figures = _figures(theirs / ours, "times scipy's spearmanr and pearsonr", ours_ms=1e3 * ours, scipy_ms=1e3 * theirs)
    return figures | {"working_kib": peak_kib(lambda: scored(pool[0], truth))}


def _rescore_s() -> dict[str, object]:
    """Score 10,000 S submissions anew after a change of labels, their ranks kept."""
    draw = np.random.default_rng(2)
    laid, truth = _s_case(2, ITEMS)
    laids = [
        {name: _ratings(values + draw.normal(0, 0.4, ITEMS)) for name, values in laid.items()} for _ in range(MANY)
    ]
    stacks = stacked([kept_of(each, truth) for each in laids])
    _, changed = _s_case(3, ITEMS)
    labels = {name: np.array(values) for name, values in changed.values.items()}
    expected = [scored(each, changed).score for each in laids[:SHARE]]
    if stack.rescored(stacks, changed).scores[:SHARE].tolist() != expected:
        raise RuntimeError("rescored scores differ from fresh ones")
    memory = peak(lambda: stack.rescored(stacks, changed))
    ours, theirs = _least(
        lambda: stack.rescored(stacks, changed), lambda: [scipys_four(each, labels) for each in laids[:SHARE]], turns=5
    )
    theirs *= MANY / SHARE
    held = sum(each.matrix.nbytes for each in stacks.values()) / 2**20
    figures = _figures(theirs / ours, "times a loop of scipy's", ours_ms=1e3 * ours, scipy_s=theirs)
    return figures | {"submissions": MANY, "stack_mib": round(held), "working_mib": memory}


def _rescore_u() -> dict[str, object]:
    """Score 10,000 U submissions anew, their answers kept as bytes."""
    draw = np.random.default_rng(4)
    groups = tuple(name for name, count in QUESTIONS.items() for _ in range(count))
    letters = tuple(draw.choice(list("ABCD"), len(groups)).tolist())
    truth = Truth(
        track=siqa.siqa_u(),
        sha256="0" * 64,
        ids=tuple(range(1, len(groups) + 1)),
        values={"precision": letters},
        groups=groups,
    )
    answers = draw.integers(0, 5, (MANY, len(groups))).astype(np.float64)
    stacks = stacked([kept_of({"precision": row}, truth) for row in answers])
    labels = np.array(["ABCD".index(letter) + 1 for letter in letters], dtype=np.float64)
    ends = np.cumsum(list(QUESTIONS.values())).tolist()
    parts = [slice(start, end) for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    ours, theirs = _least(
        lambda: stack.rescored(stacks, truth),
        lambda: [accuracy_score(labels[part], row[part]) for row in answers[:SHARE] for part in parts],
        turns=5,
    )
    theirs *= MANY / SHARE
    unit = "times a loop of scikit-learn's accuracy_score"
    memory = {
        "stack_mib": round(sum(each.matrix.nbytes for each in stacks.values()) / 2**20),
        "working_mib": peak(lambda: stack.rescored(stacks, truth)),
    }
    return _figures(theirs / ours, unit, ours_ms=1e3 * ours, sklearn_s=theirs) | {"submissions": MANY} | memory


def _interval() -> dict[str, object]:
    """Take the interval of one S score, beside scipy's bootstrap of its four correlations."""
    laid, truth = _s_case(5, ITEMS)
    scored(laid, truth)

    def ours() -> tuple[float, float]:
        return interval.interval(50.0, interval.standard_error(influence(laid, truth)))

    def theirs() -> None:
        for name, values in laid.items():
            for correlation in (stats.spearmanr, stats.pearsonr):
                stats.bootstrap(
                    (values, np.array(truth.values[name])),
                    lambda x, y, correlation=correlation: correlation(x, y).statistic,
                    n_resamples=DRAWS,
                    paired=True,
                    vectorized=False,
                    method="percentile",
                    rng=np.random.default_rng(1),
                )

    mine, scipys = _least(ours, theirs, turns=2, ours_turns=100)
    unit = f"times scipy.stats.bootstrap, {DRAWS:,} resamples"
    figures = _figures(scipys / mine, unit, ours_ms=1e3 * mine, scipy_s=scipys)
    return figures | {"coverage": _coverage(), "working_kib": peak_kib(ours)}


def _coverage() -> float:
    """Return the share of simulated contests whose 95 % interval holds the score that a great many items give."""
    whole, everything = _s_case(6, 400_000)
    goal = scored(whole, everything).score
    held = 0
    for seed in range(SIMULATIONS):
        laid, truth = _s_case(100 + seed, ITEMS)
        error = interval.standard_error(influence(laid, truth))
        low, high = interval.interval(scored(laid, truth).score, error)
        held += low <= goal <= high
    return held / SIMULATIONS


# --- data and clocks -------------------------------------------------------------------------


def _s_case(seed: int, n: int) -> tuple[Laid, Truth]:
    """Make up ratings from 1 to 5 with four decimals, and predictions that correlate with them by about 0.9."""
    draw = np.random.default_rng(seed)
    track = siqa.siqa_s()
    labels = {name: _ratings(draw.uniform(1, 5, n)) for name in track.weights}
    laid = {name: _ratings(each + draw.normal(0, 0.55, n)) for name, each in labels.items()}
    values = {name: tuple(each.tolist()) for name, each in labels.items()}
    truth = Truth(track=track, sha256="0" * 64, ids=tuple(range(1, n + 1)), values=values)
    for each in track.measures:
        target_of(truth, each)
    return laid, truth


def _ratings(values: Floats) -> Floats:
    """Return numbers as ratings from 1 to 5 with four decimals."""
    rounded: Floats = np.clip(values, 1, 5).round(4)
    return rounded


def scipys_four(laid: Laid, labels: Laid) -> list[float]:
    """Return the four correlations of a submission as scipy computes them."""
    return [
        float(correlation(values, labels[name]).statistic)
        for name, values in laid.items()
        for correlation in (stats.spearmanr, stats.pearsonr)
    ]


def _least(
    ours: Callable[[], object], theirs: Callable[[], object], turns: int, ours_turns: int = 1
) -> tuple[float, float]:
    """Return the least time in seconds of each, taken in turn."""
    first, second = [], []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(turns):
            first += [clocked(ours) for _ in range(ours_turns)]
            second.append(clocked(theirs))
    return min(first), min(second)


def clocked(work: Callable[[], object]) -> float:
    """Return how many seconds of processor time the work takes: others who use the machine add nothing to it."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def peak(work: Callable[[], object]) -> int:
    """Return the most memory that work takes beyond what was there, in MiB."""
    return round(peak_kib(work) / 1024)


def peak_kib(work: Callable[[], object]) -> int:
    """Return the same in KiB."""
    tracemalloc.start()
    work()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return round(most / 1024)


def _figures(ratio: float, unit: str, **times: float) -> dict[str, object]:
    return {"value": round(ratio, 1), "unit": unit} | {name: float(f"{value:.3g}") for name, value in times.items()}
