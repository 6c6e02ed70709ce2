"""The column store: the predictions of each accepted submission, for rescoring without opening a mail.

A cache beside the ledger, filled at intake; :func:`mailbot.evaluation.backfill.complete` makes what is missing from
the spool, and the whole folder may be deleted at any time. For each track and set of ids there is a file of
predictions; a change of labels does not touch it. For each layout of :mod:`scoring.scores.parts` there is a file of the
forms that :mod:`scoring.scores.stack` computes with, made from the first. To keep predictions takes no NumPy; whoever
reads them loads it (:mod:`mailbot.evaluation.matrices`).
"""

from __future__ import annotations

import hashlib
import json
import math
import threading
from array import array
from dataclasses import dataclass
from operator import eq
from typing import TYPE_CHECKING

from mailbot import lazily
from mailbot.evaluation.rowfile import Row, RowFile, TextFiles
from scoring.model import Kind
from scoring.text import texts_in

with lazily(__name__):  # it loads NumPy, which a daemon that serves mails does without
    from mailbot.evaluation import matrices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mailbot.evaluation.matrices import Kept, Stacked
    from scoring.labels.truth import Truth
    from scoring.scores.scored import Laid

FORMAT = 1
"""Part of every file's name: to be raised when the same file would give other columns."""

NOTHING = b"\0"
"""What stands in the row of a track that keeps no numbers."""


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """The columns of one accepted submission."""

    submission_id: int
    #: SHA-256 (hex) of its file.
    sha256: str
    #: As :class:`scoring.model.Evaluated` holds them.
    values: Mapping[str, bytes]


class Columns:
    """The store. Threads and processes may use it at once."""

    def __init__(self, folder: Path) -> None:
        """Use a folder; it is made when something is to be kept."""
        #: Where the files are.
        self.folder = folder
        self._lock = threading.Lock()
        self._files: dict[str, RowFile] = {}

    def put(self, truth: Truth, found: Sequence[Predictions]) -> None:
        """Keep predictions, whose values lie in the order of ``truth.ids``; what is kept is not kept again.

        What is no set of columns of this truth is passed over: it came from a child, which may have been taken over.
        Raises OSError: the disk is full, say. Nothing depends on it but speed.
        """
        with self._lock:
            file, texts = self._values(truth), self._texts(truth)
            known = self._kept(truth, file, {each.submission_id: each.sha256 for each in found})
            rows = []
            for each in found:
                laid = None if each.submission_id in known else _in_rows(each.values, truth)
                if laid is not None:
                    texts.put(each.submission_id, laid[1])
                    rows.append(Row(id=each.submission_id, sha256=bytes.fromhex(each.sha256), data=laid[0]))
            if rows:
                file.append(rows)

    def missing(self, truth: Truth, wanted: Mapping[int, str]) -> set[int]:
        """Return those of the submissions, given with the SHA-256 of their files, that are not kept."""
        with self._lock:
            return wanted.keys() - self._kept(truth, self._values(truth), wanted)

    def laid(self, truth: Truth, submission_ids: Sequence[int]) -> dict[int, Laid]:
        """Return columns as :func:`scoring.scores.parts.laid_out` gives them; what is not kept is left out."""
        with self._lock:
            return self._matrices(truth).laid(submission_ids)

    def stacks(self, truth: Truth, submission_ids: Sequence[int]) -> Stacked:
        """Return the forms of many submissions, in the order given; forms that are not kept yet are made and kept.

        Matrices are maps of the disk where the submissions lie there in that order. Raises Temporary when the forms
        cannot be kept.
        """
        with self._lock:
            kept = self._matrices(truth)
            layout = truth.once("columns-layout", lambda: _digest(kept.where()))
            forms = self._file(f"{_name(truth)}-{layout}.forms", matrices.form_type(truth).itemsize)
            return kept.stacks(forms, submission_ids)

    def release(self) -> None:
        """Give the pages of the maps back to the kernel: this process has them no more until it reads them again."""
        with self._lock:
            for file in self._files.values():
                file.release()

    def _kept(self, truth: Truth, file: RowFile, wanted: Mapping[int, str]) -> set[int]:
        """Return those of the submissions, given with the SHA-256 of their files, that have a sound row."""
        texts = self._texts(truth)
        return {each for each in file.made_from(wanted) if not texts.columns or texts.has(each)}

    def _matrices(self, truth: Truth) -> Kept:
        places = truth.once("columns-places", lambda: _inverse(_sorted(truth)))
        return matrices.Kept(truth=truth, values=self._values(truth), texts=self._texts(truth), places=places)

    def _values(self, truth: Truth) -> RowFile:
        return self._file(f"{_name(truth)}.values", _row_bytes(truth))

    def _texts(self, truth: Truth) -> TextFiles:
        names = [column.name for column in truth.track.columns if column.kind.is_text]
        return TextFiles(self.folder / f"{_name(truth)}.texts", names, len(truth.ids))

    def _file(self, name: str, row_bytes: int) -> RowFile:
        file = self._files.setdefault(name, RowFile(self.folder / name, row_bytes))
        file.refresh()
        return file


# --- what is in a row ------------------------------------------------------------------------
def _codes(truth: Truth) -> dict[str, str]:
    """Return the columns that are no texts, each with the code (:mod:`array`) of its numbers' type."""
    numeric = [column for column in truth.track.columns if not column.kind.is_text]
    return {column.name: "B" if column.kind is Kind.CHOICE else "d" for column in numeric}


def _row_bytes(truth: Truth) -> int:
    return sum(array(code).itemsize * len(truth.ids) for code in _codes(truth).values()) or len(NOTHING)


def _in_rows(values: Mapping[str, bytes], truth: Truth) -> tuple[bytes, dict[str, Sequence[str]]] | None:
    """Return the numbers of a row and its texts by column; None unless there is a finite number, or a text, a place."""
    places, codes, n = _sorted(truth), _codes(truth), len(truth.ids)
    if values.keys() != {column.name for column in truth.track.columns}:
        return None
    if any(len(values[name]) != n * array(code).itemsize for name, code in codes.items()):
        return None
    numbers = {name: array(code, values[name]) for name, code in codes.items()}
    if not all(map(_are_finite, numbers.values())):
        return None
    try:
        texts: dict[str, Sequence[str]] = {name: texts_in(values[name], n) for name in values.keys() - codes.keys()}
    except ValueError:
        return None
    if truth.once("columns-in-order", lambda: all(map(eq, places, range(n)))):
        return b"".join(values[name] for name in codes) or NOTHING, texts
    ordered = [array(code, map(numbers[name].__getitem__, places)).tobytes() for name, code in codes.items()]
    return b"".join(ordered) or NOTHING, {name: [each[at] for at in places] for name, each in texts.items()}


def _are_finite(numbers: Sequence[float]) -> bool:
    return math.isfinite(sum(numbers)) or all(map(math.isfinite, numbers))  # finite ones may have too large a sum


# --- which file it is in ---------------------------------------------------------------------


def _sorted(truth: Truth) -> array[int]:
    """Return which item of ``truth.ids`` stands where in a row: rows go by id, label files as they like."""
    return truth.once("columns-order", lambda: array("q", sorted(range(len(truth.ids)), key=truth.ids.__getitem__)))


def _inverse(places: array[int]) -> array[int]:
    """Return where in a row each item of ``truth.ids`` is."""
    found = array("q", bytes(8 * len(places)))
    for at, place in enumerate(places):
        found[place] = at
    return found


def _name(truth: Truth) -> str:
    """Return what the file of predictions is named by: the track, what its columns may hold, and the ids."""
    return truth.once("columns-name", lambda: f"{truth.track.name}-{_digest(_what(truth))}")


def _what(truth: Truth) -> list[object]:
    columns = [[column.name, column.kind.value, *column.choices] for column in truth.track.columns]
    return [FORMAT, columns, sorted(truth.ids, key=lambda each: (isinstance(each, str), each))]


def _digest(what: list[object]) -> str:
    return hashlib.sha256(json.dumps(what, ensure_ascii=False).encode()).hexdigest()[:16]
