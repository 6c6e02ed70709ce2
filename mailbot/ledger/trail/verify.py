"""Hold the ledger to its audit trail: the chain, the signatures, and every row that decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.ledger import events
from mailbot.ledger.trail import beside, rows
from scoring.trail import chain
from scoring.trail import rows as told
from scoring.trail.chain import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from mailbot.ledger.engine import Tx
    from scoring.trail.chain import Entry, Mark
    from scoring.trail.rows import Told

REBUILT = "ledger-rebuilt"
"""The kind of an entry that tells of the rows that a rebuilt ledger has otherwise than the trail said."""


LATER = {rows.ORDER, *beside.BESIDE}
"""Places of which earlier versions told nothing."""


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
        faults=[*([broken] if broken else []), *signing, *(_unfit(tx, entries) if since is not None else [])],
        unsigned=unsigned,
        rows_since=since,
    )


def verify_since(tx: Tx, seen: Mark) -> Checked:
    """Hold to each other what was entered after an entry that was seen before, and the rows that this tells of.

    The entry seen must still be there, and be signed, as all after it must.
    """
    entries = [entry.link() for entry in events.since(tx, seen.entry or 0)]
    gone = [] if events.has(tx, seen.entry or 0, seen.hash) else [_gone(seen)]
    broken = chain.broken(entries, seen)
    signing, unsigned = signatures(entries, rows.secret(tx), all_signed=True)
    said = told.told(entries)
    try:
        unfitting = _unfit_since(tx, said)
    except (ValueError, RecursionError) as error:
        unfitting = [unreadable(error)]
    faults = [*gone, *([broken] if broken else []), *signing, *unfitting]
    return Checked(entries=entries, faults=faults, unsigned=unsigned, rows_since=told.since(entries))


def _unfit_since(tx: Tx, said: told.Said) -> list[Fault]:
    """Hold the rows that some entries tell of to them."""
    tables = {place.partition(" ")[0] for place in said} & {*rows.PLACES}
    there = _digests(rows.all_of(tx, tables)) if tables else {}
    present = {
        place: {key: digest for key, digest in found.items() if key in said.get(place, {})}
        for place, found in there.items()
    }
    return told.unfit(said, present)


def _gone(seen: Mark) -> Fault:
    return Fault(entry=seen.entry, what=f"entry {seen.entry}, which was there before, is gone or is another one")


def _unfit(tx: Tx, entries: Sequence[Entry]) -> list[Fault]:
    """Hold every row to the trail; one that cannot even be read, as its JSON is none, is no row of ours."""
    try:
        return unfit(tx, entries)
    except (ValueError, RecursionError) as error:
        return [unreadable(error)]


def unreadable(error: Exception) -> Fault:
    """Return the fault of a row that holds what mailbot never writes."""
    return Fault(what=f"a row of the ledger cannot be read ({error.__class__.__name__}): mailbot did not write it")


def unfit(tx: Tx, entries: Sequence[Entry], *, but: Sequence[str] = ()) -> list[Fault]:
    """Hold every row that decides to the trail's last word on it; ``but``: what is told under these places is not."""
    said, there = told.told(entries), _digests(rows.all_of(tx))
    present = {place: known for place, known in there.items() if place.partition(" ")[0] not in but}
    for place in [each for each in present if each.partition(" ")[0] in LATER]:
        known = said.get(place, {})
        present[place] = {key: digest for key, digest in present[place].items() if key in known}
    return told.unfit(said, present)


def _digests(found: rows.Rows) -> dict[str, dict[str, str]]:
    """Return rows that are there, none of which was taken out."""
    return {place: {key: str(digest) for key, digest in one.items()} for place, one in found.items()}


def signatures(entries: Sequence[Entry], secret: bytes | None, *, all_signed: bool = False) -> tuple[list[Fault], int]:
    """Return the entries whose signature is missing or is another one, and up to which none is asked.

    An entry that an organizer made by ``mailbot audit seal``, or the first of this version after those of an earlier
    one, says up to which: it is signed itself. ``all_signed``: those before them were, so none may be without.
    """
    if secret is None or not (all_signed or any(entry.mac for entry in entries)):
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

    From then on the ledger is held to what it has now, and the entry keeps that it was another. That another version of
    mailbot scored, or worded what it said of a file, is entered and is no difference.
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
        faults = unfit(tx, entries, but=beside.BY_VERSION)
    return [fault.what for fault in faults]


def _last(known: Mapping[str, Told], key: str) -> str | None:
    """Return the digest that the trail says last of a row; None where it tells of none, or that it was taken out."""
    return known[key].digest if key in known else None
