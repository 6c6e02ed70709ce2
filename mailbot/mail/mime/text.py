"""Text of unknown charset, and encoded words (RFC 2047): `=?gb18030?B?veG5+w==?=`."""

from __future__ import annotations

import binascii
import codecs
import re
from typing import TYPE_CHECKING

from mailbot.mail.mime.charsets import WESTERN, codecs_of, strictly
from scoring.files.legacy_text import guessed, is_han
from scoring.text import REPLACEMENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)(?:\?=|\??\Z)")
"""An encoded word; the last one of a field may have been cut off."""

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


_KNOWN = 2  # times as many characters as damaged ones make a text of a damaged one


def text_of(data: bytes, charset: str = "", around: str = "") -> str:
    """Return `data` as text: by `charset` if that fits, else as UTF-8, else as what makes sense.

    A few damaged bytes cost those characters alone. `around` is the charset of what stands beside it, for bytes that
    declare none. What makes sense in no charset is shown as ASCII with marks, never as another language. A character
    cut in two at the very end is dropped, so that a beginning of a longer text can be given.
    """
    names = codecs_of(charset) if charset else ()
    if data.isascii() and b"\x1b" not in data and (not names or names[0] in _ASCII_IN_ASCII):
        return data.decode("ascii")
    ways = (_as_declared(data, names), _as_utf_8(data, names), _as_around(data, around))
    return next(text for each in ways for text in each).removeprefix("\ufeff")


_ASCII_IN_ASCII = ("utf-8", "gb18030", "cp1252", "cp949", "cp932", "big5", "euc_jp", "iso2022_jp", "iso8859-15")


def _as_declared(data: bytes, names: Sequence[str]) -> Iterator[str]:
    """Yield the text by the declared charset, where it fits; UTF-8 under a wrong name is UTF-8."""
    tried = ("utf-8", *names) if names and _is_utf_8_after_all(data, names[0]) else names
    texts = (strictly(data, name) for name in tried)
    yield from (text for text in texts if text is not None)


_OF_THREE = re.compile(rb"[\xe1-\xef][\x80-\xbf]{2}")
_ENOUGH = 2  # characters of three bytes, which another charset does not give by chance


def _is_utf_8_after_all(data: bytes, name: str) -> bool:
    """Whether bytes that are valid UTF-8 are more likely that than what they are declared to be."""
    if name in WESTERN:
        return True
    several = name in _OF_SEVERAL_BYTES and len(_OF_THREE.findall(data[:_LOOKED_AT])) >= _ENOUGH
    return several and not (name == "gb18030" and is_han(data[:_LOOKED_AT]))


_OF_SEVERAL_BYTES = ("gb18030", "big5", "cp932", "cp949", "euc_jp")
_LOOKED_AT = 4096  # bytes


def _as_utf_8(data: bytes, names: Sequence[str]) -> Iterator[str]:
    """Yield the text in UTF-8, then damaged text in UTF-8 or in the declared charset."""
    text = strictly(data, "utf-8")
    if text is not None:
        yield text
    for name in ("utf-8", *(name for name in names if name not in _MADE_HERE)):
        if known := _mostly(data, name):
            yield known


_MADE_HERE = ("nec_iso2022", "nec_euc", "utf-7")


def _mostly(data: bytes, codec: str) -> str:
    """Return the text of a codec with its damaged characters marked, "" when they are too many to believe it."""
    try:
        text = codecs.getincrementaldecoder(codec)("replace").decode(data)
    except UnicodeError:  # UTF-16 and UTF-32 that do not begin with their mark
        return ""
    damaged = text.count(REPLACEMENT)
    known = len(text) - damaged - len(text.encode("ascii", "ignore"))
    return text if known > _KNOWN * damaged else ""


def _as_around(data: bytes, around: str) -> Iterator[str]:
    """Yield text that declares no charset, or a wrong one: by what stands around it, or as it makes sense."""
    names = codecs_of(around)
    western = bool(names) and names[0] in WESTERN
    if not western:
        yield from _as_declared(data, names)
    if found := guessed(data, western=western, cut=True):
        yield found[0]
    yield data.decode("utf-8", "replace")
