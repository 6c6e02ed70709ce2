"""Bytes to tables: formats, encodings and what is no table."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.files.read import read
from scoring.table import ABSENT, MAX_CELLS, MAX_COLUMNS, MAX_ROWS, Table, Token
from tests.unit.scoring.made import codes, csv_of, jsonl_of, official, s_rows

ROWS = s_rows(3)
CSV = csv_of(ROWS)


def table_of(data: bytes) -> Table:
    """Return the table of a file that has no problem."""
    reading = read(data)
    assert reading.problems == ()
    assert reading.table is not None
    return reading.table


@pytest.mark.parametrize(
    "data",
    [
        official(ROWS),
        json.dumps({"predictions": ROWS}, indent=2).encode(),
        json.dumps([{"predictions": ROWS}]).encode(),
        json.dumps(
            {
                "Predictions ": [
                    {"ID": r["id"], " Perception": r["perception"], "KNOWLEDGE": r["knowledge"]} for r in ROWS
                ]
            }
        ).encode(),
        json.dumps(ROWS).encode(),
        json.dumps(ROWS, indent=1).encode(),
        jsonl_of(ROWS),
        jsonl_of([{"team": "T", "track": "S"}, *ROWS]),
        jsonl_of(ROWS).replace(b"\n", b"\r\n\r\n"),
    ],
    ids=[
        "official",
        "indented",
        "in a list",
        "odd case",
        "list",
        "indented list",
        "jsonl",
        "jsonl with header",
        "jsonl crlf",
    ],
)
def test_every_json_form_gives_the_same_cells(data: bytes) -> None:
    """The cells keep their JSON types."""
    table = table_of(data)
    assert dict(table.cells) == {name: [row[name] for row in ROWS] for name in ROWS[0]}
    assert table.typed


@pytest.mark.parametrize(
    "data",
    [
        CSV,
        csv_of(ROWS, "\t"),
        csv_of(ROWS, ";"),
        CSV.replace(b"\n", b"\r\n") + b"\r\n",
        CSV.replace(b"\n", b"\r"),
        b"\n\n" + CSV + b"\n\n",
        b"\xef\xbb\xbf" + CSV,
        CSV.decode().encode("utf-16"),
        b"\xfe\xff" + CSV.decode().encode("utf-16-be"),
        CSV.replace(b"id,perception", b'"ID", Perception '),
    ],
    ids=["csv", "tsv", "semicolons", "crlf", "cr", "blank lines", "bom", "utf-16-le", "utf-16-be", "odd header"],
)
def test_every_delimited_form_gives_the_same_text(data: bytes) -> None:
    """The cells are text, nothing is converted."""
    table = table_of(data)
    assert dict(table.cells) == {name: [str(row[name]) for row in ROWS] for name in ROWS[0]}
    assert not table.typed


def test_the_file_says_whose_it_is() -> None:
    """Team, method and track are read from the top, on one printable line each."""
    table = table_of(official(ROWS, "s", team=" A\n\u202eB ", method=7, note="x"))
    assert (table.team, table.method, table.track, table.extras) == ("A �B", "7", "s", ("note",))


def test_a_column_that_is_all_alike_says_whose_it_is() -> None:
    """Rows may carry track and team; a column that varies says nothing."""
    table = table_of(b"id,track,team\n1,S,a\n2,S,b\n")
    assert (table.track, table.team) == ("S", None)


def test_ids_of_csv_stay_text() -> None:
    """``NA`` and ``007`` are not coerced."""
    assert table_of(b"id,x\nNA,1\n007,2\n").cells["id"] == ["NA", "007"]


def test_gb18030_is_read_and_said() -> None:
    """A file saved by a Chinese Excel is read, with a note."""
    reading = read("id,备注\n1,好\n".encode("gb18030"))
    assert reading.table is not None
    assert reading.table.cells["备注"] == ["好"]
    assert codes(reading.notes) == ["gb18030"]


def test_numbers_that_are_none_are_kept_as_written() -> None:
    """NaN, infinities, overflow and endless digits become tokens; nothing is rounded away in silence."""
    text = b'[{"id":1,"a":NaN,"b":-Infinity,"c":1e999,"d":' + b"9" * 5000 + b"}]"
    cells = table_of(text).cells
    assert [cells[name][0] for name in "abc"] == [Token("NaN"), Token("-Infinity"), Token("1e999")]
    assert cells["d"][0] == Token("9" * 64)


def test_rows_may_lack_fields() -> None:
    """What a row lacks is absent, not null."""
    assert table_of(b'[{"id":1,"a":null},{"id":2}]').cells["a"] == [None, ABSENT]


@pytest.mark.parametrize(
    ("data", "code", "example"),
    [
        (b"", "empty-file", ""),
        (b" \n\t", "empty-file", ""),
        (b'{"predictions": []}', "no-rows", None),
        (b"id,perception,knowledge\n", "no-rows", None),
        (b'{"predictions": {"1": 2}}', "no-predictions", None),
        (b'{"prediction": [{"id": 1}]}', "no-predictions", None),
        (b"[1, 2]", "row-not-object", "row 1"),
        (b'{"predictions": [{"id": 1}, "..."]}', "ellipsis-row", "row 2"),
        (b'{"predictions": [{"id": 1, "id": 2}]}', "duplicate-fields", 'row 1: "id"'),
        (b'{"team": 1, "team": 2, "predictions": [{"id": 1}]}', "duplicate-fields", 'top level: "team"'),
        (b'{"id": 1, "a": 2}\n{"id": 2, "ID": 3}', "duplicate-fields", 'line 2: "id"'),
        (
            b'{"id": 1}\n{"id": 2\n',
            "not-json",
            "line 2, column 9: the file ends in the middle of a value: was it cut off?",
        ),
        (
            b'{"predictions": [\n {"id": 1},\n]}',
            "not-json",
            "line 2, column 11: there is a comma before a closing bracket",
        ),
        (b"[{'id': 1}]", "not-json", 'line 1, column 3: texts need double quotes (") in JSON, not single ones'),
        (b'[{"id": 1, "a": nan}]', "not-json", "line 1, column 17: nan is not JSON; a number is expected"),
        (b'[{"id": 1, "a": None}]', "not-json", "line 1, column 17: None is not JSON; null is expected"),
        (b'[{"id": 1}, ...]', "not-json", "line 1, column 13: there are three dots in place of rows"),
        (b'[{"id', "not-json", "line 1, column 3: a text begins here that never ends: was the file cut off?"),
        (b"[" * 100_000, "too-deep", None),
        (b'{"predictions": [{"id": 1}]}\n{"predictions": [{"id": 1}]}', "several-submissions", None),
        (b'[{"predictions": []}, {"predictions": []}]', "several-submissions", None),
        (b"hello", "not-a-table", '"hello"'),
        (b"1,2,3\n2,3,4\n", "no-header", '"1", "2", "3"'),
        (b"id,a,a\n1,2,3\n", "duplicate-columns", '"a"'),
        (b"id,a\n1,2\n2\n3,4,5\n", "ragged-rows", "line 3: 1 field"),
        (b'id,a\n1,"2\n', "not-csv", "line 2: unexpected end of data"),
        (b"id,a\n1,\x002\n", "nul-characters", "line 2"),
        (b"id,a\n1,\xff\xff\n", "encoding", "byte 8"),
        (b"\xff\xfei", "encoding", "byte 3"),
        (b"%PDF-1.7", "unsupported-format", ""),
        (b"PK\x03\x04", "packed", ""),
        (b"\x1f\x8b\x08", "packed", ""),
    ],
)
def test_each_mistake_has_its_code_and_its_place(data: bytes, code: str, example: str | None) -> None:
    """One mistake gives one problem, with the place where it can be given."""
    (problem,) = read(data).problems
    assert problem.code == code
    assert problem.examples[:1] == (() if example is None else (example,))


def test_too_many_columns_or_rows_are_refused() -> None:
    """No honest file is that wide or that long."""
    wide = ",".join(f"c{i}" for i in range(MAX_COLUMNS + 1))
    assert codes(read(f"{wide}\n".encode()).problems) == ["too-many-columns"]
    assert codes(read(json.dumps([dict.fromkeys(wide.split(","), 1)]).encode()).problems) == ["too-many-columns"]
    thin = ",".join(f"c{i}" for i in range(MAX_COLUMNS)).encode()
    assert codes(read(thin + b"\n" + b"1" + b"," * (MAX_COLUMNS - 1) + b"\n").problems) == []
    grown = [{f"c{n}": 1} for n in range(MAX_COLUMNS)] + [{"c0": 1}] * (MAX_CELLS // MAX_COLUMNS)
    assert codes(read(json.dumps(grown).encode()).problems) == ["too-many-rows"]
    assert codes(read(b"id,a\n" + b"1,2\n" * (MAX_ROWS + 1)).problems) == ["too-many-rows"]
    assert codes(read(b"[" + b"1," * MAX_ROWS + b"1]").problems) == ["too-many-rows"]
    assert codes(read(b"{" + b",".join(b'"%d":1' % n for n in range(MAX_ROWS + 9)) + b"}").problems) == [
        "too-many-rows"
    ]
    assert codes(read(b'[{"id":1},' + b"1," * MAX_ROWS + b"1]").problems) == ["too-many-rows"]


def test_empty_rows_of_a_spreadsheet_are_left_out_with_a_note() -> None:
    """Excel leaves rows of bare commas behind."""
    reading = read(b"id,a\n1,2\n,\n,\n")
    assert reading.table is not None
    assert len(reading.table) == 1
    assert [(note.code, note.count) for note in reading.notes] == [("empty-rows", 2)]


def test_faulty_rows_do_not_hide_the_others() -> None:
    """A table comes with the problems, so that the check can go on and tell all at once."""
    reading = read(b'{"predictions": [{"id": 1}, "...", 5, {"id": 2, "id": 3}]}')
    assert codes(reading.problems) == ["ellipsis-row", "row-not-object", "duplicate-fields"]
    assert reading.table is not None
    assert reading.table.cells["id"] == [1, 3]
    assert [reading.table.place(row) for row in range(2)] == ["row 1", "row 4"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["id", "ID", "predictions", "team", "x"]), inner)
    ),
    max_leaves=12,
)


@given(st.binary() | st.text().map(str.encode) | JSON.map(lambda value: json.dumps(value).encode()))
def test_reading_never_raises(data: bytes) -> None:
    """Whatever the bytes, there is a table or a problem."""
    reading = read(data)
    assert reading.table is not None or reading.problems


def test_a_first_row_with_labels_is_no_heading() -> None:
    """A row of another id column that repeats its track stays a row; a heading shares nothing with the rows."""
    rows = [{"leaf": "a", "track": "L", "grams": 1}, {"leaf": "b", "track": "L", "grams": 2}]
    table = read(jsonl_of(rows)).table
    assert table is not None
    assert (len(table), table.track) == (2, "L")
    headed = read(jsonl_of([{"team": "T", "track": "L"}, *({k: r[k] for k in ("leaf", "grams")} for r in rows)])).table
    assert headed is not None
    assert (len(headed), headed.team, headed.track) == (2, "T", "L")
