"""Who leads on a ledger that several hosts share: one daemon works, the others stand by.

A lock of a PostgreSQL session says who leads. It ends with its connection, so a daemon that dies gives it up at once;
one that hangs is deposed when its heartbeat stays out. Each leader has a number, one more than the one before it, and
every transaction of a daemon that writes looks whether that number is still its own: a deposed one writes nothing more.
Times are the database's, or of a process's own monotonic clock: no host's clock decides anything.
"""

from __future__ import annotations

import os
import platform
import secrets
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa

from mailbot.errors import ConfigError, Held, Temporary
from mailbot.ledger import daybook
from mailbot.ledger.engine import Ledger
from mailbot.ledger.engines import leads
from mailbot.system import journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mailbot.ledger.engine import Tx
    from mailbot.ledger.engines.leads import Leader

BEAT_SECONDS = 1.0
"""So often a leader is heard of, and a stand-by asks whether it may lead."""

LEASE_SECONDS = 6.0
"""A leader that could not be heard of for so long sends nothing: it cannot know whether it still leads."""

HUNG_SECONDS = 20.0
"""A heartbeat that takes so long never comes back: the daemon ends, and begins anew as a stand-by."""

_HOST_LENGTH = 28


def is_shared(url: str) -> bool:
    """Whether several hosts may share a ledger: one on PostgreSQL."""
    return url.startswith("postgresql")


class Deposed(Held):
    """Another host leads now, and this one does not know what it has done since."""


class Lead:
    """A process's seat on a shared ledger: it stands by, then leads, until it is deposed or gives the lead up."""

    def __init__(self, url: str, state: Path) -> None:
        """Nothing is asked of the ledger yet. MAILBOT_HOST in the environment is shown instead of the host's name."""
        self._url, self._state = url, state
        host = (os.environ.get("MAILBOT_HOST") or platform.node() or "unknown")[:_HOST_LENGTH]
        self.host, self.name = host, f"{host}.{os.getpid()}.{secrets.token_hex(2)}"
        self._ledger: Ledger | None = None
        self._session: Tx | None = None
        self._epoch: int | None = None
        self._seen = self._began = 0.0
        self._noticed: tuple[object, float] | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        #: Why it leads no more; "" while it does.
        self.ended = ""
        #: Called once it does not, from a thread of its own.
        self.on_end: Callable[[], None] = lambda: None

    @property
    def ours(self) -> str:
        """How its other connections are named."""
        return leads.plain(leads.OURS + self.name)

    # --- standing by ---------------------------------------------------------------------------------

    def take(self) -> Leader | None:
        """Lead if nobody else does; else return who does, or did last. The tables are brought to our version first.

        Raises Temporary, and Lost when the state folder belongs to another ledger.
        """
        if not self._take_lock():
            return self.look()
        daybook.open_ledger(self._url, self._state).close()
        self._begin()
        return None

    def look(self) -> Leader | None:
        """Return who leads, or led last; meanwhile it stands by. Raises Temporary."""
        with self._asking(leads.STANDING) as session:
            return leads.leader(session)

    @property
    def leads(self) -> bool:
        """Whether it began to lead, and was not told to end."""
        return self._epoch is not None and not self.ended

    def _take_lock(self) -> bool:
        """Take the lock that says who leads, if it is free; depose one that was not heard of. Raises Temporary."""
        with self._asking(leads.STANDING) as session:
            if session.scalar(sa.select(sa.func.pg_try_advisory_lock(leads.LEAD_LOCK))):
                return True
            found = leads.leader(session)
            if found and found.name and self._is_silent(found, session):
                journal.trouble("leader-deposed", leader=found.host, silent_seconds=round(found.silent, 1))
                leads.end(session, found.name)
        return False

    def _is_silent(self, found: Leader, session: Tx) -> bool:
        """Whether its heartbeat has stood still for too long, by this process's clock."""
        beat, now = session.scalar(sa.select(leads.leads.c.seen_at).where(leads.ROW)), time.monotonic()
        if self._noticed is None or self._noticed[0] != (found.epoch, beat):
            self._noticed = ((found.epoch, beat), now)
        return now - self._noticed[1] > leads.SILENT_SECONDS

    def _begin(self) -> None:
        """Lead, once the lock is held and the tables are there: what is left of the one before is ended first."""
        with self._asking(leads.STANDING) as session:
            before = leads.leader(session)
            if before and before.name:
                leads.end(session, before.name)
            session.exec_driver_sql(f"SET application_name = '{leads.plain(leads.LEADING + self.name)}'")
            with leads.alone(session):
                epoch = (before.epoch if before else 0) + 1
                values = {
                    "epoch": epoch, "leader": self.name, "host": self.host, "since": leads.NOW, "seen_at": leads.NOW,
                    "yields": False,
                }  # fmt: skip
                session.execute(
                    sa.update(leads.leads).where(leads.ROW).values(values)
                    if before
                    else sa.insert(leads.leads).values(place=leads.PLACE, **values)
                )
        self._epoch, self._seen = epoch, time.monotonic()
        self._thread = threading.Thread(target=self._beat_on, name="lead", daemon=True)
        self._thread.start()
        journal.event("leading", host=self.host, epoch=epoch)

    # --- leading -------------------------------------------------------------------------------------

    def hold(self, tx: Tx) -> None:
        """Look, in a transaction that nobody else writes beside, whether this process still leads. Raises Deposed."""
        if self._epoch is not None and tx.scalar(sa.select(leads.leads.c.epoch).where(leads.ROW)) != self._epoch:
            self.ended = "another host leads on this ledger now"
            raise Deposed(self.ended)

    def verify(self) -> None:
        """Raise Deposed when this process leads no more, Temporary when it cannot know: then nothing is to be sent."""
        if self.ended:
            raise Deposed(self.ended)
        if self._epoch is not None and time.monotonic() - self._seen > LEASE_SECONDS:
            raise Temporary("the ledger has been silent, and another host may lead: nothing is sent now")

    @property
    def hangs(self) -> bool:
        """Whether the heartbeat waits for an answer that does not come."""
        return bool(self._began) and time.monotonic() - self._began > HUNG_SECONDS

    def _beat_on(self) -> None:
        away = False
        while not self._stopping.wait(BEAT_SECONDS):
            try:
                self._began = time.monotonic()
                wanted = self._beat()
                self._seen, away = self._began, False
                if wanted:
                    self.ended = "an organizer asked this host to give the lead up"
            except Temporary as error:
                if not away:
                    journal.trouble("heartbeat-failed", why=str(error))
                away = True
            except Held as error:
                self.ended = str(error)
            finally:
                self._began = 0.0
            if self.ended:
                journal.event("lead-ended", why=self.ended)
                self.on_end()
                return

    def _beat(self) -> bool:
        """Be heard of; return whether the lead is asked for. Raises Deposed and Temporary."""
        fresh = self._session is None
        with self._asking(leads.LEADING) as session:
            found = session.execute(sa.select(leads.leads.c.epoch, leads.leads.c.yields).where(leads.ROW)).one()
            if found.epoch != self._epoch:
                raise Deposed("another host leads on this ledger now")
            if fresh and not session.scalar(sa.select(sa.func.pg_try_advisory_lock(leads.LEAD_LOCK))):
                leads.end(
                    session, self.name, only=leads.LEADING
                )  # our own session of before, which the server still waits for
                raise Temporary("the lock of the leader is not free yet")
            own = (leads.ROW, leads.leads.c.epoch == self._epoch)
            session.execute(sa.update(leads.leads).where(*own).values(seen_at=leads.NOW))
            return bool(found.yields)

    def close(self) -> None:
        """Give the lead up, or stop standing by; another host may lead at once."""
        self._stopping.set()
        if self._thread and self._thread is not threading.current_thread():
            self._thread.join(leads.WAIT_SECONDS)
        if self._epoch is not None and not self.hangs:
            try:
                with self._asking(leads.LEADING) as session:
                    own = (leads.ROW, leads.leads.c.epoch == self._epoch)
                    session.execute(sa.update(leads.leads).where(*own).values(leader="", yields=False))
            except Temporary as error:
                journal.trouble("heartbeat-failed", why=str(error))
        self._drop()

    @contextmanager
    def _asking(self, role: str) -> Iterator[Tx]:
        """Give the session, whose statements commit by themselves; it is dropped if one fails.

        Raises Temporary, and ConfigError where its locks would not hold.
        """
        try:
            if self._session is None:
                self._ledger = Ledger(self._url, name=leads.plain(role + self.name))
                self._session = self._ledger.session()
                if role == leads.STANDING and (wrong := leads.pooled(self._session, self._ledger.session)):
                    raise ConfigError(f"{wrong}: {leads.UNPOOLED}")
            yield self._session
        except Held:
            raise
        except (sa.exc.SQLAlchemyError, Temporary) as error:
            self._drop()
            message = f"the ledger cannot be used now: {getattr(error, 'orig', error)}"
            raise Temporary(message) from error

    def _drop(self) -> None:
        session, ledger, self._session, self._ledger = self._session, self._ledger, None, None
        if session is not None:
            session.invalidate()  # an advisory lock must not come back to a pool
            session.close()
        if ledger is not None:
            ledger.close()
