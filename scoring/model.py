"""The values that scoring hands out: problems, notes, what a track is, and an evaluation.

Standard library only: the teams' checker runs this module with nothing installed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

EXAMPLES = 5
"""At most so many examples are kept of one problem."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One kind of mistake in a file: it must be mended before the file can be scored."""

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


@dataclass(frozen=True, kw_only=True)
class Track:
    """What a track's files look like and which weights its score uses."""

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
