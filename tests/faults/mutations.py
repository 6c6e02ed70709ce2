"""Mutations of a server's answers: each field of an answer, changed in each way that servers get fields wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FIELD = re.compile(rb'"(?:[^"\\]|\\.)*"|\{(\d+)\}\r\n|[()\[\]]|\r\n|[^\s()\[\]"{}]+')

#: What stands in a field's place.
VALUES = (
    b"", b"NIL", b'""', b"0", b"-1", b"1", b"2", b"7", b"4294967295", b"4294967296", b"18446744073709551617",
    b"9" * 5000, b"x", b"\xff\xfe", b"\x00", b"(", b")", b"()", b"(NIL NIL)", b'"', b"[", b"\r\n", b"{5}\r\nab",
    b"{3}\r\nabc", b"{4000000000}\r\n", b"NO", b"BAD", b"BYE", b"* BYE gone\r\n", b"+ go on\r\n", b"\\Noselect",
    b'"00-Jan-0000 00:00:00 +0000"', b'"12-Mar-9999 08:00:00 +9999"', b"* 9 EXISTS\r\n", b"* 1 EXPUNGE\r\n",
    b"* 1 FETCH (UID 1)\r\n", b"UID", b"FETCH", b"EXISTS", b"a" * 1_100_000,
)  # fmt: skip

#: What becomes of a field, or of the answer from there on.
CHANGES = ("twice", "cut short", "one more", "the rest is missing", "hang up", "all twice")

HANG_UP = b"\x00hang up\x00"
"""Where this stands in an answer, the server closes the connection."""


@dataclass(frozen=True)
class Mutation:
    """A change of one field of one answer of a session."""

    #: Which answer of the session, from 0; the greeting is the first.
    answer: int
    #: Which field of it.
    field: int
    #: Which of VALUES, then of CHANGES.
    way: int

    def __str__(self) -> str:
        """Say what is done to which field."""
        way = (*VALUES, *CHANGES)[self.way]
        return f"answer {self.answer}, field {self.field}: {way[:40]!r}"


WAYS = len(VALUES) + len(CHANGES)


def fields(answer: bytes) -> list[tuple[int, int]]:
    """Return where each field of an answer begins and ends; a literal, with its length, is one field."""
    found, at = [], 0
    while match := _FIELD.search(answer, at):
        at = match.end() + int(match[1] or 0)
        found.append((match.start(), at))
    return found


def mutated(answer: bytes, mutation: Mutation) -> bytes:
    """Return an answer with one field changed; the bytes of a mail are left out or cut, never made others."""
    places = fields(answer)
    start, end = places[mutation.field % len(places)]
    before, field, after = answer[:start], answer[start:end], answer[end:]
    if mutation.way < len(VALUES):
        return before + VALUES[mutation.way] + after
    return {
        "twice": before + field + b" " + field + after,
        "cut short": before + _cut(field) + after,
        "one more": before + _one_more(field) + after,
        "the rest is missing": before,
        "hang up": before + field + HANG_UP,
        "all twice": answer + answer,
    }[CHANGES[mutation.way - len(VALUES)]]


def _cut(field: bytes) -> bytes:
    """Leave out the second half; a literal is cut and says so."""
    if (found := re.match(rb"\{\d+\}\r\n", field)) is None:
        return field[: len(field) // 2]
    half = field[found.end() :][: (len(field) - found.end()) // 2]
    return b"{%d}\r\n" % len(half) + half


def _one_more(field: bytes) -> bytes:
    """Count one too many; a literal is announced with one byte more than it has."""
    found = re.match(rb"\{?(\d+)", field)
    return field if found is None else field.replace(found[1], b"%d" % (int(found[1]) + 1), 1)
