"""What the screens work with: the config and the ledger as they are now, the parts to act with, and the door."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mailbot import flow
from mailbot.config import calendar, load
from mailbot.desk.door import Door
from mailbot.errors import ConfigError
from mailbot.ledger import daybook, events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from mailbot.config.schema import Config
    from mailbot.desk.door import Person
    from mailbot.ledger import Ledger, Tx
    from mailbot.service import Service


MOST_KEPT, MOST_KEPT_BYTES = 16, 64 << 20
"""Files that are held between the look and the deed, and bytes of all of them."""


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file that was dropped on a form."""

    name: str
    data: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        """The SHA-256 of the data, hex."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass
class Uploads:
    """Files between the look and the deed, by session and SHA-256; the oldest make room."""

    _held: OrderedDict[tuple[str, str], Upload] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, session: str, upload: Upload) -> None:
        """Keep a file."""
        with self._lock:
            self._held[session, upload.sha256] = upload
            while len(self._held) > MOST_KEPT or sum(len(one.data) for one in self._held.values()) > MOST_KEPT_BYTES:
                self._held.popitem(last=False)

    def find(self, session: str, sha256: str) -> Upload | None:
        """Return a file of a session; None when it has made room."""
        return self._held.get((session, sha256))


@dataclass
class Desk:
    """The contest as the desk sees it. Threads share one; each request asks it for what it needs."""

    path: Path
    clock: Callable[[], datetime] = calendar.now
    door: Door = field(init=False)
    uploads: Uploads = field(default_factory=Uploads, init=False)
    #: Why the config on disk is not the one in use; "" when it is.
    refused: str = field(default="", init=False)
    _config: Config = field(init=False)
    _read_at: int = field(init=False)
    _ledger: tuple[object, Ledger] | None = field(default=None, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        """Read the config. Raises ConfigError."""
        self._read_at, self._config = self.path.stat().st_mtime_ns, load.load(self.path)
        self.door = Door(self._config.state, self.clock)

    @property
    def config(self) -> Config:
        """The config on disk; while that has mistakes, the one before, as the daemon does."""
        with self._lock:
            try:
                changed_at = self.path.stat().st_mtime_ns
                if changed_at != self._read_at:
                    self._read_at = changed_at
                    self._config, self.refused = load.load(self.path), ""
            except (ConfigError, OSError) as error:
                self.refused = str(error)
            return self._config

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """Give a view of the ledger."""
        with self.ledger().read() as tx:
            yield tx

    def ledger(self) -> Ledger:
        """Return the ledger; one that was restored or rebuilt meanwhile is another file, which is opened anew."""
        config = self.config
        file = config.state / "ledger.db"
        its = (config.ledger, file.stat().st_ino if file.is_file() else None)
        with self._lock:
            if self._ledger is None or self._ledger[0] != its:
                if self._ledger:
                    self._ledger[1].close()
                self._ledger = (its, daybook.open_ledger(config.ledger, config.state))
            return self._ledger[1]

    @contextmanager
    def opened(self) -> Iterator[Service]:
        """Give the parts, as a command has them; nothing of the config is entered in the ledger."""
        with flow.opened(self.config, clock=self.clock, enter=False) as service:
            service.labels.refresh()
            try:
                yield service
            finally:
                daybook.catch_up(service.ledger, self.config.state)

    def close(self) -> None:
        """Close the ledger."""
        if self._ledger:
            self._ledger[1].close()


@contextmanager
def acting(person: Person) -> Iterator[None]:
    """Enter what is done in the audit trail under a person's name."""
    token = events.actor.set(person.name)
    try:
        yield
    finally:
        events.actor.reset(token)
