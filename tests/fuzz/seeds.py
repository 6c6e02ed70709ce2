"""Seeds of the fuzzers: the golden mails that are short, and small files of every form."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.unit.scoring.made import csv_of, jsonl_of, official, s_rows, u_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAILS = Path(__file__).parents[1] / "mails"
FINDS = Path(__file__).parent / "finds"
_LONGEST = 6000


def seeds(target: str) -> Iterator[bytes]:
    """Yield the seeds of a target, what the fuzzers found before among them."""
    yield from (path.read_bytes() for path in sorted((FINDS / target).glob("*")))
    if target in {"parse", "open"}:
        yield from mails()
    elif target == "unpack":
        yield from (bytes([number]) + data for number, data in enumerate(packed()))
    else:
        yield from files()


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
