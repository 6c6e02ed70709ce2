"""The same predictions in every form that people send: evaluated alike, or refused with the cause named."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.files.read import read
from scoring.scores.evaluate import evaluate
from tests.unit.scoring.made import codes, csv_of, jsonl_of, official, s_rows, s_truth

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.scoring.made import Row

    Orient = Literal["records", "split", "index", "columns", "values", "table"]
    Writer = Callable[[list[Row]], str | bytes]

N = 12
TRUTH = s_truth(N)
CALL = 'df.to_json(orient="records")'


def frame(rows: list[Row]) -> pd.DataFrame:
    """Return rows as a team's notebook has them."""
    return pd.DataFrame(rows)


def oriented(orient: Orient, *, index: bool = False) -> Writer:
    """Return what pandas writes in an orient, with the ids as a column or as the names of the rows."""
    return lambda rows: (frame(rows).set_index("id") if index else frame(rows)).to_json(orient=orient)


def as_bytes(text: str | bytes) -> bytes:
    """Return a text in UTF-8."""
    return text if isinstance(text, bytes) else text.encode()


def dumped(rows: list[Row], **top: object) -> str:
    """Return the organizers' form."""
    return json.dumps({"track": "S", **top, "predictions": rows})


def _r_table(rows: list[Row], separator: str) -> str:
    """Return a table as R writes it: names in quotes, and before each row its name, which the header lacks."""
    head, *lines = csv_of(rows, separator).decode().splitlines()
    names = separator.join(f'"{name}"' for name in head.split(separator))
    return "\n".join([names, *(f'"{number}"{separator}{line}' for number, line in enumerate(lines, 1))])


ORIENTS: tuple[Orient, ...] = ("records", "split", "index", "columns", "table")
SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{}\n-----BEGIN PGP SIGNATURE-----\n\niQ==\n"
FORMS: dict[str, Writer] = {
    "official": official,
    "jsonl": jsonl_of,
    "csv": csv_of,
    "semicolons and decimal commas": lambda rows: csv_of(rows, ";").decode().replace(".", ","),
    "excel": lambda rows: "sep=;\r\n" + csv_of(rows, ";").decode().replace("\n", "\r\n"),
    "no-break blanks": lambda rows: csv_of(rows).decode().replace("\n", "\u00a0\n").replace(",", ",\u2009"),
    "utf-16": lambda rows: csv_of(rows).decode().encode("utf-16"),
    **{f"orient {name}": oriented(name) for name in ORIENTS},
    **{f"orient {name}, ids as index": oriented(name, index=True) for name in ORIENTS[1:]},
    "tight": lambda rows: json.dumps(frame(rows).to_dict("tight")),
    "lists by column": lambda rows: json.dumps({"track": "S"} | frame(rows).to_dict("list")),
    "orient below predictions": lambda rows: json.dumps({"predictions": json.loads(frame(rows).to_json())}),
    "to_csv with the index": lambda rows: frame(rows).to_csv(),
    "to_string": lambda rows: frame(rows).to_string(),
    "to_markdown": lambda rows: "|id|perception|knowledge|\n|-|-|-|\n" + csv_of(rows, "|").decode().partition("\n")[2],
    "encoded twice": lambda rows: json.dumps(dumped(rows)),
    "rows encoded twice": lambda rows: json.dumps({"predictions": json.dumps(rows)}),
    "lines encoded twice": lambda rows: "\n".join(json.dumps(json.dumps(row)) for row in rows),
    "fenced": lambda rows: f"Here are our results:\n\n```json\n{dumped(rows)}\n```\n\nBest",
    "fenced csv": lambda rows: f"~~~\n{csv_of(rows).decode()}\n~~~",
    "clearsigned": lambda rows: SIGNED.format(dumped(rows)),
    "write.table of R": lambda rows: _r_table(rows, " "),
    "write.table of R with tabs": lambda rows: _r_table(rows, "\t"),
    "write.csv of R": lambda rows: '"",' + csv_of(rows).decode().replace("\n", '\n"1",').removesuffix('"1",'),
    "a comma behind each row": lambda rows: csv_of(rows).decode().replace("\n", ",\n").replace(",\n", "\n", 1),
    "semicolons behind each row": lambda rows: "\n".join(f"{line};;;" for line in csv_of(rows, ";").decode().split()),
    "clearsigned csv": lambda rows: SIGNED.format(csv_of(rows).decode()).replace("\n", "\r\n"),
}
ratings = st.integers(-50_000, 50_000).map(lambda value: value / 10_000)


@settings(max_examples=4, deadline=None)
@given(st.lists(st.tuples(ratings, ratings), min_size=N, max_size=N))
def test_the_same_values_give_the_same_evaluation_in_every_form(values: list[tuple[float, float]]) -> None:
    """Score, metrics and error, to the last digit."""
    rows: list[Row] = [{"id": i, "perception": a, "knowledge": b} for i, (a, b) in enumerate(values, 1)]
    plain = evaluate(official(rows), TRUTH)
    assert plain.ok
    for name, write in FORMS.items():
        found = evaluate(as_bytes(write(rows)), TRUTH)
        assert found.problems == (), name
        assert (found.score, found.metrics, found.error) == (plain.score, plain.metrics, plain.error), name


ROWS = s_rows(N)
TOLD = {
    "orient values": (oriented("values")(ROWS), "unnamed-columns", CALL),
    "a comment on top": ("// our predictions\n" + dumped(ROWS), "not-json", "a comment stands here"),
    "comments with #": ("# ours\n\n# second run\n" + dumped(ROWS), "not-json", "a comment stands here"),
    "a comment in the middle": (dumped(ROWS).replace("[", "[ /* rows */", 1), "not-json", "a comment stands here"),
    "a comma at the end": (dumped(ROWS)[:-2] + ",]}", "not-json", "there is a comma before a closing bracket"),
    "str(rows)": (str(ROWS), "not-json", "json.dump(rows, file)"),
    "rows without a list": (",\n".join(map(json.dumps, ROWS)), "not-json", "json.dump(rows, file)"),
    "yaml": ("predictions:\n- id: 1\n  perception: 3\n", "not-data", "YAML"),
    "yaml, rows alone": ("- id: 1\n  perception: 3\n", "not-data", "YAML"),
    "yaml below a comment": ("# ours\n---\ntrack: S\n", "not-data", "YAML"),
    "toml": ("[[predictions]]\nid = 1\n", "not-data", "TOML"),
    "xml": ('<?xml version="1.0"?>\n<rows/>', "not-data", "XML"),
    "latex": ("\\begin{tabular}{lrr}\n", "not-data", "LaTeX"),
    "rtf": ("{\\rtf1\\ansi id,perception}", "not-data", "RTF"),
    "python": ("predictions = [\n", "not-data", "a piece of a program"),
    "two lists of rows": (json.dumps({"u": ROWS, "s": ROWS}), "several-submissions", "one file for each track"),
    "ids to values": (json.dumps({str(i): "A" for i in range(1, 9)}), "no-predictions", "maps ids to single values"),
    "columns of other rows": ('{"id": {"0": 1, "1": 2}, "perception": {"0": 3}}', "uneven-columns", CALL),
    "two blocks": (f"```\n{dumped(ROWS)}\n```\nand\n```\n{dumped(ROWS)}\n```\n", "several-submissions", "one file"),
}


@pytest.mark.parametrize("name", TOLD)
def test_what_is_not_read_is_named_with_its_mend(name: str) -> None:
    """One sentence, one problem."""
    text, code, words = TOLD[name]
    (problem,) = read(as_bytes(text)).problems
    assert problem.code == code
    assert words in problem.message


@pytest.mark.parametrize(
    ("top", "hint"),
    [
        ({"results": ROWS}, ' Is "results" meant for it?'),
        ({"prediction": ROWS, "other": 1}, ' Is "prediction" meant for it?'),
        ({"predictons": "in the other mail"}, ""),
        ({"perception": 3, "knowledge": 4}, ""),
    ],
)
def test_only_a_field_that_holds_rows_is_offered(top: dict[str, object], hint: str) -> None:
    """A near name is not enough."""
    (problem,) = read(json.dumps(top).encode()).problems
    assert problem.message.partition(".")[2] == hint


@pytest.mark.parametrize(
    ("columns", "hint"),
    [
        ({"perceptions": 3.5, "knowledge": 1.5}, ' Is "perceptions" meant for "perception"?'),
        ({"perceptions": "good", "knowledge": 1.5}, ""),
        ({"perception_rating": 3.5, "knowlege_note": "x"}, ""),
    ],
)
def test_only_a_column_of_the_right_kind_is_offered(columns: dict[str, object], hint: str) -> None:
    """Words are not meant for a rating."""
    found = evaluate(official([{"id": i, **columns} for i in range(1, N + 1)], "S"), TRUTH)
    (problem,) = [each for each in found.problems if each.code == "missing-column"]
    assert problem.message.rpartition(".")[2] == hint


WESTERN = (
    "Größe-1",
    "Müller Gruppe",
    "Café",
    "École Polytechnique Fédérale",
    "São Paulo, visão",
    "Åse Østby",
    "5 µm ± 3 °C",
)
CHINESE = ("好", "方法A", "王淼", "赵喆团队", "北京大学", "Qwen微调", "模型（改进）", "中科院计算所-VIPL")  # noqa: RUF001


@pytest.mark.parametrize("name", WESTERN + CHINESE)
def test_a_name_in_a_national_encoding_is_read_as_it_was_written(name: str) -> None:
    """Latin-1 is not shown as Chinese, nor Chinese as Latin-1; which one was read is said."""
    encoding = "gb18030" if name in CHINESE else "cp1252"
    reading = read(official(ROWS, method=name).decode("unicode-escape").encode(encoding))
    assert reading.table is not None
    assert reading.table.method == name
    assert codes(reading.notes) == ["gb18030" if name in CHINESE else "windows-1252"]


@pytest.mark.parametrize(
    ("name", "encoding"),
    [("Καλημέρα κόσμε", "cp1253"), ("Łódź żółć", "cp1250")],
)
def test_a_name_that_nobody_can_tell_is_refused(name: str, encoding: str) -> None:
    """It is never shown in another language."""
    (problem,) = read(f"id,team\n1,{name}\n".encode(encoding)).problems
    assert (problem.code, problem.message[-29:]) == ("encoding", "Please save it as UTF-8 text.")
