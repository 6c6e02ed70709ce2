"""A file of fixed-length rows, each with a checksum, append-only and read through a memory map.

It is for what can be made anew: nothing is synced, and a row that a crash or a disk has spoiled counts as missing.
Several processes may read and append at once, and the file may be deleted at any time. Texts, of no fixed length, lie
beside it, a file for each submission (:class:`TextFiles`).
"""

from __future__ import annotations

import json
import os
import zlib
from dataclasses import dataclass
from mmap import ACCESS_READ, MADV_DONTNEED, mmap
from typing import TYPE_CHECKING

import numpy as np

from mailbot.system import crash, safefile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

HEAD_BYTES = 64
NAMED_BYTES = 40
"""The id and the SHA-256, which the checksum covers beside the row."""

HEAD = np.dtype(
    {
        "names": ["id", "sha256", "check"],
        "formats": ["<i8", ("u1", 32), "<u4"],
        "offsets": [0, 8, NAMED_BYTES],
        "itemsize": HEAD_BYTES,
    }
)
"""What stands before each row: whose it is, the file it was made from, and the CRC-32 of all that."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Items:
    """Rows to be kept."""

    ids: Sequence[int]
    #: SHA-256 of the file that each was made from.
    shas: Sequence[bytes]
    #: The fields of all of them by name, (k, …).
    fields: Mapping[str, NDArray[np.generic]]


class RowFile:
    """One file and its map. Not for several threads at once."""

    def __init__(self, path: Path, row: np.dtype[np.void]) -> None:
        """Use a file of such rows; it need not be there."""
        self._path = path
        whole = HEAD_BYTES + -(-row.itemsize // HEAD_BYTES) * HEAD_BYTES
        layout = {"names": ["head", "row"], "formats": [HEAD, row], "offsets": [0, HEAD_BYTES], "itemsize": whole}
        self._dtype = np.dtype(layout)  # type: ignore[call-overload]  # numpy's types know this form as a literal alone
        self._used = HEAD_BYTES + row.itemsize
        self._forget()

    def _forget(self) -> None:
        self._identity: tuple[int, int] | None = None
        self._rows: NDArray[np.void] = np.empty(0, dtype=self._dtype)
        self._bytes = memoryview(b"")
        self._map: mmap | None = None
        self._places: dict[int, int] = {}
        self._sound: set[int] = set()

    def refresh(self) -> None:
        """Take note of what was appended since, by whomever; of a torn row at the end none."""
        try:
            with self._path.open("rb") as file:
                status = os.fstat(file.fileno())
                identity, count = (status.st_dev, status.st_ino), status.st_size // self._dtype.itemsize
                if identity != self._identity or count < len(self._rows):
                    self._forget()
                known = len(self._rows)
                if count > known:
                    self._map = mmap(file.fileno(), count * self._dtype.itemsize, access=ACCESS_READ)
                    self._rows = np.frombuffer(self._map, dtype=self._dtype)
                    self._bytes = _bytes_of(self._rows)
        except FileNotFoundError:
            self._forget()
            return
        self._identity = identity
        self._places |= {int(each): known + n for n, each in enumerate(self._rows["head"]["id"][known:].tolist())}

    def release(self) -> None:
        """Give the map's pages back to the kernel; whoever looks at a row reads them again."""
        if self._map is not None:
            self._map.madvise(MADV_DONTNEED)

    def shas(self, ids: Sequence[int]) -> dict[int, bytes]:
        """Return the SHA-256 in the row of each of the ids that has one, be the row sound or not."""
        places = {each: self._places[each] for each in ids if each in self._places}
        found = np.ascontiguousarray(self._rows["head"]["sha256"][list(places.values())])
        return {each: row.tobytes() for each, row in zip(places, found, strict=True)}

    def places(self, ids: Iterable[int]) -> dict[int, int]:
        """Return the place of each of the ids' rows, of those alone that are sound."""
        found = {each: self._places[each] for each in ids if each in self._places}
        if self._sound.issuperset(found.values()):
            return found
        return {each: place for each, place in found.items() if self._is_sound(each, place)}

    def _is_sound(self, each: int, place: int) -> bool:
        """Check a row the first time it is asked for; one that is spoiled is forgotten."""
        if place not in self._sound:
            if self._rows["head"]["check"][place] != self._check(self._bytes, place):
                del self._places[each]
                return False
            self._sound.add(place)
        return True

    def field(self, name: str, places: Sequence[int]) -> NDArray[np.generic]:
        """Return a field of the rows at ``places``, (k, ...): a view of the map where they lie together."""
        column: NDArray[np.generic] = self._rows["row"][name]
        if places and np.array_equal(places, np.arange(places[0], places[0] + len(places))):
            return column[places[0] : places[0] + len(places)]
        return column[list(places)]

    def append(self, items: Items) -> None:
        """Add rows; a later row of the same id takes the place of the earlier. Raises OSError."""
        count = len(items.ids)
        rows = np.zeros(count, dtype=self._dtype)
        rows["head"]["id"] = items.ids
        rows["head"]["sha256"] = np.frombuffer(b"".join(items.shas), dtype=np.uint8).reshape(count, -1)
        for name, values in items.fields.items():
            rows["row"][name] = values
        raw = _bytes_of(rows)
        rows["head"]["check"] = [self._check(raw, place) for place in range(count)]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with safefile.opened(self._path, "ab") as file, crash.around("columns.append"):
            safefile.alone(file)
            end = os.fstat(file.fileno()).st_size
            os.ftruncate(file.fileno(), end - end % self._dtype.itemsize)  # what a crash cut short is no row
            file.write(raw)

    def _check(self, raw: memoryview, place: int) -> int:
        """Return the checksum of a row among others."""
        begin = place * self._dtype.itemsize
        named = zlib.crc32(raw[begin : begin + NAMED_BYTES])
        return zlib.crc32(raw[begin + HEAD_BYTES : begin + self._used], named)


def _bytes_of(rows: NDArray[np.void]) -> memoryview:
    return rows.view(np.uint8).data if rows.size else memoryview(b"")


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

    def get(self, submission_id: int) -> dict[str, NDArray[np.object_]] | None:
        """Return the texts of a submission by column, (n,); None where they are not kept."""
        if not self.columns:
            return {}
        try:
            data = zlib.decompressobj().decompress((self._folder / str(submission_id)).read_bytes(), MOST_BYTES)
            found = json.loads(data)
            columns = {name: np.array(found[name], dtype=np.object_) for name in self.columns}
        except (OSError, zlib.error, ValueError, KeyError, TypeError):
            return None
        return columns if all(column.shape == (self._n,) for column in columns.values()) else None
