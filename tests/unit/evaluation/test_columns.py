"""The column store: what comes out is what went in or is missing, whatever happened to the files in between."""

from __future__ import annotations

import json
import multiprocessing
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mailbot.errors import Permanent
from mailbot.evaluation.columns import Columns, Predictions
from mailbot.ledger import submissions
from scoring.declaration import siqa
from scoring.labels import restrict
from scoring.labels.truth import load_truth
from scoring.scores import stack
from scoring.scores.evaluate import evaluate, evaluated_any
from tests.unit.scoring.made import TYPES, official, s_rows, s_truth, u_rows, u_truth
from tests.unit.scoring.stacks import kept_of, stacked
from tests.unit.services import CARL, Clock, served, submission, take

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from mailbot.ledger.submissions import SubmissionRow
    from mailbot.service import Service
    from scoring.labels.truth import Truth
    from tests.unit.scoring.made import Row

N = 12
MANY = 40


def predictions(number: int, rows: Sequence[Row], truth: Truth) -> Predictions:
    """Return what a file of these rows predicts."""
    evaluated = evaluated_any(official(rows), {truth.track.name: truth}, hint=truth.track.letters[0])
    assert evaluated.evaluation.ok
    return Predictions(submission_id=number, sha256=f"{number:064x}", values=evaluated.values)


def s_file(number: int) -> list[Row]:
    """Return a file with ties: ratings of one decimal, in an order of its own."""
    rows = [
        {k: round(v, 1) if isinstance(v, float) else v for k, v in row.items()} for row in s_rows(N, seed=100 + number)
    ]
    return sorted(rows, key=lambda row: hash((number, row["id"])))


def u_file(number: int) -> list[Row]:
    """Return answers, some of which are no letter."""
    rows = u_rows(N, seed=100 + number)
    rows[number % N]["precision"] = "I cannot tell."
    return rows


CASES = [pytest.param(s_truth, s_file, id="S"), pytest.param(u_truth, u_file, id="U")]


def filled(folder: Path, truth: Truth, file: Callable[[int], list[Row]]) -> Columns:
    """Return a store of many submissions."""
    columns = Columns(folder)
    columns.put(truth, [predictions(number, file(number), truth) for number in range(1, MANY + 1)])
    return columns


@pytest.mark.parametrize(("make", "file"), CASES)
def test_scores_from_the_store_are_those_of_the_files(tmp_path: Path, make: type, file: type) -> None:
    """To the last bit, with ties, with groups, after a correction of labels and with items withdrawn."""
    truth = make(N)
    columns = filled(tmp_path, truth, file)
    corrected = make(N, seed=3)
    for present in (truth, corrected, restrict.without(corrected, [2, 5]), restrict.without(truth, [4])):
        found = columns.stacks(present, range(1, MANY + 1))
        assert found.ids == tuple(range(1, MANY + 1))
        scores = stack.rescored(found.stacks, present)
        files = [evaluate(official(file(number)), present) for number in found.ids]
        assert scores.scores.tolist() == [each.score for each in files]
        assert {key: values.tolist() for key, values in scores.figures.items()} == {
            key: [each.metrics[key] for each in files] for key in files[0].metrics
        }


@pytest.mark.parametrize(("make", "file"), CASES)
def test_columns_come_back_as_they_were_laid_out(tmp_path: Path, make: type, file: type) -> None:
    """Also for a truth of fewer items; a submission that is not kept is left out."""
    truth = make(N)
    columns = filled(tmp_path, truth, file)
    fewer = restrict.without(truth, [7])
    laid = columns.laid(fewer, [3, 999, 1])
    assert set(laid) == {1, 3}
    assert {name: values.size for name, values in laid[3].items()} == dict.fromkeys(laid[3], N - 1)
    stacks = stacked([kept_of(laid[1], fewer)])
    expected = evaluate(official(file(1)), fewer).score
    assert stack.rescored(stacks, fewer).scores.tolist() == [expected]


def test_a_correction_of_labels_leaves_the_files_as_they_are(tmp_path: Path) -> None:
    """Rows of the label file in another order, or items withdrawn, touch the forms alone; other ids are other files."""
    truth = s_truth(N)
    columns = filled(tmp_path, truth, s_file)
    columns.stacks(truth, [1])
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert columns.stacks(s_truth(N, seed=3), [1]).ids == (1,)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    reordered = load_truth(official(list(reversed(s_rows(N, seed=3)))), siqa.siqa_s())
    assert columns.missing(reordered, {1: f"{1:064x}"}) == set()
    assert columns.stacks(reordered, [1]).ids == (1,)
    assert columns.missing(restrict.without(truth, [2]), {1: f"{1:064x}"}) == set()
    assert columns.missing(s_truth(N + 1), {1: f"{1:064x}"}) == {1}
    regrouped = [row | {"type": TYPES[place % 2 + 1 if place else 0]} for place, row in enumerate(u_rows(N))]
    assert columns.missing(load_truth(official(regrouped), siqa.siqa_u()), {1: f"{1:064x}"}) == {1}
    assert {path.suffix for path in tmp_path.iterdir() if path not in before} == {".forms"}


def test_a_label_file_in_any_order_keeps_the_same(tmp_path: Path) -> None:
    """Byte for byte: rows go by id, whether the labels do or not."""
    kept = []
    for name, rows in (("sorted", s_rows(N)), ("reversed", s_rows(N)[::-1])):
        filled(tmp_path / name, load_truth(official(rows), siqa.siqa_s()), s_file)
        kept.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    assert kept[0] == kept[1]


def test_another_file_of_the_same_number_takes_its_place(tmp_path: Path) -> None:
    """A ledger that was put back to an earlier state may give a number a second time: the file's hash tells."""
    truth = s_truth(N)
    columns = filled(tmp_path, truth, s_file)
    columns.stacks(truth, [5])
    other = replace(predictions(5, s_file(77), truth), sha256="f" * 64)
    assert columns.missing(truth, {5: other.sha256, 6: f"{6:064x}"}) == {5}
    columns.put(truth, [other])
    assert columns.missing(truth, {5: other.sha256}) == set()
    score = stack.rescored(columns.stacks(truth, [5]).stacks, truth).scores.tolist()
    assert score == [evaluate(official(s_file(77)), truth).score]


def test_the_same_twice_is_kept_once(tmp_path: Path) -> None:
    """Putting what is there writes nothing."""
    truth = s_truth(N)
    columns = filled(tmp_path, truth, s_file)
    (path,) = tmp_path.iterdir()
    size = path.stat().st_size
    columns.put(truth, [predictions(number, s_file(number), truth) for number in range(1, MANY + 1)])
    assert path.stat().st_size == size


@pytest.mark.parametrize("kind", ["values", "forms"])
def test_a_flipped_bit_anywhere_is_noticed(tmp_path: Path, kind: str) -> None:
    """The row counts as missing, or is made again; none ever gives another number."""
    truth = s_truth(N)
    columns = filled(tmp_path, truth, s_file)
    expected = stack.rescored(columns.stacks(truth, range(1, MANY + 1)).stacks, truth).scores.tolist()
    (path,) = tmp_path.glob(f"*.{kind}")
    whole, draw = path.read_bytes(), random.Random(1)  # noqa: S311  # any places will do
    row = len(whole) // MANY
    for _ in range(60):
        number = draw.randrange(MANY)
        place = number * row + draw.choice([*range(44), *range(64, 64 + 16 * N)])
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << draw.randrange(8)]) + whole[place + 1 :])
        fresh = Columns(tmp_path)
        wanted = {each: f"{each:064x}" for each in range(1, MANY + 1)}
        gone = fresh.missing(truth, wanted)
        assert gone == ({number + 1} if kind == "values" else set())
        fresh.put(truth, [predictions(each, s_file(each), truth) for each in gone])
        found = fresh.stacks(truth, range(1, MANY + 1))
        assert stack.rescored(found.stacks, truth).scores.tolist() == expected


def test_a_torn_end_is_no_row(tmp_path: Path) -> None:
    """Cut anywhere, the store has the rows before the cut, takes more, and has them all again."""
    truth = s_truth(N)
    filled(tmp_path, truth, s_file)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    row = len(whole) // MANY
    for cut in (0, 1, row - 1, row, row + 1, 7 * row + 40, 7 * row + 64, len(whole) - 1):
        path.write_bytes(whole[:cut])
        columns = Columns(tmp_path)
        gone = columns.missing(truth, {each: f"{each:064x}" for each in range(1, MANY + 1)})
        assert gone == set(range(cut // row + 1, MANY + 1))
        columns.put(truth, [predictions(each, s_file(each), truth) for each in sorted(gone)])
        assert path.read_bytes() == whole


def test_the_folder_may_be_deleted_while_it_is_in_use(tmp_path: Path) -> None:
    """Everything is missing then, and can be put again."""
    truth = s_truth(N)
    columns = filled(tmp_path / "columns", truth, s_file)
    stacks = columns.stacks(truth, [1, 2])
    for path in (tmp_path / "columns").iterdir():
        path.unlink()
    (tmp_path / "columns").rmdir()
    assert columns.missing(truth, {1: f"{1:064x}"}) == {1}
    assert columns.laid(truth, [1]) == {}
    assert columns.stacks(truth, [1]).ids == ()
    assert stack.rescored(stacks.stacks, truth).scores.size == len(stacks.ids)
    columns.put(truth, [predictions(1, s_file(1), truth)])
    assert columns.stacks(truth, [2, 1]).ids == (1,)


def test_values_that_are_no_columns_are_passed_over(tmp_path: Path) -> None:
    """A child that was taken over may answer with anything: too few, too many, another column, no number."""
    truth, columns = s_truth(N), Columns(tmp_path)
    good = predictions(1, s_file(1), truth).values
    for values in (
        {},
        {**good, "knowledge": b""},
        {**good, "knowledge": good["knowledge"] + b"x"},
        {**good, "more": good["knowledge"]},
        {**good, "knowledge": np.full(N, np.nan).tobytes()},
    ):
        columns.put(truth, [Predictions(submission_id=1, sha256="0" * 64, values=values)])
    assert columns.missing(truth, {1: "0" * 64}) == {1}
    large = {**good, "knowledge": np.full(N, 1e308).tobytes()}  # each is a number, their sum is none
    columns.put(truth, [Predictions(submission_id=1, sha256="0" * 64, values=large)])
    assert columns.missing(truth, {1: "0" * 64}) == set()


def _put_some(folder: Path, first: int) -> None:
    columns, truth = Columns(folder), s_truth(N)
    for number in range(first, MANY + 1, 2):
        columns.put(truth, [predictions(number, s_file(number), truth)])
        columns.stacks(truth, range(1, number))


def test_processes_may_write_side_by_side(tmp_path: Path) -> None:
    """The daemon and a command keep their rows in the same files; none is lost and none is mixed."""
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_put_some, args=(tmp_path, first)) for first in (1, 2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    truth, columns = s_truth(N), Columns(tmp_path)
    found = columns.stacks(truth, range(1, MANY + 1))
    assert found.ids == tuple(range(1, MANY + 1))
    expected = [evaluate(official(s_file(number)), truth).score for number in found.ids]
    assert stack.rescored(found.stacks, truth).scores.tolist() == expected


# --- filled at intake, and from the spool -----------------------------------------------------


def _rows(service: Service) -> list[SubmissionRow]:
    with service.ledger.read() as tx:
        return submissions.listing(tx)


def test_intake_fills_the_store(tmp_path: Path) -> None:
    """An accepted file is kept as it was scored; one that is over quota is not."""
    with served(tmp_path, Clock(), quota={"per_week": 1}) as service:
        take(service, submission(tilt=0.4))
        take(service, submission("B"))
        truth = service.challenge.truths["siqa-s"]
        kept = service.columns.stacks(truth, [1, 2])
        assert kept.ids == (1,)
        assert stack.rescored(kept.stacks, truth).scores.tolist() == [_rows(service)[0].score]


def test_what_is_missing_comes_from_the_spool(tmp_path: Path) -> None:
    """The folder lost, every row is made again, the same bytes; what is there is not made again."""
    with served(tmp_path, Clock()) as service:
        take(service, submission(tilt=0.4))
        take(service, submission("B", sender=CARL))
        (path,) = service.config.state.glob("columns/*.values")
        told: list[int] = []
        before = path.read_bytes()
        path.unlink()
        service.backfill.complete(service.challenge.truths["siqa-s"], _rows(service), advance=told.append)
        assert path.read_bytes() == before
        assert told == [0, 2]
        service.backfill.complete(service.challenge.truths["siqa-s"], _rows(service), advance=told.append)
        assert path.read_bytes() == before
        assert told == [0, 2, 2]


def test_a_store_that_cannot_be_written_costs_no_mail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The mail is scored and answered; the journal says what was not kept."""
    with served(tmp_path, Clock()) as service:
        (service.config.state / "columns").write_text("in the way")
        assert take(service, submission()).outcome == "scored"
        assert "columns-not-kept" in capsys.readouterr().err
        (service.config.state / "columns").unlink()
        service.backfill.complete(service.challenge.truths["siqa-s"], _rows(service))
        assert service.columns.stacks(service.challenge.truths["siqa-s"], [1]).ids == (1,)


def test_what_cannot_be_made_again_is_named(tmp_path: Path) -> None:
    """New labels with other items: the submission lacks one."""
    with served(tmp_path, Clock()) as service:
        take(service, submission())
    labels = tmp_path / "labels" / "answer-s.json"
    rows = json.loads(labels.read_text())
    labels.write_text(json.dumps([row | {"id": row["id"] + 1} for row in rows]))
    with served(tmp_path, Clock()) as service, pytest.raises(Permanent, match="S-000001 was accepted, but cannot"):
        service.backfill.complete(service.challenge.truths["siqa-s"], _rows(service))
