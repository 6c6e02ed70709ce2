"""A result file's bytes to a table: JSON, JSONL, CSV or TSV, told by the content, never by the name.

Whatever the bytes are, :func:`read` returns; it never raises. Standard library only.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from scoring.files.clean import Decode, clean_table, plainly
from scoring.files.sniff import advice, archive_kind
from scoring.model import Later, Note, Problem
from scoring.table import Reading, Table, refused
from scoring.text import printable, quoted

if TYPE_CHECKING:
    from scoring.files import delimited, jsonrows, legacy_text, strict, wrapping
else:
    delimited = Later("scoring.files.delimited")
    jsonrows = Later("scoring.files.jsonrows")
    legacy_text = Later("scoring.files.legacy_text")
    strict = Later("scoring.files.strict")
    wrapping = Later("scoring.files.wrapping")

__all__ = ["Reading", "Table", "read"]

PLAIN = ('{"', "[{", "{\n", "{\r", "[\n", "[\r")
"""JSON begins like this, and nothing else that :mod:`.wrapping` looks for."""

MOST_ENCODED = 3
"""A text that was encoded more often than that is left as it is."""


def read(data: bytes, name: str = "", decoder: Decode = plainly) -> Reading:
    """Return the table in the bytes of a result file, with all problems found on the way.

    ``name`` only helps to say what a file is that cannot be read. The file must be unpacked
    (:func:`scoring.files.unpack.unpack`). ``decoder`` reads JSON that is clean (:mod:`scoring.files.clean`): a faster
    one may be given.
    """
    if archive_kind(name, data):
        return refused("packed", "The file is an archive that was not unpacked.", printable(name))
    if problem := advice(printable(name, 100), data):
        return Reading(problems=(problem,))
    decoded = decode(data)
    if isinstance(decoded, Problem):
        return Reading(problems=(decoded,))
    text, notes = decoded
    return _of_text(text, name, notes, decoder)


def _of_text(text: str, name: str, notes: tuple[Note, ...], decoder: Decode, depth: int = 0) -> Reading:
    """Return the table in a text; one that is a JSON text itself is looked into."""
    text = text.lstrip("\ufeff")
    if not text.startswith(PLAIN):
        taken = wrapping.unwrapped(text)
        if isinstance(taken, Problem):
            return Reading(problems=(taken,), notes=notes)
        text, notes = taken[0].lstrip("\ufeff"), (*notes, *taken[1])
    start = text.lstrip()[:1]
    if not start:
        return refused("empty-file", "The file is empty.", printable(name))
    if start == '"' and depth < MOST_ENCODED and isinstance(inner := strict.parse(text), str) and inner.strip():
        return _of_text(inner, name, (*notes, *jsonrows.ENCODED_TWICE), decoder, depth + 1)
    is_json = start in "[{" or strict.begins_with_comment(text) or (start == '"' and jsonrows.are_encoded_lines(text))
    reading = _json(text, decoder) if is_json else delimited.read_delimited(text)
    return Reading(table=reading.table, problems=reading.problems, notes=(*notes, *reading.notes))


def _json(text: str, decoder: Decode) -> Reading:
    """Return the table in a text that begins with a bracket; one that is not clean is read with every problem named."""
    clean = clean_table(text, decoder)
    return Reading(table=clean) if clean else jsonrows.carefully(text)


# --- bytes to text: UTF-8 with or without BOM, UTF-16 with BOM, else GB18030 or Windows-1252 where it makes sense

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_SAVE_AS = "Please save it as UTF-8 text."


def decode(data: bytes) -> tuple[str, tuple[Note, ...]] | Problem:
    """Return the text of a file and what to say of its encoding, or the problem with it."""
    marked = next((encoding for bom, encoding in _BOMS if data.startswith(bom)), None)
    notes: tuple[Note, ...] = ()
    try:
        text = data.decode(marked or "utf-8")
    except UnicodeDecodeError as error:
        found = None if marked else legacy_text.guessed(data)
        if found is None:
            return _undecodable(marked or "utf-8", error)
        text, encoding = found
        notes = (_read_as(text, encoding),)
    return _null(text) or (text, notes)


_WORD = re.compile(r"\w{0,20}[^\x00-\x7f][\w-]{0,20}")


def _read_as(text: str, encoding: str) -> Note:
    """Return the note of a file that is not UTF-8: as what it was read, and a word of it, so that a team can tell."""
    word = _WORD.search(text)
    example = f", for example {quoted(word[0])}" if word else ""
    if encoding == "gb18030":
        return Note(code="gb18030", count=1, message=f"The file is not UTF-8; it was read as GB18030{example}.")
    if encoding != legacy_text.WESTERN:
        message = f"The file is not UTF-8; it was read as {_NAMES[encoding]}{example}."
        return Note(code="legacy-encoding", count=1, message=message)
    message = f"The file is not UTF-8; it was read as Windows-1252 (Latin-1){example}."
    return Note(code="windows-1252", count=1, message=message)


_NAMES = {
    "cp949": "EUC-KR",
    "cp932": "Shift JIS",
    "euc_jp": "EUC-JP",
    "big5": "Big5",
    "koi8-r": "KOI8-R",
    "cp1251": "Windows-1251",
}


def _undecodable(encoding: str, error: UnicodeDecodeError) -> Problem:
    name = encoding.removesuffix("-sig").upper()
    where = f"byte {error.start + 1:,}"
    message = f"The file is not text we can read: it is no {name} at {where}. {_SAVE_AS}"
    return Problem(code="encoding", count=1, examples=(where,), message=message)


def _null(text: str) -> Problem | None:
    """NUL characters: a binary file, or UTF-16 without its mark."""
    at = text.find("\x00")
    if at < 0:
        return None
    line = f"line {text.count(chr(10), 0, at) + 1:,}"
    message = f"The file holds NUL characters (the first in {line}): it is binary, or UTF-16 without a mark. {_SAVE_AS}"
    return Problem(code="nul-characters", count=text.count("\x00"), examples=(line,), message=message)
