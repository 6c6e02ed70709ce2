"""Find copied submissions: compare each new one with the other teams' latest, or all pairs at once.

What is found is kept for the organizers. Teams hear nothing of it, and no submission is ever refused for it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mailbot.errors import Permanent
from mailbot.ledger import events, similarities
from mailbot.ledger.submissions import receipt
from mailbot.system import journal
from scoring.fairness import similarity
from scoring.fairness.similarity import FEW_ITEMS, Kind, Likeness

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from mailbot.config.stages import Stage
    from mailbot.evaluation.backfill import Backfill
    from mailbot.evaluation.columns import Columns
    from mailbot.evaluation.labels import Labels
    from mailbot.evaluation.matrices import Stacked
    from mailbot.ledger import Ledger, Tx
    from mailbot.ledger.similarities import Compared
    from scoring.kernel import Bools, Floats
    from scoring.labels.truth import Truth


BATCH = 64
"""New submissions are compared so many at a time."""

LATEST = 2_000
"""Each is compared with so many before it, so that a mail costs the same however many there are."""

ALL_PAIRS = 3_000
"""All pairs are looked at among so many of the latest: memory grows with their square."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two submissions of different teams that look alike, the earlier one first."""

    track: str
    first: int
    second: int
    kind: Kind
    value: float
    #: As :class:`scoring.fairness.similarity.Likeness` has it; None where it was not compared with all pairs.
    outlying: float | None = None


@dataclass(frozen=True, kw_only=True)
class Similar:
    """Compares submissions of different teams."""

    ledger: Ledger
    stages: Sequence[Stage]
    labels: Labels
    columns: Columns
    backfill: Backfill
    clock: Callable[[], datetime]

    def step(self) -> bool:
        """Compare new submissions of one track and stage with those before; tell whether there were any."""
        truths = ((stage, truth) for stage in self.stages for truth in self.labels.of_stage(stage.key).public.values())
        return any(self._compare_new(stage, truth) for stage, truth in truths if not truth.track.own)

    def all_pairs(self, track: str) -> list[Pair]:
        """Compare the latest submissions of a track, each with each; keep and return what looks alike."""
        truths = ((stage, self.labels.of_stage(stage.key).public[track]) for stage in self.stages)
        known = ((stage, truth) for stage, truth in truths if not truth.track.own)  # what do files of others mean?
        return [pair for stage, truth in known for pair in self._all_pairs(stage, truth)]

    def _all_pairs(self, stage: Stage, truth: Truth) -> list[Pair]:
        track = truth.track.name
        with self.ledger.read() as tx:
            rows = similarities.latest(tx, track, ALL_PAIRS, stage)
        stacked, team_of = self._stacked(truth, rows)
        teams = [str(team_of[each]) for each in stacked.ids]
        pairs: list[Pair] = []
        if len(stacked.ids) > 1:
            near = _Near.of(self.columns, truth, stacked)
            for place in range(len(stacked.ids)):
                pairs += _same(self.columns, truth, stacked, team_of, place)
                pairs += near.few(_others(stacked, team_of, place), place)
            found = similarity.near(similarity.likenesses(stacked.stacks, truth), teams, truth)
            pairs += [_pair(truth, stacked.ids, each) for each in found]
        return self._kept(track, _once(pairs), stage)

    def _compare_new(self, stage: Stage, truth: Truth) -> bool:
        track = truth.track.name
        with self.ledger.read() as tx:
            new = similarities.waiting(tx, track, BATCH, stage)
            rows = similarities.latest(tx, track, LATEST, stage, until=new[-1].id) if new else []
        if not new:
            return False
        stacked, team_of = self._stacked(truth, rows)
        places = [stacked.ids.index(each.id) for each in new if each.id in stacked.ids]
        near = _Near.of(self.columns, truth, stacked)
        pairs = []
        for place in places:
            pairs += _same(self.columns, truth, stacked, team_of, place)
            pairs += near.few(_others(stacked, team_of, place), place)
            pairs += _alike(truth, stacked, team_of, place)
        self._kept(track, _once(pairs), stage, until=new[-1].id)
        return True

    def _stacked(self, truth: Truth, rows: Sequence[Compared]) -> tuple[Stacked, dict[int, int]]:
        """Return the forms of submissions, of those that can be had, and whose each is."""
        with suppress(Permanent):  # one that fits the current labels no more is not compared
            self.backfill.complete(truth, rows)
        return self.columns.stacks(truth, [row.id for row in rows]), {row.id: row.team_id for row in rows}

    def _kept(self, track: str, pairs: list[Pair], stage: Stage, *, until: int | None = None) -> list[Pair]:
        """Enter pairs, and up to where was compared, in the ledger; return the pairs."""
        now = self.clock()
        with self.ledger.write("compare") as tx:
            new = [pair for pair in pairs if enter(tx, pair, now)]
            if until is not None:
                similarities.done(tx, track, until, stage)
        for pair in new:
            journal.event("likeness-found", first=receipt(pair.first), second=receipt(pair.second), likeness=pair.kind)
        return pairs


def enter(tx: Tx, pair: Pair, now: datetime) -> bool:
    """Enter a pair in the ledger and the audit trail; False when it is known."""
    new = similarities.add(
        tx, track=pair.track, first_id=pair.first, second_id=pair.second, kind=pair.kind, value=pair.value, now=now
    )
    if new:
        events.append(
            tx,
            kind="likeness-found",
            subject=receipt(pair.second),
            now=now,
            track=pair.track,
            other=receipt(pair.first),
            likeness=pair.kind,
            value=pair.value,
        )
    return new


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

    def few(self, others: Bools, place: int) -> list[Pair]:
        """Return those of the others that differ from the submission at ``place`` in a few items, one at least."""
        if not self.there[place]:
            return []
        differ = np.logical_or.reduce([matrix != matrix[place] for matrix in self.values]).sum(axis=1)
        most = max(1, int(FEW_ITEMS * self.truth.n))
        found = (others & self.there & (differ >= 1) & (differ <= most)).nonzero()[0].tolist()
        return [
            _pair(self.truth, self.ids, Likeness(first=n, second=place, kind=Kind.FEW, value=float(differ[n])))
            for n in found
        ]


def series(pairs: Sequence[tuple[int, int]]) -> dict[int, int]:
    """Return for each submission of pairs that differ in a few items how many hang together with it, itself counted."""
    group: dict[int, set[int]] = {}
    for first, second in pairs:
        joined = group.get(first, {first}) | group.get(second, {second})
        group |= dict.fromkeys(joined, joined)
    return {number: len(joined) for number, joined in group.items()}


def _alike(truth: Truth, stacked: Stacked, team_of: dict[int, int], place: int) -> list[Pair]:
    """Return what the submission at ``place`` looks like, of those before it."""
    choices = bool(truth.track.columns[0].choices)
    limit, kind = (similarity.NEAR_WRONG, Kind.ANSWERS) if choices else (similarity.NEAR_RANKS, Kind.NUMBERS)
    values = similarity.likeness_to(stacked.stacks, truth, place)
    others = _others(stacked, team_of, place)
    near = ((values >= limit) & others).nonzero()[0].tolist()
    found = [Likeness(first=other, second=place, kind=kind, value=float(values[other])) for other in near]
    return [_pair(truth, stacked.ids, each) for each in found]


def _same(columns: Columns, truth: Truth, stacked: Stacked, team_of: dict[int, int], place: int) -> list[Pair]:
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
                pairs.append(_pair(truth, stacked.ids, Likeness(first=other, second=place, kind=kind, value=1.0)))
                break
    return pairs


def _others(stacked: Stacked, team_of: dict[int, int], place: int) -> Bools:
    """Tell of each submission whether it is an earlier one of another team than that of the one at ``place``."""
    teams = np.array([team_of[each] for each in stacked.ids])
    earlier: Bools = (teams != teams[place]) & (np.arange(teams.size) < place)
    return earlier


def _pair(truth: Truth, ids: Sequence[int], found: Likeness) -> Pair:
    first, second = sorted((ids[found.first], ids[found.second]))
    return Pair(
        track=truth.track.name, first=first, second=second, kind=found.kind, value=found.value, outlying=found.outlying
    )


def _once(pairs: Sequence[Pair]) -> list[Pair]:
    """Keep one of each pair: what is the same comes before what is near."""
    kept: dict[tuple[int, int], Pair] = {}
    for pair in pairs:
        kept.setdefault((pair.first, pair.second), pair)
    return list(kept.values())
