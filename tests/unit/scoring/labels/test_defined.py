"""Labels by which a metric is undefined are refused before any file comes: a perfect file could not be the best."""

from __future__ import annotations

import json

import pytest

from scoring.declaration.declare import track_from
from scoring.labels.restrict import only
from scoring.labels.truth import Truth, TruthError, load_truth

AB = {"choices": ["a", "b"]}


def loaded(column: dict[str, object], rows: list[dict[str, object]], **keys: str) -> Truth:
    """Return the labels of a track with one column."""
    track = track_from({"name": "t", "columns": [{"name": "x", **column}], **keys})
    return load_truth(json.dumps([{"id": n, **row} for n, row in enumerate(rows, 1)]).encode(), track)


def classes(values: str) -> list[dict[str, object]]:
    """Return rows with a class each, and a query for each two."""
    return [{"x": value, "q": f"q{place // 2}"} for place, value in enumerate(values)]


@pytest.mark.parametrize(
    ("column", "rows", "keys"),
    [
        ({**AB, "metrics": ["mcc"]}, classes("aaaa"), {}),
        ({**AB, "metrics": ["kappa"]}, classes("aaaa"), {}),
        ({**AB, "positive": "a", "metrics": ["roc_auc"]}, classes("aaaa"), {}),
        ({**AB, "probabilities": True, "metrics": ["average_precision"]}, classes("abaa"), {"per": "q"}),
        ({"metrics": ["srcc"]}, [{"x": n, "q": n // 2} for n in range(5)], {"per": "q"}),
        ({"metrics": ["plcc_fit"]}, [{"x": n} for n in range(5)], {}),
        ({"metrics": ["rmse"], "also": ["plcc"]}, [{"x": 3} for _ in range(5)], {}),
        ({"event": "died", "metrics": ["c_index"]}, [{"x": n, "died": int(n == 4)} for n in range(5)], {}),
    ],
)
def test_labels_that_define_no_metric_are_refused(
    column: dict[str, object], rows: list[dict[str, object]], keys: dict[str, str]
) -> None:
    """With the metric, and where; no label is quoted."""
    with pytest.raises(TruthError, match="undefined") as refused:
        loaded(column, rows, **keys)
    assert [problem.code for problem in refused.value.problems] == ["constant-labels"]


def test_what_needs_no_difference_takes_labels_that_are_alike() -> None:
    """Accuracy of one class is a share as any."""
    assert loaded({**AB, "metrics": ["accuracy"]}, classes("aaaa")).n == 4
    assert loaded({"metrics": ["mae"]}, [{"x": n, "q": n // 2} for n in range(5)], per="q").n == 5


def test_a_part_of_the_items_is_held_to_the_same() -> None:
    """As the public part of a split, or what is left when items are withdrawn."""
    whole = loaded({**AB, "metrics": ["mcc"]}, classes("aaab"))
    assert only(whole, [1, 4]).n == 2
    with pytest.raises(TruthError, match="undefined"):
        only(whole, [1, 2, 3])
