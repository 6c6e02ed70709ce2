"""Encoded words (RFC 2047): `=?gb18030?B?veG5+w==?=`."""

from __future__ import annotations

import binascii
import re

from mailbot.mime.charset import text_of

_BETWEEN = re.compile(r"(?<=\?=)\s+(?==\?)")
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")


def decode_words(value: str) -> str:
    """Return `value` with its encoded words decoded; what is none stays as it is.

    Neighbours in one charset are joined before decoding: QQ Mail and Foxmail cut a character in two (RFC 2047,
    section 5, forbids it).
    """
    value = _BETWEEN.sub("", value)
    done: list[str] = []
    run, charset, end = b"", "", 0
    for word in _WORD.finditer(value):
        data = _bytes_of(word)
        if data is None:
            continue
        if word.start() != end or word[1].lower() != charset:
            done += (text_of(run, charset.partition("*")[0]), value[end : word.start()])
            run, charset = b"", word[1].lower()
        run, end = run + data, word.end()
    return "".join((*done, text_of(run, charset.partition("*")[0]), value[end:]))


def _bytes_of(word: re.Match[str]) -> bytes | None:
    """Return the bytes of an encoded word, None when it is not one after all."""
    if not word[3].isascii():
        return None
    if word[2] in "qQ":
        return binascii.a2b_qp(word[3], header=True)
    try:
        return binascii.a2b_base64(word[3].rstrip("=") + "==")
    except binascii.Error:
        return None
