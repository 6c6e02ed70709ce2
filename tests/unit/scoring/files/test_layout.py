"""How tables of text are laid out: what separates the fields, and what stands before the header."""

from __future__ import annotations

import pytest

from scoring.files.read import read
from scoring.rows.check import check
from tests.unit.scoring.made import S, codes, csv_of, s_rows

ROWS = s_rows(6)
NAMES = [*ROWS[0]]
PLAIN = csv_of(ROWS).decode()
TEXTS = [[str(cell) for cell in row.values()] for row in ROWS]
NUMBERED = [[str(at), *row] for at, row in enumerate(TEXTS)]


def aligned(rows: list[list[str]]) -> str:
    """Return rows as columns of one width each."""
    return "\n".join("  ".join(cell.rjust(12) for cell in row) for row in rows)


def barred(rows: list[list[str]], *, edge: str = "|", between: str = "\n") -> str:
    """Return rows with bars between the cells."""
    return between.join(f"{edge} {' | '.join(row)} {edge}".strip() for row in rows)


FORMS = {
    "sep=;": "sep=;\r\n" + PLAIN.replace(",", ";").replace("\n", "\r\n"),
    "sep=, and quotation marks": '"sep=,"\n' + PLAIN,
    "sep= and a tab": "sep=\t\n" + PLAIN.replace(",", "\t"),
    "SEP= and something odd": "SEP=^\n" + PLAIN.replace(",", "^"),
    "sep= after a mark": "\ufeffsep=;\n" + PLAIN.replace(",", ";"),
    "each line in quotation marks": "\n".join(f'"{line}"' for line in PLAIN.splitlines()),
    "comments on top": "# our model\n# second run\n" + PLAIN,
    "numpy.savetxt": "# " + PLAIN.replace(",", " "),
    "aligned": aligned([NAMES, *TEXTS]),
    "print(df)": aligned([["", *NAMES], *NUMBERED]),
    "markdown": barred([NAMES, ["---", ":--:", "--:"], *TEXTS]),
    "psql": barred([NAMES], edge="") + "\n----+-----+----\n" + barred(TEXTS, edge=""),
    "drawn": "+--+--+--+\n" + barred([NAMES, *TEXTS], between="\n+==+==+==+\n") + "\n+--+--+--+",
}


@pytest.mark.parametrize("name", FORMS)
def test_every_layout_gives_the_same_cells(name: str) -> None:
    """Nothing is converted, and nothing of the drawing is left."""
    reading = read(FORMS[name].encode())
    assert reading.problems == ()
    assert reading.table is not None
    assert dict(reading.table.cells) == {column: [str(row[column]) for row in ROWS] for column in NAMES}


def test_places_count_the_lines_before_the_header() -> None:
    """A message names the line as an editor shows it."""
    reading = read(b"sep=;\n\n# x\nid;perception;knowledge\n1;2;3\n")
    assert reading.table is not None
    assert reading.table.place(0) == "line 5"


@pytest.mark.parametrize("separator", [";", "\t", "|", " "])
def test_decimal_commas_are_read_where_nothing_else_is_a_comma(separator: str) -> None:
    """As a European Excel saves a sheet; it is said."""
    table = read(PLAIN.replace(",", separator).replace(".", ",").encode()).table
    assert table is not None
    checked = check(table, S, range(1, 7))
    assert checked.problems == ()
    assert checked.values["perception"] == [row["perception"] for row in ROWS]
    assert codes(checked.notes) == ["decimal-commas", "decimal-commas"]


def test_a_comma_beside_points_is_not_guessed() -> None:
    """1,234 may be a thousand there; the message says what to write."""
    table = read(b"id;perception;knowledge\n1;1.5;1\n2;1,8104;2\n").table
    assert table is not None
    (problem,) = check(table, S, range(1, 3)).problems
    assert (problem.code, problem.message) == (
        "not-a-number",
        "1 value is not a number: 1,8104 has a decimal comma; write 1.8104.",
    )


def test_decimal_commas_between_commas_are_named() -> None:
    """Each makes two fields of a number."""
    (problem,) = read(b"id,perception,knowledge\n1,3,441,3,576\n2,4,1,4,2\n").problems
    assert problem.message.startswith("2 rows have 5 fields and the header has 3: numbers with a decimal comma?")


def test_prose_is_no_table() -> None:
    """Words between blanks are no columns."""
    assert codes(read(b"Please find our results\nin the other mail\nthank you\n").problems) == ["not-a-table"]


@pytest.mark.parametrize("text", ["-" * 2_000_000 + "x", "#\n" * 300_000, "\n" * 1_000_000 + "a b", "| " * 500_000])
def test_endless_drawing_ends(text: str) -> None:
    """It is looked at once; the timeout of every test is the bound."""
    assert read(text.encode()).table is None
