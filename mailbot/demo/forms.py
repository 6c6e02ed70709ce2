"""Result files as teams write them: the official JSON, tables, lines, packed ones, and the usual mistakes. Pure."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mailbot.demo.predictions import Row


@dataclass(frozen=True, kw_only=True)
class File:
    """A file that is attached to a mail."""

    name: str
    data: bytes


def official(name: str, rows: Sequence[Row], *, team: str, method: str, track: str = "") -> File:
    """Write the JSON object that the rules show; ``track`` is what it says of its track, by default SIQA's."""
    track = track or ("U" if "precision" in rows[0] else "S")
    whole = {"team": team, "method": method, "track": track, "predictions": list(rows)}
    return File(name=name, data=json.dumps(whole, ensure_ascii=False, indent=2).encode())


def lines(name: str, rows: Iterable[Row]) -> File:
    """Write one JSON object on each line."""
    return File(name=name, data="".join(json.dumps(row) + "\n" for row in rows).encode())


def table(name: str, rows: Sequence[Row], *, encoding: str = "utf-8", delimiter: str = ",") -> File:
    """Write a table with a header, as a spreadsheet program does."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return File(name=name, data=text.getvalue().encode(encoding))


def renamed(rows: Iterable[Row], **names: str) -> list[Row]:
    """Rename columns: ``renamed(rows, precision="answer")``."""
    return [{names.get(key, key): value for key, value in row.items()} for row in rows]


def gzipped(file: File) -> File:
    """Pack a file with gzip."""
    return File(name=f"{file.name}.gz", data=gzip.compress(file.data, mtime=0))


def zipped(name: str, *files: File) -> File:
    """Pack files into a zip."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for file in files:
            stamp = zipfile.ZipInfo(file.name, date_time=(2026, 4, 15, 12, 0, 0))
            archive.writestr(stamp, file.data, zipfile.ZIP_DEFLATED)
    return File(name=name, data=packed.getvalue())


# --- the usual mistakes ----------------------------------------------------------------------


def without_a_comma(file: File, *, row: int) -> File:
    """Lose the comma after a row, as an edit by hand does."""
    parts = file.data.split(b"},")
    return File(name=file.name, data=b"},".join(parts[:row]) + b"}" + b"},".join(parts[row:]))


def from_zero(rows: Iterable[Row]) -> list[Row]:
    """Let the ids begin at 0, as a loop does."""
    return [row | {"id": row["id"] - 1} for row in rows]


def shifted(rows: Sequence[Row], identity: str) -> list[Row]:
    """Give each row the id of the next, and the last one an id that nobody asked for."""
    ids = [*(row[identity] for row in rows[1:]), _beyond(rows[-1][identity])]
    return [row | {identity: name} for row, name in zip(rows, ids, strict=True)]


def _beyond(last: int | str) -> int | str:
    return last + 1 if isinstance(last, int) else f"{last}+1"


def with_nan(rows: Iterable[Row], *ids: int) -> list[Row]:
    """Let some ratings be NaN, as a division by zero does."""
    return [row | {"perception": float("nan")} if row["id"] in ids else row for row in rows]
