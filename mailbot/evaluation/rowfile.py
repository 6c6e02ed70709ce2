"""A file of fixed-length rows, each with a checksum, append-only and read through a memory map.

It is for what can be made anew: nothing is synced, and a row that a crash or a disk has spoiled counts as missing.
Several processes may read and append at once, and the file may be deleted at any time. Texts, of no fixed length, lie
beside it, a file for each submission (:class:`TextFiles`).
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from dataclasses import dataclass
from mmap import ACCESS_READ, MADV_DONTNEED, mmap
from typing import TYPE_CHECKING

from mailbot.system import crash, safefile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

HEAD = struct.Struct("<q32sI20x")
"""What stands before each row: whose it is, the file it was made from, and the CRC-32 of all that."""

NAMED_BYTES = 40
"""The id and the SHA-256, which the checksum covers beside the row."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row to be kept."""

    id: int
    #: SHA-256 of the file that it was made from.
    sha256: bytes
    #: As many bytes as each row of its file has.
    data: bytes


class RowFile:
    """One file and its map. Not for several threads at once."""

    def __init__(self, path: Path, row_bytes: int) -> None:
        """Use a file of rows of so many bytes; it need not be there."""
        self.path = path
        #: From the begin of one row's head to the next one's.
        self.whole = HEAD.size + -(-row_bytes // HEAD.size) * HEAD.size
        self._used = HEAD.size + row_bytes
        self._forget()

    def _forget(self) -> None:
        self._identity: tuple[int, int] | None = None
        self._map: mmap | None = None
        #: All rows with their heads; its pages are read when they are looked at.
        self.mapped = memoryview(b"")
        self._places: dict[int, int] = {}
        self._sound: set[int] = set()

    def refresh(self) -> None:
        """Take note of what was appended since, by whomever; of a torn row at the end none."""
        try:
            with self.path.open("rb") as file:
                status = os.fstat(file.fileno())
                identity, count = (status.st_dev, status.st_ino), status.st_size // self.whole
                if identity != self._identity or count < self._count:
                    self._forget()
                known = self._count
                if count > known:
                    self._map = mmap(file.fileno(), count * self.whole, access=ACCESS_READ)
                    self.mapped = memoryview(self._map)
        except FileNotFoundError:
            self._forget()
            return
        self._identity = identity
        self._places |= {HEAD.unpack_from(self.mapped, n * self.whole)[0]: n for n in range(known, count)}
        if count - known > MANY:
            self.release()  # a page of each was read for its id alone

    @property
    def _count(self) -> int:
        return len(self.mapped) // self.whole

    def release(self) -> None:
        """Give the map's pages back to the kernel; whoever looks at a row reads them again."""
        if self._map is not None:
            self._map.madvise(MADV_DONTNEED)

    def lying(self, ids: Iterable[int]) -> dict[int, int]:
        """Return the place of each of the ids' rows, be it sound or not."""
        return {each: self._places[each] for each in ids if each in self._places}

    def made_from(self, wanted: Mapping[int, str]) -> dict[int, int]:
        """Return the places of the sound rows that were made from the files with these SHA-256 (hex), by id."""
        begins = {each: place * self.whole for each, place in self.lying(wanted).items()}
        return self.places(each for each, at in begins.items() if self.mapped[at + 8 : at + 40].hex() == wanted[each])

    def places(self, ids: Iterable[int]) -> dict[int, int]:
        """Return the place of each of the ids' rows, of those alone that are sound."""
        found = self.lying(ids)
        if self._sound.issuperset(found.values()):
            return found
        return {each: place for each, place in found.items() if self._is_sound(each, place)}

    def _is_sound(self, each: int, place: int) -> bool:
        """Check a row the first time it is asked for; one that is spoiled is forgotten."""
        if place not in self._sound:
            row = self.mapped[place * self.whole : place * self.whole + self._used]
            if self._head(place)[2] != _check(row[:NAMED_BYTES], row[HEAD.size :]):
                del self._places[each]
                return False
            self._sound.add(place)
        return True

    def _head(self, place: int) -> tuple[int, bytes, int]:
        number, sha256, check = HEAD.unpack_from(self.mapped, place * self.whole)
        return number, sha256, check

    def append(self, rows: Iterable[Row]) -> None:
        """Add rows; a later row of the same id takes the place of the earlier. Raises OSError."""
        raw = b"".join(self._written(each) for each in rows)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with safefile.opened(self.path, "ab") as file, crash.around("columns.append"):
            safefile.alone(file)
            end = os.fstat(file.fileno()).st_size
            os.ftruncate(file.fileno(), end - end % self.whole)  # what a crash cut short is no row
            file.write(raw)

    def _written(self, row: Row) -> bytes:
        """Return a row as it stands in the file. Raises ValueError for one of another length."""
        if len(row.data) != self._used - HEAD.size:
            raise ValueError(f"a row of {len(row.data)} bytes")
        check = _check(HEAD.pack(row.id, row.sha256, 0)[:NAMED_BYTES], row.data)
        return HEAD.pack(row.id, row.sha256, check) + row.data + bytes(self.whole - self._used)


def _check(named: bytes | memoryview, data: bytes | memoryview) -> int:
    """Return the checksum of a row."""
    return zlib.crc32(data, zlib.crc32(named))


MANY = 1_000
"""Pages of so many rows are given back once their ids are known."""

MOST_BYTES = 256 * 1024 * 1024
"""No submission's texts are larger, unpacked."""


class TextFiles:
    """The texts of the submissions of one track and set of ids."""

    def __init__(self, folder: Path, columns: Sequence[str], n: int) -> None:
        """Use a folder for so many texts in each of the columns; it need not be there."""
        self._folder, self.columns, self._n = folder, tuple(columns), n

    def put(self, submission_id: int, columns: Mapping[str, Sequence[str]]) -> None:
        """Keep the texts of a submission. Raises OSError."""
        if self.columns:
            self._folder.mkdir(parents=True, exist_ok=True)
            data = json.dumps({name: list(columns[name]) for name in self.columns}).encode()
            safefile.replace(self._folder / str(submission_id), zlib.compress(data))

    def has(self, submission_id: int) -> bool:
        """Whether the texts of a submission are kept, or it has none."""
        return not self.columns or self.get(submission_id) is not None

    def get(self, submission_id: int) -> dict[str, list[str]] | None:
        """Return the texts of a submission by column, n of each; None where they are not kept."""
        if not self.columns:
            return {}
        try:
            data = zlib.decompressobj().decompress((self._folder / str(submission_id)).read_bytes(), MOST_BYTES)
            found = json.loads(data)
            columns = {name: found[name] for name in self.columns}
        except (OSError, zlib.error, ValueError, KeyError, TypeError):
            return None
        is_whole = all(isinstance(each, list) and len(each) == self._n for each in columns.values())
        return columns if is_whole else None
