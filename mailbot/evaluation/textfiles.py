"""The texts of submissions, a file for each, beside the rows of numbers that :mod:`mailbot.evaluation.rowfile` keeps.

They are for what can be made anew, as those are: a file that is damaged counts as missing.
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING

import numpy as np

from mailbot.system import safefile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

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
