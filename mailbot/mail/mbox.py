"""Mails out of an mbox file, in any of its forms: mboxo, mboxrd, mboxcl and mboxcl2 (RFC 4155, appendix A).

A line that begins with "From " begins a mail only after an empty line (or the beginning), with a date at its end and a
header field or another such line below it: "From our side all is done." in a text does not. Python's `mailbox` splits
at every such line.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from mmap import mmap

_MONTH = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}"
_DATE = (
    rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},? "
    rb"[ ]{0,3}(?:%b [ ]{0,3}\d{1,2}|\d{1,2} %b \d{4}),? [ ]{0,3}\d{1,2}:\d\d(?::\d\d)?[^\n]{0,40}" % (_MONTH, _MONTH)
)
_BEGIN = re.compile(rb"(?:\A|(?<=\n)\r?\n)From (?:[^\n]{0,300} )??%b\r?\n(?=[!-9;-~]{1,100}[ \t]*:|>From )" % _DATE)
_SEPARATOR = re.compile(rb"\r?\n?From (?:[^\n]{0,300} )??%b\r?\n" % _DATE)
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_HEADER_BYTES = 64 * 1024
_END_OF_HEADER = re.compile(rb"\n\r?\n")
_LENGTH = re.compile(rb"^Content-Length:[ \t]*(\d{1,12})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_LEFT_OVER = re.compile(rb"(?:\r?\n)*\Z")


def messages(data: bytes | mmap) -> Iterator[bytes]:
    """Yield the mails of an mbox file.

    Their lengths count only where all of them are stated and each ends where the next mail begins: then nobody could
    have written a length but the program that wrote the file.
    """
    spans = _by_length(data)
    if spans is not None:
        yield from (data[start:end] for start, end in spans)
        return
    begins = [*_BEGIN.finditer(data)]
    if not begins:
        yield data[:]
    ends = [*(found.start() for found in begins[1:]), _end_of_last(data)]
    yield from (_QUOTED.sub(rb"\1", data[found.end() : end]) for found, end in zip(begins, ends, strict=False))


def _end_of_last(data: bytes | mmap) -> int:
    """Return where the last mail ends: before the empty line that is written behind each."""
    tail = data[-4:]
    if tail.endswith(b"\r\n\r\n"):
        return len(data) - 2
    return len(data) - 1 if tail.endswith(b"\n\n") else len(data)


def _by_length(data: bytes | mmap) -> list[tuple[int, int]] | None:
    """Return where each mail begins and ends by its Content-Length (mboxcl, mboxcl2); None where one does not hold."""
    spans, at = list[tuple[int, int]](), 0
    while at < len(data) and not (spans and _LEFT_OVER.match(data, at)):
        line = _SEPARATOR.match(data, at)
        end_of_header = _END_OF_HEADER.search(data, line.end(), line.end() + _HEADER_BYTES) if line else None
        if line is None or end_of_header is None:
            return None
        stated = _LENGTH.findall(data, line.end(), end_of_header.end())
        at = end_of_header.end() + int(stated[0]) if len(stated) == 1 else len(data) + 1
        if at > len(data):
            return None
        spans.append((line.end(), at))
    return spans
