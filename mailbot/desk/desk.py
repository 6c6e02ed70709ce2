"""What the screens work with: the config and the ledger as they are now, the parts to act with, and the door."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mailbot import flow
from mailbot.config import calendar, load
from mailbot.config.challenge import tracks_of
from mailbot.desk.door import Door
from mailbot.desk.jobs import Jobs
from mailbot.desk.proposals import Proposals
from mailbot.errors import ConfigError
from mailbot.ledger import daybook, events, quota
from mailbot.ledger.scores import Complete
from mailbot.mail import open as opening
from mailbot.mail import tasks as mail_tasks
from mailbot.system.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from mailbot.config.schema import Config
    from mailbot.desk.door import Person, Role
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


def _never() -> bool:
    return False


@dataclass
class Desk:
    """The contest as the desk sees it. Threads share one; each request asks it for what it needs."""

    path: Path
    clock: Callable[[], datetime] = calendar.now
    #: Whether who serves it is about to end: what lasts, ends then too.
    ends: Callable[[], bool] = field(default_factory=lambda: _never, init=False)
    door: Door = field(init=False)
    jobs: Jobs = field(init=False)
    proposals: Proposals = field(init=False)
    uploads: Uploads = field(default_factory=Uploads, init=False)
    #: What is scored, as it was seen before.
    complete: Complete = field(default_factory=Complete, init=False)
    #: Why the config on disk is not the one in use; "" when it is.
    refused: str = field(default="", init=False)
    _config: Config = field(init=False)
    _read_at: int = field(init=False)
    _ledger: tuple[object, Ledger] | None = field(default=None, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    #: One who acts at a time has the parts that are kept open; opened anew when config, ledger or deadlines changed.
    _parts: tuple[object, Service, ExitStack] | None = field(default=None, init=False)
    _acts: threading.RLock = field(default_factory=threading.RLock, init=False)
    _reader: tuple[object, Sandbox] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Read the config. Raises ConfigError."""
        self._read_at, self._config = self.path.stat().st_mtime_ns, load.load(self.path)
        self.door = Door(self._config.state, self.clock)
        self.jobs, self.proposals = Jobs(self._config.state, self.clock), Proposals(self._config.state)

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
                self._read_at = 0 if isinstance(error, OSError) else self._read_at  # it may come back as it was
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
                self._ledger, self.complete = (its, daybook.open_ledger(config.ledger, config.state)), Complete()
            return self._ledger[1]

    @contextmanager
    def opened(self, *, acts: bool = False) -> Iterator[Service]:
        """Give the parts, as a command has them, to one at a time; nothing of the config is entered in the ledger.

        Who ``acts`` hands over to the daybook and the daemon; a look waits for no lock on the ledger.
        """
        with self._acts:
            service = self._kept()
            service.labels.refresh()
            try:
                yield service
            finally:
                service.columns.release()  # a ranking reads every prediction: the desk is not to stay as large
                if acts:
                    daybook.hand_over(service.ledger, self.config.state)

    @contextmanager
    def opened_apart(self) -> Iterator[Service]:
        """Give parts of its own to work that takes long, beside which others act."""
        with flow.opened(self.config, clock=self.clock, enter=False) as service:
            service.labels.refresh()
            try:
                yield service
            finally:
                daybook.hand_over(service.ledger, self.config.state)

    def _kept(self) -> Service:
        config = self.config
        with self.read() as tx:
            extended = tuple(sorted(quota.extensions(tx).items()))
        file = config.state / "ledger.db"
        its = (id(config), file.stat().st_ino if file.is_file() else None, extended)
        if self._parts is None or self._parts[0] != its:
            self._let_go()
            with ExitStack() as stack:
                service = stack.enter_context(flow.opened(config, clock=self.clock, enter=False))
                self._parts = (its, service, stack.pop_all())
        return self._parts[1]

    def _let_go(self) -> None:
        if self._parts:
            self._parts[2].close()
            self._parts = None

    def reader(self) -> Sandbox:
        """Return the child that opens mails: it holds no label, and ends when nobody has looked at one for a while."""
        config = self.config
        with self._lock:
            if self._reader is None or self._reader[0] is not config:
                if self._reader:
                    self._reader[1].close()
                kept = [track.own.ending for track in tracks_of(config).values() if track.own and track.own.ending]
                reach = opening.reach_of(config.limits, config.identity.authserv_ids, kept)
                limits = config.limits
                sandbox = Sandbox(
                    1, bounds=limits.bounds, set_ups={mail_tasks.KIND: ((mail_tasks.hold, (reach,)),)},
                    idle_seconds=limits.child_idle_seconds,
                )  # fmt: skip
                self._reader = (config, sandbox)
            return self._reader[1]

    def let_in(self, ledger: Ledger, name: str, role: Role) -> str:
        """Return the secret of an invitation, which the audit trail names. Raises Permanent."""
        with ledger.write("organizer-invited") as tx:
            events.append(tx, kind="organizer-invited", subject=name, now=self.clock(), role=role)
            return self.door.invite(name, role)

    def show_out(self, ledger: Ledger, name: str) -> int:
        """End every session and invitation of a name, and return how many; the audit trail says so after."""
        ended = self.door.show_out(name)
        with ledger.write("organizer-shown-out") as tx:
            events.append(tx, kind="organizer-shown-out", subject=name, now=self.clock(), ended=ended)
        return ended

    def close(self) -> None:
        """End the jobs and the children, and close the ledger."""
        self.jobs.end()
        with self._acts:
            self._let_go()
        if self._reader:
            self._reader[1].close()
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
