"""Hold everything that the state folder keeps to the audit trail: ledger, witnesses, daybook, mails, labels, published.

What a receipt or a published board printed of the trail is a witness: whoever kept it can prove what stood there.
"""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ParamSpec

from mailbot import flow
from mailbot.board import withdrawal
from mailbot.errors import ConfigError, Permanent
from mailbot.evaluation import scorers
from mailbot.ledger import boards, daybook, events, mails, outbox, truths
from mailbot.ledger.trail import verify as trail
from mailbot.mail.envelope import TRAIL_HEADER
from mailbot.system import safefile
from mailbot.transport.spool import Spool
from scoring.trail import chain
from scoring.trail.chain import Fault, Mark
from scoring.trail.witness import marks_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from mailbot.config.schema import Config
    from mailbot.ledger import Ledger, Tx
    from mailbot.ledger.trail.verify import Checked
    from scoring.trail.chain import Entry

P = ParamSpec("P")

_PRINTED = re.compile(rf"^{TRAIL_HEADER}: *([0-9]+-[0-9a-f]{{64}})\r?$".encode(), re.MULTILINE)

JUST_NOW = 2.0
"""Seconds in which a mail that is in the spool comes into the ledger too."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """What was held to the trail, and what did not fit."""

    name: str
    #: What was looked at, in a few words.
    seen: str
    faults: Sequence[Fault] = ()


@dataclass(frozen=True, kw_only=True)
class Report:
    """What came of it."""

    checked: Checked
    parts: Sequence[Part] = field(default_factory=tuple)

    @property
    def faults(self) -> list[Fault]:
        """Everything that does not fit."""
        return [fault for part in self.parts for fault in part.faults]


@contextmanager
def opened(config: Config) -> Iterator[Ledger]:
    """Open the ledger even where the daybook says that it is another: that is to be told. Raises Lost without any."""
    ledger = daybook.open_ledger(config.ledger, config.state, follows=False)
    try:
        yield ledger
    finally:
        ledger.close()


def verify(config: Config, ledger: Ledger, witnesses: Sequence[tuple[str, Mark]] = ()) -> Report:
    """Hold all that is kept to the trail, and the trail to what was printed of it; ``witnesses``: who shows what.

    Raises Temporary when the ledger cannot be read now.
    """
    spool = Spool(config.state / daybook.SPOOL)
    lying = {path.stem for path in spool.paths()}
    with ledger.read() as tx:
        checked = trail.verify(tx)
        parts = [
            _trail(checked),
            _read("witnesses", _witnesses, tx, checked.entries, [*witnesses, *_published_marks(config.published)]),
            _daybook(config.state, checked.entries),
            _read("labels", _labels, tx, config.state),
        ]
    parts += [_mails(ledger, spool, lying), _published(config)]
    return Report(checked=checked, parts=parts)


def _read(name: str, look: Callable[P, Part], *args: P.args, **kwargs: P.kwargs) -> Part:
    """Look at a part; rows that mailbot never wrote, and so cannot read, are a fault of it."""
    try:
        return look(*args, **kwargs)
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        return Part(name=name, seen="rows that cannot be read", faults=[trail.unreadable(error)])


def _trail(checked: Checked) -> Part:
    entries, since = len(checked.entries), checked.rows_since
    held = f"rows are held from entry {since} on" if since else "no entry records rows yet, as in earlier versions"
    signed = f"; entries up to {checked.unsigned} are not held to a signature" if checked.unsigned else ""
    return Part(name="ledger", seen=f"{entries} entries, {held}{signed}", faults=checked.faults)


def _witnesses(tx: Tx, entries: Sequence[Entry], given: Sequence[tuple[str, Mark]]) -> Part:
    """Hold the trail to every end of it that was printed: on boards, in the replies that were written, by others."""
    seen = [*given]
    for board in boards.listing(tx, withdrawn=True):
        seen += [(f"the published board {board.id}", mark) for mark in chain.marks(board.board)]
    for entry in entries:
        if entry.kind == "board-published":
            head = entry.told.get("audit")
            seen += [(f"entry {entry.id}", Mark(entry=None, hash=str(head)))] if head else []
    for reply in outbox.listing(tx):
        if found := _PRINTED.search(reply.message):
            seen += [(f"the reply {reply.name}", mark) for mark in chain.marks(found[1].decode())]
    faults = [*chain.unknown(entries, seen), *_withdrawn(tx, entries)]
    return Part(name="witnesses", seen=f"{len(seen)} ends of the trail", faults=faults)


def _withdrawn(tx: Tx, entries: Sequence[Entry]) -> Iterator[Fault]:
    """Hold the boards that were taken back to the entries that say so; a forgotten team gave some another hash."""
    told: dict[str, int] = {}
    for entry in entries:
        if entry.kind == withdrawal.KIND:
            told[str(entry.told.get("board"))] = entry.id
        elif entry.kind == "team-forgotten":
            renamed = {each["was"]: each["is"] for each in entry.told.get("boards", {}).values()}
            told = {renamed.get(digest, digest): number for digest, number in told.items()}
    for row in boards.listing(tx, withdrawn=True):
        if row.withdrawn is not None and row.sha256 not in told:
            yield Fault(what=f"the published board {row.id} is taken back, and no entry records it")
        elif row.withdrawn is None and row.sha256 in told:
            entry_id = told[row.sha256]
            yield Fault(entry=entry_id, what=f"the published board {row.id} stands, which entry {entry_id} took back")


def _published_marks(folder: Path) -> Iterator[tuple[str, Mark]]:
    for path in [folder / "board.json", *sorted((folder / "page").glob("**/*.json"))]:
        if path.is_file():
            yield from ((str(path), mark) for mark in chain.marks(path.read_text(encoding="utf-8", errors="replace")))


def _daybook(state: Path, entries: Sequence[Entry]) -> Part:
    """Hold the copy of the trail to the ledger; it may lag behind, and a roster line may be forgotten with its team."""
    acts = daybook.acts(state)
    faults = list(_acts(state, acts, entries))
    there, named = daybook.roster(state), {}
    for entry in entries:
        if (line := entry.told.get("roster")) is not None:
            named[str(line)] = entry
    missing = [entry for line, entry in named.items() if line not in there]
    forgotten = any(entry.kind == "team-forgotten" for entry in entries)
    if not forgotten:
        for entry in missing:
            what = (
                f"{state / daybook.ROSTER} lacks the line that entry {entry.id} ({entry.subject}) names, or has another"
            )
            faults.append(Fault(entry=entry.id, what=what))
    left_out = f", {len(missing)} of them not there since teams were forgotten" if forgotten and missing else ""
    return Part(name="daybook", seen=f"{len(acts)} entries, {len(named)} lines of the roster{left_out}", faults=faults)


def _acts(state: Path, acts: Sequence[dict[str, object]], entries: Sequence[Entry]) -> Iterator[Fault]:
    path = state / daybook.ACTS
    if not acts and entries:
        yield Fault(what=f"{path} is empty or missing; the ledger has {len(entries)} entries")
        return
    for line, entry in zip(acts, entries, strict=False):
        try:
            same = chain.read_entry(line) == entry
        except ValueError:
            same = False
        if not same:
            yield Fault(entry=entry.id, what=f"{path}: entry {entry.id} is not the ledger's")
            return
    if len(acts) > len(entries):
        last = entries[-1].id if entries else 0
        yield Fault(entry=last + 1, what=f"{path} continues after the ledger's last entry, {last}: its end was cut off")


def _labels(tx: Tx, state: Path) -> Part:
    """Hold the label files that are kept to the names that they bear: their hashes."""
    wanted = sorted({row.file for row in truths.listing(tx)})
    faults = []
    for digest in wanted:
        path = state / scorers.FOLDER / digest
        if not path.is_file():
            faults.append(Fault(what=f"{path}, a version of the labels, is missing"))
        elif safefile.sha256(path) != digest:
            faults.append(Fault(what=f"{path}, a version of the labels, was changed"))
    return Part(name="labels", seen=f"{len(wanted)} versions", faults=faults)


def _mails(ledger: Ledger, spool: Spool, lying: set[str]) -> Part:
    """Hold the spool to the mails of the ledger, both ways; a mail that came just now is given time to be entered."""
    wanted = _digests(ledger)
    if lying - wanted:
        time.sleep(JUST_NOW)
        wanted |= _digests(ledger)
    faults = [
        Fault(what=f"{spool.path(each)} is in the spool, and no entry records it") for each in sorted(lying - wanted)
    ]
    dropped = 0
    for digest in sorted(wanted):
        path = spool.path(digest)
        if spool.why_dropped(digest):
            dropped += 1
        elif not path.is_file():
            faults.append(Fault(what=f"{path}, a mail, is missing"))
        elif safefile.sha256(path) != digest:
            faults.append(Fault(what=f"{path}, a mail, was changed"))
    told = f", {dropped} dropped on purpose" if dropped else ""
    return Part(name="mails", seen=f"{len(wanted)} mails{told}", faults=faults)


def _digests(ledger: Ledger) -> set[str]:
    with ledger.read() as tx:
        return set(mails.digests(tx))


def _published(config: Config) -> Part:
    """Hold what is published to what the last board's files are by the ledger."""
    folder = config.published
    if not (folder / "board.json").exists():
        return Part(name="published", seen=f"nothing in {folder}")
    try:
        with flow.opened(config, enter=False) as service:
            changed = service.publisher.differing()
    except (
        ConfigError,
        Permanent,
        ValueError,
        LookupError,
        TypeError,
        RecursionError,
    ) as error:  # or rows that are none of ours
        return Part(name="published", seen=str(folder), faults=[Fault(what=f"it cannot be made again: {error}")])
    again = "if the config or mailbot itself was changed since, `mailbot page` writes it again"
    faults = [Fault(what=f"{folder / name} is not what the ledger says; {again}") for name in changed]
    return Part(name="published", seen=f"the files in {folder}", faults=faults)


def read_witness(path: Path) -> list[tuple[str, Mark]]:
    """Return the ends of the trail that a receipt or a board in a file prints. Raises Permanent when it prints none."""
    try:
        found = marks_in(path.read_bytes())
    except OSError as error:
        message = f"{path} cannot be read ({error.strerror})"
        raise Permanent(message) from error
    if not found:
        message = f"{path} prints no end of an audit trail: give a receipt as it came (.eml), or a board.json"
        raise Permanent(message)
    return [(str(path), mark) for mark in found]


def seal(tx: Tx, why: str, now: datetime) -> int:
    """Accept the trail as it is: an organizer's word that nothing before needs a signature; return the last entry.

    Rows that no longer are what the trail said are told of anew. The chain itself cannot be fixed.
    """
    last = events.moment(tx).entry or 0
    accepted = [fault.what for fault in trail.verify(tx).faults]
    events.seal(tx, now, upto=last, why=why, accepted=accepted)
    return last
