"""A result file's bytes to a table: JSON, JSONL, CSV or TSV, told by the content, never by the name.

Whatever the bytes are, :func:`read` returns; it never raises. Standard library only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scoring.decode import decode
from scoring.delimited import read_delimited
from scoring.jsonrows import ENCODED_TWICE, are_encoded_lines, read_json
from scoring.model import Problem
from scoring.sniff import advice, archive_kind
from scoring.strict import begins_with_comment, parse
from scoring.table import Reading, Table, refused
from scoring.text import printable
from scoring.wrapping import unwrapped

if TYPE_CHECKING:
    from scoring.model import Note

__all__ = ["Reading", "Table", "read"]

MOST_ENCODED = 3
"""A text that was encoded more often than that is left as it is."""


def read(data: bytes, name: str = "") -> Reading:
    """Return the table in the bytes of a result file, with all problems found on the way.

    ``name`` only helps to say what a file is that cannot be read. The file must be unpacked
    (:func:`scoring.unpack.unpack`).
    """
    if archive_kind(name, data):
        return refused("packed", "The file is an archive that was not unpacked.", printable(name))
    if problem := advice(printable(name, 100), data):
        return Reading(problems=(problem,))
    decoded = decode(data)
    if isinstance(decoded, Problem):
        return Reading(problems=(decoded,))
    text, notes = decoded
    return _of_text(text, name, notes)


def _of_text(text: str, name: str, notes: tuple[Note, ...], depth: int = 0) -> Reading:
    """Return the table in a text; one that is a JSON text itself is looked into."""
    taken = unwrapped(text.lstrip("\ufeff"))
    if isinstance(taken, Problem):
        return Reading(problems=(taken,), notes=notes)
    text, notes = taken[0].lstrip("\ufeff"), (*notes, *taken[1])
    start = text.lstrip()[:1]
    if not start:
        return refused("empty-file", "The file is empty.", printable(name))
    if start == '"' and depth < MOST_ENCODED and isinstance(inner := parse(text), str) and inner.strip():
        return _of_text(inner, name, (*notes, *ENCODED_TWICE), depth + 1)
    is_json = start in "[{" or begins_with_comment(text) or (start == '"' and are_encoded_lines(text))
    reading = read_json(text) if is_json else read_delimited(text)
    return Reading(table=reading.table, problems=reading.problems, notes=(*notes, *reading.notes))
