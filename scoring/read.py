"""A result file's bytes to a table: JSON, JSONL, CSV or TSV, told by the content, never by the name.

Whatever the bytes are, :func:`read` returns; it never raises. Standard library only.
"""

from __future__ import annotations

from scoring.decode import decode
from scoring.delimited import read_delimited
from scoring.jsonrows import read_json
from scoring.model import Problem
from scoring.sniff import advice, archive_kind
from scoring.table import Reading, Table, refused
from scoring.text import printable

__all__ = ["Reading", "Table", "read"]


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
    text = text.lstrip("\ufeff")
    start = text.lstrip()[:1]
    if not start:
        return refused("empty-file", "The file is empty.", printable(name))
    reading = read_json(text) if start in "[{" else read_delimited(text)
    return Reading(table=reading.table, problems=reading.problems, notes=notes + reading.notes)
