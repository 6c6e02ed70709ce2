"""Which submissions look alike: each new one beside the other teams' latest, or all pairs, by their kept columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mailbot.model import Alike
from scoring.fairness import similarity
from scoring.fairness.similarity import FEW_ITEMS, Kind, Likeness

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mailbot.evaluation.columns import Columns
    from mailbot.evaluation.matrices import Stacked
    from scoring.kernel import Bools, Floats
    from scoring.labels.truth import Truth

MOST_PAIRS = 1_000
"""Once so many are found, the submissions that are left are compared another time."""


def among_all(columns: Columns, truth: Truth, team_of: Mapping[int, int]) -> list[Alike]:
    """Return which submissions of different teams look alike, each compared with each; ``team_of`` has whose each is.

    The earlier ones come first in it. Those that the store does not keep are left out.
    """
    stacked = columns.stacks(truth, list(team_of))
    teams = [str(team_of[each]) for each in stacked.ids]
    pairs: list[Alike] = []
    if len(stacked.ids) > 1:
        near = _Near.of(columns, truth, stacked)
        for place in range(len(stacked.ids)):
            pairs += _same(columns, truth, stacked, team_of, place)
            pairs += near.few(_others(stacked, team_of, place), place)
        found = similarity.near(similarity.likenesses(stacked.stacks, truth), teams, truth)
        pairs += [_pair(stacked.ids, each) for each in found]
    return _once(pairs)


def of_new(columns: Columns, truth: Truth, team_of: Mapping[int, int], new: Sequence[int]) -> tuple[list[Alike], int]:
    """Return which of the new submissions look like an earlier one of another team, and up to which was compared."""
    stacked, pairs = columns.stacks(truth, list(team_of)), list[Alike]()
    near, place_of = _Near.of(columns, truth, stacked), {each: place for place, each in enumerate(stacked.ids)}
    for each in new:
        place = place_of.get(each)
        if place is not None:
            pairs += _same(columns, truth, stacked, team_of, place)
            pairs += near.few(_others(stacked, team_of, place), place)
            pairs += _alike(truth, stacked, team_of, place)
        if len(pairs) >= MOST_PAIRS:
            return _once(pairs), each
    return _once(pairs), new[-1]


@dataclass(frozen=True, kw_only=True)
class _Near:
    """The values of submissions, to count in how many items two of them differ."""

    truth: Truth
    ids: Sequence[int]
    #: Of each column the values of each submission that has them, (k, n).
    values: Sequence[Floats]
    #: Whether a submission has values, (k,).
    there: Bools

    @classmethod
    def of(cls, columns: Columns, truth: Truth, stacked: Stacked) -> _Near:
        """Read the values of submissions."""
        laid, n = columns.laid(truth, stacked.ids), truth.n
        names = [column.name for column in truth.track.columns]
        none = np.full(n, np.nan)
        values = [np.array([laid[each][name] if each in laid else none for each in stacked.ids]) for name in names]
        return cls(truth=truth, ids=stacked.ids, values=values, there=np.array([each in laid for each in stacked.ids]))

    def few(self, others: Bools, place: int) -> list[Alike]:
        """Return those of the others that differ from the submission at ``place`` in a few items, one at least."""
        if not self.there[place]:
            return []
        differ = np.logical_or.reduce([matrix != matrix[place] for matrix in self.values]).sum(axis=1)
        most = max(1, int(FEW_ITEMS * self.truth.n))
        found = (others & self.there & (differ >= 1) & (differ <= most)).nonzero()[0].tolist()
        return [_pair(self.ids, Likeness(first=n, second=place, kind=Kind.FEW, value=float(differ[n]))) for n in found]


def _alike(truth: Truth, stacked: Stacked, team_of: Mapping[int, int], place: int) -> list[Alike]:
    """Return what the submission at ``place`` looks like, of those before it."""
    choices = bool(truth.track.columns[0].choices)
    limit, kind = (similarity.NEAR_WRONG, Kind.ANSWERS) if choices else (similarity.NEAR_RANKS, Kind.NUMBERS)
    values = similarity.likeness_to(stacked.stacks, truth, place)
    others = _others(stacked, team_of, place)
    near = ((values >= limit) & others).nonzero()[0].tolist()
    found = [Likeness(first=other, second=place, kind=kind, value=float(values[other])) for other in near]
    return [_pair(stacked.ids, each) for each in found]


def _same(columns: Columns, truth: Truth, stacked: Stacked, team_of: Mapping[int, int], place: int) -> list[Alike]:
    """Return the earlier submissions of other teams with the values, or the ranks, of the one at ``place``."""
    alike = _others(stacked, team_of, place)
    for column in {name for name, _ in stacked.stacks}:
        rows = [each.matrix for (name, _), each in stacked.stacks.items() if name == column]
        alike &= np.logical_or.reduce([(matrix == matrix[place]).all(axis=1) for matrix in rows])
    places = alike.nonzero()[0].tolist()
    laid = columns.laid(truth, [stacked.ids[each] for each in (*places, place)]) if places else {}
    pairs = []
    for other in places:
        one, two = laid.get(stacked.ids[other]), laid.get(stacked.ids[place])
        for kind, made in ((Kind.VALUES, similarity.value_hash), (Kind.RANKS, similarity.rank_hash)):
            if one and two and made(one) == made(two):
                pairs.append(_pair(stacked.ids, Likeness(first=other, second=place, kind=kind, value=1.0)))
                break
    return pairs


def _others(stacked: Stacked, team_of: Mapping[int, int], place: int) -> Bools:
    """Tell of each submission whether it is an earlier one of another team than that of the one at ``place``."""
    teams = np.array([team_of[each] for each in stacked.ids])
    earlier: Bools = (teams != teams[place]) & (np.arange(teams.size) < place)
    return earlier


def _pair(ids: Sequence[int], found: Likeness) -> Alike:
    first, second = sorted((ids[found.first], ids[found.second]))
    return Alike(first=first, second=second, kind=found.kind, value=found.value, outlying=found.outlying)


def _once(pairs: Sequence[Alike]) -> list[Alike]:
    """Keep one of each pair: what is the same comes before what is near."""
    kept: dict[tuple[int, int], Alike] = {}
    for pair in pairs:
        kept.setdefault((pair.first, pair.second), pair)
    return list(kept.values())
