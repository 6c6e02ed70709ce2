"""What the child does that computes with kept columns: it holds labels and the column store, and no file of a team's.

It is there for the daemon's own process, which would else load NumPy for this and keep it. What it reads was checked
before, so it has no walls: it does what the daemon would do, without its passwords and its ledger, and it ends when it
is idle. Under ``compute.scheduler`` too it is a child of this host.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  # read when it crosses the wall
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mailbot import lazily
from mailbot.evaluation.columns import Columns
from mailbot.evaluation.tasks import Labels, truth_of
from mailbot.model import Alike  # noqa: TC001  # read when it crosses the wall
from mailbot.system.children.named import Bounds, Kind
from scoring.fairness.ladder import Reached, ladder
from scoring.model import Evaluation  # noqa: TC001  # as above

with lazily(__name__):  # whoever only hands out tasks does without NumPy
    from mailbot.evaluation import copies
    from scoring.scores.deviations import deviations
    from scoring.scores.evaluate import evaluation_of, laid_of
    from scoring.scores.scored import scored

if TYPE_CHECKING:
    from scoring.labels.truth import Truth

KIND = Kind(__name__, preload=("mailbot.evaluation.copies",), walled=False, at_once=2)
"""Two, so that a mail that needs a score by the private part, or the ladder, does not wait for a long comparison."""

BOUNDS = Bounds(seconds=600.0, cpu_seconds=600)
"""No file of a team's can keep it busy, but a search among thousands of large ones may."""


class Entered(NamedTuple):
    """An accepted submission, as much of it as it takes to compare it."""

    id: int
    team_id: int
    #: SHA-256 (hex) of its file.
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What came of a comparison."""

    #: Those that the store lacks; where there are any, nothing was compared unless it was to be all the same.
    lacking: tuple[int, ...] = ()
    pairs: tuple[Alike, ...] = ()
    #: Up to which submission was compared.
    until: int = 0


_stores: dict[str, Columns] = {}
_truths: dict[str, Truth] = {}


@KIND.task
def alike(folder: str, given: Labels, rows: tuple[Entered, ...], new: tuple[int, ...], whatever: bool) -> Comparison:  # noqa: FBT001  # arguments of tasks stand in their order
    """Compare new submissions, which are among the rows, with those before; ``whatever`` the store lacks."""
    columns, truth = _store(folder), _truth(given)
    lacking = columns.missing(truth, {row.id: row.sha256 for row in rows})
    if lacking and not whatever:
        return Comparison(lacking=tuple(lacking))
    pairs, until = copies.of_new(columns, truth, {row.id: row.team_id for row in rows if row.id not in lacking}, new)
    return Comparison(lacking=tuple(lacking), pairs=tuple(pairs), until=until)


@KIND.task
def evaluation(values: Mapping[str, bytes], given: Labels) -> Evaluation:
    """Evaluate the values of a file, checked before, by any labels of the same items."""
    truth = _truth(given)
    return evaluation_of(laid_of(values, truth), truth)


@KIND.task
def climbed(folder: str, given: Labels, earlier: tuple[int, ...], values: Mapping[str, bytes]) -> Reached:
    """Return how far a team comes with a file's values, after its earlier submissions, in their order.

    The ladder is climbed anew, by these labels alone: a change of labels leaves no trace of what was told.
    """
    truth = _truth(given)
    kept = _store(folder).laid(truth, earlier)
    steps = [*(kept[each] for each in earlier if each in kept), laid_of(values, truth)]
    found = ((scored(laid, truth).score, deviations(laid, truth)) for laid in steps)
    rung = ladder(found, higher_is_better=truth.track.higher_is_better)[-1]
    return Reached(score=rung.score, improved=rung.improved)


def _store(folder: str) -> Columns:
    return _stores.setdefault(folder, Columns(Path(folder)))


def _truth(given: Labels) -> Truth:
    """Return labels with what was made of them for the task before."""
    if given.sha256 not in _truths:
        _truths[given.sha256] = truth_of(given)
    return _truths[given.sha256]
