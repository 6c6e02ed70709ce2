"""What a metric is in a declaration: what it measures, in which unit, with which bounds and options.

Standard library only: a declaration is checked wherever files are checked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from scoring.model import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.model import Option


class Shape(Enum):
    """What a column is declared to hold; the value says it in a message."""

    NUMBER = "numbers"  # one number for each item
    CHOICE = "choices"  # one answer out of a closed set
    PROBABILITIES = "probabilities"  # a number for each class, or the positive class's alone
    QUANTILES = "quantiles"  # a number for each level
    EVENT = "times of events"  # the greater number has its event later; some labels are not known to the end
    TEXT = "texts"  # any text
    TAGS = "tags"  # a set of words
    MASK = "masks"  # pixels as runs
    BOXES = "boxes"  # boxes in a picture, each with its class and score


class Error(Enum):
    """How the standard error of a metric is found; the value says it on the board."""

    INFLUENCE = "influence values"  # the infinitesimal jackknife (Jaeckel 1972)
    JACKKNIFE = "a seeded jackknife of groups of items"  # leaving out group after group (Kott 2001)
    NONE = "no estimate"  # a scorer of one's own tells no item's share in its figures
    BOOTSTRAP = "a seeded bootstrap"  # resampling (Efron 1979), where no slope by an item's weight exists


#: Kinds of values that a shape is written in.
KINDS: Mapping[Shape, Kind] = {
    Shape.CHOICE: Kind.CHOICE,
    Shape.TEXT: Kind.TEXT,
    Shape.TAGS: Kind.TAGS,
    Shape.MASK: Kind.MASK,
    Shape.BOXES: Kind.BOXES,
}

PERCENT, ONE, OWN = "percent", "1", "the column's unit"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An option of a metric: its default, and what else it may be."""

    default: Option
    #: The words that it may be; none: a number.
    words: tuple[str, ...] = ()
    #: Least and greatest number.
    within: tuple[float, float] = (-math.inf, math.inf)
    whole: bool = False


@dataclass(frozen=True, kw_only=True)
class Metric:
    """What is true of a metric, whatever it is computed from."""

    #: Name in declarations, as ``macro_f1``.
    name: str
    #: Name in the keys of results, as ``acc``.
    short: str
    #: Name in headings and formulas, as ``macro F1``.
    title: str
    #: What a column that it measures may hold.
    shapes: tuple[Shape, ...]
    #: Digits after the point when shown.
    decimals: int
    #: Whether a greater value is the better one.
    higher_is_better: bool
    #: Least and greatest value.
    bounds: tuple[float, float]
    #: What a value is in.
    unit: str
    #: Points of a score for a value of 1.
    points: float = 1.0
    #: What it counts as where it is undefined (constant predictions); None: it is always defined.
    undefined: float | None = None
    #: Whether it is a correlation, so that predictions or labels that are all alike have none.
    correlates: bool = False
    #: Whether a declaration must say over what its mean is taken, as queries.
    needs_per: bool = False
    #: How its standard error is found.
    error: Error = Error.INFLUENCE
    #: What it may be told.
    options: Mapping[str, Choice] = field(default_factory=dict)
    #: The least that predictions and labels may be.
    least: float = -math.inf
    #: The least that labels alone may be.
    least_label: float = -math.inf
    #: The package that computes it, where it is not ours; it comes with the extra of this name.
    extra: str = ""
