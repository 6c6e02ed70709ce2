"""Whether labels define every metric of their track: what no file could be scored by is told before any file comes.

Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scoring.declaration.registry import METRICS
from scoring.model import Kind, Measure, Problem, Track
from scoring.text import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: Metrics that compare classes with one another, and those that compare items: labels that are all alike say nothing.
OF_CLASSES = frozenset({"mcc", "kappa", "roc_auc", "average_precision"})
OF_NUMBERS = frozenset({"srcc", "plcc", "plcc_fit", "krcc", "ccc", "r2"})
C_INDEX, FITTED = "c_index", "plcc_fit"
#: A curve of five parameters goes through any five points.
FEWEST_FITTED = 6


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """Labels of a track, as a truth holds them."""

    track: Track
    #: The labels of each column, item by item.
    values: Mapping[str, Sequence[float] | Sequence[str]]
    #: The group of each item, where the track has groups.
    groups: Sequence[str] | None


def undefined(truth: Labelled, positions: Sequence[int]) -> Iterator[Problem]:
    """Yield what keeps the items at ``positions`` from being labels of their track; no message quotes a label."""
    track, found = truth.track, False
    for column in track.labelled:
        labels = {truth.values[column.name][place] for place in positions}
        if len(labels) < 2 - (not _must_differ(track, column.name, column.kind)):
            found = True
            message = f"All labels of {column.name} are alike, so what compares them, as a correlation, is undefined."
            yield Problem(code="constant-labels", count=1, examples=(column.name,), message=message)
    for measure in () if track.own or found else track.measures:
        parts = _parts(truth, measure, positions)
        if lacking := [part for part in parts if not _is_defined(truth, measure, part)]:
            title, of = METRICS[measure.metric].title, measure.per or measure.group
            where = f" in {len(lacking)} of {len(parts)} values of {quoted(of)}" if of else ""
            message = f"{title} of {measure.column} is undefined{where}: {_needs(measure)}."
            yield Problem(code="constant-labels", count=len(lacking), examples=(measure.column,), message=message)


def _needs(measure: Measure) -> str:
    """Say what a measure needs of its items."""
    if measure.metric == C_INDEX:
        return "it needs an item with an event before the time of another"
    least = f", {FEWEST_FITTED} items at least" if measure.metric == FITTED else ""
    return f"it needs labels that differ{least}"


def _must_differ(track: Track, name: str, kind: Kind) -> bool:
    """Whether labels of a column must differ over all items."""
    if track.own:
        return False
    own = [measure for measure in track.measures if measure.labelled[0] == name]
    if kind is Kind.NUMBER:
        return not own or any(not measure.per for measure in own)
    return any(measure.metric in OF_CLASSES and not measure.per for measure in own)


def _parts(truth: Labelled, measure: Measure, positions: Sequence[int]) -> list[list[int]]:
    """Return the items that a measure is taken over at once: all, those of its group, or those of each query."""
    groups = truth.groups
    places = [place for place in positions if not measure.group or groups is None or groups[place] == measure.group]
    if not measure.per:
        return [places]
    found: dict[object, list[int]] = {}
    for place in places:
        found.setdefault(truth.values[measure.per][place], []).append(place)
    return list(found.values())


def _is_defined(truth: Labelled, measure: Measure, places: Sequence[int]) -> bool:
    """Whether a measure is defined over some items."""
    first, *others = ([truth.values[name][place] for place in places] for name in measure.labelled)
    if measure.metric == FITTED and len(places) < FEWEST_FITTED:
        return False
    if measure.metric in OF_CLASSES | OF_NUMBERS:
        return len(set(first)) > 1
    if measure.metric != C_INDEX:
        return True
    pairs = list(zip(map(float, first), map(float, others[0]), strict=True))
    begun = min((time for time, event in pairs if event > 0), default=None)
    return begun is not None and any(time > begun or (time == begun and event <= 0) for time, event in pairs)
