"""The daybook: files beside the spool (audit trail, roster changes) from which a lost ledger is rebuilt.

``acts.jsonl`` is a copy of the audit trail, entry by entry. It holds no address, so what a team's addresses were stands
apart in ``roster.jsonl``; the trail names each of its lines by hash.
"""

from __future__ import annotations

import hashlib
import json
import os
from functools import partial
from typing import TYPE_CHECKING, Any

from mailbot.errors import Lost
from mailbot.ledger import events
from mailbot.ledger.engine import Ledger, Trail, is_there
from mailbot.ledger.trail import rows, signing
from mailbot.model import name_key
from mailbot.system import bell, crash, safefile

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from mailbot.ledger.engines.leads import Seat

ACTS, ROSTER = "acts.jsonl", "roster.jsonl"

SPOOL = "spool"
"""The folder of the mails, below the state folder."""

TAIL_BYTES = 1024**2

BEHIND = "has an audit trail whose last entry is not in the ledger"


def open_ledger(url: str, state: Path, *, follows: bool = True, lead: Seat | None = None) -> Ledger:
    """Open and migrate the ledger of a state folder; a new contest's is created.

    With ``follows`` it must have the last entry of the daybook. With a ``lead`` only that process writes.

    Raises:
        Lost: there are mails or an audit trail beside the ledger that it does not know; nothing is created then.
        Permanent: the state folder is another account's.
    """
    safefile.refuse_anothers(state)
    kept = _last(state / ACTS)
    if not is_there(url) and (kept or any((state / SPOOL).glob("??/*.eml"))):
        raise _lost(state, "has mails or an audit trail, but no ledger")
    ledger = signed_ledger(url, state, lead)
    try:
        ledger.migrate()
        if follows:
            _verify_follows(ledger, state, kept)
    except BaseException:
        ledger.close()
        raise
    return ledger


def signed_ledger(url: str, state: Path, lead: Seat | None = None) -> Ledger:
    """Return a ledger whose entries are signed by the secret of a state folder; nothing is migrated or looked at."""
    begin = partial(rows.begin, give=partial(signing.secret_of, state=state))
    return Ledger(url, Trail(begin=begin, settle=events.settle, part=rows.part), lead=lead)


def is_lost(url: str, state: Path) -> bool:
    """Whether a state folder has lost its ledger."""
    try:
        open_ledger(url, state).close()
    except Lost:
        return True
    return False


def _verify_follows(ledger: Ledger, state: Path, kept: tuple[int, str] | None) -> None:
    """Raise Lost unless the ledger has the last entry of the file; a daybook is written after the ledger."""
    with ledger.read() as tx:
        follows = kept is None or events.has(tx, *kept)
    if not follows:
        raise _lost(state, BEHIND)


def _lost(state: Path, what: str) -> Lost:
    message = (
        f"{state} {what}: the ledger was lost or is an older copy, or `state` names the wrong folder. "
        "`mailbot rebuild --from-spool` makes the ledger again, `mailbot restore` brings a backup back; "
        "`mailbot run --begin-anew` sets everything aside and starts an empty contest"
    )
    return Lost(message)


def catch_up(ledger: Ledger, state: Path) -> bool:
    """Append the entries of the trail that the file does not have yet, and return whether there were any.

    One at a time, whoever calls on whichever host: the ledger's lock says so, as a shared disk may have none of files.
    Raises Held when another host leads, and Lost when the ledger has gone back to an earlier state meanwhile, as a
    database may whose host was lost.
    """
    state.mkdir(mode=safefile.PRIVATE_FOLDER, parents=True, exist_ok=True)
    with ledger.trial() as tx:
        last = _last(state / ACTS)
        if last and not events.has(tx, *last):
            raise _lost(state, BEHIND)
        entries = events.since(tx, last[0] if last else 0)
        _append(state / ACTS, (entry.as_json() for entry in entries))
    return bool(entries)


def hand_over(ledger: Ledger, state: Path) -> None:
    """Catch up after an organizer's act, and let a daemon that runs look at once for what the act has left to it."""
    if catch_up(ledger, state):
        bell.ring_at(state)


def acts(state: Path) -> list[dict[str, Any]]:
    """Return the entries of the file; a last line that a crash cut short is left out."""
    return list(_lines(state / ACTS))


def keep_roster(state: Path, team: str, addresses: Iterable[str]) -> str:
    """Keep what a team's addresses are, and return the line's hash."""
    line = {"team": team, "addresses": list(addresses)}
    _append(state / ROSTER, [line])
    return _hash(line)


def roster(state: Path) -> dict[str, dict[str, Any]]:
    """Return the lines of the roster file by their hash."""
    return {_hash(line): line for line in _lines(state / ROSTER)}


def forget(state: Path, key: str, addresses: Collection[str]) -> None:
    """Take every line of a team, known by its name's key or by an address, out of the roster file."""
    path = state / ROSTER
    if not path.exists():
        return
    kept = [
        line
        for line in _lines(path)
        if name_key(line["team"]) != key and not set(addresses).intersection(line["addresses"])
    ]
    text = "".join(json.dumps(line, ensure_ascii=False, sort_keys=True) + "\n" for line in kept)
    safefile.replace(path, text.encode())


def _hash(line: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(line, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _append(path: Path, lines: Iterable[dict[str, Any]]) -> None:
    text = "".join(json.dumps(line, ensure_ascii=False, sort_keys=True) + "\n" for line in lines)
    if not text:
        return
    with safefile.opened(path, "ab+") as file:
        if file.tell() and not _ends_with_newline(path):
            file.write(b"\n")  # a crash cut the last line short
        file.write(text.encode())
        file.flush()
        with crash.around("file.sync"):
            os.fsync(file.fileno())


def _ends_with_newline(path: Path) -> bool:
    with safefile.opened(path, "rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _last(path: Path) -> tuple[int, str] | None:
    """Return id and hash of the last whole entry in the file, read from its end; None when it has none."""
    safefile.refuse_link(path)
    if not path.exists():
        return None
    with safefile.opened(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL_BYTES))
        tail = file.read()
    last = next(_parsed(reversed(tail.splitlines())), None)
    return (int(last["id"]), str(last["hash"])) if last else None


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    safefile.refuse_link(path)
    if path.exists():
        with safefile.opened(path, "rb") as file:
            lines = file.read().splitlines()
        yield from _parsed(lines)


def _parsed(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Yield the whole lines; one that a crash or the seek to the tail cut short is left out."""
    for line in lines:
        try:
            parsed = json.loads(line)
        except (ValueError, RecursionError):  # the latter for a line of brackets, which nobody of ours wrote
            continue
        if isinstance(parsed, dict):
            yield parsed
