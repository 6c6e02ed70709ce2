"""Move a deadline, for one team or for all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.config.calendar import shown
from mailbot.errors import Permanent
from mailbot.ledger import quota, teams
from mailbot.ledger.quota import Extension
from mailbot.letters import extended
from mailbot.operations.letters import would_write
from mailbot.system import lock

if TYPE_CHECKING:
    from datetime import datetime

    from mailbot.config.calendar import Phase
    from mailbot.ledger import Tx
    from mailbot.ledger.outbox import OutgoingRow
    from mailbot.service import Service


@dataclass(frozen=True, kw_only=True)
class Move:
    """A deadline as it is and as it would be."""

    phase: Phase
    extension: Extension
    #: When it closes before, for those concerned.
    was: datetime

    @property
    def is_earlier(self) -> bool:
        """Whether those concerned get less time than they have."""
        return self.extension.until < self.was

    @property
    def warning(self) -> str:
        """Say what an earlier end does; "" for a later one."""
        if not self.is_earlier:
            return ""
        return (
            "That is earlier than before: what arrives after it is late. Without a letter no team hears of it by mail."
        )


def look(service: Service, name: str, until: datetime, *, team: str | None) -> Move:
    """Return what moving the end of a phase would do; ``team`` None stands for all.

    Raises Permanent when there is no such phase or team, or the instant would not be the end: it is in the next phase,
    or before what the config, or for one team what all have.
    """
    phases = {phase.name: phase for phase in service.challenge.phases}
    phase = phases.get(name)
    if phase is None:
        message = f"there is no phase {name!r} in the config; it has {', '.join(phases)}"
        raise Permanent(message)
    if phase.closes is None:
        message = f"phase {name!r} has no end to move; `closes` under [[phases]] in the config sets one"
        raise Permanent(message)
    configured = {each.name: each.closes for each in service.written.phases}
    closes = configured[name] or phase.closes
    if team is None and any(other.opens and closes <= other.opens < until for other in phases.values()):
        message = f"{shown(until, service.challenge.zone)} is in the next phase; phases follow one another"
        raise Permanent(message)
    if until < (least := closes if team is None else phase.closes):
        end = shown(least, service.challenge.zone)
        fix = f"`closes` in the config says {end}, and a phase that ends sooner is written there"
        of = shown(until, service.challenge.zone)
        message = f"{of} is too early: {fix if team is None else f'it closes {end} for all'}"
        raise Permanent(message)
    with service.ledger.read() as tx:
        its = teams.registered(tx, team).name if team is not None else None
        extension = Extension(phase=name, until=until, team=its)
        was = max(phase.closes, quota.extensions(tx, extension.team).get(name, phase.closes))
    return Move(phase=phase, extension=extension, was=was)


def letters(service: Service, move: Move, why: str) -> list[OutgoingRow]:
    """Return the letters that telling those concerned would queue; nothing is written."""
    return would_write(service.ledger, lambda tx: _enter(service, tx, move, why))


def carry_out(service: Service, move: Move, why: str, *, tell: bool) -> int:
    """Move the deadline and have a running daemon take it up; return how many letters are queued."""
    with service.ledger.write("deadline") as tx:
        told = _enter(service, tx, move, why, tell=tell)
    lock.ask_reload(service.config.state)
    return told


def _enter(service: Service, tx: Tx, move: Move, why: str, *, tell: bool = True) -> int:
    """Enter a move, and queue its letters; return how many."""
    quota.extend(tx, move.extension, why=why, now=service.clock())
    if not tell:
        return 0
    was = move.was if move.is_earlier else None
    return extended.queue(tx, service.challenge, move.extension, why=why, now=service.clock(), was=was)
