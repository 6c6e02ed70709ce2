"""What acts say, in the reader's language.

The sentences are made in English, as commands print them; a job keeps them so, and two people see the same effect.
Here each is found again in the catalogue by its pattern, ``{0} letter(s) go out.``, and said with the same values.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from mailbot.mail.languages import between, desk_sentences

SENTENCE, PART, FINDING = "sentence", "part", "finding"
"""The catalogue's contexts: a whole sentence, what may stand for a value in one, and what the checks and alerts find.

A finding's pattern may be as short as ``{0} mails``: only what a program reported is looked up among them.
"""


_NEXT = re.compile(r"(?<=\.) (?=[A-Z0-9])")
"""Where a sentence ends and another begins."""


LONGEST = 600
"""A longer text is no sentence of ours: what a team wrote cannot make the search for a pattern long."""


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """A sentence with places for values."""

    #: What stands before, between and behind its values.
    pieces: tuple[str, ...]
    says: str
    #: How many letters of it are its own: of several that match, the one with the most is meant.
    own: int


@cache
def _patterns(language: str, context: str) -> tuple[Pattern, ...]:
    made = []
    for english, other in desk_sentences(language, context).items():
        pieces = tuple(re.split(r"\{\d\}", english))
        made.append(Pattern(pieces=pieces, says=other, own=len("".join(pieces))))
    return tuple(sorted(made, key=lambda one: -one.own))


def told(text: str, language: str) -> str:
    """Say a sentence, or several in a row, in a language; what the catalogue lacks comes back as it is."""
    if (whole := _said(text, language, SENTENCE)) is not None:
        return whole
    pieces = _NEXT.split(text)
    said = [told(piece, language) for piece in pieces] if len(pieces) > 1 else []
    if said and all(one != piece for one, piece in zip(said, pieces, strict=True)):
        return " ".join(said)
    if (loose := _said(text, language, SENTENCE, is_loose=True)) is not None:
        return loose
    return " ".join(said) if said else part(text, language)


def part(text: str, language: str) -> str:
    """Say a word or a part of a sentence in a language, as a state or ``2 items gone; 1 item new``."""
    for mark, joined in ((" · ", " · "), ("; ", "\uff1b")):
        if mark in text:
            pieces = text.split(mark)
            said = [part(piece, language) for piece in pieces]
            return joined.join(said) if said != pieces else text
    said_whole = _said(text, language, PART, is_loose=True)
    return text if said_whole is None else said_whole


def found(text: str, language: str) -> str:
    """Say a finding of the checks, how to fix it, or an alert's detail; what the catalogue lacks stays English."""
    said = _said(text, language, FINDING, is_loose=True)
    return told(text, language) if said is None else said


def _said(text: str, language: str, context: str, *, is_loose: bool = False) -> str | None:
    """Say a text by the pattern with the most letters of its own; a value spans no sentences unless ``is_loose``."""
    for one in _patterns(language, context) if len(text) <= LONGEST else ():
        if (values := between(text, one.pieces)) is None:
            continue
        if is_loose or all(value.endswith(".") or not _NEXT.search(value) for value in values):
            return one.says.format(*(_value(value, language) for value in values))
    return None


def _value(text: str, language: str) -> str:
    """Say a value: the words that stand for one, or sentences of ours; a name, a number or an address as it is."""
    return told(text, language) if text.endswith(".") else part(text, language)
