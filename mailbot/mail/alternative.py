"""Write a mail with a text and an HTML part: the very bytes that an EmailMessage gives, without building one.

An EmailMessage parses each value by the grammar of its field and joins it again from the tree, which takes longer than
all else that a reply costs us. A value of plain words comes out of that as it went in, so it is written at once; any
other is left to the email package. A test holds both ways to the same bytes.
"""

from __future__ import annotations

import re
from email import quoprimime
from functools import lru_cache
from typing import TYPE_CHECKING

from mailbot.mail.envelope import POLICY, TRAIL_HEADER

if TYPE_CHECKING:
    from collections.abc import Iterable

_UTF8 = POLICY.clone(utf8=True)

_AS_THEY_ARE = frozenset({"Subject", "Date", "Message-ID", "In-Reply-To", "References", TRAIL_HEADER})
"""Fields whose values may be written at once; those of addresses have a grammar of their own."""

_WORDS = re.compile(r"[!-~]+(?: [!-~]+)*")
"""Printable ASCII with single spaces between."""

_ENCODED = "=?"
"""How an encoded word begins (RFC 2047), which the email package reads."""

_OTHERS = re.compile(rb"[^ -~\t\n]+")
"""What quoted-printable quotes besides the sign that it quotes by, and white space at the end of a line."""

_PART = 'Content-Type: text/{subtype}; charset="utf-8"\nContent-Transfer-Encoding: quoted-printable\n'

_REMEMBERED = 1024
"""Fields that come again with every reply, such as From, and those of so many recipients."""


def written(
    fields: Iterable[tuple[str, str]], *, text: str, html: str, language: str, boundary: str, utf8: bool
) -> bytes:
    """Return a mail with these fields; ``language`` is a tag (RFC 3282), ``utf8`` is for an address beyond ASCII.

    Raises ValueError for a value that no field can hold.
    """
    whole = (
        'MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary="{boundary}"\nContent-Language: {language}\n'
        "\n--{boundary}\n{plain}\n{text}\n--{boundary}\n{rich}MIME-Version: 1.0\n\n{html}\n--{boundary}--\n"
    ).format(
        boundary=boundary,
        language=language,
        plain=_PART.format(subtype="plain"),
        text=_quoted(text),
        rich=_PART.format(subtype="html"),
        html=_quoted(html),
    )
    head = b"".join(_field(name, value, utf8=utf8) for name, value in fields)
    return head + whole.replace("\n", "\r\n").encode("ascii")


def _field(name: str, value: str, *, utf8: bool) -> bytes:
    """Return a field of the header as it is written."""
    line = f"{name}: {value}"
    is_plain = name in _AS_THEY_ARE and _WORDS.fullmatch(value) is not None and _ENCODED not in value
    if is_plain and len(line) <= POLICY.max_line_length:  # type: ignore[operator]  # ours is no None
        return f"{line}\r\n".encode("ascii")
    return _folded(name, value, utf8=utf8)


@lru_cache(_REMEMBERED)
def _folded(name: str, value: str, *, utf8: bool) -> bytes:
    """Have the email package parse and fold a field."""
    policy = _UTF8 if utf8 else POLICY
    return policy.fold_binary(*policy.header_store_parse(name, value))


def _quoted(body: str) -> str:
    """Return a body in quoted-printable; where a line is too long, they are as the email package cuts them."""
    lines = b"\n".join(body.encode("utf-8").splitlines()) + b"\n"
    longest = POLICY.max_line_length or 0
    quoted = _OTHERS.sub(_quoted_bytes, lines.replace(b"=", b"=3D"))
    quoted = quoted.replace(b" \n", b"=20\n").replace(b"\t\n", b"=09\n")
    if max(map(len, quoted.split(b"\n"))) <= longest:
        return quoted.decode("ascii")
    return quoprimime.body_encode(lines.decode("latin-1"), longest)


def _quoted_bytes(found: re.Match[bytes]) -> bytes:
    return b"".join(b"=%02X" % each for each in found[0])
