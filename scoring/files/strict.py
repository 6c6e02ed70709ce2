"""JSON as RFC 8259 has it: what Python's parser lets pass in silence is kept visible.

``NaN``, ``Infinity``, numbers beyond float64 and integers of endless digits come back as
:class:`~scoring.table.Token`, objects with a key given twice as :class:`Doubled`. Standard library only.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import dataclass

from scoring.table import INTEGER_DIGITS, Token
from scoring.text import quoted

TOKEN_LENGTH = 64
"""So much of a number that is kept as a token is kept."""

NEAR = ", near "
TRAILING_COMMA = "there is a comma before a closing bracket"

#: What :mod:`json` says to whom it concerns: programmers. And what we say.
_PLAIN = {
    "Expecting value": "a value is expected",
    "Expecting property name enclosed in double quotes": 'a name in double quotes (") is expected',
    "Expecting ':' delimiter": "a colon is expected",
    "Expecting ',' delimiter": "a comma or a closing bracket is expected",
    "Extra data": "the JSON value is over, but more follows",
    "Invalid control character at": "there is a raw control character in a text",
}

COMMENT = "a comment stands here, and JSON has none: json.dump(data, file) writes it without"
_COMMENTS = re.compile(r"\s*+(?://|/\*|#)")
_LINES_OF_COMMENT = re.compile(r"(?:[ \t]*+(?://|#)[^\n]*+\n|\s*\n)+[ \t]*(?=([\[{]))")

SINGLE_QUOTES = 'texts need double quotes (") in JSON, not single ones'

#: What other languages write, and what JSON has for it.
_FOREIGN = (("None", "null"), ("True", "true"), ("False", "false"), ("nan", "a number"), ("inf", "a number"))

#: How the text goes on where it breaks off, and what that is.
_TELLING = (
    (re.compile("'"), SINGLE_QUOTES),
    (_COMMENTS, COMMENT),
    (re.compile(r"\.\.\."), "there are three dots in place of rows"),
    *((re.compile(word), f"{word} is not JSON; {meant} is expected") for word, meant in _FOREIGN),
)


class Doubled(dict[str, object]):
    """An object in which some keys stand twice; the last value of each counts."""

    keys_twice: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NotJson:
    """Why and where a text is no JSON."""

    #: Counted from 1.
    line: int
    column: int
    #: A short clause for people.
    reason: str
    deep: bool = False

    @property
    def cause(self) -> str:
        """The reason without a word of the file, which may be a label."""
        return self.reason.partition(NEAR)[0]

    @property
    def is_python(self) -> bool:
        """Whether it is what Python's ``print`` or ``str`` makes of rows."""
        return self.reason == SINGLE_QUOTES or self.reason.startswith(("None", "True", "False"))


def parse(text: str) -> object | NotJson:
    """Return the value of a JSON text, or where it breaks off; never raises."""
    try:
        value: object = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        return _not_json(text, error)
    except RecursionError:
        return NotJson(line=1, column=1, reason="brackets are nested too deeply", deep=True)
    return value


def begins_with_comment(text: str) -> bool:
    """Whether a text is JSON below comments, as other programs than JSON's write it."""
    top = text.lstrip()
    return top.startswith(("//", "/*")) or (top.startswith("#") and _LINES_OF_COMMENT.match(top) is not None)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    plain = dict(pairs)
    if len(plain) == len(pairs):
        return plain
    doubled = Doubled(plain)
    times = Counter(key for key, _ in pairs)
    doubled.keys_twice = tuple(key for key, count in times.items() if count > 1)
    return doubled


def _float(text: str) -> float | Token:
    value = float(text)
    return value if math.isfinite(value) else Token(text[:TOKEN_LENGTH])


def _int(text: str) -> int | Token:
    return int(text) if len(text.lstrip("-")) <= INTEGER_DIGITS else Token(text[:TOKEN_LENGTH])


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_float, parse_int=_int, parse_constant=Token)


def _not_json(text: str, error: json.JSONDecodeError) -> NotJson:
    """Say what is wrong in words for people who did not write a JSON parser, and where."""
    before, there = text[: error.pos].rstrip(), text[error.pos : error.pos + 40]
    if there.lstrip()[:1] in ("]", "}") and before.endswith(","):
        return _at(before[:-1], TRAILING_COMMA)  # Python before 3.13 points at the bracket, later ones at the comma
    if there.startswith(",") and there[1:].lstrip()[:1] in ("]", "}"):
        return _at(text[: error.pos], TRAILING_COMMA)
    return _at(text[: error.pos], _reason(there, error.msg))


def _at(before: str, reason: str) -> NotJson:
    """Return the fault that stands right after the text ``before``."""
    return NotJson(line=before.count("\n") + 1, column=len(before) - before.rfind("\n"), reason=reason)


def _reason(there: str, message: str) -> str:
    """Return what is wrong where the text goes on with ``there``."""
    if not there.strip():
        return "the file ends in the middle of a value: was it cut off?"
    if message.startswith("Unterminated string"):
        return "a text begins here that never ends: was the file cut off?"
    for begins, said in _TELLING:
        if begins.match(there):
            return said
    if message.startswith("Extra data") and there.lstrip(", \t\r\n")[:1] in ("{", "["):
        return "another value follows: json.dump(rows, file) writes all rows as one list"
    plain = _PLAIN.get(message, message[:1].lower() + message[1:])
    return f"{plain}{NEAR}{quoted(there[:20])}"
