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
        (b"doc,query,x\n" + b"".join(b"d%d,q%d,%d\n" % (n, n // 5, n % 3) for n in range(20)), 'metrics = ["ndcg@10"]'),
        (b"id,image,x\n1,a,0.5\n2,a,1.5\n3,b,2\n4,b,7\n", 'cluster = "image"'),
        (b'[{"x": 0.5}, {"x": 1.5}, {"x": 0.5}, {"x": 2.0}]', 'id = "id"'),
        (b"id,x\n1,a man runs\n2,dogs\n3,the sea\n4,none of it\n", 'holds = "text"'),
        (b"id,x\n1,1 5\n2,3 4 9 2\n3,7 1\n4,2 2\n", 'holds = "mask"'),
        (b"id,x\n1,a b\n2,b\n3,a\n4,b a\n5,\n6,a b\n", 'holds = "tags"'),
        (b"id,count\n1,0\n2,1\n3,2\n4,1\n5,0\n6,2\n", 'whole = true\nmetrics = ["rmse"]'),
        (b"id,x\n1,0\n2,7\n3,2\n4,7\n5,0\n6,2\n", 'whole = true\nmetrics = ["rmse"]'),
        (b"id,file,x\n1,a.png,0.5\n2,b.png,1.5\n3,c.png,2\n4,d.png,7\n", 'name = "x"'),
        (b"id,split,x\n1,test,0.5\n2,test,1.5\n3,test,2\n4,test,7\n", 'name = "x"'),
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
    with pytest.raises(ValueError, match="no column of labels besides id"):
        proposed(b'[{"id": 1}, {"id": 2}]')


def test_what_a_person_says_of_the_columns_holds() -> None:
    """Another column is the id, one is left out; one that is not different in each row cannot be the id."""
    reading = read(b"a,b,c\n1,x,1\n2,y,1\n3,x,2\n4,y,2\n", "labels.csv")
    assert reading.table is not None
    guessed = propose(reading.table)
    assert guessed.roles == {"a": "id", "b": "classes", "c": "classes"}
    made = propose(reading.table, {"a": "label", "b": "nothing", "c": "query"})
    assert 'per = "c"' in made.declaration
    assert 'name = "b"' not in made.declaration
    with pytest.raises(ValueError, match="column b cannot be the id"):
        propose(reading.table, {"a": "label", "b": "id", "c": "label"})


ROWS = [f"{n},{n * 7 % 5}.5,{'cat' if n % 2 else 'dog'}" for n in range(1, 21)]


def labels_with(*rows: tuple[int, str]) -> bytes:
    """Return labels with some rows replaced: an id, numbers, and classes."""
    lines = dict(enumerate(ROWS)) | dict(rows)
    return "\n".join(["id,size,kind", *lines.values(), ""]).encode()


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("4,,dog", "size: 19 of 20 cells are numbers, and line 5 is empty"),
        ("4,n/a,dog", "size: 19 of 20 cells are numbers, and line 5 is none"),
        ("4,3.5,", "kind: 2 classes, and line 5 is empty"),
        ("3,3.5,dog", "id: looks like the id, .*1 value stands twice .line 5 has that of line 4"),
        (",3.5,dog", "id: looks like the id, .*1 cell is empty .line 5"),
    ],
)
def test_one_slip_does_not_make_a_column_another_kind(row: str, told: str) -> None:
    """The slip is told with its line, until somebody says what the column is."""
    with pytest.raises(ValueError, match=told):
        proposed(labels_with((3, row)))
    table = read(labels_with((3, row)), "labels.csv").table
    assert table is not None
    left_out = propose(table, {told.partition(":")[0]: "nothing"}).declaration
    assert f'name = "{told.partition(":")[0]}"' not in left_out


@pytest.mark.parametrize(
    "labels",
    [
        b"key,n\na,1\nb,2\nc,3\nd,4\ne,5\nf,6\ng,7\nh,8\ni,9\ni,10\n",  # else the counts would be the ids
        b"id;x\n1;1,5\n2;2,5\n3;4,5\n",  # else they would be texts
    ],
)
def test_what_would_be_misread_is_in_doubt(labels: bytes) -> None:
    """An id that stands twice where the labels do not; decimal commas."""
    with pytest.raises(ValueError, match=r"stands twice|comma for the point"):
        proposed(labels)


def test_whole_numbers_that_could_be_either_are_said_to_be() -> None:
    """With the flag that says the other; what somebody said is not asked again."""
    labels = b"id,stars\n1,0\n2,1\n3,2\n4,1\n5,0\n6,2\n"
    (_, said) = proposed(labels).reasons
    assert said == "stars: 3 classes, scored by accuracy; if they are counts or grades: --column stars=numbers"
    table = read(labels, "labels.csv").table
    assert table is not None
    made = propose(table, {"stars": "numbers"})
    assert made.reasons[1] == "stars: whole numbers from 0 to 2, scored by rmse"
    assert "choices" not in made.declaration


def test_classes_may_be_asked_for_with_probabilities() -> None:
    """A column for each class, or the one that is looked for; the sample's probabilities sum to 1."""
    table = read(b"id,a,b\n1,0,x\n2,1,y\n3,0,z\n4,1,x\n5,0,y\n6,0,z\n", "labels.csv").table
    assert table is not None
    made = propose(table, {"a": "probabilities", "b": "probabilities"}).declaration
    assert 'positive = "1"' in made
    assert 'probabilities = ["b_X", "b_Y", "b_Z"]' in made
    track = track_from(
        {"name": "t", **tomllib.loads(propose(table, {"a": "nothing", "b": "probabilities"}).declaration)}
    )
    assert sample_csv(track, (1, 2)).splitlines() == ["id,b_x,b_y,b_z", "1,0.6,0.2,0.2", "2,0.2,0.6,0.2"]


def test_numbers_may_be_asked_for_at_levels() -> None:
    """A column for each; a sample is scored."""
    table = read(b"id,x\n1,0.5\n2,1.5\n3,2.5\n", "labels.csv").table
    assert table is not None
    made = propose(table, {"x": "quantiles"})
    assert made.reasons[1] == "x: numbers from 0.5 to 2.5, estimated at three levels, scored by pinball"
    track = track_from({"name": "t", **tomllib.loads(made.declaration)})
    truth = load_truth(b"id,x\n1,0.5\n2,1.5\n3,2.5\n", track, "labels.csv")
    found = evaluate(sample_csv(track, truth.ids).encode(), truth, name="sample.csv")
    assert found.ok
    assert sample_csv(track, truth.ids).startswith("id,x_0.1,x_0.5,x_0.9\n")


def test_a_column_that_there_is_not_is_told_with_those_that_there_are() -> None:
    """A slip in a flag."""
    table = read(b"id,x\n1,0.5\n2,1.5\n", "labels.csv").table
    assert table is not None
    with pytest.raises(ValueError, match="no column y; it has id, x"):
        propose(table, {"y": "numbers"})
