"""A track out of plain data: other challenges without code, and every slip of a declaration named."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest

from scoring.__main__ import main
from scoring.declaration import siqa
from scoring.declaration.declare import track_from
from scoring.declaration.form import DeclarationError
from scoring.declaration.registry import METRICS, Shape, error_of
from scoring.labels.truth import load_truth
from scoring.scores.evaluate import evaluate
from tests.unit.scoring.made import codes

EXAMPLE = Path(__file__).parents[4] / "docs" / "examples" / "leaves"
PAGES = Path(__file__).parents[4] / "docs" / "scoring"

#: What makes a column hold each of the shapes.
HELD: dict[Shape, dict[str, object]] = {
    Shape.NUMBER: {},
    Shape.CHOICE: {"choices": ["a", "b"]},
    Shape.PROBABILITIES: {"choices": ["a", "b"], "probabilities": True},
    Shape.QUANTILES: {"quantiles": [0.1, 0.5, 0.9]},
    Shape.EVENT: {"event": "seen"},
    Shape.TEXT: {"holds": "text"},
    Shape.TAGS: {"holds": "tags"},
    Shape.MASK: {"holds": "mask"},
    Shape.BOXES: {"holds": "boxes"},
}

PLAIN: dict[str, object] = {"name": "plain", "columns": [{"name": "x", "metrics": ["rmse"]}]}


def column(**more: object) -> dict[str, object]:
    """Return a declaration of one column of choices."""
    return {"name": "t", "columns": [{"name": "x", "choices": ["a", "b"], "metrics": ["accuracy"], **more}]}


# --- three plain challenges ------------------------------------------------------------------


def test_a_plain_classification_needs_no_code() -> None:
    """Classes by name or number; an answer that is none counts as wrong and is told."""
    track = track_from(column(choices=["cat", "dog", "3"], metrics=["macro_f1", "accuracy"]))
    truth = load_truth(b"id,x\n1,cat\n2,dog\n3,3\n4,cat\n", track)
    evaluation = evaluate(b'[{"id":1,"x":"CAT"},{"id":2,"x":"cat"},{"id":3,"x":3},{"id":4,"x":"cow"}]', truth)
    assert evaluation.metrics["x_acc"] == 50.0
    assert codes(evaluation.notes) == ["illegal-letters"]
    assert "none of CAT, DOG, 3" in evaluation.notes[0].message
    assert evaluate(b"id,x\n1,cat\n2,dog\n3,3\n4,cat\n", truth).score == 100.0


def test_a_plain_multiple_choice_by_groups_needs_no_code() -> None:
    """As SIQA-U, with other groups."""
    track = track_from({**column(), "group": "Level", "cluster": "Page", "weights": {"Easy": 0.25, "Hard": 0.75}})
    truth = load_truth(b"id,LEVEL,PAGE,x\n1,easy,1,a\n2,hard,1,a\n3,HARD,2,b\n", track)
    assert truth.clusters == ("1", "1", "2")
    evaluation = evaluate(b"id,x\n1,a\n2,a\n3,a\n", truth)
    assert dict(evaluation.metrics) == {"acc_easy": 100.0, "acc_hard": 50.0}
    assert evaluation.score == 62.5
    assert track.formula == "0.25 ACC of easy + 0.75 ACC of hard"


def test_a_plain_regression_needs_no_code() -> None:
    """Its score is an error: the smaller the better, without an upper bound."""
    track = track_from(PLAIN)
    truth = load_truth(b"id,x\n1,1\n2,2\n3,4\n", track)
    evaluation = evaluate(b"id,x\n1,1\n2,2\n3,1\n", truth)
    assert evaluation.score == pytest.approx(math.sqrt(3))
    assert evaluate(b"id,x\n1,1\n2,2\n3,4\n", truth).score == 0.0
    assert not track.higher_is_better
    assert track.bounds == (0.0, math.inf)
    assert track.formula == "RMSE of x; lower is better"


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_can_be_declared(metric: str) -> None:
    """With its title, decimals, bounds and direction in the track."""
    more = {"per": "query"} if METRICS[metric].needs_per else {}
    track = track_from(
        {"name": "t", **more, "columns": [{"name": "x", "metrics": [metric], **HELD[METRICS[metric].shapes[0]]}]}
    )
    (measure,) = track.measures
    assert measure.key.startswith(f"x_{METRICS[metric].short}")
    assert measure.decimals == METRICS[metric].decimals
    assert track.higher_is_better == METRICS[metric].higher_is_better
    assert track.bounds == tuple(METRICS[metric].points * bound for bound in METRICS[metric].bounds)
    assert (error_of(track), track.cluster) == (METRICS[metric].error, more.get("per"))


def test_siqa_is_two_declarations() -> None:
    """The measures in the board's order and words."""
    s, u = siqa.tracks()
    assert [(each.key, each.title) for each in u.measures] == [
        ("acc_yes_or_no", "Yes/No ACC"),
        ("acc_what", "What ACC"),
        ("acc_how", "How ACC"),
    ]
    assert [each.title for each in s.measures][:2] == ["Perception SRCC", "Perception PLCC"]
    assert s.bounds == u.bounds == (0.0, 100.0)


def test_two_declarations_that_differ_have_different_scorers() -> None:
    """The name holds a digest of the declaration."""
    scorers = {
        track_from({**PLAIN, **more}).scorer for more in ({}, {"title": "P"}, {"version": 2}, {"letters": ["P"]})
    }
    assert len(scorers) == 4
    assert all(re.fullmatch(r"plain/\d-[0-9a-f]{8}", scorer) for scorer in scorers)
    assert track_from(PLAIN).scorer == track_from(dict(PLAIN)).scorer


@pytest.mark.parametrize(
    ("declaration", "message"),
    [
        ({}, "columns: must be a list of at least one table"),
        ({"columns": []}, "columns: must be a list of at least one table"),
        ({**PLAIN, "colour": 1}, "colour: unknown key"),
        ({**PLAIN, "name": " "}, "name: must be text"),
        ({**PLAIN, "name": "a b"}, '"a b" is not a track name'),
        ({**PLAIN, "version": "1 2"}, "version: must be a whole number"),
        ({**PLAIN, "wieghts": {}}, 'wieghts: unknown key; did you mean "weights"?'),
        ({**PLAIN, "id": "x"}, 'the column "x" is there twice'),
        ({**PLAIN, "id": "team"}, 'a column cannot be called "team"'),
        ({**PLAIN, "letters": "P"}, "letters: must be a list"),
        ({**PLAIN, "floor": "0"}, "floor: must be a finite number"),
        ({**PLAIN, "floor": 0.0}, "so a floor makes no sense"),
        ({**PLAIN, "weights": {"y": 1}}, "weights are needed for exactly x"),
        ({**PLAIN, "weights": {"x": 0.5}}, "weights must sum to 1"),
        ({**PLAIN, "weights": [1]}, "weights: must be numbers"),
        ({**PLAIN, "group": "g"}, "needs the weight of each group"),
        (
            column(metrics=["f2"]),
            'no metric "f2"; for choices there are accuracy, balanced_accuracy, macro_f1',
        ),
        (column(metrics=["macro-f1"]), 'no metric "macro-f1"; did you mean "macro_f1"?'),
        (
            column(metrics=["srcc"]),
            "srcc measures numbers, and a column with choices holds choices: accuracy, balanced_accuracy",
        ),
        (column(metrics=[]), "metrics: needs at least one of accuracy, balanced_accuracy"),
        (column(choices=["a", "A"]), 'the choice "A" is there twice'),
        (column(choices=[str(place) for place in range(256)]), "at most 255"),
        (column(colour=1), "columns.0.colour: unknown key"),
        (column(also=["accuracy"]), 'the metric "acc" is there twice'),
        ({"name": "t", "columns": [{"name": "x", "metrics": ["srcc", "rmse"]}]}, "of the same unit"),
        (
            {"name": "t", "columns": [{"name": "x", "metrics": ["srcc"]}, {"name": "y", "metrics": ["mae"]}]},
            "cannot be summed",
        ),
        ({"name": "t", "columns": [{"name": "x", "metrics": ["mae"]}] * 2}, 'the column "x" is there twice'),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(declaration: dict[str, object], message: str) -> None:
    """With what is wrong."""
    with pytest.raises(ValueError, match=re.escape(message)):
        track_from({"name": "t", **declaration})


def test_every_mistake_is_told_at_once() -> None:
    """Each under its key: one look is enough to fix the whole declaration."""
    column = {"name": "x", "metrics": ["f1"], "choices": "ab"}
    with pytest.raises(DeclarationError) as refused:
        track_from({"name": "T", "weights": 1, "columns": [column, {"metrics": ["rmse"], "alias": []}], "floor": "x"})
    assert [each.key for each in refused.value.mistakes] == [
        "name",
        "columns.0.choices",
        "columns.0.metrics",
        "columns.1.alias",
        "columns.1.name",
        "weights",
        "floor",
    ]


def test_measures_of_one_key_are_refused() -> None:
    """Two columns whose names differ in a sign alone would have the same measures."""
    columns = [{"name": name, "metrics": ["mae"]} for name in ("a-b", "a_b")]
    with pytest.raises(DeclarationError, match='the measure "a_b_mae" is there twice'):
        track_from({"name": "t", "columns": columns})


def test_whole_weights_are_the_same_scorer() -> None:
    """1 and 1.0 are the same weight, however a config was read."""
    assert track_from({**PLAIN, "weights": {"x": 1}}).scorer == track_from({**PLAIN, "weights": {"x": 1.0}}).scorer


# --- the example of the documentation --------------------------------------------------------


def test_the_documents_example_gives_the_documents_score(capsys: pytest.CaptureFixture[str]) -> None:
    """By our kernels and by scipy's; the declaration stands in the document as in the file."""
    arguments = [str(EXAMPLE / "predictions.csv"), str(EXAMPLE / "labels.csv"), "--track", str(EXAMPLE / "track.toml")]
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    walk, tracks = ((PAGES / page).read_text(encoding="utf-8") for page in ("example.md", "tracks.md"))
    for line in shown.splitlines():
        assert (line.rpartition(" mailbot=")[0] or line) in walk
    assert (EXAMPLE / "track.toml").read_text(encoding="utf-8") in re.sub(r"(?m)^    ", "", tracks)
    assert main([*arguments, "--json"]) == main([*arguments, "--json", "--reference"]) == 0
    ours, theirs = capsys.readouterr().out.split("\n}\n")[:2]
    assert json.loads(theirs + "}")["score"] == pytest.approx(json.loads(ours + "}")["score"], rel=1e-12)


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Editors on Windows put one before the declaration and before the list of ids; the checker reads both."""
    declared, ids = tmp_path / "track.toml", tmp_path / "ids.txt"
    declared.write_text((EXAMPLE / "track.toml").read_text(encoding="utf-8"), encoding="utf-8-sig")
    rows = (EXAMPLE / "labels.csv").read_text(encoding="utf-8").split()[1:]
    ids.write_text("\n".join(row.partition(",")[0] for row in rows), encoding="utf-8-sig")
    predictions, track = str(EXAMPLE / "predictions.csv"), ("--track", str(declared))
    assert main([predictions, str(EXAMPLE / "labels.csv"), *track]) == 0
    assert main(["check", predictions, *track, "--ids", str(ids)]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("track", ["siqa-x", "missing.toml"])
def test_a_track_that_there_is_not_is_a_wrong_call(track: str) -> None:
    """Exit status 2."""
    with pytest.raises(SystemExit) as ended:
        main(["a.json", "b.json", "--track", track])
    assert ended.value.code == 2
