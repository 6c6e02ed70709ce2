"""Hold the ledger to its audit trail: the chain, the signatures, and every row that decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.ledger import events
from mailbot.ledger.trail import rows
from scoring.trail import chain
from scoring.trail import rows as told
from scoring.trail.chain import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from mailbot.ledger.engine import Tx
    from scoring.trail.chain import Entry
    from scoring.trail.rows import Told

REBUILT = "ledger-rebuilt"
"""The kind of an entry that tells of the rows that a rebuilt ledger has otherwise than the trail said."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What was found in a ledger."""

    entries: Sequence[Entry]
    #: What does not fit, the chain first.
    faults: Sequence[Fault]
    #: Up to which entry no signature is asked, as an earlier version wrote them or an organizer sealed them; 0: none.
    unsigned: int
    #: From which entry on the rows are held to the trail; None: they are not.
    rows_since: int | None

    @property
    def head(self) -> str:
        """The hash of the last entry."""
        return self.entries[-1].hash if self.entries else chain.GENESIS

    @property
    def first_broken(self) -> int | None:
        """The first entry that does not follow from the one before it."""
        found = chain.broken(self.entries)
        return found.entry if found else None


def verify(tx: Tx) -> Checked:
    """Hold chain, signatures and rows of a ledger to each other."""
    entries = list(events.links(tx))
    broken = chain.broken(entries)
    signing, unsigned = signatures(entries, rows.secret(tx))
    since = told.since(entries)
    return Checked(
        entries=entries,
        faults=[*([broken] if broken else []), *signing, *(unfit(tx, entries) if since is not None else [])],
        unsigned=unsigned,
        rows_since=since,
    )


def unfit(tx: Tx, entries: Sequence[Entry]) -> list[Fault]:
    """Hold every row that decides to the trail's last word on it."""
    present = {place: {key: str(digest) for key, digest in found.items()} for place, found in rows.all_of(tx).items()}
    return told.unfit(told.told(entries), present)


def signatures(entries: Sequence[Entry], secret: bytes | None) -> tuple[list[Fault], int]:
    """Return the entries whose signature is missing or is another one, and up to which none is asked.

    An entry that an organizer made by ``mailbot audit seal``, or the first of this version after those of an earlier
    one, says up to which: it is signed itself.
    """
    if secret is None or not any(entry.mac for entry in entries):
        return [], (entries[-1].id if entries else 0)
    good = {entry.id for entry in entries if entry.mac == chain.signed(secret, entry.hash)}
    seals = [entry for entry in entries if entry.kind == told.SEALED and entry.id in good]
    upto = max((int(entry.told.get("upto", 0)) for entry in seals), default=0)
    bad = [entry for entry in entries if entry.id > upto and entry.id not in good]
    if not bad:
        return [], upto
    first, count = bad[0], f"{len(bad)} entries from {bad[0].id} on" if len(bad) > 1 else f"entry {bad[0].id}"
    why = "not by the secret of this state folder" if first.mac else "not signed"
    what = f"{count} ({first.kind}, {first.subject}): {why}, so mailbot did not write it here"
    return [Fault(entry=first.id, what=what)], upto


def tell_again(tx: Tx, now: datetime) -> list[str]:
    """Enter the rows that a rebuilt ledger has otherwise than its trail said; return a sentence for each.

    From then on the ledger is held to what it has now, and the entry keeps that it was another.
    """
    entries = list(events.links(tx))
    faults = unfit(tx, entries) if told.since(entries) is not None else []
    if faults:
        said, present = told.told(entries), rows.all_of(tx)
        changed: rows.Rows = {}
        for place in {**said, **present}:
            now_there, known = present.get(place, {}), said.get(place, {})
            keys = {key for key in {*now_there, *known} if _last(known, key) != now_there.get(key)}
            changed |= {place: {key: now_there.get(key) for key in keys}} if keys else {}
        detail = {"count": len(faults), told.ROWS: changed}
        events.append(tx, kind=REBUILT, subject="ledger", now=now, **detail)
    return [fault.what for fault in faults]


def _last(known: Mapping[str, Told], key: str) -> str | None:
    """Return the digest that the trail says last of a row; None where it tells of none, or that it was taken out."""
    return known[key].digest if key in known else None
