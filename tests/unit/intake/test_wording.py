"""What is wrong with a file or a mail is told wholly in Chinese to a team that reads it, but for names and codes."""

from __future__ import annotations

import io
import json
import re
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from mailbot.mail.languages import CHINESE, told_in
from mailbot.mail.mime import faults
from scoring.files import zips
from scoring.files.unpack import unpack
from scoring.scores.evaluate import evaluated_any
from tests.unit.scoring.made import s_rows, s_truth, u_rows, u_truth

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scoring.model import Note, Problem

N = 12
TRUTHS = {"siqa-s": s_truth(N), "siqa-u": u_truth(N)}
ROWS, LETTERS = s_rows(N), u_rows(N)
NAMES = re.compile(r'"[^"]*"|“[^”]*”|\{.*?\}|[\w.]+\(.*?\)+|S/MIME|[\w./-]+/[\w.-]+|id,(?:perception,knowledge|answer)')
"""What stays as it is: quoted values, calls, media types."""

ENGLISH_WORDS = re.compile(r"[A-Za-z]{2,}[ ,][a-z]{2,}")


STOPS = "。\N{FULLWIDTH QUESTION MARK}"


def each(**new: Any) -> list[dict[str, Any]]:  # noqa: ANN401  # any cell
    """Return the rows with some columns replaced."""
    return [{name: new.get(name, cell) for name, cell in row.items()} for row in ROWS]


def csv(text: str) -> bytes:
    """Return a CSV below the right header."""
    return f"id,perception,knowledge\n{text}".encode()


def packed(*names: str) -> bytes:
    """Return a zip of such files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, b"\x93NUMPY")
    return out.getvalue()


JSON: dict[str, object] = {
    "missing": ROWS[:5],
    "missing one": ROWS[1:],
    "twice": ROWS + ROWS[:1],
    "from 0": [{**row, "id": i} for i, row in enumerate(ROWS)],
    "others": [{**row, "id": i + 9} for i, row in enumerate(ROWS)],
    "one other": [*ROWS, {**ROWS[0], "id": 99}],
    "paths": [{**row, "id": f"images/{i}.jpg"} for i, row in enumerate(ROWS)],
    "texts as ids": [{**row, "id": str(row["id"])} for row in ROWS],
    "a column misspelt": [{"id": row["id"], "percepton": 3.5, "knowledge": 2.5} for row in ROWS],
    "no id": [{"perception": 3.5, "knowledge": 2.5} for _ in ROWS],
    "commas": each(perception="3,5"),
    "nothing": each(perception=None),
    "words": each(perception="good"),
    "no numbers": each(perception=float("nan")),
    "huge": each(perception=1e12),
    "all alike": each(perception=3),
    "wrong letters": [{**row, "precision": "A. yes"} for row in LETTERS],
    "wrapped letters": [{**row, "precision": f"({row['precision']})" if row["id"] == 1 else "A"} for row in LETTERS],
    "some illegal": [{**row, "precision": "E" if row["id"] == 1 else "A"} for row in LETTERS],
    "another track": {"track": "X", "predictions": ROWS},
    "the wrong track": {"track": "U", "predictions": ROWS},
    "no track": [{"id": 1, "x": 1}],
    "no rows": [],
    "the template": ["...", *ROWS],
    "lists": [list(row.values()) for row in ROWS],
    "split badly": {"columns": ["id", "perception"], "data": [[1, 2, 3]]},
    "by column": {name: {str(i): row[name] for i, row in enumerate(ROWS)} for name in ROWS[0]},
    "single values": {"1": 2, "2": 3},
    "another field": {"results": ROWS},
    "a text": {"predictions": "none"},
    "a number": 1,
    "encoded twice": json.dumps(ROWS),
}

FILES: dict[str, bytes] = {
    **{f"{name}.json": json.dumps(value).encode() for name, value in JSON.items()},
    "single-quotes.json": b"[{'id': 1}]",
    "comment.json": b"// ours\n[1]",
    "trailing.json": b'[{"id": 1,}]',
    "none.json": b'[{"id": None}]',
    "cut.json": b'[{"id": 1, "perc',
    "line.jsonl": b'{"id": 1}\n{"id": 2\n',
    "binary.csv": csv("1,2,3\n").decode().encode("utf-16-le"),
    "damaged.csv": csv("1,2,3\n") + b"\xff\xfe\x81",
    "latin.csv": csv("1,2,3\n") + "2,größer,3\n".encode("cp1252"),
    "empty.csv": b"",
    "header.csv": csv(""),
    "no-header.csv": b"1,2,3\n2,3,4\n",
    "twice.csv": b"id,perception,perception\n1,2,3\n",
    "ragged.csv": csv("1,2,3\n2,3,4,5\n"),
    "commas.csv": csv("1,3,5,2,5\n"),
    "prose.txt": b"Dear all,\nplease find it here\n",
    "rows.yaml": b"- id: 1\n  perception: 2\n",
    "page.html": b"<table>",
    "letter.rtf": b"{\\rtf1}",
    "paper.tex": b"\\documentclass{article}",
    "code.py": b"rows = [{}]",
    "fences.md": b'```\n[{"id": 1}]\n```\n```\n[{"id": 1}]\n```\n',
    "rows.npy": b"\x93NUMPY\x01",
    "rows.parquet": b"PAR1",
    "rows.xlsx": b"PK\x03\x04",
    "rows.7z": b"7z\xbc\xaf\x27\x1c",
    "rows.csv.gz": b"\x1f\x8b\x08",
    "rows.zip": packed("rows.npy"),
    "none.zip": packed("readme.md"),
    "paper.pdf": b"%PDF-1.4",
}


def _wrong(name: str) -> Iterable[Problem | Note]:
    unpacked = unpack(name, FILES[name])
    yield from unpacked.problems
    for file in unpacked.files:
        evaluation = evaluated_any(file.data, TRUTHS, name=file.name).evaluation
        yield from evaluation.problems
        yield from evaluation.notes


@pytest.mark.parametrize("name", FILES)
def test_what_is_wrong_with_a_file_is_told_in_chinese(name: str) -> None:
    """With its figures; and the examples too."""
    found = [*_wrong(name)]
    assert found
    _hold_chinese([one.message for one in found])
    shown = [told_in(CHINESE, example) for one in found for example in getattr(one, "examples", ())]
    assert [text for text in shown if ENGLISH_WORDS.search(NAMES.sub("", text))] == []


def test_what_is_wrong_with_a_mail_is_told_in_chinese() -> None:
    """Whatever the mail reader or an archive has to say."""
    codes = [*faults.ADVICE]
    _hold_chinese([*(faults.advice(code).message for code in codes), *zips.MESSAGES.values()])


def _hold_chinese(messages: Sequence[str]) -> None:
    """Hold sentences to be translated as a whole."""
    told = [told_in(CHINESE, message) for message in messages]
    assert [text for text in told if ENGLISH_WORDS.search(NAMES.sub("", text)) or text[-1] not in STOPS] == []
