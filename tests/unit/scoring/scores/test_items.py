"""How each item was answered, against counting by hand."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.scores.items import FAR, answered
from scoring.scores.parts import parts_of
from tests.unit.scoring.cases import s_case, truth_of, u_case
from tests.unit.scoring.made import U


def test_an_answer_that_is_not_the_label_is_wrong_and_none_is_both() -> None:
    """Of four submissions: all right, all wrong with one answer, nobody answers, half."""
    truth = truth_of(U, {"precision": ("A", "B", "C", "D")}, groups=("yes-or-no", "what", "how", "how"))
    given = [[1, 1, 0, 4], [1, 1, 0, 4], [1, 1, 0, 0], [1, 3, 0, 1]]
    order = parts_of(truth).order
    laid = [{"precision": np.array(each, dtype=np.float64)[order]} for each in given]
    found = {truth.ids.index(one.item): one for one in answered(truth, laid)}
    assert [found[place].wrong for place in range(4)] == [0, 1, 1, 0.5]
    assert [found[place].unanswered for place in range(4)] == [0, 0, 1, 0.25]
    assert [(found[place].commonest, found[place].common) for place in range(4)] == [
        ("A", 1.0), ("A", 0.75), ("", 0.0), ("D", 0.5),
    ]  # fmt: skip
    assert {one.submissions for one in found.values()} == {4}


def test_of_numbers_the_order_decides() -> None:
    """The labels themselves are right in any scale; turned around, the outer items are wrong and the middle is not."""
    laid, truth = s_case(1)
    labels = {name: np.array(truth.values[name])[parts_of(truth).order] for name in laid}
    assert {one.wrong for one in answered(truth, [{name: 7 * each for name, each in labels.items()}])} == {0.0}
    found = answered(truth, [{name: -each for name, each in labels.items()}])
    assert {one.column for one in found} == {"perception", "knowledge"}
    n = truth.n
    assert sum(one.wrong or 0 for one in found) == pytest.approx(2 * (1 - FAR) * n, abs=0.2 * n)


def test_without_submissions_nothing_is_said() -> None:
    """No item is hard before anybody answered it."""
    assert answered(u_case(1)[1], []) == []
