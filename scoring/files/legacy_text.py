"""Text of unknown encoding that is not UTF-8: one of the East where it makes sense, else Windows-1252.

That bytes decode says little: any two accented letters of Latin-1 are a Han of GB18030 ("Größe" becomes "Gr鲞e"). What
makes sense in neither is not guessed. Standard library only.
"""

from __future__ import annotations

import codecs
import re

from scoring.files.scripts import told_apart

WESTERN = "cp1252"
"""What Western Windows writes."""

SAMPLE = 64 * 1024
"""Bytes that are looked at to tell what makes sense."""

_RUN = re.compile(rb"(?:[\x81-\xfe][\x40-\x7e\x80-\xfe]|[\x81-\xfe][0-9][\x81-\xfe][0-9])+")
_HAN = re.compile(rb"([\xa1-\xa3\xb0-\xd7][\xa1-\xfe])|(.[\x40-\x7e])|.[0-9].[0-9]|..", re.DOTALL)
"""A Han of GB 2312's first level (B0 to D7: the 3,755 most used) or one of its marks; one whose second byte is ASCII,
of which GB 2312 has none; another one."""

_LETTERS = rb"\x83\x8a\x8c\x8e\x9a\x9c\x9e\x9f\xaa\xba\xc0-\xd6\xd8-\xf6\xf8-\xff"
_BETWEEN = rb"\x85\x91-\x94\x96\x97\xa0\xab\xbb"  # quotation marks, dashes, a space: they may stand beside any letter
_SELDOM = rb"\x82\x84\x86-\x89\x8b\x95\x98\x9b\xa2\xa4-\xa6\xa8\xac\xad\xaf\xb4\xb8\xb9\xbc-\xbe"
_NOT_LATIN = re.compile(
    rb"[\x81\x8d\x8f\x90\x9d]"  # what Windows-1252 does not define
    rb"|(?:(?![%b])[\x80-\xff]){3}|(?<![A-Za-z])[%b]{2}(?![A-Za-z])"
    % (_BETWEEN, _LETTERS)
    + rb"|[a-z][\x8a\x8c\x8e\x9f\xc0-\xd6\xd8-\xde]|[A-Za-z][\xa3\xa5\xaf\xb3\xb9\xbf][a-z]"
    + rb"|[\xa3\xa5\xaf][a-z\xe0-\xff]"
)
"""Three characters beyond ASCII in a row, two accented letters alone, a capital behind a small letter, a sign within a
word: no language of the West writes these."""

_PAIR = 2
_USED = 3  # times as many characters in use as others
_SHORT = 2  # so many accented letters more than others may be in a short word: été


def guessed(data: bytes, *, western: bool = False, cut: bool = False) -> tuple[str, str] | None:
    """Return the text of bytes that are no UTF-8 and the encoding that makes sense of them, None when none does.

    `western` says that what stands beside it is written in a Western charset: then that is tried first. With `cut`, the
    last character may be incomplete, and is dropped.
    """
    sample = data[:SAMPLE]
    eastern = told_apart(sample, chinese=is_han(sample))
    tests = ((eastern or "", eastern is not None), (WESTERN, is_latin(sample)))
    for name, makes_sense in reversed(tests) if western else tests:
        if makes_sense:
            try:
                return codecs.getincrementaldecoder(name)("strict").decode(data, final=not cut), name
            except UnicodeDecodeError:
                continue
    return None


def is_han(data: bytes) -> bool:
    """Whether bytes read as GB18030 give Chinese as it is written: characters in use, and hardly others."""
    used = rare = short = 0
    for run in _RUN.finditer(data):
        around = data[max(run.start() - 1, 0) : run.start()] + data[run.end() : run.end() + 1]
        is_amid_letters = len(run[0]) == len(around) == _PAIR and around.isalpha()  # of ASCII: "GRÖßE"
        for common, with_ascii in _HAN.findall(run[0]):
            used += bool(common) and not is_amid_letters
            short += bool(with_ascii)
            rare += not common and not with_ascii
    return used > 2 * short and (used >= _USED * rare if rare > 1 else used >= 1)


def is_latin(data: bytes) -> bool:
    """Whether bytes read as Windows-1252 give a language of the West: single accented letters among plain ones."""
    if _NOT_LATIN.search(data):
        return False
    plain = len(data) - len(data.translate(None, _ASCII_LETTERS))
    accented = len(data) - len(data.translate(None, _BYTES_OF_LETTERS))
    seldom = len(data) - len(data.translate(None, _BYTES_SELDOM))
    return seldom <= accented <= plain + _SHORT


def _bytes_in(set_of: bytes) -> bytes:
    return bytes(code for code in range(256) if re.match(rb"[%b]" % set_of, bytes([code]), re.DOTALL))


_ASCII_LETTERS = _bytes_in(rb"A-Za-z")
_BYTES_OF_LETTERS = _bytes_in(_LETTERS)
_BYTES_SELDOM = _bytes_in(_SELDOM)
