"""What a scorer of one's own is given, and what is made of what it returns, raises, or refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scoring.declaration.declare import track_from
from scoring.declaration.owned import with_scorer
from scoring.labels.restrict import only
from scoring.labels.truth import Truth, load_truth
from scoring.own.program import ScorerFailed
from scoring.own.run import evaluate, labels_of

LABELS = b"id,y,word,scene\n1,1.5,left,s1\n2,2.5,right,s1\n3,77.125,secret-label,s2\n"
FILE = b"id,y,word\n3,77,none\n1,1,left\n2,2,right\n"
GOOD = """
def score(prediction, labels):
    return {"mae": float((prediction["y"] - labels["y"]).abs().mean()), "n": len(labels), "more": "left aside"}
"""


def truth(source: str = GOOD, **said: object) -> Truth:
    """Return labels whose track has a scorer of its own."""
    declared = {
        "name": "own", "scorer": "s.py", "figures": ["mae", "n"], "better": "lower", "bounds": [0, 1000],
        "cluster": "scene", "columns": [{"name": "y"}, {"name": "word", "holds": "text"}], **said,
    }  # fmt: skip
    return load_truth(LABELS, with_scorer(track_from(declared), source.encode()), "labels.csv")


def test_rows_come_in_the_order_of_the_labels() -> None:
    """With the ids as index, numbers as floats; so a score is a line of pandas."""
    found = evaluate(FILE, truth(), name="f.csv")
    assert found.score == pytest.approx((0.5 + 0.5 + 0.125) / 3)
    assert found.metrics["n"] == 3
    assert "more" not in found.metrics
    assert (found.error, found.interval) == (None, None)
    frame = labels_of(truth())
    assert list(frame.columns) == ["y", "word", "scene"]
    assert (frame.index.name, list(frame.index)) == ("id", [1, 2, 3])


def test_a_part_of_the_items_is_scored_alone() -> None:
    """With a secret split the file must hold all items, and the scorer sees those of the part."""
    part = only(truth(), [1, 3])
    assert evaluate(FILE, part, name="f.csv").metrics["n"] == 2


def test_the_files_mistakes_are_told_before() -> None:
    """As those of any rows are; the scorer is not asked."""
    found = evaluate(b"id,y,word\n1,1,a\n", truth("raise ValueError"), name="f.csv")
    assert [each.code for each in found.problems] == ["missing-ids"]


def test_what_the_scorer_refuses_is_the_teams() -> None:
    """Said by its check, or by the exception for it; on one line, and no longer than a problem may be."""
    check = GOOD + "def check(prediction, ids):\n    yield f'{len(ids)} rows are\\nodd'\n"
    assert [each.message for each in evaluate(FILE, truth(check), name="f.csv").problems] == ["3 rows are odd"]
    refuses = "from scoring.api import Refused\ndef score(prediction, labels):\n    raise Refused('x' * 900)\n"
    (problem,) = evaluate(FILE, truth(refuses), name="f.csv").problems
    assert (problem.code, len(problem.message)) == ("refused-by-scorer", 400)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise KeyError(labels['word'][3])", "KeyError"),
        ("return {}[labels['word'][3]]", "KeyError"),
        ("raise SystemExit(labels['word'][3])", "SystemExit"),
        ("return labels['word']", "must return a dict"),
        ("return {'mae': 1.0}", "no n"),
        ("return {'mae': float('nan'), 'n': 1}", "not a finite number"),
        ("return {'mae': labels['word'][3], 'n': 1}", "not a finite number"),
        ("return {'mae': -1.0, 'n': 1}", "outside the bounds"),
    ],
)
def test_its_failure_is_told_without_a_label(body: str, said: str) -> None:
    """With file and line, and the type of the exception: its message may hold what no one is to read."""
    with pytest.raises(ScorerFailed) as caught:
        evaluate(FILE, truth(f"def score(prediction, labels):\n    {body}\n"), name="f.csv")
    told = str(caught.value)
    assert said in told
    assert "secret-label" not in told
    assert "77.125" not in told
    assert "s.py" in told


def test_a_library_that_fails_is_told_by_the_line_that_called_it() -> None:
    """Its own message is left out as well."""
    with pytest.raises(ScorerFailed) as caught:
        evaluate(FILE, truth("def score(prediction, labels):\n    return labels['word'].astype(float)\n"), name="f.csv")
    assert "s.py, line 2, in score" in str(caught.value)
    assert "ValueError" in str(caught.value)
    assert "left" not in str(caught.value).replace("are left out", "")


@pytest.mark.parametrize("source", ["def score(", "x = 1", "import nothing_of_this_name", "score = 5"])
def test_a_file_that_cannot_be_loaded_fails(source: str) -> None:
    """For the organizers, not for the team."""
    with pytest.raises(ScorerFailed):
        evaluate(FILE, truth(source), name="f.csv")


def test_a_prediction_cannot_be_changed_for_the_score_by_the_check() -> None:
    """The check gets a copy."""
    check = "def check(prediction, ids):\n    prediction['y'] = 0.0\n    return []\n"
    assert evaluate(FILE, truth(GOOD + check), name="f.csv").score == evaluate(FILE, truth(), name="f.csv").score


def test_only_a_version_in_force_scores() -> None:
    """A declaration alone has no text to run."""
    bare = truth()
    own = replace(bare.track, own=replace(bare.track.own, sha256="", source="")) if bare.track.own else bare.track
    with pytest.raises(ValueError, match="no active scorer of its own"):
        evaluate(FILE, replace(bare, track=own), name="f.csv")
