"""Changes of the roster by hand: take an address off, rename, merge, set the leader. One plan says and does each."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mailbot.board import rank_changes
from mailbot.config.address import normalise
from mailbot.config.calendar import phase_at
from mailbot.errors import Permanent
from mailbot.identity import names, roster
from mailbot.ledger import daybook, events, quota, rulings, submissions, teams

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from mailbot.board.model import Board, Table
    from mailbot.board.rank_changes import Change
    from mailbot.config.calendar import Allowance, Phase
    from mailbot.config.challenge import Challenge
    from mailbot.config.schema import Config
    from mailbot.ledger import Tx
    from mailbot.model import Team
    from mailbot.service import Service

LEFT, LEADS, RENAMED, MERGED, ADDED = "team-left", "team-leader-set", roster.RENAMED, roster.MERGED, "team-added"

KINDS = (LEFT, LEADS, RENAMED, MERGED, ADDED)
"""The entries of the audit trail that a rebuild carries out again by :func:`again`."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A change that is not made yet."""

    kind: str
    #: The team's name as registered; for a merger the team that ends.
    team: str
    #: The new name, or the team that goes on; "" where there is none.
    other: str = ""
    #: The address that it is about; it stands in the daybook, never in the trail.
    address: str = ""
    #: What happens, a sentence each.
    says: Sequence[str]
    #: The command that takes it back; None where there is none.
    inverse: str | None = None


@dataclass(frozen=True, kw_only=True)
class Merged:
    """What a merger brings about."""

    #: What happens, and which file counts then on each track, a sentence each.
    says: Sequence[str]
    #: Every place that it changes on the boards of the phases so far.
    changes: Sequence[Change]


def removal(tx: Tx, name: str, address: str) -> Plan:
    """Plan to take an address off its team. Raises Permanent when it is not on it, or is the only one."""
    team, which = _with(tx, name, address)
    rest = [each for each in team.addresses if each != which]
    if not rest:
        message = f"{which} is the only address of {team.name}: add another one first"
        raise Permanent(message)
    says = [f"{which} leaves {team.name}; its mails are a stranger's from then on. What it sent counts as before."]
    leads = team.addresses[0] == which
    says += [f"It is the leader's: {rest[0]} leads then."] if leads else []
    inverse = f"mailbot teams add {shlex.quote(team.name)} {which}"
    inverse += f", then mailbot teams set-leader {shlex.quote(team.name)} {which} --why …" if leads else ""
    return Plan(kind=LEFT, team=team.name, address=which, says=says, inverse=inverse)


def leader(tx: Tx, name: str, address: str) -> Plan:
    """Plan to have an address of a team lead it. Raises Permanent when it is not on the team, or leads."""
    team, which = _with(tx, name, address)
    now = team.addresses[0]
    if which == now:
        message = f"{which} leads {team.name} already"
        raise Permanent(message)
    says = [f"{which} leads {team.name} instead of {now}: letters go there, and it adds and removes members."]
    inverse = f"mailbot teams set-leader {shlex.quote(team.name)} {now} --why …"
    return Plan(kind=LEADS, team=team.name, address=which, says=says, inverse=inverse)


def rename(tx: Tx, config: Config, name: str, new: str) -> Plan:
    """Plan to rename a team. Raises Permanent for a name that no team may have or another one has."""
    team = teams.registered(tx, name)
    others = [each.name for each in teams.everyone(tx) if each.id != team.id]
    try:
        becomes = names.tidy(new)
        fault = names.Names(others, names.Reserved.of(config)).fault(becomes)
    except ValueError as error:
        raise Permanent(str(error)) from error
    other = teams.with_name(tx, becomes)
    if other is not None and other.id != team.id:
        fault = f"team {other.name} has it; `mailbot teams merge` merges two teams"
    if fault or becomes == team.name:
        message = f"{becomes!r}: {fault or 'that is its name already'}"
        raise Permanent(message)
    says = [
        f"{team.name} becomes {becomes}: on the next board, and in every mail from now on.",
        "Boards published before keep the old name. A roster file may still have it.",
    ]
    inverse = f"mailbot teams rename {shlex.quote(becomes)} {shlex.quote(team.name)} --why …"
    return Plan(kind=RENAMED, team=team.name, other=becomes, says=says, inverse=inverse)


def merger(tx: Tx, ends: str, goes_on: str) -> Plan:
    """Plan to make two teams one. Raises Permanent when they are one already, or one is excluded as a whole."""
    gone, into = teams.registered(tx, ends), teams.registered(tx, goes_on)
    excluded = rulings.excluded_teams(tx)
    if gone.id == into.id:
        message = f"{gone.name} and {into.name} are one team"
        raise Permanent(message)
    if out := [f"{each.name} is {excluded[each.id]}" for each in (gone, into) if each.id in excluded]:
        message = f"{' and '.join(out)}: `mailbot teams reinstate` first, or leave the teams as they are"
        raise Permanent(message)
    counts = {each.name: len(submissions.of_team(tx, each.id)) for each in (gone, into)}
    own, its = counts[into.name], counts[gone.name]
    says = [
        f"{into.name} has {own} submission(s) and gets {its} of {gone.name}, all its mails and addresses.",
        f"{into.addresses[0]} leads. {gone.name} ends, and so do its key and its selections.",
        "Which submission counts is decided by the rule of the board, from the next board on.",
        "This week's quota is used by the submissions of both.",
    ]
    return Plan(kind=MERGED, team=gone.name, other=into.name, says=says)


def preview(service: Service, ends: str, goes_on: str) -> Merged:
    """Return what a merger would bring about, and keep nothing of it. Raises Permanent as :func:`merger`."""
    service.labels.refresh()
    with service.ledger.trial() as tx:
        return merge(service, tx, ends, goes_on, why="")


def merge(service: Service, tx: Tx, ends: str, goes_on: str, *, why: str) -> Merged:
    """Merge two teams, and return what came of it. Raises Permanent as :func:`merger`."""
    plan, before = merger(tx, ends, goes_on), _boards(service, tx)
    carry_out(tx, service.config, plan, why, service.clock())
    after = _boards(service, tx)
    counts = [
        f"{row.receipt} counts then for {row.team} on {_titled(table, board)}."
        for board in after
        for table in board.tables
        for row in table.rows
        if row.team == plan.other and row.receipt
    ]
    return Merged(says=[*plan.says, *counts], changes=_compared(before, after))


def moves(service: Service, act: Callable[[Tx], object]) -> list[Change]:
    """Return how places would change on the boards by an act of an organizer; nothing of it is kept."""
    service.labels.refresh()
    with service.ledger.trial() as tx:
        before = _boards(service, tx)
        act(tx)
        return _compared(before, _boards(service, tx))


def _compared(before: Sequence[Board], after: Sequence[Board]) -> list[Change]:
    return [each for pair in zip(before, after, strict=True) for each in rank_changes.compared(*pair)]


def _titled(table: Table, board: Board) -> str:
    return f"{table.title} ({board.phase})" if board.phase else table.title


def _boards(service: Service, tx: Tx) -> list[Board]:
    """Return the boards of the stages so far, as they are now."""
    ranking, stages = service.ranking, service.challenge.stages
    begun = stages[: stages.index(ranking.stage) + 1]
    return [ranking.board_by(tx, ranking.versions_in(each), service.clock(), each) for each in begun]


def granted(tx: Tx, name: str) -> int:
    """Count how often a team's quota was raised. Raises Permanent when there is no such team."""
    return len(events.listing(tx, kind=quota.GRANTED, subjects=teams.every_name(tx, teams.registered(tx, name))))


def granting_in(tx: Tx, challenge: Challenge, name: str, now: datetime) -> tuple[Team, Phase | None]:
    """Return a team, and the phase open to it, in which a grant counts. Raises Permanent when there is no such team."""
    team = teams.registered(tx, name)
    return team, phase_at(challenge.of_team(quota.extensions(tx, team.name)).phases, now)


def only_in(tx: Tx, challenge: Challenge, name: str, now: datetime) -> str | None:
    """Return the name of that phase where others of the week do not count the grant; else None. Raises Permanent."""
    _, phase = granting_in(tx, challenge, name, now)
    return phase.name if phase and challenge.counted_in(phase) is not None else None


def has(tx: Tx, challenge: Challenge, name: str, track: str, now: datetime) -> Allowance:
    """Return what a team may still submit on a track in this week and phase. Raises Permanent when there is none."""
    team, phase = granting_in(tx, challenge, name, now)
    counted = challenge.counted_in(phase)
    return quota.allowance(tx, challenge.quota_of(phase), team_id=team.id, track=track, at=now, phases=counted)


def grant(
    tx: Tx, challenge: Challenge, name: str, track: str, *, more: int, why: str, now: datetime, after: int | None = None
) -> tuple[Team, Allowance]:
    """Raise a team's quota on a track in this week and phase, and return what it has then.

    Raises Permanent when there is no such team, or when it was not ``after`` so many grants (:func:`granted`), as
    somebody else made one since.
    """
    if after is not None and granted(tx, name) != after:
        message = f"somebody else has granted {name} more meanwhile: `mailbot audit list --kind {quota.GRANTED}`"
        raise Permanent(message)
    team, phase = granting_in(tx, challenge, name, now)
    rules, counted = challenge.quota_of(phase), challenge.counted_in(phase)
    of = phase.name if phase else None
    return team, quota.grant(tx, rules, team, track, more=more, why=why, now=now, phase=of, phases=counted)


def carry_out(tx: Tx, config: Config, plan: Plan, why: str, now: datetime) -> None:
    """Make the change, and enter it in daybook and trail."""
    detail: dict[str, Any] = {"why": why} | ({"name": plan.other} if plan.other else {})
    if plan.address:
        detail["roster"] = daybook.keep_roster(config.state, plan.team, [plan.address])
    _change(tx, plan.kind, plan.team, other=plan.other, addresses=[plan.address], now=now)
    events.append(tx, kind=plan.kind, subject=plan.team, now=now, **detail)


def again(
    tx: Tx,
    kind: str,
    subject: str,
    detail: Mapping[str, Any],
    *,
    lines: Mapping[str, Mapping[str, Any]],
    now: datetime,
) -> None:
    """Carry out an entry of the trail once more; ``lines`` are those of the daybook by their hash. Raises Permanent.

    What a mail brought about (``by``) is left to the record of that mail.
    """
    if "by" in detail:
        return
    line = lines.get(detail.get("roster", ""))
    if line is None and "roster" in detail:
        message = f"the daybook lacks the addresses of team {subject!r}"
        raise Permanent(message)
    if kind == ADDED and line is not None:
        teams.add(tx, line["team"], line["addresses"], now, unconfirmed="unconfirmed" in detail)
    else:
        addresses = line["addresses"] if line else []
        _change(tx, kind, subject, other=detail.get("name", ""), addresses=addresses, now=now)


def _change(tx: Tx, kind: str, name: str, *, other: str, addresses: Sequence[str], now: datetime) -> None:
    """Change the ledger."""
    team = teams.registered(tx, name)
    if kind == RENAMED:
        teams.rename(tx, team.id, other)
    elif kind == MERGED:
        teams.merge(tx, team.id, teams.registered(tx, other).id, now)
    elif kind == LEADS:
        teams.set_leader(tx, team.id, addresses[0])
    else:
        for address in addresses:
            teams.leave(tx, team.id, address, now)


def _with(tx: Tx, name: str, address: str) -> tuple[Team, str]:
    """Return a team and an address of it as the ledger writes it. Raises Permanent."""
    team = teams.registered(tx, name)
    try:
        which = normalise(address)
    except ValueError as error:
        raise Permanent(str(error)) from error
    if which not in team.addresses:
        message = f"{which} is not on {team.name}, which has {', '.join(team.addresses)}"
        raise Permanent(message)
    return team, which
