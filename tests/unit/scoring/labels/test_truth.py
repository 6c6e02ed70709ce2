"""Label files: every form gives the same labels, every mistake is named, and no label is ever shown."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import pickle
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from scoring.labels.truth import Truth, TruthError, load_truth, read_truth_file
from scoring.scores.scored import scored
from tests.unit.scoring.cases import s_case, u_case
from tests.unit.scoring.made import S, U, codes, csv_of, jsonl_of, official, s_rows, s_truth, u_rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scoring.model import Problem, Track
    from scoring.scores.scored import Laid
    from tests.unit.scoring.made import Row

S_DATASET: list[Row] = [
    {"pid": 70 + i, "perception_raing": row["perception"], "knowledge_rating": row["knowledge"]}
    for i, row in enumerate(s_rows())
]
U_DATASET: list[Row] = [{"type": row["type"], "answer": row["precision"], "question": "Q?"} for row in u_rows()]


def parquet_of(rows: list[Row]) -> bytes:
    """Return the rows as Parquet, with a column of pictures that labels do not need."""
    buffer = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist([{**row, "image": b"\x89PNG"} for row in rows]), buffer)
    return buffer.getvalue()


def problems_of(data: bytes, track: Track) -> tuple[Problem, ...]:
    """Return the problems for which a label file is refused."""
    with pytest.raises(TruthError) as caught:
        load_truth(data, track)
    return caught.value.problems


@pytest.mark.parametrize("form", [json.dumps, jsonl_of, csv_of, parquet_of])
def test_the_datasets_own_rows_are_labels(form: object) -> None:
    """Its misspelt column, its rows without an id: the row's number is the id, and that is noted."""
    assert callable(form)
    for rows, track, labels in ((S_DATASET, S, s_rows()), (U_DATASET, U, u_rows())):
        made = form(rows)
        truth = load_truth(made if isinstance(made, bytes) else made.encode(), track)
        assert truth.ids == (1, 2, 3, 4, 5, 6)
        assert codes(truth.notes) == ["ids-by-row-order"]
        for column in track.columns:
            assert truth.values[column.name] == tuple(row[column.name] for row in labels)


def test_the_submissions_own_shape_is_labels() -> None:
    """As the committee stores them; ids in any order."""
    truth = load_truth(official(u_rows()[::-1]), U)
    assert truth.ids == (6, 5, 4, 3, 2, 1)
    assert truth.groups is not None
    assert truth.groups[-1] == u_rows()[0]["type"]
    assert truth.notes == ()


def test_the_hash_is_that_of_the_file() -> None:
    """Also of a packed one: the file as stored is what is named."""
    data = official(s_rows())
    packed = gzip.compress(data, mtime=0)
    assert load_truth(data, S).sha256 == hashlib.sha256(data).hexdigest()
    assert load_truth(packed, S).sha256 == hashlib.sha256(packed).hexdigest()
    assert load_truth(packed, S).values == load_truth(data, S).values


def test_a_truth_is_read_from_a_path(tmp_path: Path) -> None:
    """A missing file is the caller's trouble, as it comes."""
    (tmp_path / "answer-s.json").write_bytes(official(s_rows()))
    assert read_truth_file(tmp_path / "answer-s.json", S).n == 6
    with pytest.raises(FileNotFoundError):
        read_truth_file(tmp_path / "nowhere.json", S)


@pytest.mark.parametrize("slip", ["yes/no", "Yes-or-No", "yes_or_no", "yes-no"])
def test_slips_in_the_type_are_mended(slip: str) -> None:
    """The organizers' toolkit has ``yes/no`` in places."""
    rows = [{**row, "type": slip if row["type"] == "yes-or-no" else row["type"]} for row in u_rows()]
    assert load_truth(official(rows), U).groups == load_truth(official(u_rows()), U).groups


def test_of_two_answer_columns_the_one_with_letters_counts() -> None:
    """The dataset has both, and what ``precision`` means there is not documented."""
    letters = tuple(row["precision"] for row in u_rows())
    assert load_truth(
        official([{**row, "answer": row["precision"], "precision": "high"} for row in u_rows()]), U
    ).values == {"precision": letters}
    assert load_truth(official([{**row, "answer": "high"} for row in u_rows()]), U).values == {"precision": letters}
    assert codes(problems_of(official([{**row, "answer": "D"} for row in u_rows()]), U)) == ["two-answers"]


@pytest.mark.parametrize(
    ("rows", "track", "code"),
    [
        ([{**row, "id": 1} for row in s_rows()], S, "duplicate-ids"),
        ([*s_rows(), {"id": "x", "perception": 1, "knowledge": 1}], S, "unreadable-ids"),
        ([{**row, "knowledge": "?"} for row in s_rows()], S, "bad-labels"),
        ([{**row, "knowledge": None} for row in s_rows()], S, "bad-labels"),
        ([{**row, "knowledge": 3} for row in s_rows()], S, "constant-labels"),
        (u_rows(), S, "missing-column"),
        ([{**row, "precision": "E"} for row in u_rows()], U, "bad-labels"),
        ([{**row, "type": "why"} for row in u_rows()], U, "unknown-groups"),
        (u_rows()[:1], U, "empty-groups"),
        ([{"id": row["id"], "precision": "A"} for row in u_rows()], U, "missing-column"),
        ([], S, "no-rows"),
    ],
)
def test_each_mistake_in_a_label_file_has_its_code(rows: list[Row], track: Track, code: str) -> None:
    """Reported like a team's."""
    assert code in codes(problems_of(official(rows), track))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty-file"),
        (b"PAR1 and no more", "damaged-parquet"),
        (b"\x89PNG", "unsupported-format"),
        (b"PK\x05\x06" + bytes(18), "no-result-file"),
    ],
)
def test_what_is_no_label_file_is_refused(data: bytes, code: str) -> None:
    """With a problem, not with a traceback of another library."""
    assert codes(problems_of(data, S)) == [code]


LABEL = "4.4321"


@pytest.mark.parametrize(
    "data",
    [
        f"1,{LABEL},{LABEL}\n2,{LABEL},{LABEL}".encode(),
        f'[{{"id": 1, "perception": {LABEL} {LABEL}}}]'.encode(),
        f"id,perception,knowledge\n1,x{LABEL},{LABEL}\n1,{LABEL},{LABEL},{LABEL}".encode(),
        f"id,perception,knowledge\n1,{LABEL},{LABEL}\n2,{LABEL},{LABEL}".encode(),
    ],
)
def test_no_message_quotes_a_label(data: bytes) -> None:
    """Not even of a file that cannot be parsed: the message goes to a journal."""
    with pytest.raises(TruthError) as caught:
        load_truth(data, S)
    assert LABEL not in f"{caught.value!r} {caught.value} {caught.value.problems!r}"


def test_a_truth_prints_its_name_and_no_label() -> None:
    """A traceback or a journal may hold it."""
    truth = s_truth()
    assert repr(truth) == f"Truth(siqa-s, {truth.sha256[:12]}, n=6)"
    assert f"{truth}" == repr(truth)


def test_a_truth_and_its_refusal_travel_between_processes() -> None:
    """Workers get them pickled."""
    copy = pickle.loads(pickle.dumps(s_truth()))  # noqa: S301 -- our own bytes
    assert isinstance(copy, Truth)
    assert copy.values == s_truth().values
    with pytest.raises(TruthError) as caught:
        load_truth(b"", S)
    assert pickle.loads(pickle.dumps(caught.value)).problems == caught.value.problems  # noqa: S301 -- our own bytes


@pytest.mark.parametrize("case", [s_case, u_case])
def test_a_truth_that_was_scored_against_still_travels(case: Callable[[int], tuple[Laid, Truth]]) -> None:
    """The daemon makes plans for its boards, and a child that starts afterwards gets the same truth."""
    laid, truth = case(1)
    before = scored(laid, truth)
    copy = pickle.loads(pickle.dumps(truth))  # noqa: S301 -- our own bytes
    assert scored(laid, copy) == before == scored(laid, truth)


@given(st.binary(max_size=200))
def test_loading_raises_only_truth_errors(data: bytes) -> None:
    """Noise is refused with problems."""
    for start in (b"", b"PAR1", b"id,perception,knowledge\n"):
        with pytest.raises(TruthError) as caught:
            load_truth(start + data, S)
        assert caught.value.problems


def test_questions_of_one_image_are_one_cluster() -> None:
    """Where the label file names the image; a question without one stands by itself."""
    named = [{**row, "image_path": "a.png" if row["id"] in (1, 2) else None} for row in u_rows()]
    truth = load_truth(official(named), U)
    assert truth.clusters is not None
    assert truth.clusters[:2] == ("a.png", "a.png")
    assert len(set(truth.clusters)) == 5
    assert load_truth(official(u_rows()), U).clusters is None
