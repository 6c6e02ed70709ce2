"""Bytes to text: UTF-8 with or without BOM, UTF-16 with BOM, else GB18030 or Windows-1252 where it makes sense.

Standard library only.
"""

from __future__ import annotations

import codecs
import re

from scoring.legacy_text import guessed
from scoring.model import Note, Problem
from scoring.text import quoted

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
        found = None if marked else guessed(data)
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
    message = f"The file is not UTF-8; it was read as Windows-1252 (Latin-1){example}."
    return Note(code="windows-1252", count=1, message=message)


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
