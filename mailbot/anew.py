"""Putting a rebuilt ledger in the place of the old one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot import rebuild as again
from mailbot import service
from mailbot.errors import Permanent
from mailbot.holding import held

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.config import Config

SUFFIXES = ("", "-wal", "-shm")
"""A SQLite ledger is up to three files."""


def rebuild(config: Config, *, from_mailbox: bool) -> dict[str, int]:
    """Make a new ledger beside the old one, then take its place; the old one is kept. Raises Permanent."""
    if config.ledger_url:
        message = "ledger_url: rebuild makes an SQLite ledger in the state folder; leave the key out for it"
        raise Permanent(message)
    old, new = config.state / "ledger.db", config.state / "ledger.new.db"
    with held(config.state):
        for suffix in SUFFIXES:
            new.with_name(new.name + suffix).unlink(missing_ok=True)
        clock = again.Clock(service.now)
        there = config.model_copy(update={"ledger_url": f"sqlite:///{new}"})
        with service.opened(there, clock=clock, enter=False) as wired:
            if from_mailbox:
                _fetch_all(wired)
            counts = again.Rebuild(wired, clock, config.state).run()
        _swap(old, new)
    return counts


def _fetch_all(wired: service.Service) -> None:
    fetch = wired.fetch()
    mailbox = wired.mailbox()
    try:
        again.spool_mailbox(wired, mailbox, [*fetch.folders, fetch.processed, fetch.failed])
    finally:
        mailbox.close()


def _swap(old: Path, new: Path) -> None:
    stamp = service.now().strftime("%Y%m%dT%H%M%SZ")
    for suffix in SUFFIXES:
        before, after = old.with_name(old.name + suffix), new.with_name(new.name + suffix)
        if before.exists():
            before.rename(before.with_name(f"{before.name}.before-{stamp}"))
        if after.exists():
            after.rename(before)
