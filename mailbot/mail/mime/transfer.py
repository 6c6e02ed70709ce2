"""Content-Transfer-Encoding (RFC 2045, section 6) and uuencode: bytes to bytes, None where they are damaged."""

from __future__ import annotations

import binascii
import re
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailbot.mail.mime.headers import Headers

_BLANK = b" \t\r\n"
_BEGIN = re.compile(rb"(?:\A|\n)begin(-base64)? [0-7]{3,4} ([^\r\n]{1,200})\r?\n")
_END = re.compile(rb"\n[`~ ]?\r?\nend[ \t]*(?:\r?\n|\Z)|\nend[ \t]*(?:\r?\n|\Z)")
_END_OF_BASE64 = re.compile(rb"\n====[ \t]*(?:\r?\n|\Z)")  # uuencode -m
_UU_LINE = 30  # most lines are 61 characters long; a text of much shorter lines is no uuencode
_UU_FILES = 50  # of one text
_PADDED = re.compile(rb"([A-Za-z0-9+/]*+)(=*+)")
_CUT_ESCAPE = re.compile(rb"=[0-9A-Fa-f]?\Z")
_PIECE = 16  # letters: base64 padded more often than that is none
_COMMENT = re.compile(r"\([^()]*+\)")
_WORD = re.compile(r"[a-z0-9_-]+")
_ENCODINGS = {
    "base64": "base64",
    "quotedprintable": "quoted-printable",
    "quoted": "quoted-printable",
    "uuencode": "uuencode",
    "uue": "uuencode",
    "yenc": "yenc",
    "yencode": "yenc",
    "binhex": "binhex",
}


def encoding_of(headers: Headers) -> str:
    """Return the transfer encoding of a part: "" for one that is none, or unknown.

    Written as it may be: `base64;`, `"base64"`, `base64 (as usual)`, `X-UUE`.
    """
    value = headers.text("content-transfer-encoding").lower()
    if value in _PLAIN:
        return ""
    word = _WORD.search(_COMMENT.sub(" ", value))
    return _ENCODINGS.get(re.sub("[_-]|^x[_-]", "", word[0]), "") if word else ""


_PLAIN = ("", "7bit", "8bit", "binary")


def decode(data: bytes, encoding: str) -> bytes | None:
    """Return the content of a part from its bytes in the mail; None when its encoding is damaged.

    Padding may be missing from base64, but no other character may stand in it: RFC 2045 would skip it, and a result
    file must not be scored from what a gateway left of it.
    """
    if encoding == "base64":
        return _base64(data)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data)
    if encoding == "uuencode":
        return next((file.data for file in uuencoded(data)), None)
    return None if encoding else data


def decode_start(data: bytes, encoding: str, limit: int) -> bytes:
    """Return about the first `limit` bytes of a text, as well as they can be had."""
    start = data[: 2 * limit]
    if encoding == "quoted-printable":
        start = _CUT_ESCAPE.sub(b"", start)
    if encoding != "base64":
        return (decode(start, encoding) or start)[:limit]
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", start)
    letters = letters[:-1] if len(letters) % 4 == 1 else letters
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))[:limit]


class Uuencoded(NamedTuple):
    """A uuencoded file in a text."""

    #: As it stands there, undecoded.
    name: bytes
    #: None when it is damaged.
    data: bytes | None
    #: Where it begins and where it ends.
    start: int
    end: int


def uuencoded(data: bytes) -> Iterator[Uuencoded]:
    """Yield the uuencoded files in a text, in both forms of POSIX `uuencode`."""
    at = 0
    for _ in range(_UU_FILES):
        begin = _BEGIN.search(data, at)
        if begin is None:
            return
        end = (_END_OF_BASE64 if begin[1] else _END).search(data, begin.end() - 1)
        at = end.end() if end else len(data)
        content = (_base64 if begin[1] else _uu_lines)(data[begin.end() : end.start()]) if end else None
        yield Uuencoded(name=begin[2].strip(), data=content, start=begin.start(), end=at)
        at -= at < len(data)  # the line break before the next one


def _base64(data: bytes) -> bytes | None:
    """Return the content of base64; some programs pad each piece of it, which must then be done right."""
    letters = data.translate(None, _BLANK)
    try:
        if b"=" not in letters.rstrip(b"="):
            return _piece(letters)
        pieces = list(islice(_PADDED.finditer(letters), len(letters) // _PIECE + 2))
        whole = sum(len(piece[0]) for piece in pieces) == len(letters)
        if whole and all(len(piece[0]) % 4 == 0 for piece in pieces[:-2]):  # the last one is empty
            return b"".join(_piece(piece[1]) for piece in pieces)
    except binascii.Error:
        return None
    return None


def _piece(data: bytes) -> bytes:
    letters = data.rstrip(b"=")
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4), strict_mode=True)


def _uu_lines(block: bytes) -> bytes | None:
    lines = block.strip(b"\r\n").split(b"\n", maxsplit=len(block) // _UU_LINE + 1)
    try:
        return b"".join(_uu_line(line.rstrip(b"\r")) for line in lines if line.strip(_BLANK + b"`"))
    except binascii.Error:
        return None


def _uu_line(line: bytes) -> bytes:
    """Return the content of a line; some programs leave what was in their memory behind its end."""
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        return binascii.a2b_uu(line[: ((line[0] - 0x20 & 0x3F) * 4 + 5) // 3])
