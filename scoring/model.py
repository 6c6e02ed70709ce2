"""The values that scoring hands out: problems, notes, what a track is, an evaluation; and modules that wait.

Standard library only: the teams' checker runs this module with nothing installed.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  # read when a record crosses the sandbox's wall
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from importlib import import_module
from typing import ClassVar

Option = float | str
"""What a metric can be told."""

EXAMPLES = 5
"""At most so many examples are kept of one problem."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One kind of mistake in a file: it must be fixed before the file can be scored."""

    #: Stable word for programs, as ``missing-ids``.
    code: str
    #: How often it occurs in the file.
    count: int
    #: Up to :data:`EXAMPLES` places or values, short and printable.
    examples: tuple[str, ...] = ()
    #: One or two plain sentences for the team: what is wrong, what was expected.
    message: str


@dataclass(frozen=True, kw_only=True)
class Note:
    """Something the team should know although the file was taken as it is."""

    #: Stable word for programs, as ``illegal-letters``.
    code: str
    #: How often it occurs in the file.
    count: int
    #: One plain sentence for the team.
    message: str


class Kind(Enum):
    """What one value column of a track holds."""

    NUMBER = "number"  # a finite real number
    CHOICE = "choice"  # one answer out of a closed set; anything else counts as wrong
    TEXT = "text"  # any text
    TAGS = "tags"  # any number of words, separated by blanks, commas or semicolons
    MASK = "mask"  # pixels as runs, "start length start length …"
    BOXES = "boxes"  # boxes in a picture, "class score x y width height; …"

    @property
    def is_text(self) -> bool:
        """Whether the values are kept as text."""
        return self not in {Kind.NUMBER, Kind.CHOICE}


#: What numbers may be unless a declaration says otherwise.
RANGE = (-1e6, 1e6)


@dataclass(frozen=True, kw_only=True)
class Column:
    """One value column of a track's files."""

    #: Its name in files and metrics, as ``perception``.
    name: str
    #: Other names that a file or a label file may use for it.
    aliases: tuple[str, ...] = ()
    #: What it holds.
    kind: Kind
    #: For a choice: the legal answers, upper case.
    choices: tuple[str, ...] = ()
    #: For a number: the least and the greatest that is taken.
    range: tuple[float, float] = RANGE
    #: For a number: whether the labels are whole, so that examples are too; files may hold any number.
    whole: bool = False


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One metric of one column, over all items or over those of one group."""

    #: Its name in results, as ``perception_srcc`` or ``acc_yes_or_no``.
    key: str
    #: Its heading, as ``Perception SRCC``.
    title: str
    #: Name in :data:`scoring.declaration.registry.METRICS`.
    metric: str
    #: Name of the column, as declared.
    column: str
    #: Only the items of this group; None: all.
    group: str | None = None
    #: Digits after the point when shown.
    decimals: int = 4
    #: Where a declared column is several in files, as one probability for each class: their names.
    columns: tuple[str, ...] = ()
    #: Where a declared column is another in label files, or several: their names.
    labels: tuple[str, ...] = ()
    #: What the metric is told, as k of the first k; by name, in the order of the names.
    options: tuple[tuple[str, Option], ...] = ()
    #: The label column that parts the items into the queries, or the like, over which the mean is taken; None: no mean.
    per: str | None = None

    @property
    def predicted(self) -> tuple[str, ...]:
        """The columns of files that it looks at."""
        return self.columns or (self.column,)

    @property
    def labelled(self) -> tuple[str, ...]:
        """The columns of label files that it looks at; the first holds what is predicted."""
        return self.labels or (self.column,)


@dataclass(frozen=True, kw_only=True)
class Term:
    """One summand of a score: weight x points x the mean of the measures, the mean not less than the floor."""

    weight: float
    measures: tuple[Measure, ...]
    #: Points of the score for 1 of the measures' unit: 100 for correlations.
    points: float = 1.0
    #: The least that the mean counts, in the measures' unit; None: no least.
    floor: float | None = None


class Takes(StrEnum):
    """What a submission to a track with a scorer of its own is."""

    ROWS = "rows"  # a table, checked against columns and ids
    FILE = "file"  # any one text file, handed on as its bytes
    MEMBERS = "members"  # a zip with a file for each item, named by its id


@dataclass(frozen=True, kw_only=True)
class Own:
    """A scorer of one's own: a Python file beside the declaration (:mod:`scoring.api`)."""

    #: Name of the file.
    file: str
    takes: Takes = Takes.ROWS
    #: What the members of a zip end in, as ``.png``.
    ending: str = ""
    #: Whether teams may have it, in their checker.
    shared: bool = False
    #: SHA-256 of its text, hex, and the text; "" until a version of it is in force.
    sha256: str = ""
    source: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Track:
    """What a track's files look like and how its score is made of metrics.

    :func:`scoring.declaration.declare.track_from` makes one from plain data.
    """

    #: Name in commands and the ledger, as ``siqa-s``.
    name: str
    #: Name shown to people, as ``SIQA-S``.
    title: str
    #: What the ``track`` field of a file may say, upper case.
    letters: tuple[str, ...]
    #: The value columns.
    columns: tuple[Column, ...]
    #: The label column whose values group the items (``type``), if accuracies are per group.
    group: str | None = None
    #: Weight of each group (accuracies) or dimension (correlations) in the score; they sum to 1.
    weights: Mapping[str, float] = field(default_factory=dict)
    #: The formula as printed on the board and in replies.
    formula: str = ""
    #: Name and version of the formula, as ``siqa-s/1``; weights of one's own are part of it.
    scorer: str = ""
    #: The column of ids in files and label files.
    id: str = "id"
    #: The label column that names what several items share (an image); their errors are not independent.
    cluster: str | None = None
    #: The summands of the score.
    terms: tuple[Term, ...] = ()
    #: Measures that are shown beside the score and do not count.
    also: tuple[Measure, ...] = ()
    #: Whether a greater score is the better one; not so for an error as RMSE.
    higher_is_better: bool = True
    #: Least and greatest score there can be; infinite where there is no bound.
    bounds: tuple[float, float] = (0.0, 100.0)
    #: The value columns of label files, where they are others than those of files.
    label_columns: tuple[Column, ...] = ()
    #: The score as an expression of the measures; "": the sum of the terms.
    expression: str = ""
    #: The scorer of its own that says all of its measures; None: the metrics do.
    own: Own | None = None

    @property
    def labelled(self) -> tuple[Column, ...]:
        """The value columns of label files."""
        return self.label_columns or self.columns

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Every measure in the order shown: those that count, then the others."""
        return (*(measure for term in self.terms for measure in term.measures), *self.also)


class Policy(StrEnum):
    """What a reply tells of a score."""

    FULL = "full"  # the score and every metric: for labels that do not decide anything
    ROUNDED = "rounded"  # the score in coarse steps, no metric; little help against a patient climber
    LADDER = "ladder"  # the best score so far, changed only by what is surely better
    RECEIPT = "receipt"  # nothing: the board will tell


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What became of one prediction file: a score, or the problems that stand against one."""

    #: Name of the track, or None when the file does not tell it.
    track: str | None
    #: ``team`` as the file says it, if it does.
    team: str | None = None
    #: ``method`` as the file says it, if it does.
    method: str | None = None
    #: The unrounded score; None if and only if there are problems.
    score: float | None = None
    #: Each metric by name, in the order they are shown.
    metrics: Mapping[str, float] = field(default_factory=dict)
    #: Standard error of the score, in its own unit, over the draw of the items (:mod:`scoring.interval`).
    error: float | None = None
    #: The 95 % interval of the score, within the track's bounds.
    interval: tuple[float, float] | None = None
    #: Number of labelled items the score is over.
    n: int = 0
    #: SHA-256 (hex) of the truth used.
    truth: str | None = None
    #: Name and version of the formula, as ``siqa-s/1``.
    scorer: str | None = None
    #: Why the file cannot be scored: all problems, in the order of the checks.
    problems: tuple[Problem, ...] = ()
    #: What the team should know.
    notes: tuple[Note, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the file was scored."""
        return self.score is not None


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """An evaluation, and the values that it is of: enough to score the file again without it."""

    evaluation: Evaluation
    #: The numbers of each column (:func:`scoring.scores.parts.numbered`) in the order of ``Truth.ids``, every item of
    #: it: 8 bytes each (float64, little endian), a choice 1 byte; texts as a JSON list. Empty for a file with problems.
    values: Mapping[str, bytes] = field(default_factory=dict)
    #: The track, where its own scorer is yet to score the file: then the evaluation says no more than its name.
    own: str | None = None
    #: Of a track with a split, where it is known, what decides in the end.
    final: Evaluation | None = None


class Later:
    """A module that is loaded when something of it is first asked for.

    Beside each stands the import under ``TYPE_CHECKING``, which type checkers and the rules of the layers read.
    """

    #: The names of all that were made.
    names: ClassVar[set[str]] = set()

    def __init__(self, name: str) -> None:
        """Take the full name of the module."""
        self.__name__ = name
        self.names.add(name)

    def __getattr__(self, name: str) -> object:
        """Load the module and return what it has under this name."""
        return getattr(import_module(self.__name__), name)
