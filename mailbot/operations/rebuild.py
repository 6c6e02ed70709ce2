"""Rebuild a lost ledger from the mails and the daybook, beside the old one, which it then replaces.

The audit trail comes back exactly as it was, and each of its entries is carried out anew, by :mod:`replay`.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import TYPE_CHECKING

from mailbot import flow
from mailbot.config import calendar
from mailbot.errors import Permanent
from mailbot.ledger import daybook, mails
from mailbot.operations.replay import Again, Clock
from mailbot.system import crash
from mailbot.system.lock import held
from mailbot.transport.arrival import arrival
from mailbot.transport.leaving import BEGUN
from mailbot.transport.spool import FORGOTTEN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from mailbot.config.schema import Config
    from mailbot.operations.rebuild_report import Rebuilt
    from mailbot.service import Service
    from mailbot.transport.imap.mailbox import Mailbox


def spool_mailbox(
    wired: Service, server: Mailbox, folders: Sequence[str], keep: Callable[[bytes, datetime], bool] = lambda *_: True
) -> dict[str, datetime]:
    """Bring the mails of the folders that are to be kept into the spool; return SHA-256 and arrival, in order."""
    found: dict[str, datetime] = {}
    for folder in folders:
        if server.select(folder) is None:
            continue
        for uids in server.windows():
            for mail in server.fetch(uids):
                arrived = arrival(mail, wired.clock())[0]
                if keep(mail.raw, arrived):
                    found.setdefault(wired.spool.put(mail.raw, arrived), arrived)
    return found


SUFFIXES = ("-wal", "-shm")
"""What SQLite keeps beside a ledger that is open, or was when it died."""


def rebuild(config: Config, *, from_mailbox: bool, clock: Callable[[], datetime] = calendar.now) -> Rebuilt:
    """Make a new ledger beside the old one, then take its place; the old one is kept. Raises Permanent."""
    if config.ledger_url:
        message = "ledger_url: rebuild makes an SQLite ledger in the state folder; leave the key out for it"
        raise Permanent(message)
    old, new = config.state / "ledger.db", config.state / "ledger.new.db"
    with held(config.state):
        for suffix in ("", *SUFFIXES):
            new.with_name(new.name + suffix).unlink(missing_ok=True)
        replayed, has_trail = Clock(clock), bool(daybook.acts(config.state))
        there = config.model_copy(update={"ledger_url": f"sqlite:///{new}"})
        with flow.opened(there, clock=replayed, enter=False, rebuilds=True) as wired:
            _refuse_dropped(wired.spool.dropped(), FORGOTTEN)  # their mails are not to come back from the mailbox
            order = _fetch_all(wired) if from_mailbox else []
            _refuse_dropped(wired.spool.dropped(), "")
            rebuilt = Again(wired, replayed, config.state, order).run()
            if config.imap is not None and (from_mailbox or not has_trail):
                _begin(wired)
        _swap(old, new)
    return rebuilt


def _refuse_dropped(notes: Mapping[str, str], reason: str) -> None:
    """Refuse to begin without mails that were dropped on purpose: the ledger would come out another one."""
    gone = [why for why in notes.values() if why.startswith(reason)]
    if gone:
        message = f"{len(gone)} mails are no longer in the spool ({gone[0]}), so the ledger cannot be rebuilt"
        raise Permanent(f"{message}: restore a backup")


def _fetch_all(wired: Service) -> list[str]:
    """Fetch every mail; those that were filed away come first, in the order in which they were handled.

    What still lies in the inbox is fetched when the trail knows it. Else it must have come after the contest began, as
    the config, the trail or the first mail that was filed away says; of a shared inbox it is left to the next pass.
    """
    settings = wired.fetch.settings
    entries = [(entry["kind"], json.loads(entry["detail"])) for entry in daybook.acts(wired.config.state)]
    known = {detail["sha256"] for kind, detail in entries if kind == "mail-spooled"}
    begun = next((datetime.fromisoformat(detail["since"]) for kind, detail in entries if kind == BEGUN), None)
    mailbox = wired.mailbox()
    try:
        filed = spool_mailbox(wired, mailbox, [settings.processed, settings.failed])
        since = settings.since or begun or (None if known else min(filed.values(), default=None))

        def keep(raw: bytes, arrived: datetime) -> bool:
            is_new = settings.leave != "others" and (since is None or arrived >= since)
            return is_new or hashlib.sha256(raw).hexdigest() in known

        return [*filed, *spool_mailbox(wired, mailbox, wired.fetch.folders, keep)]
    finally:
        mailbox.close()


def _begin(wired: Service) -> None:
    """Note that the mailbox was read before: what came since the first mail is taken by the next pass."""
    with wired.ledger.read() as tx:
        arrivals = [row.arrived_at for row in mails.listing(tx)]
    if arrivals:
        wired.fetch.leaving.begin(min(arrivals))


def _swap(old: Path, new: Path) -> None:
    """Put the new ledger in the place of the old one, which is kept: there is a ledger at every instant.

    The new one is closed, so it is one file; what SQLite keeps beside the old one must not stay beside the new.
    """
    kept = old.with_name(f"{old.name}.before-{calendar.now():%Y%m%dT%H%M%S.%fZ}")
    for suffix in SUFFIXES:
        beside = old.with_name(old.name + suffix)
        if beside.exists():
            beside.rename(kept.with_name(kept.name + suffix))
    if old.exists():
        kept.hardlink_to(old)
    with crash.around("file.rename"):
        new.replace(old)
