"""The chain: each entry's hash covers the one before, so that whoever knows one hash knows all that came before it."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

GENESIS = "0" * 64
"""What stands before the first entry."""

_MARK = re.compile(r"(?<![0-9A-Za-z])([0-9]{1,18})-([0-9a-f]{64})(?![0-9a-f])")
_BOARD = re.compile(r"ends, at this board, in ([0-9a-f]{64})(?![0-9a-f])")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An entry of the trail."""

    id: int
    #: Its instant, RFC 3339 in UTC with microseconds, as hashed.
    at: str
    actor: str
    kind: str
    subject: str
    #: Canonical JSON, as hashed.
    detail: str
    hash: str
    #: The organizers' signature, keyed by a secret of theirs; None of an entry that an earlier version wrote.
    mac: str | None = None

    @property
    def told(self) -> dict[str, Any]:
        """What it tells; empty where somebody put something else there, which the chain shows."""
        try:
            found = json.loads(self.detail)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that does not fit the trail."""

    #: What is wrong, in a sentence.
    what: str
    #: The first entry concerned; None where no entry is.
    entry: int | None = None


@dataclass(frozen=True, kw_only=True)
class Mark:
    """The end of the trail as a receipt or a board printed it."""

    #: The entry's number; None where only its hash is printed, as on boards.
    entry: int | None
    hash: str

    def __str__(self) -> str:
        """Return it as receipts print it, as ``57-3f2a…``."""
        return self.hash if self.entry is None else f"{self.entry}-{self.hash}"


def read_entry(line: Mapping[str, Any]) -> Entry:
    """Return an entry as an export or the daybook has it. Raises ValueError when it is none."""
    names = ("at", "actor", "kind", "subject", "detail", "hash")
    if not isinstance(line.get("id"), int) or not all(isinstance(line.get(name), str) for name in names):
        message = "it is not an entry of an audit trail"
        raise ValueError(message)
    mac = line.get("mac")
    return Entry(id=line["id"], **{name: line[name] for name in names}, mac=str(mac) if mac else None)


def hash_of(before: str, entry: Entry) -> str:
    """Return SHA-256 over the hash before and the entry's fields, one to a line."""
    lines = (before, entry.at, entry.actor, entry.kind, entry.subject, entry.detail)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def signed(secret: bytes, digest: str) -> str:
    """Return the signature of an entry with that hash: HMAC-SHA-256, by a key made of the secret."""
    key = hmac.new(secret, b"audit trail", hashlib.sha256).digest()
    return hmac.new(key, digest.encode(), hashlib.sha256).hexdigest()


def broken(entries: Iterable[Entry], since: Mark | None = None) -> Fault | None:
    """Return the first entry that does not follow from the one before it; None when the chain holds.

    ``since``: the entry before the first of them, for a part of a chain.
    """
    before, last = (since.hash, since.entry or 0) if since else (GENESIS, 0)
    for entry in entries:
        if entry.id <= last:
            return Fault(entry=entry.id, what=f"entry {entry.id} stands behind entry {last}")
        if entry.hash != hash_of(before, entry):
            what = f"entry {entry.id} ({entry.kind}, {entry.subject}) does not follow from the one before it"
            return Fault(entry=entry.id, what=what)
        before, last = entry.hash, entry.id
    return None


def marks(text: str) -> list[Mark]:
    """Return every end of a trail that a receipt's or a board's text prints, each once."""
    found = [Mark(entry=int(number), hash=digest) for number, digest in _MARK.findall(text)]
    found += [Mark(entry=None, hash=digest) for digest in _BOARD.findall(text)]
    return list(dict.fromkeys(found))


def unknown(entries: Sequence[Entry], witnessed: Iterable[tuple[str, Mark]]) -> list[Fault]:
    """Hold a trail to marks that somebody has seen, each with who bears witness; return what does not fit."""
    by_hash = {GENESIS: 0} | {entry.hash: entry.id for entry in entries}
    last = entries[-1].id if entries else 0
    faults = []
    for witness, mark in witnessed:
        where = by_hash.get(mark.hash)
        if where is not None and mark.entry in {None, where}:
            continue
        if mark.entry is not None and mark.entry > last:
            what = f"{witness} names entry {mark.entry}, and the trail ends at {last}: its end was cut off"
        elif mark.entry is not None:
            what = f"{witness} saw another trail: entry {mark.entry}, or one before it, was changed since"
        else:
            what = f"{witness} prints an end of the trail that no entry has: it was changed or cut off since"
        faults.append(Fault(entry=mark.entry, what=what))
    return faults
