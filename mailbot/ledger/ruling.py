"""Decisions on submissions and teams: let one count for nothing, let it count again, select what shall count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mailbot.errors import Permanent
from mailbot.intake.rules import MOST_SELECTED
from mailbot.ledger import events, rulings, submissions, teams
from mailbot.model import Exclusion, Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from mailbot.ledger import Tx
    from mailbot.ledger.submissions import SubmissionRow


def exclude(tx: Tx, submission_id: int, kind: Exclusion, why: str, now: datetime) -> SubmissionRow:
    """Let a submission count for nothing. Raises Permanent when it is none that counted."""
    row = accepted(tx, submission_id)
    rulings.exclude(tx, team_id=row.team_id, submission_id=row.id, kind=kind, why=why, now=now)
    events.append(tx, kind="submission-excluded", subject=row.receipt, now=now, how=kind, why=why)
    return row


def reinstate(tx: Tx, submission_id: int, why: str, now: datetime) -> SubmissionRow:
    """Let a submission count again. Raises Permanent when it is not excluded."""
    row = accepted(tx, submission_id)
    if not rulings.reinstate(tx, team_id=row.team_id, submission_id=row.id):
        message = f"{row.receipt} is not excluded"
        raise Permanent(message)
    events.append(tx, kind="submission-reinstated", subject=row.receipt, now=now, why=why)
    return row


def exclude_team(tx: Tx, name: str, kind: Exclusion, why: str, now: datetime) -> str:
    """Let nothing of a team count; return its name as registered. Raises Permanent when there is no such team."""
    team_id, registered = _team(tx, name)
    rulings.exclude(tx, team_id=team_id, submission_id=None, kind=kind, why=why, now=now)
    events.append(tx, kind="team-excluded", subject=registered, now=now, how=kind, why=why)
    return registered


def reinstate_team(tx: Tx, name: str, why: str, now: datetime) -> str:
    """Let a team's submissions count again; return its name as registered. Raises Permanent."""
    team_id, registered = _team(tx, name)
    if not rulings.reinstate(tx, team_id=team_id, submission_id=None):
        message = f"team {registered!r} is not excluded"
        raise Permanent(message)
    events.append(tx, kind="team-reinstated", subject=registered, now=now, why=why)
    return registered


def select(tx: Tx, wanted: Sequence[int], now: datetime) -> list[SubmissionRow]:
    """Select submissions of one team, in the place of what it selected before on their tracks.

    Raises Permanent when one is not accepted, they are of several teams, or too many of a track.
    """
    rows = [accepted(tx, submission_id) for submission_id in dict.fromkeys(wanted)]
    if len({row.team_id for row in rows}) != 1:
        message = "the submissions to be selected must be one team's"
        raise Permanent(message)
    for track in dict.fromkeys(str(row.track) for row in rows):
        chosen = [row for row in rows if row.track == track]
        if len(chosen) > MOST_SELECTED:
            message = f"at most {MOST_SELECTED} submissions of a track can be selected, not {len(chosen)} of {track}"
            raise Permanent(message)
        rulings.select(tx, team_id=rows[0].team_id, track=track, chosen=[row.id for row in chosen], now=now)
    events.append(tx, kind="selected", subject=rows[0].team, now=now, receipts=[row.receipt for row in rows])
    return rows


KINDS = ("submission-excluded", "submission-reinstated", "team-excluded", "team-reinstated", "selected")
"""The entries of the audit trail that decisions make."""


def again(tx: Tx, kind: str, subject: str, detail: Mapping[str, Any], now: datetime) -> None:
    """Carry out a decision that the audit trail tells of, when the ledger is made anew."""
    why = str(detail.get("why", ""))
    if kind == "submission-excluded":
        exclude(tx, submissions.id_of(subject), Exclusion(detail["how"]), why, now)
    elif kind == "submission-reinstated":
        reinstate(tx, submissions.id_of(subject), why, now)
    elif kind == "team-excluded":
        exclude_team(tx, subject, Exclusion(detail["how"]), why, now)
    elif kind == "team-reinstated":
        reinstate_team(tx, subject, why, now)
    else:
        select(tx, [submissions.id_of(receipt) for receipt in detail["receipts"]], now)


def accepted(tx: Tx, submission_id: int) -> SubmissionRow:
    """Return an accepted submission. Raises Permanent when it is none."""
    row = next(iter(submissions.listing(tx, submission_id=submission_id)), None)
    if row is None or row.status is not Status.ACCEPTED:
        message = f"{submissions.receipt(submission_id)} is no accepted submission"
        raise Permanent(message)
    return row


def _team(tx: Tx, name: str) -> tuple[int, str]:
    team = teams.with_name(tx, name)
    if team is None:
        message = f"no team is named {name!r}; `mailbot teams list` names them all"
        raise Permanent(message)
    return team.id, team.name
