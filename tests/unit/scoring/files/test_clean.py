"""The fast way and the careful way read, check and score every file alike."""

from __future__ import annotations

import json
import random
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.files import delimited
from scoring.files import read as files
from scoring.files.clean import clean_rows, plainly
from scoring.files.read import read
from scoring.rows import check as checks
from scoring.rows import ids, letters
from scoring.scores.evaluate import evaluated_any
from tests.unit.scoring.made import csv_of, jsonl_of, official, s_rows, s_truth, u_rows, u_truth

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scoring.files.clean import Decode
    from scoring.table import Reading

TRUTHS = {"siqa-s": s_truth(), "siqa-u": u_truth()}
DECODERS: tuple[Decode, ...] = (plainly, msgspec.json.decode)
FILES = [
    official(s_rows(), "S"),
    official(s_rows(), "S", team="a: b", note="x"),
    json.dumps({"predictions": s_rows()}, indent=2).encode(),
    json.dumps(s_rows()[::-1]).encode(),
    official(u_rows(), "U"),
    official([{**row, "note": "a: b"} for row in u_rows()], "U"),
    csv_of(s_rows()),
    csv_of(s_rows()[::-1], ";"),
    csv_of(u_rows(), "\t"),
    jsonl_of(s_rows()),
    jsonl_of(u_rows()).replace(b"\n", b"\r\n"),
    official(s_rows()).decode().encode("utf-16"),
    b"\xef\xbb\xbf" + official(s_rows()),
]
TOKENS = (
    *("NaN", "Infinity", "1e400", "-1e400", "1e300", "1E5", "-0", "-0.0", "01", "+1", "1.", ".5", "1e0000001", "1_0"),
    *("null", "true", '"7"', '"A"', '" a "', '"(B)"', '"x"', "[1]", "{}", '{"id":1}', '"id":1,', '"ID":2,', '"id"'),
    *('"\\u0069d":3,', '"\\u003a"', "\\", "\\ud800", "predictions", "...", "::", "'", "}{", "0x1", "1,5", "7.0"),
    *('",:;{}[]-.e\n\r\t\x0b\x0c\x1c\x7f\x85'),
    *("\u22121", "\uff11", "\u00a0", "\u200b", "\ufeff", "\u2028", "\u0130"),
)
MARKS = [each.encode("utf-8", "surrogatepass") for each in (*TOKENS, "\n", "\r", "\r\n", "\n\n", " ", "\t", "9" * 19)]
MARKS += [b"\x00", b"\xff", b"\xc3", b"9" * 400, b"9" * 5000, b"1" * 320 + b".5", b"}\n{", b"},{", b"//x\n", b'"']


@contextmanager
def carefully() -> Iterator[None]:
    """Let nothing be taken for clean."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name in (
            (files, "clean_table"),
            (delimited, "_clean"),
            (checks, "numbers"),
            (letters, "choices_in"),
            (ids, "wholes"),
            (ids, "words"),
        ):
            patch.setattr(module, name, lambda *_args: None)
        patch.setattr(files, "PLAIN", ())
        yield


def seen(reading: Reading) -> tuple[Any, ...]:
    """Return all of a reading in a form that tells 1 from 1.0 and true, and 0.0 from -0.0."""
    table = reading.table
    if table is None:
        return (reading.problems, reading.notes)
    rest = (table.team, table.method, table.track, table.columns, table.unit, table.typed, table.comma, table.torn)
    cells = {name: [(type(cell), repr(cell)) for cell in column] for name, column in table.cells.items()}
    return (reading.problems, reading.notes, *rest, table.extras, [*table.places], cells)


def same_both_ways(data: bytes) -> None:
    """Hold both ways to the same reading and the same evaluation, with either decoder."""
    fast = [seen(read(data, decoder=decoder)) for decoder in DECODERS]
    evaluated = evaluated_any(data, TRUTHS)
    with carefully():
        slow, told = seen(read(data)), evaluated_any(data, TRUTHS)
    assert fast == [slow, slow]
    assert evaluated == told


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Return a file with one to three places changed: replaced, doubled, cut out, or with something put in."""
    for _ in range(chance.randint(1, 3)):
        at, cut = chance.randrange(len(data) + 1), chance.choice((0, 0, 1, 2, 8, 30))
        piece = chance.choice((chance.choice(MARKS), data[at : at + chance.randint(1, 40)] * 2, b""))
        data = data[:at] + piece + data[at + cut :]
    return data[: chance.randrange(len(data) + 1)] if chance.random() < 0.05 else data


@pytest.mark.parametrize("data", FILES)
def test_clean_files_are_read_alike(data: bytes) -> None:
    """The files that most others are like."""
    same_both_ways(data)


@pytest.mark.parametrize("seed", range(4))
def test_changed_files_are_read_alike(seed: int) -> None:
    """Thousands of files, each with a few places changed."""
    chance = random.Random(seed)  # noqa: S311  # files, not secrets
    for turn in range(500):
        same_both_ways(mutated(FILES[turn % len(FILES)], chance))


CELLS = st.one_of(
    st.integers(),
    st.integers(-(10**19), 10**19),
    st.floats(),
    st.booleans(),
    st.none(),
    st.text(max_size=5),
    st.sampled_from([":", "\\", '"', "{", "}", "a:b", "1", "1.0", "A", "nan", "1e5"]),
    st.lists(st.integers(0, 2), max_size=1),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(CELLS, min_size=3, max_size=12), st.integers(0, 3), st.booleans())
def test_any_cells_are_read_alike(cells: list[object], form: int, ascii_only: bool) -> None:  # noqa: FBT001 -- drawn
    """Cells of any type, in each form; floats in all their digits."""
    rows = [{"id": n, "perception": cell, "knowledge": cells[-n]} for n, cell in enumerate(cells, 1)]
    if form == 0:
        text = json.dumps({"team": cells[0], "predictions": rows}, ensure_ascii=ascii_only, indent=1)
    elif form == 1:
        text = json.dumps(rows, ensure_ascii=ascii_only)
    elif form == 2:
        text = "\n".join(json.dumps(row, ensure_ascii=ascii_only) for row in rows)
    else:
        text = "id,perception,knowledge\n" + "\n".join(",".join(map(str, row.values())) for row in rows)
    same_both_ways(text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize(
    "row",
    [
        '{"id":1,"x":2,"x":3}',
        '{"id":1,"x":2,"\\u0078":3}',
        '{"id":1,"x":"\\u003a","x":"b"}',
        '{"id":1,"x":":","x":2}',
        '{"id":1,"x":NaN}',
        '{"id":1,"x":1e400}',
        '{"id":1,"x":1000000000000000000}',
        '{"id":1,"x":[1]}',
        '{"id":1,"X":2,"x":3}',
        '{"id":1,"x":2}}',
    ],
)
def test_what_is_in_doubt_is_read_carefully(decoder: Decode, row: str) -> None:
    """Each way in which a decoder without hooks would pass over something."""
    assert clean_rows(f"[{row}]", decoder, "predictions") is None
    assert clean_rows(f'{{"predictions":[{row}]}}', decoder, "predictions") is None
    assert clean_rows(f"{row}\n{row}", decoder, "predictions") is None


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("turn", [slice(None), slice(None, None, -1)])
def test_an_integer_beyond_every_float_among_floats_is_read_alike(sign: str, turn: slice) -> None:
    """It cannot even be added to them."""
    rows = [
        f'{{"id":{n},"perception":{cell},"knowledge":1.5}}' for n, cell in enumerate(("1.5", sign + "9" * 400, "2"))
    ]
    same_both_ways("\n".join(rows[turn]).encode())
    same_both_ways(f"[{','.join(rows[turn])}]".encode())


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("data", [each for each in FILES[:6] if each[:1] in b"[{"])
def test_common_files_take_the_fast_way(decoder: Decode, data: bytes) -> None:
    """What JSON writers write is proven clean, texts with colons too."""
    assert clean_rows(data.decode(), decoder, "predictions") is not None
