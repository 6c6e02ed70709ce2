"""Decide about a checked file: is a phase open, is there quota left, does it name the right team. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mailbot.model import Status, name_key
from scoring.model import Note, Problem
from scoring.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mailbot.config.calendar import Quota
    from scoring.model import Evaluation, Track


def status(evaluation: Evaluation, *, is_open: bool, used: int, quota: Quota) -> Status:
    """Settle what becomes of a file: the phase is asked first, then the file, then the quota."""
    if not is_open:
        return Status.CLOSED
    if not evaluation.ok:
        return Status.REFUSED
    return Status.ACCEPTED if used < quota.per_week else Status.OVER_QUOTA


OF_ITEMS = frozenset({"missing-ids", "unknown-ids", "foreign-ids", "zero-based-ids", "row-count"})
"""Codes of problems that a file has by having other items than ours."""


def of_other_phase(evaluation: Evaluation, its: str, present: str) -> Evaluation:
    """Say of a file that it has the items of another phase, in place of every item that it lacks."""
    message = f"These are the items of the {its} phase, which is over; the {present} phase has other items."
    problem = Problem(code="other-phase", count=1, message=message)
    rest = (each for each in evaluation.problems if each.code not in OF_ITEMS)
    return replace(evaluation, problems=(problem, *rest))


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


def track_in(subject: str, tracks: Iterable[Track]) -> str | None:
    """Return the one track whose title a subject holds."""
    named = [track.name for track in tracks if track.title.casefold() in subject.casefold()]
    return named[0] if len(named) == 1 else None
