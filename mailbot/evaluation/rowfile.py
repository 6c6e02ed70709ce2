"""A file of fixed-length rows, each with a checksum, append-only and read through a memory map.

It is for what can be made anew: nothing is synced, and a row that a crash or a disk has spoiled counts as missing.
Several processes may read and append at once, and the file may be deleted at any time. Texts, of no fixed length, lie
beside it, a file for each submission (:class:`TextFiles`).
"""

from __future__ import annotations

import fcntl
import json
import os
import zlib
from dataclasses import dataclass
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
class Item:
    """A row to be kept."""

    id: int
    #: SHA-256 (hex) of the file that it was made from.
    sha256: str
    #: Its fields by name.
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
        self._bytes: NDArray[np.uint8] = np.empty((0, self._dtype.itemsize), dtype=np.uint8)
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
                    self._rows = np.memmap(file, dtype=self._dtype, mode="r", shape=(count,))
                    self._bytes = self._rows.view(np.uint8).reshape(count, self._dtype.itemsize)
        except FileNotFoundError:
            self._forget()
            return
        self._identity = identity
        self._places |= {int(each): known + n for n, each in enumerate(self._rows["head"]["id"][known:].tolist())}

    def shas(self, ids: Sequence[int]) -> dict[int, bytes]:
        """Return the SHA-256 in the row of each of the ids that has one, be the row sound or not."""
        places = {each: self._places[each] for each in ids if each in self._places}
        found = np.ascontiguousarray(self._rows["head"]["sha256"][list(places.values())])
        return {each: row.tobytes() for each, row in zip(places, found, strict=True)}

    def places(self, ids: Iterable[int]) -> dict[int, int]:
        """Return the place of each of the ids' rows, of those alone that are sound."""
        found = {each: self._places[each] for each in ids if each in self._places}
        return {each: place for each, place in found.items() if self._is_sound(each, place)}

    def _is_sound(self, each: int, place: int) -> bool:
        """Check a row the first time it is asked for; one that is spoiled is forgotten."""
        if place not in self._sound:
            if self._rows["head"]["check"][place] != _check(self._bytes[place], self._used):
                del self._places[each]
                return False
            self._sound.add(place)
        return True

    def field(self, name: str, places: Sequence[int]) -> NDArray[np.generic]:
        """Return a field of the rows at ``places``, (k, ...): a view of the map where they lie together."""
        column: NDArray[np.generic] = self._rows["row"][name]
        if places and list(places) == list(range(places[0], places[0] + len(places))):
            return column[places[0] : places[0] + len(places)]
        return column[list(places)]

    def append(self, items: Sequence[Item]) -> None:
        """Add rows; a later row of the same id takes the place of the earlier. Raises OSError."""
        rows = np.zeros(len(items), dtype=self._dtype)
        for row, item in zip(rows, items, strict=True):
            row["head"]["id"] = item.id
            row["head"]["sha256"] = np.frombuffer(bytes.fromhex(item.sha256), dtype=np.uint8)
            for name, values in item.fields.items():
                row["row"][name] = values
        raw = rows.view(np.uint8).reshape(len(items), self._dtype.itemsize)
        rows["head"]["check"] = [_check(each, self._used) for each in raw]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with safefile.opened(self._path, "ab") as file, crash.around("columns.append"):
            fcntl.flock(file, fcntl.LOCK_EX)
            end = os.fstat(file.fileno()).st_size
            os.ftruncate(file.fileno(), end - end % self._dtype.itemsize)  # what a crash cut short is no row
            file.write(raw.data)


def _check(row: NDArray[np.uint8], used: int) -> int:
    return zlib.crc32(row[HEAD_BYTES:used].data, zlib.crc32(row[:NAMED_BYTES].data))


MOST_BYTES = 256 * 1024 * 1024
"""No submission's texts are larger, unpacked."""


class TextFiles:
    """The texts of the submissions of one track and set of ids."""

    def __init__(self, folder: Path, columns: Sequence[str], n: int) -> None:
        """Use a folder for so many texts in each of the columns; it need not be there."""
        self._folder, self._columns, self._n = folder, tuple(columns), n

    def put(self, submission_id: int, columns: Mapping[str, Sequence[str]]) -> None:
        """Keep the texts of a submission. Raises OSError."""
        if self._columns:
            self._folder.mkdir(parents=True, exist_ok=True)
            data = json.dumps({name: list(columns[name]) for name in self._columns}).encode()
            safefile.replace(self._folder / str(submission_id), zlib.compress(data))

    def has(self, submission_id: int) -> bool:
        """Whether the texts of a submission are kept, or it has none."""
        return not self._columns or self.get(submission_id) is not None

    def get(self, submission_id: int) -> dict[str, NDArray[np.object_]] | None:
        """Return the texts of a submission by column, (n,); None where they are not kept."""
        if not self._columns:
            return {}
        try:
            data = zlib.decompressobj().decompress((self._folder / str(submission_id)).read_bytes(), MOST_BYTES)
            found = json.loads(data)
            columns = {name: np.array(found[name], dtype=np.object_) for name in self._columns}
        except (OSError, zlib.error, ValueError, KeyError, TypeError):
            return None
        return columns if all(column.shape == (self._n,) for column in columns.values()) else None
