"""The column store: the predictions of each accepted submission, for rescoring without opening a mail.

A cache beside the ledger, filled at intake; :func:`mailbot.evaluation.backfill.complete` makes what is missing from
the spool, and the whole folder may be deleted at any time. For each track and set of ids there is a file of
predictions; a change of labels does not touch it. For each layout of :mod:`scoring.scores.parts` there is a file of the
forms that :mod:`scoring.scores.stack` computes with, made from the first.
"""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mailbot.errors import Temporary
from mailbot.evaluation.rowfile import Items, RowFile, TextFiles
from scoring.scores import stack
from scoring.scores.evaluate import texts_of, type_of
from scoring.scores.parts import parts_of
from scoring.scores.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import DTypeLike, NDArray

    from scoring.labels.truth import Truth
    from scoring.scores.scored import Laid
    from scoring.scores.stack import Key

FORMAT = 1
"""Part of every file's name: to be raised when the same file would give other columns."""

NO_FIELD = ("none", np.dtype("u1"), (1,))
"""What stands in the row of a track that keeps no numbers."""

AT_ONCE = 256
"""Forms are made and kept for so many submissions at a time."""


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """The columns of one accepted submission."""

    submission_id: int
    #: SHA-256 (hex) of its file.
    sha256: str
    #: As :class:`scoring.scores.evaluate.Evaluated` holds them.
    values: Mapping[str, bytes]


@dataclass(frozen=True, kw_only=True, eq=False)
class Stacked:
    """The forms of many submissions."""

    #: Whose the rows are, in order; those that are missing from the store are left out.
    ids: tuple[int, ...]
    #: As :func:`scoring.scores.stack.rescored` takes them; empty without ids.
    stacks: Mapping[Key, Stack]


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
            file = self._values(truth)
            known = self._kept(truth, file, [each.submission_id for each in found])
            new = [each for each in found if known.get(each.submission_id) != each.sha256 and _fits(each, truth)]
            if new:
                for each in new:
                    self._texts(truth).put(each.submission_id, _in_rows(each, truth))
                file.append(_items(new, truth))

    def missing(self, truth: Truth, wanted: Mapping[int, str]) -> set[int]:
        """Return those of the submissions, given with the SHA-256 of their files, that are not kept."""
        with self._lock:
            known = self._kept(truth, self._values(truth), list(wanted))
        return {each for each, sha256 in wanted.items() if known.get(each) != sha256}

    def laid(self, truth: Truth, submission_ids: Sequence[int]) -> dict[int, Laid]:
        """Return columns as :func:`scoring.scores.parts.laid_out` gives them; what is not kept is left out."""
        with self._lock:
            return self._laid(truth, submission_ids)

    def stacks(self, truth: Truth, submission_ids: Sequence[int]) -> Stacked:
        """Return the forms of many submissions, in the order given; forms that are not kept yet are made and kept.

        Matrices are maps of the disk where the submissions lie there in that order. Raises Temporary when the forms
        cannot be kept.
        """
        with self._lock:
            file = self._forms(truth)
            places = self._formed(truth, file, submission_ids)
            if len(places) < len(submission_ids):
                self._form(truth, file, [each for each in submission_ids if each not in places])
                places = self._formed(truth, file, submission_ids)
            ids = tuple(each for each in submission_ids if each in places)
            at = [places[each] for each in ids]
            kept = self._texts(truth)
            texts = [kept.get(each) or {} for each in ids] if kept.columns else []
            return Stacked(ids=ids, stacks=_stacks(truth, file, at, texts) if ids else {})

    def _kept(self, truth: Truth, file: RowFile, ids: Sequence[int]) -> dict[int, str]:
        """Return the SHA-256 of the file that each sound row was made from, by its id."""
        texts = self._texts(truth)
        sound = [each for each in file.places(ids) if not texts.columns or texts.has(each)]
        return {each: sha256.hex() for each, sha256 in file.shas(sound).items()}

    def _laid(self, truth: Truth, ids: Sequence[int]) -> dict[int, Laid]:
        file = self._values(truth)
        places = file.places(ids)
        order = _order(truth)[parts_of(truth).order]
        found: dict[int, Laid] = {}
        kept = self._texts(truth)
        for each, place in places.items():
            texts = kept.get(each)
            if texts is not None:
                numbers = {name: file.field(name, [place])[0][order].astype(np.float64) for name in _numeric(truth)}
                found[each] = numbers | {name: column[order] for name, column in texts.items()}
        return found

    def _formed(self, truth: Truth, file: RowFile, ids: Sequence[int]) -> dict[int, int]:
        """Return where the forms lie that were made from the predictions kept."""
        kept = self._values(truth).shas(ids)
        formed = file.shas(ids)
        return file.places([each for each in kept if formed.get(each) == kept[each]])

    def _form(self, truth: Truth, file: RowFile, ids: Sequence[int]) -> None:
        """Make the forms of submissions whose predictions are kept."""
        values, texts = self._values(truth), self._texts(truth)
        shas = values.shas(ids)
        order = _order(truth)[parts_of(truth).order]
        sound = {each: at for each, at in values.places(shas).items() if not texts.columns or texts.has(each)}
        for start in range(0, len(sound), AT_ONCE):
            some = list(sound)[start : start + AT_ONCE]
            at = [sound[each] for each in some]
            laid = {name: values.field(name, at).take(order, axis=1).astype(np.float64) for name in _numeric(truth)}
            try:
                file.append(Items(ids=some, shas=[shas[each] for each in some], fields=_form_fields(laid, truth)))
            except OSError as error:
                message = f"{self.folder} cannot be written: {error.strerror}"
                raise Temporary(message) from error
        file.refresh()

    def release(self) -> None:
        """Give the pages of the maps back to the kernel: this process has them no more until it reads them again."""
        with self._lock:
            for file in self._files.values():
                file.release()

    def _values(self, truth: Truth) -> RowFile:
        return self._file(f"{_name(truth)}.values", _value_type(truth))

    def _forms(self, truth: Truth) -> RowFile:
        return self._file(f"{_name(truth)}-{_layout(truth)}.forms", _form_type(truth))

    def _texts(self, truth: Truth) -> TextFiles:
        names = [column.name for column in truth.track.columns if column.kind.is_text]
        return TextFiles(self.folder / f"{_name(truth)}.texts", names, len(truth.ids))

    def _file(self, name: str, row: np.dtype[np.void]) -> RowFile:
        file = self._files.setdefault(name, RowFile(self.folder / name, row))
        file.refresh()
        return file


# --- what is in a row ------------------------------------------------------------------------
def _value_type(truth: Truth) -> np.dtype[np.void]:
    return np.dtype([(name, kind, (len(truth.ids),)) for name, kind in _numeric(truth).items()] or [NO_FIELD])


def _numeric(truth: Truth) -> dict[str, np.dtype[np.generic]]:
    """Return the columns that are no texts, each with the type of its numbers."""
    return {column.name: type_of(column) for column in truth.track.columns if not column.kind.is_text}


def _form_type(truth: Truth) -> np.dtype[np.void]:
    parts = parts_of(truth)
    kinds = _kept_forms(truth)
    squares = [(f"{_field(key)}²", "<f8", (len(parts.slices),)) for key in kinds]
    wide_first = sorted(kinds.items(), key=lambda item: -np.dtype(item[1]).itemsize)  # so that all are aligned
    forms = [(_field(key), np.dtype(kind), (parts.n,)) for key, kind in wide_first]
    return np.dtype([*squares, *forms] or [NO_FIELD])


def _kept_forms(truth: Truth) -> dict[Key, DTypeLike]:
    """Return the forms that are kept: texts are only in their own files."""
    kinds = stack.kinds(truth.track, parts_of(truth).n)
    return {key: kind for key, kind in kinds.items() if np.dtype(kind) != np.object_}


def _field(key: Key) -> str:
    column, form = key
    return f"{column}:{form}"


def _fits(found: Predictions, truth: Truth) -> bool:
    """Tell whether each column has a finite number, or a text, for each item."""
    kinds, n = _numeric(truth), len(truth.ids)
    if found.values.keys() != {column.name for column in truth.track.columns}:
        return False
    if any(len(found.values[name]) != n * kind.itemsize for name, kind in kinds.items()):
        return False
    try:
        _in_rows(found, truth)
    except ValueError:
        return False
    return all(np.isfinite(np.frombuffer(found.values[name], kind)).all() for name, kind in kinds.items())


def _in_rows(found: Predictions, truth: Truth) -> dict[str, Sequence[str]]:
    """Return the texts of each column in the order of a row. Raises ValueError."""
    texts = [column.name for column in truth.track.columns if column.kind.is_text]
    places = np.argsort(_order(truth))
    return {name: texts_of(found.values[name], len(truth.ids))[places].tolist() for name in texts}


def _items(found: Sequence[Predictions], truth: Truth) -> Items:
    order = np.empty(len(truth.ids), dtype=np.intp)
    order[_order(truth)] = np.arange(order.size)
    fields = {
        name: np.array([np.frombuffer(each.values[name], kind) for each in found]).take(order, axis=1)
        for name, kind in _numeric(truth).items()
    }
    shas = [bytes.fromhex(each.sha256) for each in found]
    return Items(ids=[each.submission_id for each in found], shas=shas, fields=fields)


def _form_fields(laid: Mapping[str, NDArray[np.float64]], truth: Truth) -> dict[str, NDArray[np.generic]]:
    fields: dict[str, NDArray[np.generic]] = {}
    for key, (matrix, squares) in stack.all_rows(laid, truth).items():
        fields |= {_field(key): matrix, f"{_field(key)}²": squares}
    return fields


def _stacks(
    truth: Truth, file: RowFile, places: Sequence[int], texts: Sequence[Mapping[str, NDArray[np.object_]]]
) -> dict[Key, Stack]:
    order, parts = _order(truth)[parts_of(truth).order], len(parts_of(truth).slices)
    of_texts = {
        key: Stack(matrix=np.array([each[key[0]][order] for each in texts]), square=np.zeros((len(texts), parts)))
        for key in stack.kinds(truth.track, order.size)
        if key not in _kept_forms(truth)
    }
    return of_texts | {
        key: Stack(matrix=file.field(_field(key), places), square=file.field(f"{_field(key)}²", places))  # type: ignore[arg-type]  # of the types that _form_type says
        for key in _kept_forms(truth)
    }


# --- which file it is in ---------------------------------------------------------------------


def _order(truth: Truth) -> NDArray[np.intp]:
    """Return where in a row of predictions each item of ``truth.ids`` is: rows go by id, label files as they like."""
    return truth.once("columns-order", lambda: np.argsort(sorted(range(len(truth.ids)), key=truth.ids.__getitem__)))


def _name(truth: Truth) -> str:
    """Return what the file of predictions is named by: the track, what its columns may hold, and the ids."""
    return truth.once("columns-name", lambda: f"{truth.track.name}-{_digest(_what(truth))}")


def _what(truth: Truth) -> list[object]:
    columns = [[column.name, column.kind.value, *column.choices] for column in truth.track.columns]
    return [FORMAT, columns, sorted(truth.ids, key=lambda each: (isinstance(each, str), each))]


def _layout(truth: Truth) -> str:
    """Return what the file of forms is named by beside: the forms, and which item stands where in which part."""
    return truth.once("columns-layout", lambda: _digest(_where(truth)))


def _where(truth: Truth) -> list[object]:
    parts = parts_of(truth)
    bounds = [[part.start, part.stop] for part in parts.slices.values()]
    return [[_field(key) for key in stack.kinds(truth.track, parts.n)], bounds, _order(truth)[parts.order].tolist()]


def _digest(what: list[object]) -> str:
    return hashlib.sha256(json.dumps(what, ensure_ascii=False).encode()).hexdigest()[:16]
