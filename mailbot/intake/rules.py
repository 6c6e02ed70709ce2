"""Decide about a checked file: is a phase open, is there quota left, does it name the right team. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mailbot.model import Status, name_key
from scoring.model import Note, Problem
from scoring.text import printable

if TYPE_CHECKING:
    from mailbot.config.calendar import Quota
    from scoring.model import Evaluation


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
