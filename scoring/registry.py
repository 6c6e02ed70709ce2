"""The metrics that a track may be declared with: their names, titles, bounds and units.

What they compute is in :mod:`scoring.metrics`, under the same names. Standard library only: a declaration is
checked wherever files are checked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scoring.model import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class Metric:
    """What is true of a metric, whatever it is computed from."""

    #: Name in declarations, as ``macro_f1``.
    name: str
    #: Name in the keys of results, as ``acc``.
    short: str
    #: Name in headings and formulas, as ``macro F1``.
    title: str
    #: The kind of column it measures.
    kind: Kind
    #: Digits after the point when shown.
    decimals: int
    #: Whether a greater value is the better one.
    higher_is_better: bool
    #: Least and greatest value.
    bounds: tuple[float, float]
    #: Points of a score for a value of 1.
    points: float = 1.0
    #: What it counts as where it is undefined (constant predictions); None: it is always defined.
    undefined: float | None = None


def _correlation(name: str) -> Metric:
    return Metric(
        name=name,
        short=name,
        title=name.upper(),
        kind=Kind.NUMBER,
        decimals=4,
        higher_is_better=True,
        bounds=(-1.0, 1.0),
        points=100.0,
        undefined=0.0,
    )


def _share(name: str, short: str, title: str) -> Metric:
    """Return a metric in percent, over answers."""
    return Metric(
        name=name,
        short=short,
        title=title,
        kind=Kind.CHOICE,
        decimals=2,
        higher_is_better=True,
        bounds=(0.0, 100.0),
    )


def _deviation(name: str) -> Metric:
    return Metric(
        name=name,
        short=name,
        title=name.upper(),
        kind=Kind.NUMBER,
        decimals=4,
        higher_is_better=False,
        bounds=(0.0, math.inf),
    )


#: Every metric by name.
METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        _share("accuracy", "acc", "ACC"),
        _share("macro_f1", "macro_f1", "macro F1"),
        _correlation("srcc"),
        _correlation("plcc"),
        _correlation("krcc"),
        _deviation("rmse"),
        _deviation("mae"),
    )
}
