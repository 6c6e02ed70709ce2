"""Bytes to text when the charset is declared wrongly, or not at all: total, and never slower than linear."""

from __future__ import annotations

import codecs
import re

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
