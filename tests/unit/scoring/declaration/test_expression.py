"""A score as an expression: what can stand in one, its direction, its error, and the same in stacks."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.declaration import expression, formula
from scoring.declaration.declare import track_from
from scoring.interval import standard_error
from scoring.scores import scored, stack
from scoring.scores.deviations import deviations
from tests.unit.scoring.cases import truth_of
from tests.unit.scoring.stacks import kept_of, stacked

COLUMNS = [{"name": "x", "metrics": ["srcc", "plcc"], "also": ["rmse"]}]


def test_an_expression_is_computed_from_the_measures() -> None:
    """With means, the greater and the lesser, and what numbers are divided by."""
    figures = {"a": 4.0, "b": 9.0}
    assert expression.value("0.5 * a + b / 3 - 1", figures) == 4.0
    assert expression.value("gmean(a, b)", figures) == pytest.approx(6.0)
    assert expression.value("hmean(a, b) + min(a, b) + max(0, -a) + sqrt(b)", figures) == pytest.approx(72 / 13 + 7)
    assert expression.value("gmean(a, -b)", figures) == 0.0
    assert expression.slopes("a * b", figures) == pytest.approx({"a": 9.0, "b": 4.0})


@pytest.mark.parametrize(
    "text",
    ["", "a +", "a / b", "a / 0", "open(a)", "a.b", "a[0]", "a if b else c", "'a'", "True * a", "a ** b", "mean()"],
)
def test_nothing_else_can_stand_in_one(text: str) -> None:
    """No code runs, and nothing is divided by what may be 0."""
    with pytest.raises(ValueError, match=r"expression"):
        expression.parsed(text)


def test_depth_and_length_are_bounded() -> None:
    """A declaration is a file of the organizers', and still."""
    for text in ("-" * 100 + "a", "a + " * 1000 + "a"):
        with pytest.raises(ValueError, match=r"deeply|characters"):
            expression.parsed(text)


@pytest.mark.parametrize(
    ("score", "higher"),
    [("srcc + plcc", True), ("1 - srcc", False), ("srcc - 0.1 * rmse", True), ("rmse", False)],
)
def test_the_direction_is_told_by_the_measures(score: str, *, higher: bool) -> None:
    """A smaller error that is subtracted makes a greater score."""
    track = track_from({"name": "t", "score": score, "columns": COLUMNS})
    assert track.higher_is_better is higher
    assert track.formula == score + ("" if higher else "; lower is better")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"score": "zzz"}, "names no measure"),
        ({"score": "srcc + rmse"}, "better: cannot be told"),
        ({"score": "srcc", "weights": {"x": 1}}, "weights: does not go with score"),
        ({"better": "lower"}, "better: goes with score alone"),
        ({"score": "srcc", "bounds": [1]}, "bounds: must be"),
    ],
)
def test_what_makes_no_sense_is_refused(more: dict[str, object], message: str) -> None:
    """With the key and what is allowed there."""
    with pytest.raises(ValueError, match=message):
        track_from({"name": "t", "columns": COLUMNS, **more})


def test_its_error_and_its_stacks_are_those_of_the_sum() -> None:
    """The same score written as terms and as an expression."""
    draw = np.random.default_rng(1)
    y, x = draw.normal(size=80), draw.normal(size=(3, 80))
    terms = track_from({"name": "t", "points": 2, "columns": COLUMNS})
    said = track_from({"name": "t", "score": "srcc + plcc", "columns": COLUMNS})
    one, other = (truth_of(track, {"x": y.tolist()}) for track in (terms, said))
    for row in x:
        laid = {"x": y + row}
        assert scored.scored(laid, other).score == pytest.approx(scored.scored(laid, one).score)
        errors = [standard_error(deviations(laid, truth)) for truth in (one, other)]
        assert errors[1] == pytest.approx(errors[0], rel=1e-6)
    stacks = stacked([kept_of({"x": y + row}, other) for row in x])
    singly = [formula.score(said, scored.scored({"x": y + row}, other).figures) for row in x]
    assert stack.rescored(stacks, other).scores.tolist() == singly
