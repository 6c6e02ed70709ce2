"""A table against a track and its ids: each mistake once, by name, with where it stands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.declaration.declare import track_from
from scoring.files.read import read
from scoring.labels.truth import load_truth
from scoring.model import Problem
from scoring.rows.check import Checked, check, tell_track
from scoring.scores.evaluate import evaluate
from tests.unit.scoring.made import S, U, codes, csv_of, official, s_rows, u_rows

if TYPE_CHECKING:
    from scoring.model import Track
    from scoring.table import Table
    from tests.unit.scoring.made import Row

IDS = range(1, 7)


def table_of(data: bytes) -> Table:
    """Return the table, whatever problems there are beside it."""
    table = read(data).table
    assert table is not None
    return table


def checked(data: bytes, track: Track = S, ids: range | tuple[str, ...] = IDS) -> Checked:
    """Return the check of a file's bytes."""
    return check(table_of(data), track, ids)


def renamed(rows: list[Row], **names: str) -> list[Row]:
    """Return the rows with columns renamed."""
    return [{names.get(key, key): value for key, value in row.items()} for row in rows]


def with_ids(ids: list[object]) -> bytes:
    """Return a file of ratings with these ids."""
    return official([{**row, "id": item} for row, item in zip(s_rows(len(ids)), ids, strict=True)])


# --- the values ------------------------------------------------------------------------------


def test_values_come_in_label_order() -> None:
    """The order of the file does not matter."""
    rows = s_rows()
    for data in (official(rows), official(rows[::-1]), csv_of(rows[::-1])):
        result = checked(data)
        assert (result.problems, result.notes) == ((), ())
        assert result.values == {name: [row[name] for row in rows] for name in ("perception", "knowledge")}


@pytest.mark.parametrize("name", ["perception_rating", "perception_raing", "PERCEPTION"])
def test_columns_go_by_their_known_names(name: str) -> None:
    """The dataset's names, one of them misspelt there, are known."""
    assert checked(official(renamed(s_rows(), perception=name, knowledge="knowledge_rating"))).problems == ()


@pytest.mark.parametrize("value", ["2.5", " 2.5 ", "+2.5", "25e-1", "2.5000000000000000", 2.5])
def test_numbers_may_be_text(value: object) -> None:
    """Plain decimal numbers are read from JSON strings as well."""
    result = checked(official([{**row, "perception": value} for row in s_rows()]))
    assert result.values["perception"] == [2.5] * 6


@pytest.mark.parametrize(
    ("token", "code", "shown"),
    [
        ("NaN", "not-finite", "NaN"),
        ("-Infinity", "not-finite", "-Infinity"),
        ("1e999", "not-finite", "1e999"),
        ('"inf"', "not-finite", '"inf"'),
        ('"NaN"', "not-finite", '"NaN"'),
        ('"1e999"', "not-finite", '"1e999"'),
        ("9" * 5000, "out-of-range", "9" * 19 + "…"),
        ("1000001", "out-of-range", "1000001"),
        ('"-1e9"', "out-of-range", '"-1e9"'),
        ('"1_000"', "not-a-number", '"1_000"'),
        ('"１２"', "not-a-number", '"１２"'),  # noqa: RUF001 -- full-width digits are the case
        ('"3,5"', "not-a-number", '"3,5"'),
        ('"0x10"', "not-a-number", '"0x10"'),
        ('"good"', "not-a-number", '"good"'),
        ("true", "not-a-number", "true"),
        ("[3]", "not-a-number", "a list"),
        ('{"score": 3}', "not-a-number", "an object"),
        ("null", "missing-values", "null"),
        ('""', "missing-values", "empty"),
        ('"None"', "missing-values", '"None"'),
    ],
)
def test_what_is_no_number_is_named_with_its_row(token: str, code: str, shown: str) -> None:
    """The code, the id, the column and the value as written."""
    data = official(s_rows()).replace(json.dumps(s_rows()[2]["perception"]).encode(), token.encode())
    (problem,) = checked(data).problems
    assert (problem.code, problem.count, problem.examples) == (code, 1, (f"id 3: perception {shown}",))


def test_a_row_without_the_field_misses_its_value() -> None:
    """Absent is not null, and is said."""
    rows = s_rows()
    del rows[4]["knowledge"]
    (problem,) = checked(official(rows)).problems
    assert (problem.code, problem.examples) == ("missing-values", ("id 5: knowledge absent",))


def test_all_faulty_values_are_counted_and_five_shown() -> None:
    """One problem for one kind of fault, over both columns."""
    (problem,) = checked(official([{**row, "perception": "x", "knowledge": "y"} for row in s_rows()])).problems
    assert (problem.count, len(problem.examples)) == (12, 5)


def test_answers_that_are_no_letter_are_counted_not_refused() -> None:
    """Sentences, null and lists count as wrong; the official scorer's strip and upper case hold."""
    answers = [" a ", "b", "C", "d", "I'm sorry", None, ["A"]]
    rows = [{"id": i, "precision": answer} for i, answer in enumerate(answers, 1)]
    result = checked(official(rows), U, ids=range(1, 8))
    assert result.problems == ()
    assert result.values["precision"] == ["A", "B", "C", "D", None, None, None]
    assert [(note.code, note.count) for note in result.notes] == [("illegal-letters", 3)]


@pytest.mark.parametrize(
    "written",
    [
        *("(B)", "B.", "b)", "[B]", "**B**", "`B`", '"B"', "answer: B", "Answer: (b)", "The answer is B.", "Option B"),
        *("\\boxed{B}", "（B）", "答案：B", "选B", "B。", "\u00a0B\u200b"),  # noqa: RUF001
    ],
)
def test_a_letter_in_plain_wrapping_is_read(written: str) -> None:
    """However many there are, and it is said."""
    result = checked(official([{**row, "precision": written} for row in u_rows()]), U)
    assert result.problems == ()
    assert result.values["precision"] == ["B"] * 6
    assert codes(result.notes) == ([] if written.strip("\u00a0\u200b") == "B" else ["wrapped-letters"])


@pytest.mark.parametrize("written", ["A. yes", "A or B", "not A", "(E)", "I'm sorry, I can't help.", "", None, "AB"])
def test_a_column_without_readable_letters_is_refused(written: str | None) -> None:
    """A score of 0.00 would say something else."""
    (problem,) = checked(official([{**row, "precision": written} for row in u_rows()]), U).problems
    assert (problem.code, problem.count) == ("unreadable-answers", 6)


def test_the_two_commonest_forms_are_shown() -> None:
    """A form is what remains when letters and words change."""
    answers = ["A. yes", "B. no", "(B)", "Answer: D", "A. yes", "(C)", "c)", "D. the left one"]
    rows = [{"id": i, "precision": answer} for i, answer in enumerate(answers, 1)]
    (problem,) = checked(official(rows), U, ids=range(1, 9)).problems
    assert problem.examples == ('"A. yes" (4)', '"(B)" (2)')
    assert problem.message == (
        '8 of 8 values of precision are no letter A to D, most often "A. yes" (4) and "(B)" (2). '
        'Write one letter A to D and nothing else, as "A".'
    )


def test_typographic_blanks_and_minus_signs_are_read() -> None:
    """What web tables, Word and French Excel put around and into numbers; the minus sign is told."""
    rows = [{**row, "perception": f"\u200b{row['perception']}\u202f"} for row in s_rows()]
    rows[0] |= {"perception": "\u22121.5\u00a0", "id": "1\u2009"}
    result = checked(csv_of(rows), S)
    assert result.problems == ()
    assert result.values["perception"][:2] == [-1.5, s_rows()[1]["perception"]]
    assert codes(result.notes) == ["typeset-numbers"]


def test_answer_is_another_name_for_precision() -> None:
    """The column with the letters has an odd official name."""
    assert checked(official(renamed(u_rows(), precision="answer")), U).notes == ()


# --- the ids ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ids", "code", "count", "example"),
    [
        ([1, 2, 3, 4, 5], "missing-ids", 1, "6"),
        ([1, 2, 3, 4, 5, 6, 7], "unknown-ids", 1, "7"),
        ([1, 2, 3, 4, 5, 6, 6, 6], "duplicate-ids", 2, "id 6: row 6, row 7, row 8"),
        ([0, 1, 2, 3, 4, 5], "zero-based-ids", 6, "0"),
        ([70_312, 8, 99_120, 4, 12_000, 5_500], "foreign-ids", 5, "70312"),
        ([1, 2, True, 4, 5, 6], "unreadable-ids", 1, "row 3: true"),
        ([1, 2, None, 4, 5, 6], "unreadable-ids", 1, "row 3: null"),
        ([1, 2, 3.5, 4, 5, 6], "unreadable-ids", 1, "row 3: 3.5"),
        ([1, 2, 1e240, 4, 5, 6], "unreadable-ids", 1, "row 3: 1e+240"),
        ([1, 2, "3a", 4, 5, 6], "unreadable-ids", 1, 'row 3: "3a"'),
        ([1, 2, [3], 4, 5, 6], "unreadable-ids", 1, "row 3: a list"),
        ([f"images/{i}.png" for i in range(6)], "unreadable-ids", 6, 'row 1: "images/0.png"'),
    ],
)
def test_each_fault_of_the_ids_is_told_once(ids: list[object], code: str, count: int, example: str) -> None:
    """A fault that explains others stands alone."""
    (problem,) = checked(with_ids(ids)).problems
    assert (problem.code, problem.count, problem.examples[0]) == (code, count, example)


def test_separate_faults_of_the_ids_are_all_told() -> None:
    """Nothing is held back for the next mail."""
    assert codes(checked(with_ids([1, 2, 2, 3, 4, 9])).problems) == ["missing-ids", "unknown-ids", "duplicate-ids"]


def test_ids_that_begin_at_zero_are_told_how_to_mend() -> None:
    """The message names both ranges."""
    (problem,) = checked(with_ids([0, 1, 2, 3, 4, 5])).problems
    assert "(0 to 5)" in problem.message
    assert "(1 to 6)" in problem.message


def test_image_paths_are_named_as_such() -> None:
    """A team that keys by path learns what an id is."""
    (problem,) = checked(with_ids([f"{i}.jpg" for i in range(6)])).problems
    assert "image paths" in problem.message
    assert "1 to 6" in problem.message


@pytest.mark.parametrize(("ids", "note"), [(list("123456"), "text-ids"), ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "float-ids")])
def test_ids_that_are_clear_are_taken_with_a_note(ids: list[object], note: str) -> None:
    """The official scorer gave text ids a silent zero; here they are read, and said."""
    result = checked(with_ids(ids))
    assert result.problems == ()
    assert [(each.code, each.count) for each in result.notes] == [(note, 6)]


def test_ids_of_csv_are_text_by_nature() -> None:
    """No note for them; leading zeros are fine."""
    data = csv_of([{**row, "id": f"00{row['id']}"} for row in s_rows()])
    assert (checked(data).problems, checked(data).notes) == ((), ())


def test_ids_may_be_words() -> None:
    """Another challenge's ids are compared as text; integers stand for their digits."""
    data = official([{"id": item, "perception": 1, "knowledge": 2} for item in (" img_b ", 7)])
    assert checked(data, ids=("7", "img_b")).problems == ()
    assert codes(checked(data, ids=("7", "img_a")).problems) == ["missing-ids", "unknown-ids"]


def test_the_column_that_holds_our_ids_is_offered() -> None:
    """Where just one does, under another name."""
    (problem,) = checked(csv_of(s_rows()).replace(b"id,", b"image_id,", 1)).problems
    assert (problem.code, problem.message.endswith(' Is "image_id" meant for it?')) == ("missing-id-column", True)


def test_ids_as_a_spreadsheet_shows_them_are_told() -> None:
    """Reading them would be guessing: digits may be lost."""
    rows = [{**row, "id": f"{row['id']}.00E+00"} for row in s_rows()]
    (problem,) = checked(csv_of(rows)).problems
    assert "in scientific notation" in problem.message


def test_a_file_of_no_track_or_of_several_is_told() -> None:
    """With what each track needs; the word for both is no letter of a track."""
    neither = read(b"a,b\n1,2\n").table
    both = read(official([{"id": 1, "perception": 1, "knowledge": 1, "precision": "A"}])).table
    assert neither is not None
    assert both is not None
    for table, words in (
        (neither, 'SIQA-S needs "id", "perception", "knowledge"'),
        (both, "columns of several tracks"),
    ):
        found = tell_track(table, (U, S))
        assert isinstance(found, Problem)
        assert words in found.message


def test_without_ids_the_number_of_rows_is_checked() -> None:
    """The organizers' pipeline writes rows without an id: the message knows them."""
    data = json.dumps([{"image_path": "a.png", "m": {"perception": 1}}] * 4).encode()
    result = checked(data)
    assert codes(result.problems) == ["missing-id-column", "row-count", "missing-column"]
    assert "dataset's rows" in result.problems[0].message


def test_rows_of_another_width_are_not_asked_for_values() -> None:
    """The reader has named them; their ids still count."""
    assert checked(csv_of(s_rows()) + b",9").problems == ()
    assert checked(csv_of(s_rows()).rsplit(b",", 1)[0]).problems == ()
    assert checked(b"id,perception,knowledge\n1,2\n", ids=range(1, 2)).problems == ()


# --- the columns and the track ---------------------------------------------------------------


def test_a_missing_column_is_named_with_the_nearest_found() -> None:
    """A misspelling is answered with a guess."""
    (problem, *_) = checked(official(renamed(s_rows(), perception="perceptoin"))).problems
    assert (problem.code, problem.examples) == ("missing-column", ("perception",))
    assert 'Is "perceptoin" meant for "perception"?' in problem.message


def test_extra_fields_are_ignored_with_a_note() -> None:
    """Top-level and row fields alike; the submitted type of SIQA-U is no extra."""
    result = checked(official([{**row, "why": "x"} for row in s_rows()], date="today"))
    assert result.problems == ()
    assert [(note.code, note.count) for note in result.notes] == [("extra-fields", 2)]
    assert checked(official(u_rows(), "U"), U).notes == ()


def test_a_file_for_another_track_is_told_so_and_nothing_else() -> None:
    """Not also that all its columns are missing."""
    assert codes(checked(official(u_rows(), "U"), S).problems) == ["wrong-track"]


@pytest.mark.parametrize(
    ("data", "hint", "track"),
    [
        (official(s_rows(), "S"), None, S),
        (official(u_rows(), " u "), None, U),
        (official(u_rows(), "siqa_u"), "S", U),
        (official(s_rows()), None, S),
        (csv_of(u_rows()), "siqa-s", U),
        (official([{"id": 1, "perception": 1, "knowledge": 1, "precision": "A"}]), "SIQA-U", U),
        (official([{"id": 1, "knowledge": 1}]), None, S),
        (official([{"id": 1, "score": 1}]), "S", S),
    ],
)
def test_the_track_is_the_files_own_word_then_its_columns_then_the_hint(
    data: bytes, hint: str | None, track: Track
) -> None:
    """The hint decides only between equals."""
    assert tell_track(table_of(data), (S, U), hint) == track


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (official(s_rows(), "U"), "wrong-track"),
        (official(s_rows(), "X"), "unknown-track"),
        (official([{"id": 1, "score": 1}]), "track-unclear"),
        (official([{"id": 1, "perception": 1, "knowledge": 1, "precision": "A"}]), "track-unclear"),
    ],
)
def test_a_track_that_cannot_be_told_is_a_problem(data: bytes, code: str) -> None:
    """The message names the tracks there are, or the contradiction."""
    problem = tell_track(table_of(data), (S, U))
    assert isinstance(problem, Problem)
    assert problem.code == code


CELL = st.none() | st.booleans() | st.integers(-5, 10) | st.floats() | st.text(max_size=4) | st.just([1])
ROW = st.dictionaries(st.sampled_from(["id", "perception", "knowledge", "precision", "type", "x"]), CELL)


@given(st.lists(ROW, max_size=8), st.sampled_from([S, U]))
def test_checking_never_raises(rows: list[Row], track: Track) -> None:
    """Whatever the cells hold, the values have the labels' length or there is a problem."""
    table = read(json.dumps(rows).encode()).table
    if table is not None:
        result = check(table, track, IDS)
        assert result.problems or all(len(values) == len(IDS) for values in result.values.values())
        tell_track(table, (S, U))


def test_a_text_that_is_null_or_not_there_is_missing() -> None:
    """An empty one is a text as any: nothing may be said in a recording."""
    track = track_from({"name": "t", "columns": [{"name": "x", "holds": "text", "metrics": ["wer"]}]})
    truth = load_truth(b'[{"id": 1, "x": "a b"}, {"id": 2, "x": "c"}]', track)
    (problem,) = evaluate(b'[{"id": 1, "x": null}, {"id": 2}]', truth).problems
    assert (problem.code, problem.count) == ("missing-values", 2)
    assert evaluate(b"id,x\n1,\n2,c\n", truth).problems == ()
