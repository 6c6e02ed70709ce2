"""Rulings: exclude or reinstate a submission or a team, and select which submissions count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from mailbot.config.stages import ONLY, stage_of
from mailbot.errors import Permanent
from mailbot.ledger import events, submissions, tables, teams
from mailbot.ledger.scores import in_phases
from mailbot.ledger.tables import exclusions, selections
from mailbot.ledger.trail.rows import touch
from mailbot.model import MOST_SELECTED, Exclusion, Status

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from mailbot.config.stages import Stage
    from mailbot.ledger.engine import Tx
    from mailbot.ledger.submissions import SubmissionRow


def _exclude(tx: Tx, *, team_id: int, submission_id: int | None, kind: Exclusion, why: str, now: datetime) -> None:
    """Let a submission, or all of a team, count for nothing; an earlier exclusion of the same is replaced."""
    _reinstate(tx, team_id=team_id, submission_id=submission_id)
    of = {"team_id": team_id, "submission_id": submission_id}
    tx.execute(sa.insert(exclusions).values(**of, kind=kind, why=why, since=now))
    touch(tx, "exclusions", (team_id, submission_id))


def _reinstate(tx: Tx, *, team_id: int, submission_id: int | None) -> bool:
    """Let it count again; False when it did."""
    of = exclusions.c.submission_id
    touch(tx, "exclusions", (team_id, submission_id))
    same = of.is_(None) if submission_id is None else of == submission_id
    return tx.execute(sa.delete(exclusions).where(exclusions.c.team_id == team_id, same)).rowcount > 0


def disqualified_teams(tx: Tx) -> set[int]:
    """Return the ids of the teams that are disqualified."""
    whole = (exclusions.c.submission_id.is_(None), exclusions.c.kind == Exclusion.DISQUALIFIED)
    return set(tx.scalars(sa.select(exclusions.c.team_id).where(*whole)))


def excluded_teams(tx: Tx) -> dict[int, Exclusion]:
    """Return how each team is excluded that is excluded as a whole, by its id."""
    rows = tx.execute(sa.select(exclusions.c.team_id, exclusions.c.kind).where(exclusions.c.submission_id.is_(None)))
    return {row.team_id: Exclusion(row.kind) for row in rows}


def of(tx: Tx, *, team_id: int, submission_id: int) -> tuple[str | None, str | None]:
    """Return what was decided of a submission or its whole team, and why; ``selected`` has no reason."""
    hit = sa.or_(exclusions.c.submission_id == submission_id, exclusions.c.submission_id.is_(None))
    row = tx.execute(sa.select(exclusions.c.kind, exclusions.c.why).where(exclusions.c.team_id == team_id, hit)).first()
    if row:
        return row.kind, row.why
    chosen = tx.scalar(sa.select(selections.c.selected_at).where(selections.c.submission_id == submission_id))
    return ("selected" if chosen else None), None


def of_each(tx: Tx, rows: Iterable[SubmissionRow]) -> dict[int, tuple[str | None, str | None]]:
    """Return the same of many submissions, by their ids, in two queries; of its own exclusion first."""
    ruled = tx.execute(sa.select(exclusions.c.team_id, exclusions.c.submission_id, exclusions.c.kind, exclusions.c.why))
    excluded = {(team_id, submission_id): (kind, why) for team_id, submission_id, kind, why in ruled}
    chosen = set(tx.scalars(sa.select(selections.c.submission_id)))
    return {
        row.id: excluded.get((row.team_id, row.id))
        or excluded.get((row.team_id, None))
        or ("selected" if row.id in chosen else None, None)
        for row in rows
    }


def _select(tx: Tx, *, team_id: int, track: str, stage: Stage, chosen: Collection[int], now: datetime) -> None:
    """Put a team's choice of its submissions on a track in the place of an earlier one."""
    its = (tables.submissions.c.team_id == team_id, tables.submissions.c.track == track)
    own = sa.select(tables.submissions.c.id).where(*its, *([in_phases(stage.within)] if stage.within else []))
    touch(tx, "selections", *tx.scalars(own))
    tx.execute(sa.delete(selections).where(selections.c.submission_id.in_(own)))
    touch(tx, "selections", *chosen)
    for submission_id in chosen:
        tx.execute(sa.insert(selections).values(submission_id=submission_id, selected_at=now))


def exclude(tx: Tx, submission_id: int, kind: Exclusion, why: str, now: datetime) -> SubmissionRow:
    """Let a submission count for nothing. Raises Permanent when it is none that counted."""
    row = accepted(tx, submission_id)
    _exclude(tx, team_id=row.team_id, submission_id=row.id, kind=kind, why=why, now=now)
    events.append(tx, kind="submission-excluded", subject=row.receipt, now=now, how=kind, why=why)
    return row


def reinstate(tx: Tx, submission_id: int, why: str, now: datetime) -> SubmissionRow:
    """Let a submission count again. Raises Permanent when it is not excluded."""
    row = accepted(tx, submission_id)
    if not _reinstate(tx, team_id=row.team_id, submission_id=row.id):
        message = f"{row.receipt} is not excluded"
        raise Permanent(message)
    events.append(tx, kind="submission-reinstated", subject=row.receipt, now=now, why=why)
    return row


def exclude_team(tx: Tx, name: str, kind: Exclusion, why: str, now: datetime) -> str:
    """Let nothing of a team count; return its name as registered. Raises Permanent when there is no such team."""
    team = teams.registered(tx, name)
    _exclude(tx, team_id=team.id, submission_id=None, kind=kind, why=why, now=now)
    events.append(tx, kind="team-excluded", subject=team.name, now=now, how=kind, why=why)
    return team.name


def reinstate_team(tx: Tx, name: str, why: str, now: datetime) -> str:
    """Let a team's submissions count again; return its name as registered. Raises Permanent."""
    team = teams.registered(tx, name)
    if not _reinstate(tx, team_id=team.id, submission_id=None):
        message = f"team {team.name!r} is not excluded"
        raise Permanent(message)
    events.append(tx, kind="team-reinstated", subject=team.name, now=now, why=why)
    return team.name


def select(tx: Tx, wanted: Sequence[int], now: datetime, stages: Sequence[Stage] = ONLY) -> list[SubmissionRow]:
    """Select submissions of one team, in the place of what it selected before on their tracks and in their stages.

    Raises Permanent when one is not accepted, they are of several teams, or too many of a track.
    """
    rows = [accepted(tx, submission_id) for submission_id in dict.fromkeys(wanted)]
    if len({row.team_id for row in rows}) != 1:
        message = "the submissions to be selected must be one team's"
        raise Permanent(message)
    for track, stage in dict.fromkeys((str(row.track), stage_of(stages, row.phase)) for row in rows):
        chosen = [row for row in rows if row.track == track and stage_of(stages, row.phase) == stage]
        if len(chosen) > MOST_SELECTED:
            message = f"at most {MOST_SELECTED} submissions of a track can be selected, not {len(chosen)} of {track}"
            raise Permanent(message)
        _select(tx, team_id=rows[0].team_id, track=track, stage=stage, chosen=[row.id for row in chosen], now=now)
    events.append(tx, kind="selected", subject=rows[0].team, now=now, receipts=[row.receipt for row in rows])
    return rows


KINDS = ("submission-excluded", "submission-reinstated", "team-excluded", "team-reinstated", "selected")
"""The entries of the audit trail that decisions make."""


def again(
    tx: Tx, kind: str, subject: str, detail: Mapping[str, Any], now: datetime, *, stages: Sequence[Stage] = ONLY
) -> None:
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
        select(tx, [submissions.id_of(receipt) for receipt in detail["receipts"]], now, stages)


def accepted(tx: Tx, submission_id: int) -> SubmissionRow:
    """Return an accepted submission. Raises Permanent when it is none."""
    row = next(iter(submissions.listing(tx, submission_id=submission_id)), None)
    if row is None or row.status is not Status.ACCEPTED:
        message = f"{submissions.receipt(submission_id)} is not an accepted submission"
        raise Permanent(message)
    return row
