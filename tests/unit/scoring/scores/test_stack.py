"""Rescoring: thousands at once, the same to the last bit as one by one; and truths of fewer items."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from scoring.declaration.declare import track_from
from scoring.labels import restrict
from scoring.labels.truth import TruthError
from scoring.metrics.rule import Form
from scoring.model import Kind
from scoring.scores import stack
from scoring.scores.parts import laid_out
from scoring.scores.scored import scored
from tests.unit.scoring.cases import s_case, truth_of, u_case
from tests.unit.scoring.made import codes
from tests.unit.scoring.stacks import kept_of, stacked

if TYPE_CHECKING:
    from scoring.labels.truth import Truth
    from scoring.scores.scored import Laid

TRACK = track_from(
    {
        "name": "mixed",
        "group": "site",
        "weights": {"north": 0.25, "south": 0.75},
        "columns": [
            {"name": "grade", "choices": ["i", "ii", "iii"], "metrics": ["accuracy", "macro_f1"]},
            {"name": "size", "metrics": ["srcc"], "also": ["plcc", "krcc", "rmse", "mae"]},
        ],
    }
)


def mixed(seed: int, n: int = 40) -> tuple[Laid, Truth]:
    """Return a submission to a track of two columns, two sites, and every metric."""
    draw = np.random.default_rng(seed)
    labels = {
        "grade": [TRACK.columns[0].choices[place] for place in draw.integers(0, 3, n)],
        "size": draw.normal(size=n).tolist(),
    }
    truth = truth_of(TRACK, labels, groups=tuple(draw.choice(["south", "north"], n).tolist()))
    return {"grade": draw.integers(0, 4, n).astype(np.float64), "size": draw.normal(size=n).round(1)}, truth


@pytest.mark.parametrize("case", [s_case, u_case, mixed])
def test_rescoring_gives_the_scores_of_each_alone_to_the_last_bit(case: type) -> None:
    """Against labels that the submissions were not stacked with; constant predictions among them."""
    _, truth = case(1)
    laids = [case(seed)[0] for seed in range(20)]
    laids.append({name: np.full_like(values, 2.0) for name, values in laids[0].items()})
    stacks = stacked([kept_of(laid, truth) for laid in laids])
    changed = replace(truth, values=case(2)[1].values, _made={})
    found = stack.rescored(stacks, changed)
    singly = [scored(laid, changed) for laid in laids]
    assert found.scores.tolist() == [each.score for each in singly]
    assert {key: values.tolist() for key, values in found.figures.items()} == {
        key: [each.figures[key] for each in singly] for key in singly[0].figures
    }


@pytest.mark.parametrize("case", [s_case, u_case, mixed])
def test_rows_made_together_are_those_made_alone(case: type) -> None:
    """To the last bit, more of them than go into one block, with constant, tiny and huge columns among them."""
    laid, truth = case(7)
    draw = np.random.default_rng(7)
    held = {name: column.max() + 1 for name, column in laid.items()}
    many = {name: draw.uniform(0.0, top, (900, laid[name].size)).round(1) for name, top in held.items()}
    choices = {column.name for column in truth.track.columns if column.kind is Kind.CHOICE}
    for name, matrix in many.items():
        matrix[::2] = matrix[::2].round()
        matrix[0], matrix[1] = laid[name], 2.0
        if name not in choices:
            matrix[2], matrix[3], matrix[4] = 1e-310 * matrix[2], 1e140 * matrix[3], 5e-324 * matrix[4].round()
        else:
            matrix[:] = matrix.round()
    together = stack.all_rows(many, truth)
    for at in range(900):
        alone = kept_of({name: matrix[at] for name, matrix in many.items()}, truth)
        assert together.keys() == alone.keys()
        for key, (row, squares) in alone.items():
            assert together[key][0][at].tobytes() == row.tobytes()
            assert together[key][0].dtype == row.dtype
            assert together[key][1][at].tobytes() == squares.tobytes()


def test_rows_are_as_small_as_they_can_be() -> None:
    """A byte an answer, two a rank."""
    laid, truth = mixed(1)
    types = {key: row.dtype for key, (row, _) in kept_of(laid, truth).items()}
    assert types == stack.kinds(TRACK, truth.n)
    assert types["grade", Form.PLAIN] == np.uint8
    assert types["size", Form.RANKS] == np.int16
    assert stack.kinds(TRACK, 100_000)["size", Form.RANKS] is np.int32


# --- withdrawn items -------------------------------------------------------------------------


def test_withdrawn_items_do_not_count() -> None:
    """The score is that of a truth that never had them; files still hold them."""
    draw = np.random.default_rng(3)
    _, truth = u_case(3, n=60)
    answers = {"precision": ["ABCD"[place] for place in draw.integers(0, 4, truth.n)]}
    gone = {2, 30, 31, 59}
    left = restrict.without(truth, gone)
    places = [place for place, each in enumerate(truth.ids) if each not in gone]
    smaller = truth_of(
        truth.track,
        {"precision": [truth.values["precision"][place] for place in places]},
        groups=tuple((truth.groups or ())[place] for place in places),
    )
    alone = scored(laid_out({"precision": [answers["precision"][place] for place in places]}, smaller), smaller)
    assert scored(laid_out(answers, left), left) == alone
    assert (left.n, len(left.ids)) == (truth.n - 4, truth.n)


def test_a_truth_of_fewer_items_has_a_name_of_its_own() -> None:
    """The same in one step or two, in any order; the name of all items is the label file's."""
    _, truth = s_case(4, n=20)
    one, two = restrict.without(truth, [3, 5]), restrict.without(restrict.without(truth, [5]), [3])
    assert one.sha256 == two.sha256 != truth.sha256
    assert one.whole == truth.sha256
    assert restrict.without(truth, []).sha256 == truth.sha256
    assert restrict.only(truth, [each for each in truth.ids if each not in {3, 5}]).sha256 == one.sha256


@pytest.mark.parametrize(
    ("case", "kept", "code"),
    [(u_case, range(1, 10), "empty-groups"), (s_case, [1], "constant-labels"), (s_case, [1, 2, 99_999], None)],
)
def test_too_little_is_no_truth(case: type, kept: list[int], code: str | None) -> None:
    """Each group keeps an item and each dimension two labels that differ."""
    _, truth = case(5)
    if code is None:
        assert restrict.only(truth, kept).n == 2
        return
    with pytest.raises(TruthError) as error:
        restrict.only(truth, kept)
    assert code in codes(error.value.problems)


def test_an_unknown_item_cannot_be_withdrawn() -> None:
    """It would be a slip of the organizer's."""
    with pytest.raises(TruthError) as error:
        restrict.without(s_case(6)[1], [1, 99_999])
    assert codes(error.value.problems) == ["unknown-items"]
