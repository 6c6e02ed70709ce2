"""Hostile files, made as an attacker would make them."""

from __future__ import annotations

import io
import json
import random
import stat
import struct
import zipfile
from functools import cache

MIB = 1024 * 1024
_LENGTH_IN_DIRECTORY = 24


def zip_of(*members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip of members."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as archive:
        for name, data in members:
            archive.NameToInfo.clear()  # else zipfile warns of a name that already exists
            archive.writestr(name, data)
    return held.getvalue()


def bomb() -> bytes:
    """Return a zip that unpacks to a thousand times its size."""
    return zip_of(("s.json", bytes(100 * MIB)))


@cache
def two_large_files(seed: int) -> bytes:
    """Return a zip of two files that together unpack to 28 MiB, a hundredfold: just within the limits."""
    words = random.Random(seed)  # noqa: S311  # bytes that do not pack, no secret
    lines = b"".join(words.randbytes(64).hex().encode() + b"a" * 9000 + b"\n" for _ in range(14 * MIB // 9200))
    return zip_of(("a.csv", lines), ("b.csv", lines[::-1]))


def nested() -> bytes:
    """Return zips within one another, the innermost a bomb."""
    data = zip_of(("s.json", bytes(50 * MIB)))
    for _ in range(6):
        data = zip_of(*((f"{number}.zip", data) for number in range(10)))
    return data


def lying() -> bytes:
    """Return a zip whose directory says 10 bytes, and whose data are 30 MiB."""
    data = bytearray(zip_of(("s.json", bytes(30 * MIB))))
    at = data.rindex(b"PK\x01\x02") + _LENGTH_IN_DIRECTORY
    data[at : at + 4] = struct.pack("<I", 10)
    return bytes(data)


def encrypted() -> bytes:
    """Return a zip that says it is locked."""
    data = bytearray(zip_of(("s.json", b"{}")))
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def symlink() -> bytes:
    """Return a zip of a link to a file of the host's."""
    info = zipfile.ZipInfo("s.json")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return zip_of((info, b"/etc/passwd"))


def overlapping() -> bytes:
    """Return a zip whose thousand entries all point at the same data (after D. Fifield's bomb)."""
    data = zip_of(("s.json", bytes(5 * MIB)))
    at, end = data.rindex(b"PK\x01\x02"), data.rindex(b"PK\x05\x06")
    entry = data[at:end]
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1000, 1000, 1000 * len(entry), at, 0)
    return data[:at] + entry * 1000 + tail


_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
)
_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{}" Target="{}"/></Relationships>'
)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_BOOK = (
    f'<workbook xmlns="{_MAIN}" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>'
)


def xlsx(sheet_data: str, *, before: str = "", dimension: str = "A1:C3") -> bytes:
    """Return a workbook with this XML inside its one sheet's ``sheetData``, and ``before`` the sheet's root."""
    inner = f'<dimension ref="{dimension}"/><sheetData>{sheet_data}</sheetData>'
    sheet = f'{before}<worksheet xmlns="{_MAIN}">{inner}</worksheet>'
    return zip_of(
        ("[Content_Types].xml", _TYPES.encode()),
        ("_rels/.rels", _RELATIONS.format("officeDocument", "xl/workbook.xml").encode()),
        ("xl/workbook.xml", _BOOK.encode()),
        ("xl/_rels/workbook.xml.rels", _RELATIONS.format("worksheet", "worksheets/sheet1.xml").encode()),
        ("xl/worksheets/sheet1.xml", sheet.encode()),
    )


_ODS = "urn:oasis:names:tc:opendocument:xmlns:"


def ods(rows: str, *, before: str = "") -> bytes:
    """Return an OpenDocument spreadsheet with these rows in its one sheet, and ``before`` the root."""
    spaces = " ".join(f'xmlns:{name}="{_ODS}{name}:1.0"' for name in ("office", "table", "text"))
    table = f'<table:table table:name="s">{rows}</table:table><table:table table:name="empty"/>'
    content = f"<office:body><office:spreadsheet>{table}</office:spreadsheet></office:body>"
    root = f"{before}<office:document-content {spaces}>{content}</office:document-content>"
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        archive.writestr("content.xml", root)
    return held.getvalue()


def ods_rows(*rows: tuple[object, ...]) -> str:
    """Return rows of cells as an OpenDocument sheet's XML, with the empty cells and rows that fill it to its end."""
    fill = '<table:table-cell table:number-columns-repeated="16381"/>'
    filled = "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}{fill}</table:table-row>" for row in rows)
    return f'{filled}<table:table-row table:number-rows-repeated="1048570">{fill}</table:table-row>'


def ods_cell(times: str = "", text: str = "1") -> str:
    """Return one cell, repeated ``times``."""
    repeated = f' table:number-columns-repeated="{times}"' if times else ""
    return f"<table:table-cell{repeated}><text:p>{text}</text:p></table:table-cell>"


def ods_row(cells: str, times: str = "") -> str:
    """Return one row of cells, repeated ``times``."""
    repeated = f' table:number-rows-repeated="{times}"' if times else ""
    return f"<table:table-row{repeated}>{cells}</table:table-row>"


def _ods_cell(value: object) -> str:
    if isinstance(value, str):
        return f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'
    shown = f"<text:p>{value:.1f}</text:p>"
    return f'<table:table-cell office:value-type="float" office:value="{value}">{shown}</table:table-cell>'


def sheet_rows(*rows: tuple[object, ...]) -> str:
    """Return rows of cells as a sheet's XML."""
    return "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)


def _cell(value: object) -> str:
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
    return f"<c><v>{value}</v></c>"


def far_cell() -> bytes:
    """Return a workbook whose one cell lies in the last column of the last row."""
    return xlsx('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')


def row_bomb() -> bytes:
    """Return a small workbook of three hundred thousand rows."""
    return xlsx("<row><c><v>1</v></c></row>" * 300_000)


def entities() -> bytes:
    """Return a workbook whose sheet doubles an entity thirty times."""
    levels = "".join(f'<!ENTITY a{n} "&a{n - 1};&a{n - 1};">' for n in range(1, 31))
    before = f'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a0 "ha">{levels}]>'
    return xlsx('<row><c t="inlineStr"><is><t>&a30;</t></is></c></row>', before=before)


def many_columns() -> bytes:
    """Return a CSV of a million columns."""
    return b"id," + b",".join(b"c%d" % number for number in range(1_000_000)) + b"\n1" + b",1" * 1_000_000


def deep_json() -> bytes:
    """Return JSON of 100,000 brackets."""
    return b'{"predictions": ' + b"[" * 100_000


def odd_numbers() -> bytes:
    """Return JSON of numbers that are none: endless, infinite, not a number."""
    rows = [{"id": 1, "perception": 1}, {"id": 2, "perception": 2}]
    text = json.dumps({"track": "S", "predictions": rows})
    return text.replace(": 1}", ": " + "9" * 5000 + "}").replace(": 2}", ': 1e999, "knowledge": NaN}').encode()


def endless_line() -> bytes:
    """Return a CSV whose one field never ends."""
    return b'id,perception,knowledge\n1,"' + b"x" * (15 * MIB)


def repeated_keys() -> bytes:
    """Return a JSON object of half a million different keys."""
    return b'{"predictions": [{' + b",".join(b'"k%d": 1' % number for number in range(500_000)) + b"}]}"


def empty_rows() -> bytes:
    """Return JSON of millions of empty rows: the most memory for each byte."""
    return b'{"predictions": [' + b"{}," * 3_000_000 + b"{}]}"


def empty_lists() -> bytes:
    """Return JSON of millions of empty lists."""
    return b'{"predictions": [' + b"[]," * 3_000_000 + b"[]]}"


def tiny_objects() -> bytes:
    """Return JSON of millions of objects of one field: each takes thirty times its bytes in memory."""
    return b'{"predictions": [' + b'{"":0},' * 2_500_000 + b"{}]}"


def many_rows() -> bytes:
    """Return a CSV of a million short rows."""
    return b"id,perception,knowledge\n" + b"1,1,1\n" * 1_000_000


def many_lines() -> bytes:
    """Return a million JSON lines."""
    return b'{"id":1}\n' * 1_000_000


def strings_bomb() -> bytes:
    """Return a JSON text of nothing but escapes."""
    return b'{"predictions": ["' + b"\\ud800" * 1_500_000 + b'"]}'
