"""One prediction file against one truth: a score with its metrics, or all the problems that stand against it.

Pure: the same bytes and the same truth give the same evaluation, whoever asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scoring import metrics, siqa
from scoring.check import Checked, check, tell_track
from scoring.model import Evaluation, Note, Problem
from scoring.read import read
from scoring.text import counted
from scoring.unpack import Limits, unpack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scoring.table import Reading
    from scoring.truth import Truth


def evaluate(data: bytes, truth: Truth, *, name: str = "") -> Evaluation:
    """Read, check and score the bytes of one result file for the track of ``truth``.

    Never raises for what is in the file: its mistakes are the evaluation's problems. ``name`` only helps messages.
    """
    return _evaluated(read(data, name), truth)


def evaluate_any(data: bytes, truths: Mapping[str, Truth], *, name: str = "", hint: str | None = None) -> Evaluation:
    """Return the same, the track told from the file; ``truths`` by track name, ``hint`` a track's name or letter.

    The hint decides only where neither the file's track field nor its columns do.
    """
    reading = read(data, name)
    if reading.table is None:
        return _refused(reading, None, ())
    track = tell_track(reading.table, [truth.track for truth in truths.values()], hint)
    if isinstance(track, Problem):
        return _refused(reading, None, (track,))
    return _evaluated(reading, truths[track.name])


def evaluate_packed(data: bytes, truth: Truth, *, name: str = "", limits: Limits | None = None) -> Evaluation:
    """Return the same for one track, the file bare, in a ``.gz`` or in a ``.zip``.

    Of several files in an archive the one that tells this track counts; there must be exactly one.
    """
    unpacked = unpack(name, data, limits or Limits())
    if unpacked.problems:
        return Evaluation(track=truth.track.name, problems=unpacked.problems)
    files = unpacked.files
    if len(files) > 1:
        files = tuple(file for file in files if _is_for(file.data, truth))
    if len(files) != 1:
        message = f"The archive holds {counted(len(files), 'file')} for {truth.track.title}; there must be one."
        problem = Problem(code="several-files" if files else "no-file", count=max(1, len(files)), message=message)
        return Evaluation(track=truth.track.name, problems=(problem,))
    return evaluate(files[0].data, truth, name=files[0].name)


def _is_for(data: bytes, truth: Truth) -> bool:
    """Whether a file tells the truth's track rather than another of SIQA's."""
    table = read(data).table
    others = [track for track in siqa.tracks() if track.name != truth.track.name]
    return table is not None and tell_track(table, [truth.track, *others]) is truth.track


def _evaluated(reading: Reading, truth: Truth) -> Evaluation:
    if reading.table is None:
        return _refused(reading, truth, ())
    checked = check(reading.table, truth.track, truth.ids)
    if reading.problems or checked.problems:
        return _refused(reading, truth, checked.problems, checked.notes)
    figures, score, notes = _score(checked, truth)
    return Evaluation(
        track=truth.track.name,
        team=reading.table.team,
        method=reading.table.method,
        score=score,
        metrics=figures,
        n=truth.n,
        truth=truth.sha256,
        scorer=truth.track.scorer,
        notes=(*reading.notes, *checked.notes, *notes),
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


def _score(checked: Checked, truth: Truth) -> tuple[dict[str, float], float, list[Note]]:
    """Return the metrics, the score and what to say of them; the values are free of problems."""
    return _accuracies(checked, truth) if truth.groups is not None else _correlations(checked, truth)


def _accuracies(checked: Checked, truth: Truth) -> tuple[dict[str, float], float, list[Note]]:
    (column,) = truth.track.columns
    answers = [value if isinstance(value, str) else None for value in checked.values[column.name]]
    labels = [str(label) for label in truth.values[column.name]]
    by_group = metrics.accuracy_by_group(answers, labels, truth.groups or ())
    figures = {f"acc_{group.replace('-', '_')}": by_group[group] for group in truth.track.weights}
    return figures, siqa.u_score(by_group, truth.track.weights), []


def _correlations(checked: Checked, truth: Truth) -> tuple[dict[str, float], float, list[Note]]:
    figures: dict[str, float] = {}
    notes = []
    for column in truth.track.columns:
        values = [value for value in checked.values[column.name] if isinstance(value, float)]
        found = _correlate(values, column.name, truth)
        if None in found.values():
            message = f"All values of {column.name} are alike, so nothing can be correlated: this dimension scores 0."
            notes.append(Note(code="constant-predictions", count=1, message=message))
        figures |= {f"{column.name}_{metric}": value or 0.0 for metric, value in found.items()}
    return figures, siqa.s_score(figures, truth.track.weights), notes


def _correlate(values: Sequence[float], column: str, truth: Truth) -> dict[str, float | None]:
    """Each correlation of the values with the labels of a column; None where the values are all equal."""
    return {
        metric: metrics.cosine(transform(values), truth.prepared(column, metric, transform))
        for metric, transform in metrics.CORRELATIONS.items()
    }
