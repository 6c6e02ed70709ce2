"""The rules a checked file meets: is the phase open, is there quota left. Pure."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mailbot.config.calendar import last_before, next_after
from mailbot.model import Status
from scoring.model import Note, Problem
from scoring.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from mailbot.config.calendar import Moment, Phase
    from scoring.model import Evaluation


MOST_SELECTED = 2
"""So many submissions a team may select on a track, as Kaggle has it: more would be best-of-many on the labels."""


def name_key(name: str) -> str:
    """Return what makes a team name unique: NFKC, case folded, white space squeezed."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


@dataclass(frozen=True, kw_only=True)
class Quota:
    """How many submissions a team may have accepted on a track in a week, and when the week begins."""

    per_week: int
    week_starts: Moment
    zone: ZoneInfo

    def week(self, instant: datetime) -> tuple[datetime, datetime]:
        """Return the first instant of the week that holds ``instant``, and of the one after."""
        return last_before(self.week_starts, self.zone, instant), next_after(self.week_starts, self.zone, instant)


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What a team has left on a track this week, after the submission it is told about."""

    per_week: int
    used: int
    #: When the count starts anew.
    renews_at: datetime

    @property
    def left(self) -> int:
        """How many more may be accepted before ``renews_at``."""
        return max(0, self.per_week - self.used)


def status(evaluation: Evaluation, *, is_open: bool, used: int, quota: Quota) -> Status:
    """Settle what becomes of a file: the phase is asked first, then the file, then the quota."""
    if not is_open:
        return Status.CLOSED
    if not evaluation.ok:
        return Status.REFUSED
    return Status.ACCEPTED if used < quota.per_week else Status.OVER_QUOTA


def hold_to_team(evaluation: Evaluation, team: str, *, said_is_registered: bool) -> Evaluation:
    """Hold a file to the sender's team: the name of another registered team is a problem, any other a note."""
    said = evaluation.team
    if said is None or name_key(said) == name_key(team):
        return evaluation
    if said_is_registered:
        message = (
            f"The file says team {printable(said)!r}, which is another registered team; you are {team!r}. "
            "Correct `team`, or leave it out."
        )
        problem = Problem(code="another-team", count=1, examples=(printable(said),), message=message)
        return replace(evaluation, score=None, metrics={}, problems=(*evaluation.problems, problem))
    message = (
        f"The file says team {printable(said)!r}; it counts for {team!r}, the team this address is registered for."
    )
    return replace(evaluation, notes=(*evaluation.notes, Note(code="team-differs", count=1, message=message)))


def neighbours(phases: Sequence[Phase], instant: datetime) -> tuple[Phase | None, Phase | None]:
    """Return the phase that closed last and the one that opens next, around an instant in no phase."""
    closed = [phase for phase in phases if phase.closes and phase.closes <= instant]
    coming = [phase for phase in phases if phase.opens and phase.opens > instant]
    last = max(closed, key=lambda phase: phase.closes or instant, default=None)
    return last, min(coming, key=lambda phase: phase.opens or instant, default=None)
