"""Teams, their addresses and their keys."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from mailbot.errors import Permanent
from mailbot.ledger import events
from mailbot.ledger.tables import addresses, metadata, selections, submissions, team_keys, teams
from mailbot.ledger.trail.rows import ORDER, touch, touch_team
from mailbot.model import Team, name_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from mailbot.ledger.engine import Tx


RENAMED, MERGED = "team-renamed", "team-merged"
"""The kinds of the entries of the audit trail after which a team's name is another one, or another team's."""

_PRESENT = addresses.c.left_at.is_(None)


def add(tx: Tx, name: str, team_addresses: Iterable[str], now: datetime, *, unconfirmed: bool = False) -> int:
    """Add a team, or addresses to the team of that name; return its id. An address of another team is Permanent.

    An address that has left a team before is this team's now. ``unconfirmed``: a new team is still to confirm.
    """
    found = tx.scalar(sa.select(teams.c.id).where(teams.c.name_key == name_key(name)))
    new = {"name": name, "name_key": name_key(name), "added_at": now, "unconfirmed_since": now if unconfirmed else None}
    team_id: int = found or tx.execute(sa.insert(teams).values(**new).returning(teams.c.id)).scalar_one()
    known = set(tx.scalars(sa.select(addresses.c.address).where(addresses.c.team_id == team_id, _PRESENT)))
    for address in team_addresses:
        if address not in known:
            tx.execute(sa.delete(addresses).where(addresses.c.address == address, ~_PRESENT))
            tx.execute(sa.insert(addresses).values(address=address, team_id=team_id))
            touch(tx, "addresses", address)
    touch(tx, ORDER, team_id)
    if found is None:
        touch(tx, "teams", team_id)
    return team_id


def leave(tx: Tx, team_id: int, address: str, now: datetime) -> bool:
    """Take an address off its team; False when it is not on it."""
    touch(tx, "addresses", address)
    touch(tx, ORDER, team_id)
    where = (addresses.c.team_id == team_id, addresses.c.address == address, _PRESENT)
    return tx.execute(sa.update(addresses).where(*where).values(left_at=now)).rowcount == 1


def refuse(tx: Tx, team_id: int, address: str, now: datetime) -> None:
    """Note that an address that was only invited is not to come onto a team: what it was sent holds no more."""
    known = tx.scalar(sa.select(addresses.c.id).where(addresses.c.address == address))
    if known is None:
        tx.execute(sa.insert(addresses).values(address=address, team_id=team_id, left_at=now))
        touch(tx, "addresses", address)


def set_leader(tx: Tx, team_id: int, address: str) -> None:
    """Put an address of a team before its others: the first one leads."""
    own = (addresses.c.team_id == team_id, _PRESENT)
    rows = [dict(row) for row in tx.execute(sa.select(addresses).where(*own).order_by(addresses.c.id)).mappings()]
    tx.execute(sa.delete(addresses).where(*own))
    for row in sorted(rows, key=lambda row: row["address"] != address):
        tx.execute(sa.insert(addresses).values({name: value for name, value in row.items() if name != "id"}))
    touch(tx, ORDER, team_id)


def rename(tx: Tx, team_id: int, name: str) -> None:
    """Rename a team."""
    tx.execute(sa.update(teams).where(teams.c.id == team_id).values(name=name, name_key=name_key(name)))
    touch(tx, "teams", team_id)


def merge(tx: Tx, gone_id: int, into_id: int, now: datetime) -> None:
    """Give all that a team has to another one, whose leader goes on; the team itself and its key end."""
    leader = with_id(tx, into_id).addresses[:1]
    own = sa.select(submissions.c.id).where(submissions.c.team_id == gone_id)
    touch(tx, "selections", *tx.scalars(own))
    tx.execute(sa.delete(selections).where(selections.c.submission_id.in_(own)))
    touch_team(tx, gone_id)
    current = (team_keys.c.team_id == gone_id, team_keys.c.ended_at.is_(None))
    tx.execute(sa.update(team_keys).where(*current).values(ended_at=now))
    for table in metadata.sorted_tables:
        if "team_id" in table.c:
            tx.execute(sa.update(table).where(table.c.team_id == gone_id).values(team_id=into_id))
    tx.execute(sa.delete(teams).where(teams.c.id == gone_id))
    touch_team(tx, into_id)
    for address in leader:
        set_leader(tx, into_id, address)


def left_at(tx: Tx, team_id: int, address: str) -> datetime | None:
    """Return when an address left a team, the last time; None where it did not."""
    where = (addresses.c.team_id == team_id, addresses.c.address == address)
    found: datetime | None = tx.scalar(sa.select(addresses.c.left_at).where(*where))
    return found


def find(tx: Tx, team_id: int) -> Team | None:
    """Return a team, None where there is none of that id."""
    return next(iter(_teams(tx, _WITH_ID, {"team_id": team_id})), None)


def ever(tx: Tx, team_id: int) -> set[str]:
    """Return the addresses that are or were on a team."""
    return set(tx.scalars(sa.select(addresses.c.address).where(addresses.c.team_id == team_id)))


def confirm(tx: Tx, team_id: int) -> bool:
    """Note that a team has confirmed its registration; tell whether that is news."""
    where = (teams.c.id == team_id, teams.c.unconfirmed_since.is_not(None))
    touch(tx, "teams", team_id)
    return tx.execute(sa.update(teams).where(*where).values(unconfirmed_since=None)).rowcount == 1


def everyone(tx: Tx) -> list[Team]:
    """Return all teams by name, each with its addresses in the order they were added."""
    return _teams(tx, _ALL)


def by_address(tx: Tx, wanted: Sequence[str]) -> dict[str, Team]:
    """Return the team of each of the addresses that is on the roster."""
    if not wanted:
        return {}
    found = _teams(tx, _BY_ADDRESS, {"wanted": list(dict.fromkeys(wanted))})
    return {address: team for team in found for address in team.addresses if address in wanted}


def with_name(tx: Tx, name: str) -> Team | None:
    """Return the team of that name, however it is written."""
    return next(iter(_teams(tx, _WITH_NAME, {"key": name_key(name)})), None)


def registered(tx: Tx, name: str) -> Team:
    """Return the team of that name, however it is written. Raises Permanent when there is none."""
    team = with_name(tx, name)
    if team is None:
        message = f"no team is named {name!r}; `mailbot teams list` names them all"
        raise Permanent(message)
    return team


def with_id(tx: Tx, team_id: int) -> Team:
    """Return a team with its addresses, the leader's first."""
    return _teams(tx, _WITH_ID, {"team_id": team_id})[0]


def want_letters(tx: Tx, team_id: int, *, wanted: bool) -> bool:
    """Note whether a team wants letters; tell whether that is news."""
    where = (teams.c.id == team_id, teams.c.letters != wanted)
    touch(tx, "teams", team_id)
    return tx.execute(sa.update(teams).where(*where).values(letters=wanted)).rowcount == 1


def want_language(tx: Tx, team_id: int, language: str) -> None:
    """Note the language that a team wants replies in."""
    touch(tx, "teams", team_id)
    tx.execute(sa.update(teams).where(teams.c.id == team_id).values(language=language))


def mark_bouncing(tx: Tx, address: str, since: datetime | None) -> bool:
    """Note that an address of the roster takes no mail, or (None) that it is alive; tell whether that is news."""
    changed = addresses.c.bouncing_since.is_(None) if since else addresses.c.bouncing_since.is_not(None)
    where = (addresses.c.address == address, changed)
    return tx.execute(sa.update(addresses).where(*where).values(bouncing_since=since)).rowcount == 1


def recipient(team: Team, silent: Collection[str]) -> str | None:
    """Return the first address of a team that takes mail; ``silent`` are those that bounced (:func:`bouncing`)."""
    return next((address for address in team.addresses if address not in silent), None)


def bouncing(tx: Tx) -> set[str]:
    """Return the addresses that take no mail."""
    return set(tx.scalars(sa.select(addresses.c.address).where(addresses.c.bouncing_since.is_not(None))))


def _teams(tx: Tx, found: sa.Select[Any], given: Mapping[str, object] | None = None) -> list[Team]:
    """Return the teams that one of the statements below finds, in its order: a row for each of their addresses."""
    by_team: dict[int, tuple[Any, list[str]]] = {}
    for row in tx.execute(found, given or {}):
        _, their = by_team.setdefault(row.id, (row, []))
        if row.address is not None:
            their.append(row.address)
    return [
        Team(
            id=row.id,
            name=row.name,
            addresses=tuple(their),
            letters=row.letters,
            unconfirmed=row.unconfirmed_since is not None,
            language=row.language,
        )
        for row, their in by_team.values()
    ]


_ALL = (
    sa.select(
        teams.c.id, teams.c.name, teams.c.letters, teams.c.unconfirmed_since, teams.c.language, addresses.c.address
    )
    .outerjoin(addresses, sa.and_(addresses.c.team_id == teams.c.id, _PRESENT))
    .order_by(teams.c.name_key, addresses.c.id)
)
_WITH_ID = _ALL.where(teams.c.id == sa.bindparam("team_id"))
_WITH_NAME = _ALL.where(teams.c.name_key == sa.bindparam("key"))
_BY_ADDRESS = _ALL.where(
    teams.c.id.in_(
        sa.select(addresses.c.team_id).where(addresses.c.address.in_(sa.bindparam("wanted", expanding=True)), _PRESENT)
    )
)


@dataclass(frozen=True, kw_only=True)
class KeyRow:
    """A key that some team has or had."""

    team_id: int
    #: Whether it was replaced by another.
    ended: bool


def issue_key(tx: Tx, team_id: int, digest: str, now: datetime) -> None:
    """Give a team a new key; the one before ends at this instant."""
    current = (team_keys.c.team_id == team_id, team_keys.c.ended_at.is_(None))
    touch(tx, "team_keys", *tx.scalars(sa.select(team_keys.c.id).where(*current)))
    tx.execute(sa.update(team_keys).where(*current).values(ended_at=now))
    new = sa.insert(team_keys).values(team_id=team_id, hash=digest, since=now)
    touch(tx, "team_keys", tx.execute(new.returning(team_keys.c.id)).scalar_one())


def find_keys(tx: Tx, digests: Sequence[str]) -> list[KeyRow]:
    """Return what is known of the keys with these hashes."""
    if not digests:
        return []
    rows = tx.execute(sa.select(team_keys).where(team_keys.c.hash.in_(digests)).order_by(team_keys.c.id))
    return [KeyRow(team_id=row.team_id, ended=row.ended_at is not None) for row in rows]


def key_holders(tx: Tx) -> dict[int, datetime]:
    """Return since when each team that has a key has its present one, by the team's id."""
    found = sa.select(team_keys.c.team_id, team_keys.c.since).where(team_keys.c.ended_at.is_(None))
    return {row.team_id: row.since for row in tx.execute(found)}


def former_names(tx: Tx, *kinds: str) -> dict[str, str]:
    """Return which name the team has now that had another one before, by the key of that; by entries of these kinds."""
    found: dict[str, str] = {}
    entries = [entry for kind in kinds or (RENAMED, MERGED) for entry in events.listing(tx, kind=kind)]
    for entry in sorted(entries, key=lambda one: one.id):
        becomes = json.loads(entry.detail)["name"]
        found = {key: becomes if name == entry.subject else name for key, name in found.items()}
        found[name_key(entry.subject)] = becomes
    return found


def every_name(tx: Tx, team: Team) -> set[str]:
    """Return the name of a team, and those that it, or one that was merged into it, had before."""
    own = {key for key, name in former_names(tx).items() if name_key(name) == name_key(team.name)}
    entries = events.listing(tx, kind=RENAMED) + events.listing(tx, kind=MERGED)
    return {team.name, *(entry.subject for entry in entries if name_key(entry.subject) in own)}
