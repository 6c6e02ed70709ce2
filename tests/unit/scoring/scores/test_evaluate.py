"""Files to scores: the same number for every form, scipy as the oracle, and every odd input's right outcome."""

from __future__ import annotations

import gzip
import io
import json
import math
import pickle
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scoring
from mailbot import lazily
from scoring.declaration import formula
from scoring.model import Evaluation
from scoring.report import as_json, as_text
from scoring.scores.evaluate import evaluate, evaluate_packed, evaluated_any
from tests.unit.scoring.made import codes, csv_of, jsonl_of, official, s_rows, s_truth, u_rows, u_truth

if TYPE_CHECKING:
    from scoring.labels.truth import Truth

with lazily(__name__):  # collecting the tests needs none of it
    from scipy import stats

N = 60
S_TRUTH, U_TRUTH = s_truth(N), u_truth(N)
BOTH = {"siqa-s": S_TRUTH, "siqa-u": U_TRUTH}
S_ROWS, U_ROWS = s_rows(N), u_rows(N)


def column(name: str) -> tuple[list[float], list[float]]:
    """Return predictions and labels of a dimension."""
    return [float(str(row[name])) for row in S_ROWS], [float(label) for label in S_TRUTH.values[name]]


def test_siqa_s_is_scipys_number() -> None:
    """Each metric and the formula over them."""
    evaluation = evaluate(official(S_ROWS, "S"), S_TRUTH)
    expected: dict[str, float] = {}
    for name in ("perception", "knowledge"):
        x, y = column(name)
        expected |= {f"{name}_srcc": stats.spearmanr(x, y)[0], f"{name}_plcc": stats.pearsonr(x, y)[0]}
    assert dict(evaluation.metrics) == pytest.approx(expected)
    assert list(evaluation.metrics) == ["perception_srcc", "perception_plcc", "knowledge_srcc", "knowledge_plcc"]
    halves = [max((expected[f"{d}_srcc"] + expected[f"{d}_plcc"]) / 2, 0) for d in ("perception", "knowledge")]
    assert evaluation.score == pytest.approx(50 * sum(halves))


def test_siqa_u_is_counted_by_hand() -> None:
    """The truth's type decides which accuracy an answer belongs to."""
    assert U_TRUTH.groups is not None
    right = {group: [0, 0] for group in ("yes-or-no", "what", "how")}
    for row, label, group in zip(U_ROWS, U_TRUTH.values["precision"], U_TRUTH.groups, strict=True):
        right[group][0] += row["precision"] == label
        right[group][1] += 1
    acc = {group: 100 * hits / size for group, (hits, size) in right.items()}
    evaluation = evaluate(official(U_ROWS, "U"), U_TRUTH)
    assert list(evaluation.metrics) == ["acc_yes_or_no", "acc_what", "acc_how"]
    assert list(evaluation.metrics.values()) == list(acc.values())
    assert evaluation.score == pytest.approx(0.2 * acc["yes-or-no"] + 0.3 * acc["what"] + 0.5 * acc["how"])


@settings(max_examples=25)
@given(st.permutations(S_ROWS), st.permutations(U_ROWS))
def test_the_form_and_the_order_of_a_file_change_nothing(
    s: list[dict[str, object]], u: list[dict[str, object]]
) -> None:
    """JSON, JSONL, CSV, TSV in any order: the same score to the last bit."""
    for rows, base, truth in ((s, S_ROWS, S_TRUTH), (u, U_ROWS, U_TRUTH)):
        score = evaluate(official(base), truth).score
        assert score is not None
        for data in (official(rows), json.dumps(rows).encode(), jsonl_of(rows), csv_of(rows), csv_of(rows, "\t")):
            assert evaluate(data, truth).score == score


def test_an_evaluation_says_what_it_is_of() -> None:
    """Team and method from the file; truth, scorer and number of items from us."""
    done = evaluate(official(S_ROWS, "S"), S_TRUTH)
    assert (done.team, done.method, done.track, done.n) == ("T", "M", "siqa-s", N)
    assert (done.truth, done.scorer, done.ok) == (S_TRUTH.sha256, "siqa-s/1", True)


def test_perfect_and_opposite() -> None:
    """The labels themselves score exactly 100, their opposite exactly 0."""
    labels = s_rows(N, seed=2)
    opposite = [{"id": r["id"], **{d: -float(str(r[d])) for d in ("perception", "knowledge")}} for r in labels]
    assert evaluate(official(labels), S_TRUTH).score == 100.0
    assert evaluate(official(opposite), S_TRUTH).score == 0.0
    assert evaluate(official(u_rows(N, seed=2)), U_TRUTH).score == 100.0


# --- the inputs that the official scorer takes in odd ways -----------------------------------


def s_with(index: int, value: str) -> bytes:
    """Return a file whose row has ``value`` as its perception, as raw JSON."""
    rows = [{**row, "perception": "@"} if i == index else row for i, row in enumerate(S_ROWS)]
    return official(rows, "S").replace(b'"@"', value.encode())


@pytest.mark.parametrize(
    ("data", "truth", "code"),
    [
        (official([r for r in u_rows(N, seed=2) if r["id"] in (1, 2, 3)], "U"), U_TRUTH, "missing-ids"),  # there 100.00
        (official([*U_ROWS, *[U_ROWS[0]] * 100], "U"), U_TRUTH, "duplicate-ids"),  # there each copy counts
        (official(S_ROWS[:2], "S"), S_TRUTH, "missing-ids"),  # there 100.00
        (official([{**r, "id": i} for i, r in enumerate(U_ROWS)], "U"), U_TRUTH, "zero-based-ids"),  # there chance
        (official([{**r, "id": True} if r["id"] == 1 else r for r in U_ROWS]), U_TRUTH, "unreadable-ids"),  # there id 1
        (s_with(3, "NaN"), S_TRUTH, "not-finite"),  # there the dimension is 0
        (s_with(3, "Infinity"), S_TRUTH, "not-finite"),  # there its PLCC is 0
        (s_with(3, "null"), S_TRUTH, "missing-values"),  # there the row is dropped
        (official([*S_ROWS, "..."], "S"), S_TRUTH, "ellipsis-row"),  # there the whole file is dropped in silence
    ],
)
def test_what_the_official_scorer_takes_wrongly_is_refused_by_name(data: bytes, truth: Truth, code: str) -> None:
    """One problem each, and no score."""
    evaluation = evaluate(data, truth)
    assert codes(evaluation.problems) == [code]
    assert (evaluation.score, evaluation.ok, dict(evaluation.metrics)) == (None, False, {})


@pytest.mark.parametrize(
    "rows",
    [
        [{**row, "id": str(row["id"])} for row in U_ROWS],  # there 0.00
        [{**row, "id": float(str(row["id"]))} for row in U_ROWS],
        [{**row, "precision": f" {str(row['precision']).lower()} "} for row in U_ROWS],
        [{**row, "type": "how"} for row in U_ROWS],
        [{"id": row["id"], "answer": row["precision"]} for row in U_ROWS],
    ],
    ids=["text ids", "float ids", "lower case", "wrong type", "answer"],
)
def test_what_is_clear_scores_as_if_written_officially(rows: list[dict[str, object]]) -> None:
    """Text ids are no longer a silent zero."""
    assert evaluate(official(rows, "U"), U_TRUTH).score == evaluate(official(U_ROWS, "U"), U_TRUTH).score


@pytest.mark.parametrize("answer", ["A. Yes", "I'm sorry, I can't help."])
def test_answers_with_more_than_the_letter_are_wrong_and_counted(answer: str) -> None:
    """Up to half of them are counted in a note; the file is not refused."""
    rows = [{**row, "precision": answer if at % 2 else "A"} for at, row in enumerate(U_ROWS)]
    evaluation = evaluate(official(rows), U_TRUTH)
    assert evaluation.ok
    assert [(note.code, note.count) for note in evaluation.notes] == [("illegal-letters", N // 2)]


def test_constant_predictions_score_zero_without_an_interval() -> None:
    """Nothing was estimated; the notes say why."""
    found = evaluate(official([{**row, "perception": 3.1, "knowledge": 2} for row in S_ROWS]), S_TRUTH)
    assert (found.score, found.interval) == (0.0, None)
    assert codes(found.notes) == ["constant-predictions", "constant-predictions"]


def test_a_constant_dimension_scores_zero_with_a_note() -> None:
    """The official scorer dropped the whole file; the other dimension counts as it is."""
    plain = evaluate(official(S_ROWS), S_TRUTH)
    constant = evaluate(official([{**row, "perception": 3.1} for row in S_ROWS]), S_TRUTH)
    assert codes(constant.notes) == ["constant-predictions"]
    assert (constant.metrics["perception_srcc"], constant.metrics["perception_plcc"]) == (0.0, 0.0)
    assert constant.metrics["knowledge_srcc"] == plain.metrics["knowledge_srcc"]
    half = 25 * (plain.metrics["knowledge_srcc"] + plain.metrics["knowledge_plcc"])
    assert constant.score == pytest.approx(max(half, 0))


@pytest.mark.parametrize(("scale", "shift"), [(20, 0), (10, -3), (0.001, 5)])
def test_any_linear_scale_scores_the_same(scale: float, shift: float) -> None:
    """There is no range check on ratings."""
    rows = [
        {"id": r["id"], **{d: float(str(r[d])) * scale + shift for d in ("perception", "knowledge")}} for r in S_ROWS
    ]
    assert evaluate(official(rows), S_TRUTH).score == pytest.approx(evaluate(official(S_ROWS), S_TRUTH).score)


def test_numeric_text_is_a_number() -> None:
    """As officially."""
    rows = [{**row, "perception": str(row["perception"])} for row in S_ROWS]
    assert evaluate(official(rows), S_TRUTH).score == evaluate(official(S_ROWS), S_TRUTH).score


# --- which track, which file -----------------------------------------------------------------


def test_the_track_is_told_from_the_file() -> None:
    """Both tracks of one mail find their truth."""
    assert evaluated_any(csv_of(S_ROWS), BOTH).evaluation.track == "siqa-s"
    assert evaluated_any(official(U_ROWS, "u"), BOTH, hint="S").evaluation.track == "siqa-u"


def test_a_file_of_no_track_has_none() -> None:
    """What cannot be told is said, with all that was wrong already."""
    evaluation = evaluated_any(official([{"id": 1, "x": 2}, "..."]), BOTH).evaluation
    assert (evaluation.track, codes(evaluation.problems)) == (None, ["ellipsis-row", "track-unclear"])
    assert codes(evaluated_any(b"", BOTH).evaluation.problems) == ["empty-file"]


def test_all_problems_come_together() -> None:
    """Reader's and checker's in one answer."""
    rows = [*S_ROWS[1:], "...", {"id": 99, "perception": "x", "knowledge": None}]
    evaluation = evaluate(official(rows, "S"), S_TRUTH)
    assert codes(evaluation.problems) == [
        "ellipsis-row",
        "missing-ids",
        "unknown-ids",
        "missing-values",
        "not-a-number",
    ]


def zip_of(**files: bytes) -> bytes:
    """Return a zip archive of the files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def test_packed_files_are_scored_by_their_track() -> None:
    """Of two files in a zip the one of the asked track counts."""
    score = evaluate(official(S_ROWS), S_TRUTH).score
    both = zip_of(s=official(S_ROWS), u=official(U_ROWS))
    for data in (official(S_ROWS), gzip.compress(official(S_ROWS)), zip_of(s=official(S_ROWS)), both):
        assert evaluate_packed(data, S_TRUTH).score == score
    assert codes(evaluate_packed(zip_of(a=csv_of(S_ROWS), b=csv_of(S_ROWS)), S_TRUTH).problems) == ["several-files"]
    assert codes(evaluate_packed(zip_of(a=csv_of(U_ROWS), b=csv_of(U_ROWS)), S_TRUTH).problems) == ["no-file"]
    assert codes(evaluate_packed(b"\x1f\x8b\x08", S_TRUTH).problems) == ["damaged-archive"]


# --- what comes out --------------------------------------------------------------------------


def test_evaluations_travel_between_processes() -> None:
    """A sandboxed child hands them back pickled."""
    for data in (official(S_ROWS), b""):
        evaluation = evaluate(data, S_TRUTH)
        assert pickle.loads(pickle.dumps(evaluation)) == evaluation  # noqa: S301 -- our own bytes


@pytest.mark.parametrize("data", [official(S_ROWS, "S"), official(S_ROWS[:3], "S"), b"\xff\xff"])
def test_the_json_report_is_plain_and_complete(data: bytes) -> None:
    """Strict JSON, with the same keys whatever became of the file."""
    evaluation = evaluate(data, S_TRUTH)
    report = json.loads(json.dumps(as_json(evaluation), allow_nan=False))
    assert set(report) == {
        "ok",
        "track",
        "team",
        "method",
        "score",
        "metrics",
        "error",
        "interval",
        "n",
        "truth",
        "scorer",
        "problems",
        "notes",
    }
    assert report["ok"] == evaluation.ok
    assert report["score"] == evaluation.score
    assert all(set(problem) == {"code", "count", "examples", "message"} for problem in report["problems"])


def test_the_text_report_shows_the_score_or_the_problems() -> None:
    """In a few lines."""
    assert as_text(evaluate(official(S_ROWS), S_TRUTH)).startswith("siqa-s: ")
    assert "missing-ids: 57 of our 60 ids are missing" in as_text(evaluate(official(S_ROWS[:3]), S_TRUTH))


@given(st.binary() | st.text().map(str.encode))
def test_evaluating_never_raises_and_never_half_scores(data: bytes) -> None:
    """Either a finite score or a problem."""
    evaluation = evaluated_any(data, BOTH).evaluation
    assert evaluation.ok != bool(evaluation.problems)
    assert evaluation.score is None or math.isfinite(evaluation.score)


def test_the_package_exports_what_it_says() -> None:
    """Loaded on first use."""
    assert scoring.scores.evaluate is not None
    assert scoring.Evaluation is Evaluation
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = scoring.nothing


def test_numbers_are_added_from_left_to_right_by_every_python() -> None:
    """From 3.12 on the built-in sum of these is 1.0; a score must not change with the interpreter."""
    assert formula.added([0.1] * 10) == 0.9999999999999999
    assert formula.added(iter([2.5])) == 2.5
