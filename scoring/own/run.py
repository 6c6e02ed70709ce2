"""One submission scored by the organizers' own scorer. To be called in a child behind its walls, and nowhere else."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scoring.api import Refused
from scoring.files.read import read
from scoring.files.unpack import Limits
from scoring.model import Evaluation, Takes
from scoring.own.program import Program, ScorerFailed, frame, refusal
from scoring.rows import members
from scoring.rows.check import check

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from scoring.labels.truth import Truth
    from scoring.model import Note, Own, Problem, Track


@dataclass(frozen=True, kw_only=True)
class _Given:
    """A submission that can be handed to a scorer, or why it cannot."""

    #: Bytes, or the values of each column in the order of the ids.
    prediction: bytes | Mapping[str, Sequence[Any]] = b""
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()
    team: str | None = None
    method: str | None = None


def evaluate(data: bytes, truth: Truth, *, name: str = "", limits: Limits | None = None) -> Evaluation:
    """Check a submission, bare, and score it by its track's own scorer.

    The file's mistakes are the evaluation's problems. Raises ScorerFailed for what goes wrong in the scorer.
    """
    own, given = _own(truth.track), _given(data, truth, name, limits or Limits())
    if given.problems:
        return _evaluation(truth, given)
    program = Program.of(own)
    ids = list(truth.ids)
    whole = given.prediction if isinstance(given.prediction, bytes) else frame(truth.track, ids, given.prediction)
    if problems := program.problems(whole if isinstance(whole, bytes) else whole.copy(), tuple(ids)):
        return _evaluation(truth, given, problems=problems)
    places = list(truth.positions)
    prediction = whole if isinstance(whole, bytes) else whole.iloc[places]
    try:
        found = program.figures(prediction, labels_of(truth))
    except Refused as refused:
        return _evaluation(truth, given, problems=(refusal(str(refused)),))
    return _evaluation(truth, given, figures=_figures(found, truth.track))


def labels_of(truth: Truth) -> pd.DataFrame:
    """Return the labels of the items that are scored, as :mod:`scoring.api` describes them."""
    held: Mapping[str, Sequence[Any]] = truth.values  # noqa: PD011 -- of a truth, which is no table of pandas
    columns = {column.name: held[column.name] for column in truth.track.labelled}
    if truth.track.cluster and truth.clusters is not None:
        columns[truth.track.cluster] = truth.clusters
    made: pd.DataFrame = frame(truth.track, list(truth.ids), columns).iloc[list(truth.positions)]
    return made


def _own(track: Track) -> Own:
    if track.own is None or not track.own.sha256:
        message = f"{track.name} has no active scorer of its own"
        raise ValueError(message)
    return track.own


def _given(data: bytes, truth: Truth, name: str, limits: Limits) -> _Given:
    """Return what is handed to the scorer, checked by what the track declares."""
    track = truth.track
    takes = _own(track).takes
    if takes is Takes.FILE:
        return _Given(prediction=data)
    if takes is Takes.MEMBERS:
        found = members.check(data, track, truth.ids, limits)
        return _Given(prediction={"data": found.contents}, problems=found.problems, notes=found.notes)
    reading = read(data, name)
    if reading.table is None:
        return _Given(problems=reading.problems, notes=reading.notes)
    checked = check(reading.table, track, truth.ids)
    return _Given(
        prediction=checked.values,
        problems=(*reading.problems, *checked.problems),
        notes=(*reading.notes, *checked.notes),
        team=reading.table.team,
        method=reading.table.method,
    )


def _figures(found: object, track: Track) -> dict[str, float]:
    """Return the figures that a track shows. Raises ScorerFailed unless each is there, finite, the first in bounds."""
    file, keys = _own(track).file, [measure.key for measure in track.measures]
    if not isinstance(found, Mapping):
        raise ScorerFailed(f"{file}: score returned {type(found).__name__}, and must return a dict of figures")
    if lacking := [key for key in keys if key not in found]:
        raise ScorerFailed(f"{file}: score returned no {', '.join(lacking)}")
    figures: dict[str, float] = {}
    for key in keys:
        try:
            figures[key] = float(found[key])
        except (TypeError, ValueError):
            figures[key] = math.nan
        if not math.isfinite(figures[key]):
            raise ScorerFailed(f"{file}: {key} that score returned is not a finite number")
    low, high = track.bounds
    if not low <= figures[keys[0]] <= high:
        raise ScorerFailed(f"{file}: {keys[0]} that score returned lies outside the bounds {low:g} to {high:g}")
    return figures


def _evaluation(
    truth: Truth, given: _Given, *, figures: Mapping[str, float] | None = None, problems: tuple[Problem, ...] = ()
) -> Evaluation:
    return Evaluation(
        track=truth.track.name,
        team=given.team,
        method=given.method,
        score=next(iter(figures.values())) if figures else None,
        metrics=figures or {},
        n=truth.n,
        truth=truth.sha256,
        scorer=truth.track.scorer,
        problems=(*given.problems, *problems),
        notes=given.notes,
    )
