"""One prediction file against one truth: a score with its metrics, or all the problems that stand against it.

Pure: the same bytes and the same truth give the same evaluation, whoever asks.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from scoring import interval
from scoring.files.clean import plainly
from scoring.files.read import read
from scoring.model import Evaluated, Evaluation, Kind, Later, Note, Problem, Track
from scoring.rows.check import Checked, check, constant_notes, tell_track
from scoring.scores import scored
from scoring.scores.deviations import deviations
from scoring.scores.parts import laid_out, numbered, ordered, parts_of
from scoring.text import counted, texts_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scoring.declaration import siqa
    from scoring.files import unpack
    from scoring.files.clean import Decode
    from scoring.files.unpack import File, Limits
    from scoring.labels.truth import Truth
    from scoring.metrics.rule import Array
    from scoring.model import Column
    from scoring.rows import members
    from scoring.scores.scored import Laid, Scored
    from scoring.table import Reading

    Scorer = Callable[[Laid, Truth], Scored]
else:
    siqa = Later("scoring.declaration.siqa")
    unpack = Later("scoring.files.unpack")
    members = Later("scoring.rows.members")

try:
    import msgspec
except ImportError:  # scoring by itself needs numpy and no more
    decoder: Decode = plainly
else:
    decoder = msgspec.json.decode


def evaluate(data: bytes, truth: Truth, *, name: str = "", by: Scorer = scored.scored) -> Evaluation:
    """Read, check and score the bytes of one result file for the track of ``truth``.

    Never raises for what is in the file: its mistakes are the evaluation's problems. ``name`` only helps messages.
    ``by`` computes the measures: ours, or :func:`scoring.reference.scored` for scipy's.
    """
    return _evaluated(read(data, name, decoder), truth, by).evaluation


def evaluated_any(data: bytes, truths: Mapping[str, Truth], *, name: str = "", hint: str | None = None) -> Evaluated:
    """Return the same with the file's values, the track told from the file; ``truths`` by track name.

    ``hint`` is a track's name or letter; it decides only where neither the file's track field nor its columns do.
    """
    tracks = [truth.track for truth in truths.values()]
    owned = any(track.own for track in tracks)
    whole = members.taker(data, tracks, hint) if owned or not tracks else None
    if isinstance(whole, Problem):
        return Evaluated(evaluation=Evaluation(track=None, problems=(whole,)))
    if whole is not None:
        return Evaluated(evaluation=Evaluation(track=whole.name), own=whole.name)
    reading = read(data, name, decoder)
    told = tell_track(reading.table, [each for each in tracks if each.columns], hint) if reading.table else None
    track = told if isinstance(told, Track) else members.last_taker(tracks) if owned else None
    if track is None:
        return Evaluated(evaluation=_refused(reading, None, (told,) if isinstance(told, Problem) else ()))
    if track.own:
        return Evaluated(evaluation=Evaluation(track=track.name), own=track.name)
    return _evaluated(reading, truths[track.name])


def evaluate_packed(
    data: bytes, truth: Truth, *, name: str = "", limits: Limits | None = None, by: Scorer = scored.scored
) -> Evaluation:
    """Return the same for one track, the file bare, in a ``.gz`` or in a ``.zip``.

    Of several files in an archive the one that tells this track counts; there must be exactly one.
    """
    file = _the_file(data, truth, name, limits or unpack.Limits())
    if isinstance(file, unpack.File):
        return evaluate(file.data, truth, name=file.name, by=by)
    return Evaluation(track=truth.track.name, problems=file)


def values_of(data: bytes, truth: Truth, *, name: str = "", limits: Limits | None = None) -> Laid | None:
    """Return the columns that :func:`evaluate_packed` scores, laid out; None for a file with problems."""
    file = _the_file(data, truth, name, limits or unpack.Limits())
    reading = read(file.data, file.name, decoder) if isinstance(file, unpack.File) else None
    if reading is None or reading.table is None or reading.problems:
        return None
    checked = check(reading.table, truth.track, truth.ids)
    return None if checked.problems else laid_out(checked.values, truth)


def _the_file(data: bytes, truth: Truth, name: str, limits: Limits) -> File | tuple[Problem, ...]:
    """Return the one file for the truth's track, or why there is none."""
    unpacked = unpack.unpack(name, data, limits)
    if unpacked.problems:
        return unpacked.problems
    files = unpacked.files
    if len(files) > 1:
        files = tuple(file for file in files if _is_for(file.data, truth))
    if len(files) == 1:
        return files[0]
    message = f"The archive holds {counted(len(files), 'file')} for {truth.track.title}; there must be one."
    return (Problem(code="several-files" if files else "no-file", count=max(1, len(files)), message=message),)


def _is_for(data: bytes, truth: Truth) -> bool:
    """Whether a file tells the truth's track rather than another of SIQA's."""
    table = read(data, decoder=decoder).table
    others = [track for track in siqa.tracks() if track.name != truth.track.name]
    return table is not None and tell_track(table, [truth.track, *others]) is truth.track


def _evaluated(reading: Reading, truth: Truth, by: Scorer = scored.scored) -> Evaluated:
    if truth.track.own:
        message = f"{truth.track.name} has a scorer of its own, which runs in a sandbox alone"
        raise ValueError(message)
    if reading.table is None:
        return Evaluated(evaluation=_refused(reading, truth, ()))
    checked = check(reading.table, truth.track, truth.ids)
    if reading.problems or checked.problems:
        return Evaluated(evaluation=_refused(reading, truth, checked.problems, checked.notes))
    numbers = numbered(checked.values, truth.track.columns)
    packed = {column.name: _bytes_of(column, numbers[column.name]) for column in truth.track.columns}
    return Evaluated(evaluation=_scored(reading, checked, ordered(numbers, truth), truth, by), values=packed)


def _bytes_of(column: Column, values: Array) -> bytes:
    if column.kind.is_text:
        return json.dumps(values.tolist(), ensure_ascii=False).encode("utf-8", "surrogatepass")
    return values.astype(type_of(column)).tobytes()


def laid_of(values: Mapping[str, bytes], truth: Truth) -> Laid:
    """Return the values that :class:`Evaluated` holds, laid out as :func:`scoring.scores.parts.laid_out` does."""
    order = parts_of(truth).order
    return {
        column.name: (
            np.array(texts_in(values[column.name], len(truth.ids)), dtype=np.object_)
            if column.kind.is_text
            else np.frombuffer(values[column.name], type_of(column)).astype(np.float64)
        )[order]
        for column in truth.track.columns
    }


def type_of(column: Column) -> np.dtype[np.generic]:
    """Return of what type the values of a column of numbers or choices are kept."""
    return np.dtype("u1" if column.kind is Kind.CHOICE else "<f8")


def evaluation_of(laid: Laid, truth: Truth) -> Evaluation:
    """Return the evaluation, of score and metrics, of columns that were checked before."""
    found = scored.scored(laid, truth)
    error = interval.standard_error(deviations(laid, truth, found))
    return Evaluation(
        track=truth.track.name,
        score=found.score,
        metrics=found.figures,
        error=error,
        interval=_interval(found, error, truth.track),
        n=truth.n,
        truth=truth.sha256,
        scorer=truth.track.scorer,
    )


def _interval(found: Scored, error: float, track: Track) -> tuple[float, float] | None:
    """Return the interval of a score; none at the least score, as of constant columns, where no item moves it."""
    if error == 0.0 and found.score == track.bounds[0]:
        return None
    return interval.interval(found.score, error, track.bounds)


def _scored(reading: Reading, checked: Checked, laid: Laid, truth: Truth, by: Scorer) -> Evaluation:
    """Return the evaluation of a file free of problems.

    Its notes are of every item that a file must hold, whichever of them are scored: with a secret split they would
    tell else which items those are.
    """
    found = by(laid, truth)
    error = interval.standard_error(deviations(laid, truth, found if by is scored.scored else None))
    return Evaluation(
        track=truth.track.name,
        team=reading.table.team if reading.table else None,
        method=reading.table.method if reading.table else None,
        score=found.score,
        metrics=found.figures,
        error=error,
        interval=_interval(found, error, truth.track),
        n=truth.n,
        truth=truth.sha256,
        scorer=truth.track.scorer,
        notes=(*reading.notes, *checked.notes, *constant_notes(checked.values, truth.track)),
    )


def _refused(
    reading: Reading, truth: Truth | None, problems: tuple[Problem, ...], notes: tuple[Note, ...] = ()
) -> Evaluation:
    table = reading.table
    return Evaluation(
        track=truth.track.name if truth else None,
        team=table.team if table else None,
        method=table.method if table else None,
        n=truth.n if truth else 0,
        truth=truth.sha256 if truth else None,
        scorer=truth.track.scorer if truth else None,
        problems=(*reading.problems, *problems),
        notes=(*reading.notes, *notes),
    )
