"""Seeds of the fuzzers: the golden mails that are short, and small files of every form."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from mailbot.evaluation import tasks
from mailbot.mail.open import open_mail
from mailbot.system.children import wire
from scoring.scores.evaluate import evaluated_any
from tests.hostile.files import sheet_rows
from tests.mails.make.outlook import file, long_name, tnef
from tests.unit.scoring.made import csv_of, jsonl_of, official, s_rows, s_truth, u_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAILS = Path(__file__).parents[1] / "mails"
FINDS = Path(__file__).parent / "finds"
_LONGEST = 6000


def seeds(target: str) -> Iterator[bytes]:
    """Yield the seeds of a target, what the fuzzers found before among them."""
    yield from (path.read_bytes() for path in sorted((FINDS / target).glob("*")))
    if target in {"parse", "open", "walker"}:
        yield from mails()
    elif target == "unpack":
        yield from (bytes([number]) + data for number, data in enumerate(packed()))
    elif target == "tnef":
        yield from (data[4:] for data in winmails())
    elif target == "spreadsheet":
        yield from sheets()
    elif target == "answer":
        yield from answers()
    elif target == "channel":
        yield from conversations()
    elif target == "wire":
        yield from (message[8:] for message in (*answers(), *requests()))
    else:
        yield from files()


def winmails() -> Iterator[bytes]:
    """Yield winmail.dat with one file or two, long names and short ones."""
    yield tnef(file(b"a.csv", b"id,precision"), codepage=936)
    for name in ("结果-s.json", "u.csv", ""):
        yield tnef(file(b"S~1.JSO", b"{}", long_name(name)), file(b"b.json", b"[]"))
    yield from (tnef(), tnef(long_name("x")), tnef(file(b"", b"")))


def answers() -> Iterator[bytes]:
    """Yield what children write into their channels: answers of each task, and failures."""
    opened = [open_mail(raw, len(raw)) for raw in mails()]
    truths = {"siqa-s": s_truth()}
    evaluated = [evaluated_any(data, truths, name="a.json", hint="S") for data in files()]
    failure = wire.Given(error="ValueError: why", trace="Traceback", peak=1 << 25)
    for given in (
        *(wire.Given(value=each, peak=1 << 25) for each in (*opened, *evaluated, b"file", None, ())),
        failure,
    ):
        message = wire.pack(given)
        if len(message) <= _LONGEST:
            yield struct.pack(">Q", len(message)) + message


def requests() -> Iterator[bytes]:
    """Yield what a daemon asks its children: requests, each with its length."""
    job = tasks.Job(name="a.json", data=official(s_rows(), "S"), hint="siqa-s")
    asked = (("open_mail", (b"From: a@b.example\r\n\r\nhello", 31)), ("taken_out", (b"x", "0" * 64)), ("nothing", ()))
    for task, arguments in (*asked, ("evaluate", (job,)), ("hold", ())):
        message = wire.pack(wire.Request(task=task, arguments=arguments))
        yield struct.pack(">Q", len(message)) + message


def conversations() -> Iterator[bytes]:
    """Yield several messages one after the other, cut ones, empty ones, and lengths that are lies."""
    each = [message for message in (*requests(), *answers()) if len(message) < 500]
    yield from each
    yield from (b"".join(each[first : first + 3]) for first in range(3))
    yield from (each[0] + each[1][:-1], bytes(8) * 3, b"\xff" * 8, struct.pack(">Q", 1 << 40) + each[0], b"")


def sheets() -> Iterator[bytes]:
    """Yield the insides of sheets."""
    yield from (sheet_rows(*rows).encode() for rows in ([("id", "a"), (1, 2.5)], [(1,)] * 3, [("=1", "")], []))
    yield b'<row r="9"><c r="XFD9" t="s"><f>A1</f><v>0</v></c><c t="d"><v>2026-01-01</v></c></row>'
    yield b'<row><c t="b"><v>1</v></c><c t="e"><v>#N/A</v></c><c s="1"><v>1e5</v></c></row>'


def mails() -> Iterator[bytes]:
    """Yield the golden mails that are short."""
    for path in sorted(_MAILS.glob("*/*.eml")):
        if path.stat().st_size <= _LONGEST:
            yield path.read_bytes()


def files() -> Iterator[bytes]:
    """Yield result files of both tracks in every form."""
    yield from (official(s_rows(), "S"), official(u_rows(), "U"), official(s_rows()).decode().encode("utf-16"))
    yield from (csv_of(s_rows()), csv_of(u_rows(), "\t"), csv_of(s_rows(), ";"), jsonl_of(s_rows()))
    yield official(["...", {"id": 1, "perception": "NaN", "Knowledge": 1e300}], "S", note={"a": [[[]]]})
    yield "id,感知,perception,knowledge\n1,好,1,2\n".encode("gb18030")


def packed() -> Iterator[bytes]:
    """Yield attachments: files as they are, as .gz and in a .zip."""
    for data in files():
        yield data
        yield gzip.compress(data)
        yield _zip(("s.json", data), ("out/结果.csv", data[:40]), method=zipfile.ZIP_DEFLATED)
        yield _zip(("s.json", data), ("__MACOSX/._s.json", b"x"), method=zipfile.ZIP_STORED)


def _zip(*members: tuple[str, bytes], method: int) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return held.getvalue()
