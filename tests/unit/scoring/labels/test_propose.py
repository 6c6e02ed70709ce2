"""A declaration out of a label file: each column for what it is, and a sample that scores."""

from __future__ import annotations

import tomllib

import pytest

from scoring.declaration.declare import track_from
from scoring.files.read import read
from scoring.labels.propose import Proposal, propose
from scoring.labels.truth import load_truth
from scoring.rows.example import sample_csv
from scoring.scores.evaluate import evaluate
from tests.challenges.make import EXAMPLES, MADE


def proposed(data: bytes) -> Proposal:
    """Return what is proposed for the bytes of a label file."""
    table = read(data, "labels.csv").table
    assert table is not None
    return propose(table)


@pytest.mark.parametrize("name", MADE)
def test_what_is_proposed_for_a_public_challenge_scores_its_sample(name: str) -> None:
    """Whatever the labels are: the declaration is right, the labels fit it, and a made-up file of it scores."""
    data = (EXAMPLES / name / "labels.csv").read_bytes()
    track = track_from({"name": "t", **tomllib.loads(proposed(data).declaration)})
    truth = load_truth(data, track, "labels.csv")
    found = evaluate(sample_csv(track, truth.ids).encode(), truth, name="sample.csv")
    assert found.problems == ()
    assert found.score is not None


@pytest.mark.parametrize(
    ("labels", "wanted"),
    [
        (b"id,x\n1,cat\n2,dog\n3,cat\n4,dog\n", 'choices = ["CAT", "DOG"]\nmetrics = ["macro_f1"]'),
        (b"id,x\n1,0\n2,1\n3,1\n4,0\n", 'choices = ["0", "1"]\nmetrics = ["accuracy"]'),
        (b"id,x\n1,0.5\n2,1.5\n3,2\n4,7\n", 'metrics = ["rmse"]'),
        (b"id,x\n1,5000000\n2,2\n3,3\n4,4\n", "range = [-50000000.0, 50000000.0]"),
        (b"name,query,x\na,q1,0\nb,q1,1\nc,q2,1\nd,q2,0\n", 'id = "name"\nper = "query"'),
        (b"id,image,x\n1,a,0.5\n2,a,1.5\n3,b,2\n4,b,7\n", 'cluster = "image"'),
        (b'[{"x": 0.5}, {"x": 1.5}, {"x": 0.5}, {"x": 2.0}]', 'id = "id"'),
        (b"id,x\n1,a man runs\n2,dogs\n3,the sea\n4,none of it\n", 'holds = "text"'),
        (b"id,x\n1,1 5\n2,3 4 9 2\n3,7 1\n4,2 2\n", 'holds = "mask"'),
    ],
)
def test_a_column_is_taken_for_what_it_holds(labels: bytes, wanted: str) -> None:
    """Classes, grades, quantities, queries, clusters, texts, masks."""
    assert wanted in proposed(labels).declaration


def test_no_label_is_quoted_in_the_reasons() -> None:
    """A reason names columns, counts and metrics alone."""
    said = " ".join(proposed(b"id,x\n1,secret\n2,hidden\n3,secret\n4,hidden\n").reasons)
    assert "secret" not in said.lower()
    assert "2 classes" in said


def test_a_file_of_ids_alone_has_nothing_to_score() -> None:
    """It is said which columns there are."""
    with pytest.raises(ValueError, match="no column of labels beside id"):
        proposed(b'[{"id": 1}, {"id": 2}]')


def test_what_a_person_says_of_the_columns_holds() -> None:
    """Another column is the id, one is left out; one that is not different in each row cannot be the id."""
    reading = read(b"a,b,c\n1,x,1\n2,y,1\n3,x,2\n4,y,2\n", "labels.csv")
    assert reading.table is not None
    guessed = propose(reading.table)
    assert guessed.roles == {"a": "id", "b": "label", "c": "label"}
    made = propose(reading.table, {"a": "label", "b": "nothing", "c": "query"})
    assert 'per = "c"' in made.declaration
    assert 'name = "b"' not in made.declaration
    with pytest.raises(ValueError, match="column b cannot be the id"):
        propose(reading.table, {"a": "label", "b": "id", "c": "label"})
