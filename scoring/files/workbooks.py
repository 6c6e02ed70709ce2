"""Whether a file is a workbook of a spreadsheet program, told by its content whatever its name.

Nothing here opens one: that takes libraries, and is done by whoever is allowed to. Standard library only.
"""

from __future__ import annotations

import struct
from enum import StrEnum

ZIP = b"PK\x03\x04"
_END, _ENTRY = b"PK\x05\x06", b"PK\x01\x02"
_END_RECORD = struct.Struct("<4s4H2IH")  # APPNOTE 4.3.16
_LONGEST_COMMENT = 65_535
_NAME_LENGTH, _NAME = 28, 46  # places in an entry of the directory (APPNOTE 4.3.12)
_MOST_ENTRIES = 1000
_FAMILY = b"application/vnd.oasis.opendocument"  # OpenDocument, part 2, section 3.3
_NAMED_AT, _FIRST = 30, 200  # where the first member's name stands, and enough of what follows


class Workbook(StrEnum):
    """The workbooks that can be read."""

    XLSX = "xlsx"  # Office Open XML (ECMA-376)
    ODS = "ods"  # OpenDocument (ISO/IEC 26300)


def workbook(data: bytes) -> Workbook | None:
    """Return which workbook a file is; None for everything else, an archive that holds one too."""
    if not data.startswith(ZIP):
        return None
    if _open_document(data).startswith(b".spreadsheet"):
        return Workbook.ODS
    return Workbook.XLSX if "xl/workbook.xml" in names(data) else None


def is_office(data: bytes) -> bool:
    """Whether a zip is a file of an office program inside (ECMA-376, part 2, section 7; OpenDocument, part 2)."""
    if not data.startswith(ZIP):
        return False
    return bool(_open_document(data)) or "[Content_Types].xml" in names(data)


def _open_document(data: bytes) -> bytes:
    """Return what follows the media type's family in an OpenDocument file: it is the first member, and stored."""
    start = data[_NAMED_AT:_FIRST]
    return start.partition(_FAMILY)[2] if start.startswith(b"mimetype") else b""


def names(data: bytes) -> frozenset[str]:
    """Return the names in the directory at the end of a zip, none where it is damaged."""
    end = data.rfind(_END, max(0, len(data) - _LONGEST_COMMENT - _END_RECORD.size))
    if end < 0 or end + _END_RECORD.size > len(data):
        return frozenset()
    *_, size, _, _ = _END_RECORD.unpack_from(data, end)
    at, found = end - size, set[str]()
    while at >= 0 and data[at : at + 4] == _ENTRY and len(found) < _MOST_ENTRIES:
        lengths = data[at + _NAME_LENGTH : at + _NAME_LENGTH + 6]
        if len(lengths) < 6:  # noqa: PLR2004  # three lengths of two bytes: name, extra field, comment
            break
        length, extra, comment = struct.unpack("<3H", lengths)
        found.add(data[at + _NAME : at + _NAME + length].decode("latin-1"))
        at += _NAME + length + extra + comment
    return frozenset(found)
