"""The roster: a CSV file of teams and addresses, each row checked, each mistake named."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mailbot.config.address import hidden, normalise
from mailbot.config.calendar import phase_at
from mailbot.errors import ConfigError
from mailbot.identity import names as naming
from mailbot.identity.registration import MOST_MEMBERS
from mailbot.identity.roster_table import table_of
from mailbot.ledger import daybook, events, held, teams
from mailbot.ledger.guard import mailboxes
from mailbot.model import name_key
from mailbot.system import journal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from mailbot.config.schema import Config
    from mailbot.ledger import Ledger, Tx


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A team as a roster names it."""

    name: str
    #: Normalised, in the order given.
    addresses: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Terms:
    """On what terms the teams of a source come onto the roster."""

    #: New teams are still to confirm.
    confirm: bool = False
    #: For a source where anybody may write; None for others. A row changes no team that is registered, and brings none
    #: after the end. The first address of a new team leads it; this asks the others, and returns whom it did not ask.
    invite: Callable[[Tx, int, Sequence[str]], Sequence[str]] | None = None
    #: Whether registration is closed.
    closed: bool = False
    #: Whether addresses that were taken off their team may come back: somebody says so by hand.
    again: bool = False
    #: What no new team may be called.
    reserved: naming.Reserved | None = None
    #: Mails that new addresses sent since then, as unknown senders, are taken up; None: none are.
    waiting_since: datetime | None = None


AS_THEY_COME = Terms()

RENAMED, MERGED = teams.RENAMED, teams.MERGED
"""The entries of the trail by which a name is no team's any more; they say under which one it goes on."""


@dataclass(frozen=True, kw_only=True)
class Roster:
    """What was read, and what was wrong with the rest."""

    entries: tuple[Entry, ...]
    #: One sentence each, with the line.
    mistakes: tuple[str, ...]
    #: What the organizer should know although it was read.
    notes: tuple[str, ...] = ()


def waiting_since(config: Config, now: datetime) -> datetime | None:
    """Return since when mails of unknown senders count once their address is on the roster: the opening of the phase.

    None when the config does not want it, or no phase is open.
    """
    phase = phase_at(config.calendar, now) if config.roster.take_waiting else None
    return (phase.opens or datetime.min.replace(tzinfo=UTC)) if phase else None


def entry(name: str, given: Sequence[str]) -> Entry:
    """Check a team's name and addresses. Raises ValueError with the reason."""
    shown = naming.tidy(name)
    if not given:
        message = f"team {shown!r} has no address"
        raise ValueError(message)
    return Entry(name=shown, addresses=tuple(dict.fromkeys(normalise(address) for address in given)))


def read_file(path: Path | None) -> Roster:
    """Read the roster file of the config; without one nobody is on it. Raises ConfigError."""
    try:
        return read_csv(path.read_bytes()) if path else Roster(entries=(), mistakes=())
    except OSError as error:
        message = f"roster.file: {path} cannot be read ({error.strerror})"
        raise ConfigError(message) from error


def read_csv(data: bytes, columns: Mapping[str, str] | None = None) -> Roster:
    """Read a roster: a ``team`` and an ``address`` column; several addresses in several rows, or split by ``;``.

    ``columns`` names the headings where they are others (:func:`roster_table.mapping`).
    """
    table = table_of(data, columns or {})
    entries: list[Entry] = []
    mistakes: list[str] = []
    for line, cells in table.rows:
        try:
            entries.append(_entry(cells))
        except ValueError as error:
            mistakes.append(f"line {line}: {error}")
    return _without_conflicts(entries, [*mistakes, *table.mistakes], table.notes)


def _entry(cells: tuple[str, str] | None) -> Entry:
    """Check a row. Raises ValueError with the reason when it cannot be taken."""
    if cells is None:
        raise ValueError("a cell is missing")
    name, addresses = cells
    return entry(name, re.split(r"[;,\s\u200b]+", addresses.strip(" ;,\t")))


def _without_conflicts(entries: Sequence[Entry], mistakes: list[str], notes: tuple[str, ...]) -> Roster:
    """Drop entries whose address another team claimed before."""
    owner: dict[str, str] = {}
    kept = []
    for one in entries:
        taken = [a for a in one.addresses if owner.setdefault(a, name_key(one.name)) != name_key(one.name)]
        if taken:
            mistakes.append(f"team {one.name!r}: {', '.join(taken)} is another team's address already")
        else:
            kept.append(one)
    return Roster(entries=tuple(kept), mistakes=tuple(mistakes), notes=notes)


def enter(
    tx: Tx, entries: Sequence[Entry], now: datetime, *, state: Path, terms: Terms = AS_THEY_COME, why: str = ""
) -> list[str]:
    """Bring teams into the ledger; return why some were not taken, or not whole."""
    mistakes = []
    names = naming.Names((team.name for team in teams.everyone(tx)), terms.reserved)
    former = teams.former_names(tx)
    for given in entries:
        team = teams.with_name(tx, given.name)
        one = given if team else replace(given, name=former.get(name_key(given.name), given.name))
        team = team or teams.with_name(tx, one.name)
        known = set(team.addresses) if team else set()
        known |= teams.ever(tx, team.id) if team and not terms.again else set()
        known |= mailboxes.invited(tx, team.id) if team and terms.invite else set()
        if fault := _fault(tx, one, known, names, terms):
            mistakes.append(f"team {one.name!r}: {fault}")
        elif set(one.addresses) - known:
            there = replace(one, addresses=one.addresses[:1]) if terms.invite else one
            team_id = add(tx, there, now, state=state, unconfirmed=terms.confirm, **({"why": why} if why else {}))
            rest = one.addresses[1:]
            if terms.invite and rest and (unasked := terms.invite(tx, team_id, rest)):
                mistakes.append(f"team {one.name!r}: {_not_added(unasked)}")
            if terms.waiting_since is not None:
                held.take_up(tx, there.addresses, since=terms.waiting_since, now=now)
            names.add(one.name)
    return mistakes


def _fault(tx: Tx, one: Entry, known: set[str], names: naming.Names, terms: Terms) -> str | None:
    """Say why an entry cannot be taken; ``known`` are the addresses that are or were on its team."""
    new = [address for address in one.addresses if address not in known]
    foreign = [a for a, team in teams.by_address(tx, new).items() if name_key(team.name) != name_key(one.name)]
    if foreign:
        return f"{', '.join(foreign)} is another team's address already"
    if fault := names.fault(one.name):
        return fault
    if new and known and terms.invite:
        return _not_added(new)
    if new and terms.invite and len(one.addresses) > MOST_MEMBERS:
        return f"it names more than {MOST_MEMBERS} addresses; `mailbot teams add` enters such a team"
    if new and terms.invite and terms.closed:
        return "registration is closed; `mailbot teams add` with --why lets it in"
    return None


def _not_added(addresses: Sequence[str]) -> str:
    """Say that a row of a registered team brings nobody; of a new one too, where mailboxes were asked lately."""
    return f"it is registered already, so {', '.join(addresses)} was not added; its leader can, by mail, and so can you"


def by_hand(config: Config, now: datetime) -> Terms:
    """Return the terms of what an organizer enters."""
    return Terms(again=True, reserved=naming.Reserved.of(config), waiting_since=waiting_since(config, now))


def take_file(ledger: Ledger, config: Config, now: datetime) -> None:
    """Enter the teams of the roster file; what cannot be taken goes to the journal. Raises ConfigError."""
    read = read_file(config.roster.file)
    terms = Terms(
        confirm=config.registration.confirm,
        reserved=naming.Reserved.of(config),
        waiting_since=waiting_since(config, now),
    )
    with ledger.write("enter-roster") as tx:
        mistakes = enter(tx, read.entries, now, state=config.state, terms=terms)
    for mistake in (*read.mistakes, *mistakes):
        journal.trouble("roster-mistake", count=1, what=hidden(mistake))


def add(tx: Tx, one: Entry, now: datetime, *, state: Path, unconfirmed: bool = False, **detail: str) -> int:
    """Add a team, or addresses to it, to ledger, daybook and trail; return its id."""
    line = daybook.keep_roster(state, one.name, one.addresses)
    team_id = teams.add(tx, one.name, one.addresses, now, unconfirmed=unconfirmed)
    detail |= {"unconfirmed": "yes"} if unconfirmed else {}
    events.append(tx, kind="team-added", subject=one.name, now=now, roster=line, **detail)
    return team_id


def switch_letters(tx: Tx, name: str, *, wanted: bool, now: datetime) -> str | None:
    """Note whether a team wants letters; return its name as registered, None when there is no such team."""
    team = teams.with_name(tx, name)
    if team is None:
        return None
    if teams.want_letters(tx, team.id, wanted=wanted):
        events.append(tx, kind="team-letters", subject=team.name, now=now, wanted=wanted)
    return team.name
