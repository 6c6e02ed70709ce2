"""Text of unknown charset, and encoded words (RFC 2047): `=?gb18030?B?veG5+w==?=`."""

from __future__ import annotations

import binascii
import codecs
import re

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


_NAME = re.compile(r"[a-z0-9][a-z0-9_.:+-]{0,39}", re.IGNORECASE)

_OF_MAIL = re.compile(
    r"ascii|utf-(7|8|8-sig|16|16-[bl]e|32|32-[bl]e)|iso8859-\d+|cp\d+|gb\w+|hz|big5\w*|euc_\w+|shift_ji\w+|iso2022_\w+"
    r"|koi8-\w|mac-\w+|tis-620|johab|viscii",
)
"""Codecs that mails are written in; `punycode` (quadratic), `unicode_escape` and the like are none."""

_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "ascii": "utf-8", "iso8859-1": "cp1252", "euc_kr": "cp949"}
"""What writers mean by a narrower name (QQ Mail says gb2312 and writes GBK; WHATWG Encoding, section 4.2)."""

_GUESSES = ("utf-8", "gb18030")


def text_of(data: bytes, charset: str = "") -> str:
    """Return `data` as text: by `charset` if that fits, else as UTF-8, GB18030 or Latin-1, the first that fits.

    A character cut in two at the very end is dropped, so that a beginning of a longer text can be given.
    """
    for name in (_codec(charset), *_GUESSES):
        text = _strictly(data, name) if name else None
        if text is not None:
            return text.removeprefix("\ufeff")
    return data.decode("latin-1")


def _codec(charset: str) -> str:
    """Return the codec for a declared charset, "" when it names none that mails are written in."""
    if not _NAME.fullmatch(charset):
        return ""
    try:
        name = codecs.lookup(charset).name
    except LookupError:
        return ""
    return _WIDER.get(name, name) if _OF_MAIL.fullmatch(name) else ""


def _strictly(data: bytes, codec: str) -> str | None:
    try:
        return codecs.getincrementaldecoder(codec)("strict").decode(data)
    except ValueError:
        return None
