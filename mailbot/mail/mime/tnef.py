"""winmail.dat: the files in it, read in time linear in its length ([MS-OXTNEF], [MS-OXCDATA] 2.11).

tnefparse 1.4.0 dies of a file name in GBK, copies the rest of the stream for each attribute, and is maintained no more.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.mail.mime.text import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIGNATURE = struct.pack("<I", 0x223E9F78)
_HEADER = 6  # the signature, and a key that means nothing here
_ATTRIBUTE = struct.Struct("<BII")
_MOST = 10_000  # attributes of a stream, and properties of a list

_CODEPAGE, _BEGIN, _TITLE, _DATA, _PROPERTIES = 0x00069007, 0x00069002, 0x00018010, 0x0006800F, 0x00069005

_CONTENT, _SHORT_NAME, _METHOD, _LONG_NAME = 0x3701, 0x3704, 0x3705, 0x3707
_EMBEDDED_MAIL, _OLE = 5, 6  # values of _METHOD ([MS-OXCMSG] 2.2.2.9)
_OLE_RENDERED = 2  # how a file is drawn in the text ([MS-OXTNEF] 2.1.3.3.15)
_INTEGER = 0x0003
_IID_MESSAGE = bytes.fromhex("0703020000000000c000000000000046")  # the content is a message, not a file
_UTF_16, _STRING = 0x001F, 0x001E
_VARIABLE = (_STRING, _UTF_16, 0x000D, 0x0102)
_EIGHT_BYTES = (0x0005, 0x0006, 0x0007, 0x0014, 0x0040)
_SIZES = {0x0048: 16} | dict.fromkeys(_EIGHT_BYTES, 8)  # the others have 4, padded
_MULTIPLE, _NAMED = 0x1000, 0x8000


@dataclass(kw_only=True)
class _File:
    title: str = ""
    long_name: str = ""
    data: bytes | None = None
    is_mail: bool = False
    #: A picture pasted into the text, in a form that only Windows draws.
    is_ole: bool = False


@dataclass(frozen=True, kw_only=True)
class Packed:
    """What a TNEF stream holds."""

    #: Name and content of each file; a content is whole: its checksum was right.
    files: tuple[tuple[str, bytes], ...]
    #: Subjects of the mails in it, which are not opened.
    mails: tuple[str, ...]
    #: Whether all of the stream was in order.
    whole: bool


def is_tnef(data: bytes) -> bool:
    """Whether bytes begin as a TNEF stream does."""
    return data.startswith(_SIGNATURE)


def read(data: bytes) -> Packed:
    """Return what a TNEF stream holds, pictures pasted into the text left out."""
    found: list[_File] = []
    codepage, whole = "", is_tnef(data) and len(data) >= _HEADER
    try:
        for kind, value, good in _attributes(data):
            whole = whole and good
            if kind == _BEGIN:
                found.append(_File(is_ole=value[:2] == struct.pack("<H", _OLE_RENDERED)))
            elif good and kind == _CODEPAGE:
                codepage = f"cp{struct.unpack_from('<I', value)[0]}"
            elif good and found:
                _take(found[-1], kind, value, codepage)
    except struct.error:
        whole = False
    named = [(file, file.long_name or file.title) for file in found]
    files = ((name, f.data) for f, name in named if f.data is not None and not f.is_mail and not f.is_ole)
    return Packed(files=tuple(files), mails=tuple(name for file, name in named if file.is_mail), whole=whole)


def _attributes(data: bytes) -> Iterator[tuple[int, bytes, bool]]:
    """Yield id and value of each attribute, and whether its checksum is right. Raises struct.error where one is cut."""
    at = _HEADER
    for _ in range(_MOST):
        if at >= len(data):
            return
        _level, kind, length = _ATTRIBUTE.unpack_from(data, at)
        at += _ATTRIBUTE.size
        (stated,) = struct.unpack_from("<H", data, at + length)
        value = data[at : at + length]
        at += length + 2
        yield kind, value, sum(value) & 0xFFFF == stated
    raise struct.error("too many attributes")


def _take(file: _File, kind: int, value: bytes, codepage: str) -> None:
    """Put an attribute of a file where it belongs."""
    if kind == _TITLE:
        file.title = text_of(value, codepage).rstrip("\0")
    elif kind == _DATA:
        file.data = value
    elif kind == _PROPERTIES:
        for name, form, found in _long_values(value):
            if name == _CONTENT and found.startswith(_IID_MESSAGE):
                file.is_mail = True
            elif name == _CONTENT:
                file.data = file.data or found
            elif name == _METHOD and form == _INTEGER:
                (method,) = struct.unpack("<I", found)
                file.is_mail, file.is_ole = file.is_mail or method == _EMBEDDED_MAIL, file.is_ole or method == _OLE
            elif form in {_STRING, _UTF_16}:
                _name(file, name, text_of(found, "utf-16-le" if form == _UTF_16 else codepage).rstrip("\0"))


def _name(file: _File, property_id: int, shown: str) -> None:
    if property_id == _LONG_NAME:
        file.long_name = shown
    elif property_id == _SHORT_NAME:
        file.title = file.title or shown


def _long_values(value: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield id, type and bytes of each text or binary in a property list, and of a file's method.

    Raises struct.error where it is cut off.
    """
    (count,) = struct.unpack_from("<I", value)
    at = 4
    for _ in range(min(count, _MOST)):
        kind, name = struct.unpack_from("<HH", value, at)
        at += 4
        if name >= _NAMED:
            at = _past_name(value, at)
        several = bool(kind & _MULTIPLE)
        kind &= ~_MULTIPLE
        values = 1
        if several or kind in _VARIABLE:
            (values,) = struct.unpack_from("<I", value, at)
            at += 4
        if kind not in _VARIABLE:
            if name == _METHOD and kind == _INTEGER and len(value) >= at + 4:
                yield name, kind, value[at : at + 4]
            at += values * _SIZES.get(kind, 4)
            continue
        for _value in range(min(values, _MOST)):
            (length,) = struct.unpack_from("<I", value, at)
            if not several:
                yield name, kind, value[at + 4 : at + 4 + length]
            at += 4 + _padded(length)


def _past_name(value: bytes, at: int) -> int:
    """Return where a property's value begins whose name is a GUID and a number or a text."""
    kind, length = struct.unpack_from("<II", value, at + 16)
    return at + 24 + (_padded(length) if kind else 0)


def _padded(length: int) -> int:
    return length + -length % 4
