"""Stages: phases that share labels and a board. Pure; time is an argument.

A contest has one stage unless a phase after the first names labels of its own, or says ``carry_over = false``: that
phase begins another. Later phases that do neither belong to the stage before them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from mailbot.config.calendar import next_after

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from mailbot.config.calendar import Moment, Phase
    from mailbot.config.contest import PhaseSection
    from mailbot.model import Rule

FIRST = ""
"""The key of the first stage, to which everything belongs that names no other."""


@dataclass(frozen=True, kw_only=True)
class Within:
    """Which submissions count on a board, by the phase that they came in."""

    phases: frozenset[str]
    #: Take those of all phases but these.
    but: bool = False

    def holds(self, phase: str | None) -> bool:
        """Whether a submission of a phase is one of them."""
        return (phase in self.phases) is not self.but

    def with_those_of(self, other: Within) -> Within:
        """Return these and those of an earlier stage."""
        if other.but:
            return Within(phases=other.phases - self.phases, but=True)
        return Within(phases=self.phases | other.phases)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Phases that share labels and a board."""

    #: What the ledger calls it: the name of its first phase, or :data:`FIRST`.
    key: str = FIRST
    #: The name of its first phase, as people read it; "" where the config has one stage.
    name: str = ""
    #: When its first phase opens; None: from the beginning.
    opens: datetime | None = None
    #: When its last phase closes; None: never.
    closes: datetime | None = None
    #: The names of its phases.
    phases: tuple[str, ...] = ()
    #: The label file of each track that it has one of its own for.
    labels: Mapping[str, Path] = field(default_factory=dict, compare=False)
    #: Which accepted submission counts for a team; None: as [board] says.
    standing: Rule | None = None
    #: Which submissions count on its board; None where all do.
    within: Within | None = None
    #: Whether those of the stage before are among them.
    carries: bool = False


ONLY = (Stage(),)
"""The stages of a contest whose phases share everything."""


def stages_of(phases: Sequence[PhaseSection], labels: Mapping[str, Path]) -> tuple[Stage, ...]:
    """Return the stages in order; ``labels`` are the files of the tracks, which the first stage uses."""
    groups: list[list[PhaseSection]] = [[]]
    for phase in in_order(phases):
        if groups[-1] and phase.begins_stage:
            groups.append([])
        groups[-1].append(phase)
    several = len(groups) > 1
    made = [_stage(group, number, labels, several=several) for number, group in enumerate(groups)]
    return tuple(_with_submissions(made, groups)) if several else tuple(made)


def in_order(phases: Sequence[PhaseSection]) -> list[PhaseSection]:
    """Return phases in the order of time."""
    return sorted(phases, key=lambda phase: phase.opens.timestamp() if phase.opens else float("-inf"))


def _stage(group: Sequence[PhaseSection], number: int, labels: Mapping[str, Path], *, several: bool) -> Stage:
    standing = next((phase.standing for phase in group if phase.standing), None)
    if not group:
        return Stage(labels=labels)
    return Stage(
        key=group[0].name if number else FIRST,
        name=group[0].name if several else "",
        opens=group[0].opens,
        closes=group[-1].closes,
        phases=tuple(phase.name for phase in group),
        labels=group[0].labels if number else labels,
        standing=standing,
    )


def _with_submissions(made: Sequence[Stage], groups: Sequence[Sequence[PhaseSection]]) -> Iterator[Stage]:
    """Say which submissions count on each board: those of its phases, and where they carry over, of those before."""
    later = frozenset(name for stage in made[1:] for name in stage.phases)
    before = Within(phases=later, but=True)  # what no later stage has: also phases that had another name once
    for stage, group in zip(made, groups, strict=True):
        own = before if stage.key == FIRST else Within(phases=frozenset(stage.phases))
        carries = stage.key != FIRST and bool(group[0].carry_over)
        if carries:
            own = own.with_those_of(before)
        yield replace(stage, within=own, carries=carries)
        before = own


def stage_at(stages: Sequence[Stage], instant: datetime) -> Stage:
    """Return the stage of an instant: the last that has opened, the first before any has."""
    return next((each for each in reversed(stages[1:]) if each.opens and each.opens <= instant), stages[0])


def stage_before(stages: Sequence[Stage], instant: datetime) -> Stage:
    """Return the stage of the time just before an instant, whose board is the one of that instant."""
    return next((each for each in reversed(stages[1:]) if each.opens and each.opens < instant), stages[0])


def stage_of(stages: Sequence[Stage], phase: str | None) -> Stage:
    """Return the stage that a phase belongs to; the first for one that the config does not name."""
    return next((each for each in stages[1:] if phase in each.phases), stages[0])


def counted_in(stages: Sequence[Stage], phase: Phase | None) -> tuple[str, ...] | None:
    """Return the phases whose submissions a phase's quota counts together; None for all."""
    if phase is None:
        return None
    if phase.per_week is not None:
        return (phase.name,)
    return stage_of(stages, phase.name).phases if len(stages) > 1 else None


def switches(stages: Sequence[Stage]) -> list[tuple[Stage, datetime]]:
    """Return each stage that another follows, with the instant from which nothing counts on its board any more."""
    found = ((stage, stage.closes or following.opens) for stage, following in pairwise(stages))
    return [(stage, at) for stage, at in found if at is not None]


def next_board(publish_at: Moment, zone: ZoneInfo, stages: Sequence[Stage], instant: datetime) -> datetime:
    """Return when the next board is due: a weekly one, or that of the end of a stage."""
    ends = [at for _, at in switches(stages) if at > instant]
    return min([next_after(publish_at, zone, instant), *(at.astimezone(zone) for at in ends)])
