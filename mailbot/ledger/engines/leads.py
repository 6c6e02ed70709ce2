"""The row of the leader, and the connections of those who lead or stand by, as PostgreSQL shows them."""

from __future__ import annotations

import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import sqlalchemy as sa

from mailbot.errors import Temporary
from mailbot.ledger.schema import Instant, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

SILENT_SECONDS = 10.0
"""A leader that was not heard of for so long is deposed."""

WAIT_SECONDS = 5
"""So long a new leader waits for a transaction of somebody else's that writes, before it ends it."""

WRITER_LOCK = 0x6D61696C  # "mail"
"""The lock that makes PostgreSQL writers queue as SQLite's do."""

LEAD_LOCK = 0x6C656164  # "lead"
"""The lock of the session that leads."""

leads = table(
    "leads",
    sa.Column("place", sa.Text, primary_key=True),  # one row: the daemon's
    sa.Column("epoch", sa.BigInteger, nullable=False),
    sa.Column("leader", sa.Text, nullable=False),  # as its connections are named; "" when it gave the lead up
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("since", Instant, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
    sa.Column("yields", sa.Boolean, nullable=False),  # it was asked to give the lead up
)

_OURS = "FROM pg_stat_activity WHERE datname = current_database() AND application_name"
PLACE = "daemon"
OURS, STANDING, LEADING = "mailbot ", "mailbot stands by: ", "mailbot leads: "
"""How connections are named in ``pg_stat_activity``, before the name of the process."""

NOW = sa.func.clock_timestamp()
ROW = leads.c.place == PLACE


@dataclass(frozen=True, kw_only=True)
class Leader:
    """Who leads, or led last."""

    epoch: int
    name: str
    host: str
    since: datetime
    #: Seconds since it was heard of.
    silent: float
    #: The hosts that stand by.
    standing_by: tuple[str, ...]

    @property
    def leads(self) -> bool:
        """Whether it does so now."""
        return bool(self.name) and self.silent < SILENT_SECONDS


class Seat(Protocol):
    """What says whether this process leads on a ledger that hosts share (:mod:`mailbot.ledger.engines.lead`)."""

    #: Why it leads no more; "" while it does.
    ended: str
    #: Called once it does not, from a thread of its own.
    on_end: Callable[[], None]

    @property
    def ours(self) -> str:
        """How its connections are named."""

    @property
    def leads(self) -> bool:
        """Whether it began to lead, and was not told to end."""

    @property
    def hangs(self) -> bool:
        """Whether its heartbeat waits for an answer that does not come."""

    def hold(self, tx: sa.Connection) -> None:
        """Look, in a transaction, whether it still leads. Raises Held when it does not."""

    def verify(self) -> None:
        """Raise Held when it leads no more, Temporary when it cannot know."""


def leader(tx: sa.Connection) -> Leader | None:
    """Return who leads; None on SQLite, or when nobody ever did."""
    if tx.dialect.name != "postgresql" or not sa.inspect(tx).has_table(leads.name):
        return None
    silent = sa.extract("epoch", NOW - leads.c.seen_at).label("silent")
    row = tx.execute(sa.select(leads, silent).where(ROW)).first()
    if row is None:
        return None
    query = (
        "SELECT application_name FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE :n"
    )
    names = tx.scalars(sa.text(query), {"n": f"{STANDING}%"})
    standing = sorted({name.removeprefix(STANDING).rpartition(".")[0].rpartition(".")[0] for name in names})
    return Leader(
        epoch=row.epoch, name=row.leader, host=row.host, since=row.since, silent=float(row.silent),
        standing_by=tuple(standing),
    )  # fmt: skip


def ask_to_yield(tx: sa.Connection) -> None:
    """Ask the one that leads to give the lead up."""
    tx.execute(sa.update(leads).where(ROW).values(yields=True))


def identity(tx: sa.Connection) -> str:
    """Return what tells this database from a copy of it; both hosts of a ledger find the same, after a failover too."""
    query = "SELECT system_identifier, oid FROM pg_control_system(), pg_database WHERE datname = current_database()"
    return " ".join(str(part) for part in tx.exec_driver_sql(query).one())


def pooled(session: sa.Connection, connect: Callable[[], sa.Connection]) -> str:
    """Return what is wrong where a proxy shares sessions of the server among connections; "" where all is well.

    A lock of a session is everybody's then. Such a proxy gives the session that was used last to whoever asks next.
    """
    asked = sa.select(sa.func.pg_backend_pid())
    ours = session.scalar(asked)
    with closing(connect()) as other:
        is_same = other.scalar(asked) == ours
        other.invalidate()  # in a pool it would stand by for as long as the process lives
    return POOLED if is_same else ""


POOLED = "ledger_url leads to a proxy that shares sessions of PostgreSQL among connections: its locks do not hold"
UNPOOLED = "connect directly, or let the proxy keep sessions (PgBouncer: `pool_mode = session`)"
"""How that is fixed."""


@contextmanager
def alone(session: sa.Connection) -> Iterator[None]:
    """Begin a transaction that nobody writes beside; whoever does not come to an end in time is ended."""
    from_others = sa.text(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = :key AND granted "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND pid <> pg_backend_pid()"
    )
    key = {"key": WRITER_LOCK}
    for _ in range(10 * WAIT_SECONDS):
        session.exec_driver_sql("BEGIN")
        if session.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(WRITER_LOCK))):
            break
        session.exec_driver_sql("ROLLBACK")
        time.sleep(0.1)
    else:
        session.execute(from_others, key)
        raise Temporary("somebody wrote for too long, and was ended")
    try:
        yield
    except BaseException:
        session.exec_driver_sql("ROLLBACK")
        raise
    session.exec_driver_sql("COMMIT")


def end(session: sa.Connection, name: str, *, only: str = "") -> None:
    """End every connection of a process, or one of them."""
    names = [plain(role + name) for role in ([only] if only else [OURS, LEADING])]
    query = sa.text(f"SELECT pg_terminate_backend(pid) {_OURS} IN :names AND pid <> pg_backend_pid()").bindparams(
        sa.bindparam("names", names, expanding=True)
    )
    session.execute(query)


def plain(name: str) -> str:
    """Return a name as PostgreSQL keeps it: printable ASCII, at most 63 bytes."""
    return "".join(char if "!" <= char <= "~" or char == " " else "?" for char in name.replace("'", "?"))[:63]
