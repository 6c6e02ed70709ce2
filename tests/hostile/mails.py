"""Hostile mails: each from a registered team, so that it goes the whole way, and what must become of it."""

from __future__ import annotations

import base64
import gzip
import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.hostile import files
from tests.integration.bot import submission
from tests.mails.make.outlook import file, tnef

if TYPE_CHECKING:
    from collections.abc import Callable

TEAM, TO = "ada@peepers.example", "submissions@siqa.example"
MIXED = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
GOOD = submission(TEAM, TO)


@dataclass(frozen=True, kw_only=True)
class Hostile:
    """A hostile mail."""

    make: Callable[[], bytes]
    #: What its reply must say.
    told: str


def _head(*fields: bytes) -> bytes:
    first = (f"From: {TEAM}".encode(), f"To: {TO}".encode(), *fields)
    return b"".join(field + b"\r\n" for field in first)


def carrying_all(*named: tuple[str, bytes]) -> bytes:
    """Return a mail with files."""
    mails = [carrying(data, name) for name, data in named]
    head, _, _ = mails[0].partition(MIXED)
    parts = (each.partition(MIXED)[2].removesuffix(b"--b--\r\n") for each in mails)
    return head + MIXED + b"".join(parts) + b"--b--\r\n"


def carrying(data: bytes, name: str) -> bytes:
    """Return a mail with one file."""
    fields = f'Content-Type: application/octet-stream; name="{name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    part = b"--b\r\n" + fields.encode() + base64.encodebytes(data).replace(b"\n", b"\r\n")
    return _head(b"Subject: hostile", b"Message-ID: <%s@client.example>" % name.encode()) + MIXED + part + b"--b--\r\n"


def _file(make: Callable[[], bytes], name: str, told: str) -> Hostile:
    return Hostile(make=lambda: carrying(make(), name), told=told)


def _with_field(field: bytes) -> bytes:
    """Return a good mail, told apart by its method, with another field behind its From, To and Date."""
    good = submission(TEAM, TO, method=field[:6].hex())
    return good.replace(b"\r\nSubject: ", b"\r\n" + field + b"\r\nSubject: ", 1)


def _nest() -> bytes:
    return b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(1000))


def _inner_mails() -> bytes:
    return b"--b\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 50_000 + b"--b--\r\n"


def _winmail() -> bytes:
    return tnef(b"".join(file(b"%d.json" % number, b"{}") for number in range(10_000)))


ACCEPTED = "accepted with score"

MAILS: dict[str, Hostile] = {
    "subject of 924 KB of encoded words": Hostile(
        make=lambda: _with_field(b"Subject: " + b"=?utf-8?q?a?= " * 66_000), told="header block is too long"
    ),
    "To of 50 KB of quotes": Hostile(make=lambda: _with_field(b"To: " + b'"' * 50_000), told=ACCEPTED),
    "Cc of 20,000 brackets": Hostile(make=lambda: _with_field(b"Cc: " + b"(" * 20_000), told=ACCEPTED),
    "Message-ID that breaks a parser": Hostile(make=lambda: _with_field(b"Message-ID: <[abc@x>"), told=ACCEPTED),
    "References of 60 KB": Hostile(make=lambda: _with_field(b"References: " + b"<a@b> " * 10_000), told=ACCEPTED),
    "100,000 empty parts": Hostile(
        make=lambda: _head() + MIXED + b"--b\r\n\r\n\r\n" * 100_000 + b"--b--\r\n", told="at most 100 are looked at"
    ),
    "1,000 nested multiparts": Hostile(make=lambda: _head() + _nest(), told="nested more than 8 deep"),
    "50,000 mails within one another": Hostile(make=lambda: _head() + MIXED + _inner_mails(), told="another mail"),
    "8,000 parameters": Hostile(
        make=lambda: _head(b"Content-Type: multipart/mixed; boundary=b" + b"; a=b" * 8000) + b"\r\n", told="too long"
    ),
    "24 MB of line ends": Hostile(make=lambda: _head() + b"\r\n" * 12_000_000, told="No result file"),
    "26 MB": Hostile(make=lambda: carrying(bytes(19 * files.MIB), "s.json"), told="too large"),
    "zip 1000:1": _file(files.bomb, "s.zip", "unpacks to"),
    "gzip 1000:1": _file(lambda: gzip.compress(bytes(100 * files.MIB)), "s.json.gz", "unpacks to"),
    "zip in zip in zip": _file(files.nested, "s.zip", "archive in an archive"),
    "zip that lies about a size": _file(files.lying, "s.zip", "not as long as"),
    "zip with a password": _file(files.encrypted, "s.zip", "locked with a password"),
    "zip of a symbolic link": _file(files.symlink, "s.zip", "a link instead of a file"),
    "zip that points out of itself": _file(
        lambda: files.zip_of(("../../../etc/cron.d/x.json", b"{}")), "s.zip", "points out of it"
    ),
    "zip of overlapping members": _file(files.overlapping, "s.zip", "too many files"),
    "zip of 60,000 members": _file(
        lambda: files.zip_of(*((f"{n}.json", b"") for n in range(60_000))), "s.zip", "too many files"
    ),
    "xlsx far cell": _file(files.far_cell, "s.xlsx", "save the sheet as CSV"),
    "xlsx of 300,000 rows": _file(files.row_bomb, "s.xlsx", "save the sheet as CSV"),
    "xlsx of entities": _file(files.entities, "s.xlsx", "save the sheet as CSV"),
    "CSV of a million columns": _file(files.many_columns, "s.csv", "more than 300 columns"),
    "CSV of a million rows": _file(files.many_rows, "s.csv", "300,000 rows"),
    "CSV that never closes a quote": _file(files.endless_line, "s.csv", "neither JSON nor CSV"),
    "JSON of 100,000 brackets": _file(files.deep_json, "s.json", "nested too deeply"),
    "JSON of endless numbers": _file(files.odd_numbers, "s.json", "could not be scored"),
    "JSON of half a million keys": _file(files.repeated_keys, "s.json", "300 different fields"),
    "JSON of three million empty rows": _file(files.empty_rows, "s.json", "could not be scored"),
    "JSON of three million empty lists": _file(files.empty_lists, "s.json", "could not be scored"),
    "JSON of a million lines": _file(files.many_lines, "s.jsonl", "300,000 rows"),
    "JSON of lone surrogates": _file(files.strings_bomb, "s.json", "could not be scored"),
    "pickle": _file(lambda: pickle.dumps(print), "s.pkl", "never opened"),
    "winmail.dat of 10,000 files": _file(_winmail, "winmail.dat", "winmail.dat"),
    "base64 that is none": Hostile(
        make=lambda: carrying(b"{}", "s.json").replace(b"e30=", b"e3=0!"), told="arrived damaged"
    ),
}
