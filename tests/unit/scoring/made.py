"""Result files and labels made up for the tests."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

from scoring.declaration import siqa
from scoring.labels.truth import load_truth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.labels.truth import Truth
    from scoring.model import Note, Problem

S, U = siqa.siqa_s(), siqa.siqa_u()
TYPES = ("yes-or-no", "what", "how")

Row = dict[str, object]


def s_rows(n: int = 6, seed: int = 1) -> list[Row]:
    """Return ``n`` rows of ratings from 1 to 5 with ids from 1."""
    pick = random.Random(seed)  # noqa: S311 -- made-up ratings, no secret
    return [
        {"id": i, "perception": round(pick.uniform(1, 5), 4), "knowledge": round(pick.uniform(1, 5), 4)}
        for i in range(1, n + 1)
    ]


def u_rows(n: int = 6, seed: int = 1) -> list[Row]:
    """Return ``n`` rows of letters with ids from 1, the three types in turn."""
    pick = random.Random(seed)  # noqa: S311 -- made-up answers, no secret
    return [{"id": i, "type": TYPES[i % 3], "precision": pick.choice("AB")} for i in range(1, n + 1)]


def official(rows: Sequence[object], track: str | None = None, **top: object) -> bytes:
    """Return the rows as the organizers' JSON object."""
    said = {} if track is None else {"track": track}
    return json.dumps({"team": "T", "method": "M", **said, **top, "predictions": rows}).encode()


def csv_of(rows: Sequence[Row], separator: str = ",") -> bytes:
    """Return the rows as CSV, numbers as Python writes them."""
    lines = [separator.join(rows[0]), *(separator.join(str(cell) for cell in row.values()) for row in rows)]
    return "\n".join(lines).encode()


def jsonl_of(rows: Sequence[Row]) -> bytes:
    """Return the rows one JSON object a line."""
    return "\n".join(json.dumps(row) for row in rows).encode()


def s_truth(n: int = 6, seed: int = 2) -> Truth:
    """Return labels of SIQA-S that differ from the rows of another seed."""
    return load_truth(official(s_rows(n, seed)), S)


def u_truth(n: int = 6, seed: int = 2) -> Truth:
    """Return labels of SIQA-U."""
    return load_truth(official(u_rows(n, seed)), U)


def codes(found: Sequence[Problem] | Sequence[Note]) -> list[str]:
    """Return the codes of problems or notes, in order."""
    return [each.code for each in found]
