"""Hypothesis strategies: mails, archives and tables that are nearly honest, and hostile in places."""

from __future__ import annotations

import base64
import gzip
import io
import json
import zipfile
from typing import Any

from hypothesis import strategies as st

_NASTY = st.sampled_from(
    ["", "\0", "\r\n", "\x1b[2J", "\u202e", "\ud800", "=cmd|' /C calc'!A0", "<script>", "../../etc/passwd", "%00", '"']
)
_WORDS = st.one_of(_NASTY, st.text(max_size=20), st.sampled_from(["s.json", "结果.csv", "a.zip", "siqa", "x" * 300]))
_CHARSETS = st.sampled_from(["utf-8", "gb18030", "utf-7", "utf-16", "big5", "bogus", "punycode", "hz", "iso-2022-jp"])
_TYPES = st.sampled_from(
    [
        "text/plain",
        "text/html",
        "text/csv",
        "application/json",
        "application/zip",
        "application/octet-stream",
        "message/rfc822",
        "application/ms-tnef",
        "multipart/alternative",
        "/",
        "application/pkcs7-mime",
    ]
)
_ENCODINGS = st.sampled_from(["base64", "quoted-printable", "7bit", "x-uuencode", "8bit", "BASE64 ", "?"])
_FIELDS = st.sampled_from(
    ["From", "To", "Subject", "References", "In-Reply-To", "Message-ID", "Return-Path", "Precedence", "from ", "X-Loop"]
)


@st.composite
def _encoded_word(draw: st.DrawFn) -> str:
    text = draw(_WORDS).encode("utf-8", "surrogatepass")
    return f"=?{draw(_CHARSETS)}?{draw(st.sampled_from('bBqQx'))}?{base64.b64encode(text).decode()}?="


_VALUES = st.one_of(
    _WORDS, _encoded_word(), st.lists(_encoded_word(), max_size=4).map(" ".join), st.just("Ann <ann@example.org>")
)


@st.composite
def _parameter(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(["filename", "name", "charset", "boundary", "filename*", "filename*0*", "filename*1"]))
    value = draw(_VALUES)
    form = draw(st.sampled_from(['; {}="{}"', "; {}={}", ";{} = '{}", "; {}=utf-8''{}"]))
    return str(form.format(name, value))


@st.composite
def _part(draw: st.DrawFn, depth: int = 0) -> bytes:
    """Return a part with its header; a container holds others."""
    parameters = "".join(draw(st.lists(_parameter(), max_size=3)))
    if depth < 3 and draw(st.booleans()):
        mark = draw(st.sampled_from(["b", "bb", "b b", "=_x", "--"]))
        inner = draw(st.lists(_part(depth=depth + 1), max_size=3))
        lines = b"".join(b"\r\n--" + mark.encode() + b"\r\n" + each for each in inner)
        end = draw(st.sampled_from([b"\r\n--" + mark.encode() + b"--\r\n", b"", b"\r\n--" + mark.encode()]))
        return f'Content-Type: multipart/mixed; boundary="{mark}"{parameters}\r\n\r\n'.encode(
            "utf-8", "surrogatepass"
        ) + (lines + end)
    encoding = draw(_ENCODINGS)
    data = draw(st.one_of(st.binary(max_size=60), archives(), tables()))
    body = base64.encodebytes(data) if encoding == "base64" and draw(st.booleans()) else data
    fields = f"Content-Type: {draw(_TYPES)}{parameters}\r\nContent-Transfer-Encoding: {encoding}\r\n"
    place = f"Content-Disposition: {draw(st.sampled_from(['attachment', 'inline', '']))}{draw(_parameter())}\r\n"
    return (fields + place).encode("utf-8", "surrogatepass") + b"\r\n" + body


@st.composite
def mails(draw: st.DrawFn) -> bytes:
    """Return a mail: any fields, then a part or a tree of parts."""
    fields = draw(st.lists(st.tuples(_FIELDS, _VALUES), max_size=8))
    head = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return head.encode("utf-8", "surrogatepass") + draw(_part())


@st.composite
def archives(draw: st.DrawFn) -> bytes:
    """Return a .gz or a .zip, sometimes with a byte changed."""
    if draw(st.booleans()):
        data = gzip.compress(draw(tables()))
    else:
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w", draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))) as archive:
            for member in draw(st.lists(st.tuples(_WORDS.map(_member_name), tables()), max_size=4)):
                archive.NameToInfo.clear()  # else zipfile warns of a name that already exists
                archive.writestr(*member)
        data = held.getvalue()
    at = draw(st.integers(0, len(data)))
    return data[:at] + draw(st.binary(max_size=2)) + data[at + draw(st.integers(0, 2)) :]


def _member_name(word: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(word.encode("utf-8", "replace").decode())


_CELLS: st.SearchStrategy[Any] = st.one_of(
    st.integers(-3, 8),
    st.floats(),
    st.booleans(),
    st.none(),
    st.sampled_from(["A", "b", "...", "NA", "007", "1_000", "NaN", "\uff11", 10**30, 1e308, [], {}, [[1]]]),
    _WORDS,
)
_COLUMNS = st.sampled_from(["id", "ID", "perception", "knowledge", "precision", "answer", "team", "track", "x", ""])
_ROWS = st.lists(st.dictionaries(_COLUMNS, _CELLS, max_size=5), max_size=6)


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    """Return a result file: the official JSON, a list, lines, or CSV; odd rows and cells included."""
    rows: list[Any] = draw(_ROWS)
    form = draw(st.integers(0, 3))
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030", "latin-1"]))
    if form == 0:
        top = {"team": draw(_CELLS), "method": draw(_CELLS), "track": draw(st.sampled_from(["S", "U", "u", 1, None]))}
        text = json.dumps(top | {"predictions": rows})
    elif form == 1:
        text = json.dumps(rows)
    elif form == 2:
        text = "\n".join(map(json.dumps, rows))
    else:
        comma = draw(st.sampled_from(",\t;"))
        text = "\n".join(comma.join(map(str, row)) for row in (["id", "perception", "knowledge"], *rows))
    return text.encode(encoding, "replace")
