"""Charsets as mails name them: which codecs to read one with, and ISO-2022-JP with NEC's characters."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

_NAME = re.compile(r"[a-z0-9][a-z0-9_.:+-]{0,39}", re.IGNORECASE)

_OF_MAIL = re.compile(
    r"ascii|utf-(7|8|8-sig|16|16-[bl]e|32|32-[bl]e)|iso8859-\d+|cp\d+|gb\w+|hz|big5\w*|euc_\w+|shift_ji\w+|iso2022_\w+"
    r"|koi8-\w|mac-\w+|tis-620|johab|viscii",
)
"""Codecs that mails are written in; `punycode` (quadratic), `unicode_escape` and the like are none."""

_WIDER = {
    "gb2312": ("gb18030",),
    "gbk": ("gb18030",),
    "ascii": ("utf-8",),
    "utf-8-sig": ("utf-8",),
    "iso8859-1": ("cp1252",),
    "iso8859-9": ("cp1254",),
    "iso8859-11": ("cp874",),
    "tis-620": ("cp874",),
    "euc_kr": ("cp949",),
    "shift_jis": ("cp932",),
    "big5": ("big5", "cp950", "big5hkscs"),
    "iso2022_jp": ("iso2022_jp", "iso2022_jp_ext", "nec_iso2022"),
    "euc_jp": ("euc_jp", "nec_euc"),
}
"""What writers mean by a narrower name (QQ Mail says gb2312 and writes GBK; WHATWG Encoding, section 4.2)."""

_OTHER_NAMES = {
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "ks_c_5601": "euc_kr",
    "utf8mb4": "utf-8",
    "ansi": "cp1252",
    "we8mswin1252": "cp1252",
}
"""Names that mails use and Python does not know."""

WESTERN = ("cp1252", "cp1250", "cp1254", "iso8859-2", "iso8859-15", "mac-roman")


@lru_cache(maxsize=256)
def codecs_of(charset: str) -> tuple[str, ...]:
    """Return the codecs to read a declared charset with, none when it is none that mails are written in."""
    wanted = charset.lower().removeprefix("3d").strip("'\" ,;<>")
    if not _NAME.fullmatch(wanted):
        return ()
    for name in (_OTHER_NAMES.get(wanted, wanted), wanted.removeprefix("x-")):
        try:
            found = codecs.lookup(name).name
        except LookupError:
            continue
        return _WIDER.get(found, (found,)) if _OF_MAIL.fullmatch(found) else ()
    return ()


def strictly(data: bytes, codec: str) -> str | None:
    """Return bytes as text by a codec, a character cut in two at the end dropped; None where they are no such text."""
    try:
        if codec in _MADE_HERE:
            return _MADE_HERE[codec](data)
        text = codecs.getincrementaldecoder(codec)("strict").decode(data)
        if codec == "utf-7":
            text.encode()  # it can write halves of characters, which no text may hold
    except ValueError:
        return None
    return text


_ESCAPE = re.compile(rb"\x1b(\$[@B]|\([BJI])")
_EUC = re.compile(rb"[\xa1-\xfe]{2}")
_BYTE = 0x80
_ROWS_BELOW = 0x5F
_COLUMNS_BELOW = 0x60


def _iso_2022_jp(data: bytes) -> str:
    """Return text in ISO-2022-JP with NEC's row 13 ("①", "㈱"), which Windows writes and Python refuses.

    JIS X 0208 is turned into Shift JIS, of which Python knows Microsoft's form. Raises UnicodeDecodeError.
    """
    data.decode("ascii")  # it is a code of seven bits
    pieces = _ESCAPE.split(data)
    done = [pieces[0]]
    for form, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        if form.startswith(b"$"):
            done.append(_shifted(piece))
        else:
            done.append(bytes(code | _BYTE for code in piece) if form == b"(I" else piece)
    return b"".join(done).decode("cp932")


def _euc_jp(data: bytes) -> str:
    """Return text in EUC-JP with the same characters. Raises UnicodeDecodeError."""
    return _EUC.sub(lambda pair: _shifted(bytes(code - _BYTE for code in pair[0])), data).decode("cp932")


_MADE_HERE = {"nec_iso2022": _iso_2022_jp, "nec_euc": _euc_jp}


def _shifted(pairs: bytes) -> bytes:
    """Return characters of JIS X 0208, two bytes each, in Shift JIS."""
    out = bytearray()
    for row, column in zip(pairs[0::2], pairs[1::2], strict=False):
        odd = row % 2
        out.append((row + 1) // 2 + (0x70 if row < _ROWS_BELOW else 0xB0) & 0xFF)
        out.append(column + ((0x1F if column < _COLUMNS_BELOW else 0x20) if odd else 0x7E) & 0xFF)
    return bytes(out)
