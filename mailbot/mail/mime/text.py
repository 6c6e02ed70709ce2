"""Encoded words (RFC 2047): `=?gb18030?B?veG5+w==?=`."""

from __future__ import annotations

import binascii
import re

from mailbot.mail.mime.charset import text_of

_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]*={0,3}")


def decode_words(value: str) -> str:
    """Return `value` with its encoded words decoded; what is none stays as it is.

    Neighbours in one charset are joined before decoding: QQ Mail and Foxmail cut a character in two (RFC 2047,
    section 5, forbids it).
    """
    done: list[str] = []
    run, charset, end = b"", "", 0
    for word in _WORD.finditer(value):
        data = _bytes_of(word)
        if data is None:
            continue
        gap = value[end : word.start()]
        neighbour = bool(charset) and not gap.strip()
        if not neighbour or word[1].lower() != charset:
            done += (_text(run, charset), "" if neighbour else gap)
            run, charset = b"", word[1].lower()
        run, end = run + data, word.end()
    return "".join((*done, _text(run, charset), value[end:]))


def literal(text: str) -> str:
    """Return `text` fit for a field of a mail of ours: with no encoded word in it that would be decoded once more.

    `email` decodes what is set as a field: `=?utf-8?q?=0d=0aBcc:_x?=`, which a sender encoded twice, becomes a field of
    its own (seen with Python 3.11).
    """
    return text.replace("=?", "= ?")


def _text(data: bytes, charset: str) -> str:
    """Return the text of neighbouring words; a charset may have a language behind it (RFC 2231, section 5)."""
    return text_of(data, charset.partition("*")[0])


def _bytes_of(word: re.Match[str]) -> bytes | None:
    """Return the bytes of an encoded word, None when it is not one after all."""
    if word[2] in "qQ":
        return binascii.a2b_qp(word[3], header=True) if word[3].isascii() else None
    letters = "".join(word[3].split()).rstrip("=") if _BASE64.fullmatch(word[3]) else "?"
    return binascii.a2b_base64(letters + "=" * (-len(letters) % 4)) if len(letters) % 4 != 1 else None
