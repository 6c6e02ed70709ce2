"""Content-Transfer-Encoding (RFC 2045, section 6) and uuencode: bytes to bytes, None where they are damaged."""

from __future__ import annotations

import binascii
import re

_BLANK = b" \t\r\n"
_BEGIN = re.compile(rb"(?:\A|\n)begin [0-7]{3,4} ([^\r\n]{1,200})\r?\n")
_END = re.compile(rb"\n[`~ ]?\r?\nend[ \t]*(?:\r?\n|\Z)|\nend[ \t]*(?:\r?\n|\Z)")
_UU_NAMES = ("x-uuencode", "x-uue", "uuencode")
_UU_LINE = 30  # most lines are 61 characters long; a text of much shorter lines is no uuencode


def decode(data: bytes, encoding: str) -> bytes | None:
    """Return the content of a part from its bytes in the mail; None when its encoding is damaged.

    Padding may be missing from base64, but no other character may stand in it: RFC 2045 would skip it, and a result
    file must not be scored from what a gateway left of it. An unknown encoding is taken as none.
    """
    encoding = encoding.strip().lower()
    if encoding == "base64":
        return _base64(data)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data)
    if encoding in _UU_NAMES:
        found = uuencoded(data)
        return found[1] if found else None
    return data


def decode_start(data: bytes, encoding: str, limit: int) -> bytes:
    """Return about the first `limit` bytes of a text, as well as they can be had."""
    start = data[: 2 * limit]
    if encoding.strip().lower() != "base64":
        return (decode(start, encoding) or start)[:limit]
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", start)
    letters = letters[:-1] if len(letters) % 4 == 1 else letters
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))[:limit]


def uuencoded(data: bytes) -> tuple[bytes, bytes | None, int] | None:
    """Find the first uuencoded file in a text: its raw name, its content (None if damaged) and where it begins.

    None when there is no such file. The form is that of POSIX `uuencode`.
    """
    begin = _BEGIN.search(data)
    if begin is None:
        return None
    end = _END.search(data, begin.end() - 1)
    block = data[begin.end() : end.start() if end else len(data)]
    return begin[1].strip(), _uu_lines(block) if end else None, begin.start()


def _base64(data: bytes) -> bytes | None:
    letters = data.translate(None, _BLANK).rstrip(b"=")
    try:
        return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4), strict_mode=True)
    except binascii.Error:
        return None


def _uu_lines(block: bytes) -> bytes | None:
    lines = block.strip(b"\r\n").split(b"\n", maxsplit=len(block) // _UU_LINE + 1)
    try:
        return b"".join(binascii.a2b_uu(line.rstrip(b"\r")) for line in lines if line.strip(_BLANK + b"`"))
    except binascii.Error:
        return None
