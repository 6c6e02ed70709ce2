"""What the column store keeps, as NumPy has it: predictions laid out, and the forms of many submissions.

Matrices are maps of the disk where the submissions lie there in the order asked for. The daemon's own process, which
serves mails, never loads this module: it would keep NumPy for good.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING, Any

import numpy as np

from mailbot.errors import Temporary
from mailbot.evaluation.rowfile import HEAD, NAMED_BYTES, Row
from scoring.scores import stack
from scoring.scores.evaluate import type_of
from scoring.scores.parts import parts_of
from scoring.scores.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import DTypeLike, NDArray

    from mailbot.evaluation.rowfile import RowFile, TextFiles
    from scoring.labels.truth import Truth
    from scoring.scores.scored import Laid
    from scoring.scores.stack import Key

NO_FIELD = ("none", np.dtype("u1"), (1,))
"""What stands in the row of a track that keeps no numbers."""

AT_ONCE = 256
"""Forms are made and kept for so many submissions at a time."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Stacked:
    """The forms of many submissions."""

    #: Whose the rows are, in order; those that are missing from the store are left out.
    ids: tuple[int, ...]
    #: As :func:`scoring.scores.stack.rescored` takes them; empty without ids.
    stacks: Mapping[Key, Stack]


@dataclass(frozen=True, kw_only=True)
class Kept:
    """The files of predictions of a truth's submissions, and in which order their items lie there."""

    truth: Truth
    values: RowFile
    texts: TextFiles
    #: Where in a row each item of ``truth.ids`` is.
    places: Sequence[int]

    @property
    def order(self) -> NDArray[np.intp]:
        """Where in a row each item is, in the order of the parts."""
        return self.truth.once("matrices-order", lambda: np.asarray(self.places, np.intp)[parts_of(self.truth).order])

    def where(self) -> list[object]:
        """Return what a file of forms is for: which forms, and which item stands where in which part."""
        parts = parts_of(self.truth)
        bounds = [[part.start, part.stop] for part in parts.slices.values()]
        kinds = stack.kinds(self.truth.track, parts.n)
        return [[_field(key) for key in kinds], bounds, self.order.tolist()]

    def sound(self, ids: Iterable[int]) -> dict[int, int]:
        """Return where the rows of those of the ids lie that are kept whole."""
        places = self.values.places(ids)
        return {each: at for each, at in places.items() if not self.texts.columns or self.texts.has(each)}

    def laid(self, ids: Sequence[int]) -> dict[int, Laid]:
        """Return columns as :func:`scoring.scores.parts.laid_out` gives them; what is not kept is left out."""
        rows = _rows(self.values, _value_type(self.truth))
        return {each: laid for each, at in self.values.places(ids).items() for laid in self._one(rows, each, at)}

    def _one(self, rows: NDArray[np.void], each: int, at: int) -> Iterator[Laid]:
        texts = self.texts.get(each)
        if texts is not None:
            numbers = {name: rows[name][at][self.order].astype(np.float64) for name in _numeric(self.truth)}
            yield numbers | {name: _texts(column)[self.order] for name, column in texts.items()}

    def many(self, at: Sequence[int]) -> dict[str, NDArray[np.float64]]:
        """Return the columns of numbers, (k, n), of rows at these places."""
        rows = _rows(self.values, _value_type(self.truth))
        return {n: _at(rows[n], np.array(at)).take(self.order, axis=1).astype(np.float64) for n in _numeric(self.truth)}

    def stacks(self, forms: RowFile, ids: Sequence[int]) -> Stacked:
        """Return the forms of many submissions, in the order given; forms that are not kept yet are made and kept.

        Raises Temporary when they cannot be kept.
        """
        places = self._formed(forms, ids)
        if len(places) < len(ids):
            self._form(forms, [each for each in ids if each not in places])
            places = self._formed(forms, ids)
        return Stacked(ids=tuple(places), stacks=self._stacks(forms, places) if places else {})

    def _formed(self, forms: RowFile, ids: Sequence[int]) -> dict[int, int]:
        """Return where the forms lie that were made from the predictions kept."""
        formed = forms.lying(ids)
        kept = self.values.lying(formed)
        at = [formed[each] for each in kept]
        same = (_shas(self.values, [*kept.values()]) == _shas(forms, at)).all(axis=1)
        return forms.places(compress(kept, same.tolist()))

    def _form(self, forms: RowFile, ids: Sequence[int]) -> None:
        """Make the forms of submissions whose predictions are kept."""
        sound = self.sound(ids)
        shas = _shas(self.values, [*sound.values()])
        for start in range(0, len(sound), AT_ONCE):
            some = list(sound)[start : start + AT_ONCE]
            made = _made(self.many([sound[each] for each in some]), self.truth, len(some))
            try:
                forms.append(
                    Row(id=each, sha256=shas[start + n].tobytes(), data=made[n].tobytes())
                    for n, each in enumerate(some)
                )
            except OSError as error:
                message = f"{forms.path.parent} cannot be written: {error.strerror}"
                raise Temporary(message) from error
        forms.refresh()

    def _stacks(self, forms: RowFile, places: Mapping[int, int]) -> dict[Key, Stack]:
        truth, n, parts = self.truth, self.order.size, len(parts_of(self.truth).slices)
        texts = [self.texts.get(each) or {} for each in places] if self.texts.columns else []
        none = np.zeros((len(places), parts))
        of_texts = {
            key: Stack(matrix=np.array([_texts(each[key[0]])[self.order] for each in texts]), square=none)
            for key in stack.kinds(truth.track, n)
            if key not in _kept_forms(truth)
        }
        rows, at = _rows(forms, form_type(truth)), np.array([*places.values()])
        return of_texts | {
            key: Stack(matrix=_at(rows[_field(key)], at), square=_at(rows[f"{_field(key)}²"], at))
            for key in _kept_forms(truth)
        }


def form_type(truth: Truth) -> np.dtype[np.void]:
    """Return of what a row of forms is made."""
    parts = parts_of(truth)
    kinds = _kept_forms(truth)
    squares = [(f"{_field(key)}²", "<f8", (len(parts.slices),)) for key in kinds]
    wide_first = sorted(kinds.items(), key=lambda item: -np.dtype(item[1]).itemsize)  # so that all are aligned
    forms = [(_field(key), np.dtype(kind), (parts.n,)) for key, kind in wide_first]
    return np.dtype([*squares, *forms] or [NO_FIELD])


def _value_type(truth: Truth) -> np.dtype[np.void]:
    return np.dtype([(name, kind, (len(truth.ids),)) for name, kind in _numeric(truth).items()] or [NO_FIELD])


def _numeric(truth: Truth) -> dict[str, np.dtype[np.generic]]:
    """Return the columns that are no texts, each with the type of its numbers."""
    return {column.name: type_of(column) for column in truth.track.columns if not column.kind.is_text}


def _kept_forms(truth: Truth) -> dict[Key, DTypeLike]:
    """Return the forms that are kept: texts are only in their own files."""
    kinds = stack.kinds(truth.track, parts_of(truth).n)
    return {key: kind for key, kind in kinds.items() if np.dtype(kind) != np.object_}


def _field(key: Key) -> str:
    column, form = key
    return f"{column}:{form}"


def _made(laid: Mapping[str, NDArray[np.float64]], truth: Truth, count: int) -> NDArray[np.void]:
    """Return rows of forms, (count,), from columns (count, n)."""
    rows = np.zeros(count, dtype=form_type(truth))
    for key, (matrix, squares) in stack.all_rows(laid, truth).items():
        rows[_field(key)], rows[f"{_field(key)}²"] = matrix, squares
    return rows


def _texts(column: Sequence[str]) -> NDArray[np.object_]:
    return np.array(column, dtype=np.object_)


def _rows(file: RowFile, row: np.dtype[np.void]) -> NDArray[np.void]:
    """Return all rows of a file, (count,), as a view of its map."""
    layout = {"names": ["row"], "formats": [row], "offsets": [HEAD.size], "itemsize": file.whole}
    rows: NDArray[np.void] = np.frombuffer(file.mapped, np.dtype(layout))["row"]  # type: ignore[call-overload]  # numpy's types know this form as a literal alone
    return rows


def _shas(file: RowFile, places: Sequence[int]) -> NDArray[np.uint8]:
    """Return the SHA-256 of the file that each of some rows was made from, (k, 32)."""
    heads = np.frombuffer(file.mapped, np.uint8).reshape(-1, file.whole)[:, 8:NAMED_BYTES]
    return heads[places]


def _at(column: NDArray[np.generic], places: NDArray[np.intp]) -> NDArray[Any]:
    """Return a field of the rows at ``places`` (k,), (k, ...): a view of the map where they lie together."""
    if places.size and np.array_equal(places, np.arange(places[0], places[0] + places.size)):
        return column[places[0] : places[0] + places.size]
    return column[places]
