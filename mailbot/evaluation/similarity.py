"""Find copied submissions: compare each new one with the other teams' latest, or all pairs at once.

What is found is kept for the organizers. Teams hear nothing of it, and no submission is ever refused for it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot import lazily
from mailbot.errors import Permanent
from mailbot.evaluation import kept_tasks
from mailbot.evaluation.tasks import labels_told
from mailbot.ledger import events, similarities
from mailbot.ledger.submissions import receipt
from mailbot.system import journal

with lazily(__name__):  # it loads NumPy, which a daemon that serves mails does without
    from mailbot.evaluation import copies

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from mailbot.config.stages import Stage
    from mailbot.evaluation.backfill import Backfill
    from mailbot.evaluation.columns import Columns
    from mailbot.evaluation.kept_tasks import Comparison
    from mailbot.evaluation.labels import Labels
    from mailbot.ledger import Ledger, Tx
    from mailbot.ledger.similarities import Compared
    from mailbot.model import Alike
    from mailbot.system.sandbox import Sandbox
    from scoring.labels.truth import Truth


BATCH = 64
"""New submissions are compared so many at a time."""

LATEST = 2_000
"""Each is compared with so many before it, so that a mail costs the same however many there are."""

ALL_PAIRS = 3_000
"""All pairs are looked at among so many of the latest: memory grows with their square."""


@dataclass(frozen=True, kw_only=True)
class Similar:
    """Compares submissions of different teams."""

    ledger: Ledger
    stages: Sequence[Stage]
    labels: Labels
    columns: Columns
    backfill: Backfill
    sandbox: Sandbox
    clock: Callable[[], datetime]

    def step(self) -> bool:
        """Compare new submissions of one track and stage with those before; tell whether there were any."""
        truths = ((stage, truth) for stage in self.stages for truth in self.labels.of_stage(stage.key).public.values())
        return any(self._compare_new(stage, truth) for stage, truth in truths if not truth.track.own)

    def all_pairs(self, track: str) -> list[Alike]:
        """Compare the latest submissions of a track, each with each; keep and return what looks alike."""
        truths = ((stage, self.labels.of_stage(stage.key).public[track]) for stage in self.stages)
        known = ((stage, truth) for stage, truth in truths if not truth.track.own)  # what do files of others mean?
        return [pair for stage, truth in known for pair in self._all_pairs(stage, truth)]

    def _all_pairs(self, stage: Stage, truth: Truth) -> list[Alike]:
        with self.ledger.read() as tx:
            rows = similarities.latest(tx, truth.track.name, ALL_PAIRS, stage)
        self._complete(truth, rows)
        pairs = copies.among_all(self.columns, truth, {row.id: row.team_id for row in rows})
        self._keep(truth.track.name, pairs, stage)
        return pairs

    def _compare_new(self, stage: Stage, truth: Truth) -> bool:
        track = truth.track.name
        with self.ledger.read() as tx:
            new = similarities.waiting(tx, track, BATCH, stage)
            rows = similarities.latest(tx, track, LATEST, stage, until=new[-1].id) if new else []
        if not new:
            return False
        found = self._compared(truth, rows, new, whatever=False)
        if found.lacking:
            self._complete(truth, [row for row in rows if row.id in found.lacking])
            found = self._compared(truth, rows, new, whatever=True)
        self._keep(track, found.pairs, stage, until=found.until)
        return True

    def _compared(
        self, truth: Truth, rows: Sequence[Compared], new: Sequence[Compared], *, whatever: bool
    ) -> Comparison:
        """Have the child compare that reads the column store. Raises Temporary when it died."""
        entered = tuple(kept_tasks.Entered(row.id, row.team_id, row.sha256) for row in rows)
        folder, ids = str(self.columns.folder.absolute()), tuple(row.id for row in new)
        return self.sandbox.submit(kept_tasks.alike, folder, labels_told(truth), entered, ids, whatever).result()

    def _complete(self, truth: Truth, rows: Sequence[Compared]) -> None:
        with suppress(Permanent):  # one that fits the current labels no more is not compared
            self.backfill.complete(truth, rows)

    def _keep(self, track: str, pairs: Sequence[Alike], stage: Stage, *, until: int | None = None) -> None:
        """Enter pairs, and up to where was compared, in the ledger."""
        now = self.clock()
        with self.ledger.write("compare") as tx:
            new = [pair for pair in pairs if enter(tx, track, pair, now)]
            if until is not None:
                similarities.done(tx, track, until, stage)
        for pair in new:
            journal.event("likeness-found", first=receipt(pair.first), second=receipt(pair.second), likeness=pair.kind)


def enter(tx: Tx, track: str, pair: Alike, now: datetime) -> bool:
    """Enter a pair in the ledger and the audit trail; False when it is known."""
    new = similarities.add(
        tx, track=track, first_id=pair.first, second_id=pair.second, kind=pair.kind, value=pair.value, now=now
    )
    if new:
        events.append(
            tx,
            kind="likeness-found",
            subject=receipt(pair.second),
            now=now,
            track=track,
            other=receipt(pair.first),
            likeness=pair.kind,
            value=pair.value,
        )
    return new


def series(pairs: Sequence[tuple[int, int]]) -> dict[int, int]:
    """Return for each submission of pairs that differ in a few items how many hang together with it, itself counted."""
    group: dict[int, set[int]] = {}
    for first, second in pairs:
        joined = group.get(first, {first}) | group.get(second, {second})
        group |= dict.fromkeys(joined, joined)
    return {number: len(joined) for number, joined in group.items()}
