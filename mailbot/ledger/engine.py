"""Open and migrate the ledger: SQLite in WAL mode with full sync, or PostgreSQL; one writer at a time."""

from __future__ import annotations

import sqlite3
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from mailbot.errors import Permanent, Temporary
from mailbot.ledger.engines import connect
from mailbot.ledger.engines.connect import translated
from mailbot.ledger.engines.leads import WRITER_LOCK, identity, pooled
from mailbot.ledger.tables import metadata
from mailbot.system import crash, safefile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mailbot.ledger.engines.leads import Seat

Tx = sa.Connection
"""An open transaction; every query of the ledger takes one."""

MIGRATIONS = Path(__file__).parent / "migrations"


@dataclass(frozen=True, kw_only=True)
class Trail:
    """What holds each transaction to the audit trail."""

    #: Called when a transaction begins.
    begin: Callable[[Tx], None]
    #: Called before one commits that may write.
    settle: Callable[[Tx], None]
    #: Around a part of one that may fail alone.
    part: Callable[[Tx], AbstractContextManager[None]]


class Abandoned(Temporary):
    """The database gave up a whole transaction while a part of it failed."""


class Ledger:
    """The database. ``write`` and ``read`` give transactions; nothing else does."""

    def __init__(
        self, url: str, trail: Trail | None = None, *, lead: Seat | None = None, name: str = "mailbot"
    ) -> None:
        """Connect to the ledger at an SQLAlchemy URL; the folder of an SQLite file is made. Raises ConfigError.

        Without a ``trail`` entries are not signed and tell of no rows, as an earlier version wrote them. With a
        ``lead`` nothing is written once another process leads. PostgreSQL shows connections under ``name``.
        """
        self._engine, self._trail, self.lead = connect.engine(url, lead.ours if lead else name), trail, lead
        self._sqlite, self._identity = self._engine.dialect.name == "sqlite", ""
        #: From when to when the database could not be used, the last time.
        self.outage: tuple[datetime, datetime] | None = None
        self._away_since: datetime | None = None
        if self._sqlite:
            if self._engine.url.database:
                path = Path(self._engine.url.database)
                with safefile.folder_in_use("state", path.parent):
                    path.parent.mkdir(mode=safefile.PRIVATE_FOLDER, parents=True, exist_ok=True)
                    _private(path)
            sa.event.listen(self._engine, "connect", connect.set_up_sqlite)

    def migrate(self, scripts: Path = MIGRATIONS) -> None:
        """Bring the tables to this version's shape; an SQLite ledger of an older one is copied first.

        A new ledger gets its tables at once, without the steps that led to them: alembic's "Building an Up to Date
        Database from Scratch". A test holds that both ways lead to the same tables.

        Raises:
            Permanent: the ledger was written by a newer mailbot.
        """
        head = newest_version(scripts)
        with self.read() as tx:
            before = present_version(tx)
        if before == head:
            return
        if before is not None and before > head:
            message = f"the ledger was written by a newer mailbot (version {before}, ours has {head}): install that"
            raise Permanent(message)
        if before is not None and self._sqlite:
            self.copy_to(Path(f"{self._engine.url.database}.before-{head}"))
        with self.write("migrate") as connection:
            if before is None and scripts == MIGRATIONS:
                create(connection, head)
            else:
                upgrade(connection, scripts)

    @contextmanager
    def write(self, what: str = "other") -> Iterator[Tx]:
        """Begin a transaction that may write: it commits whole or not at all. ``what`` names its crash points."""
        with (
            self._translated(),
            self._engine.connect() as connection,
            crash.around(f"commit.{what}"),
            connection.begin(),
        ):
            self._lock(connection)
            self._begin(connection)
            yield connection
            if self._trail:
                self._trail.settle(connection)
            crash.point(f"commit.{what}.made")

    @contextmanager
    def part(self, tx: Tx, what: str) -> Iterator[None]:
        """Begin a part of a transaction that may fail alone: then nothing of it is kept, and what came before stays.

        ``what`` names its crash points. Raises Abandoned when the database gave up the whole transaction.
        """
        with self._translated(), crash.around(f"part.{what}"), self._noted(tx):
            tx.exec_driver_sql("SAVEPOINT part")  # the next one of that name stands above it; the commit ends them all
            try:
                yield
            except BaseException:
                try:
                    tx.exec_driver_sql("ROLLBACK TO SAVEPOINT part")
                except SQLAlchemyError as lost:
                    raise Abandoned(
                        "the ledger gave up a transaction, as on a full disk or a lost connection"
                    ) from lost
                raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn the drivers' errors into ours, and note from when to when the database was away."""
        try:
            with translated():
                yield
        except Temporary as error:
            if isinstance(error.__cause__, SQLAlchemyError) and self._away_since is None:
                self._away_since = datetime.now(UTC)
            raise
        if self._away_since is not None:
            self.outage, self._away_since = (self._away_since, datetime.now(UTC)), None

    def _noted(self, tx: Tx) -> AbstractContextManager[None]:
        return self._trail.part(tx) if self._trail else nullcontext()

    @contextmanager
    def trial(self) -> Iterator[Tx]:
        """Begin a transaction that may write and keeps nothing: to see what writing would bring about."""
        with self._translated(), self._engine.connect() as connection:
            self._lock(connection)
            self._begin(connection)
            yield connection

    def _begin(self, connection: Tx) -> None:
        """Begin to note what is changed; what a transaction before left on this connection is none of its own."""
        if self._trail:
            self._trail.begin(connection)

    def _lock(self, connection: Tx) -> None:
        """Wait until nobody else writes."""
        if self._sqlite:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(WRITER_LOCK)))
            if self.lead:
                self.lead.hold(connection)

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """Give a consistent view, that of its first query; nothing written in it is kept."""
        with self._translated(), self._engine.connect() as connection:
            if self._sqlite:
                connection.connection.cursor().execute("BEGIN")  # SQLAlchemy's own way takes ten times as long
            else:
                connection.execution_options(isolation_level="REPEATABLE READ")
            self._begin(connection)
            yield connection

    def copy_to(self, path: Path) -> None:
        """Copy the ledger in one piece while it is in use (SQLite's online backup). Raises Permanent on PostgreSQL."""
        if not self._sqlite:
            message = "this ledger is on PostgreSQL: back it up with pg_dump"
            raise Permanent(message)
        _private(path)
        with self._translated(), self._engine.connect() as connection, closing(sqlite3.connect(path)) as target:
            source = connection.connection.dbapi_connection
            source.backup(target)  # type: ignore[union-attr]  # a sqlite3.Connection, as this ledger is SQLite's
            target.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it

    def shred(self) -> None:
        """Write the SQLite file anew, so that nothing that was deleted is left in it; PostgreSQL does so by itself."""
        if self._sqlite:
            with self._translated(), self._engine.connect() as connection:
                connection.exec_driver_sql("VACUUM")
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def integrity(self) -> str:
        """Return what SQLite finds wrong with its file, or what is wrong with the way to PostgreSQL; or "ok"."""
        if not self._sqlite:
            with self._translated(), closing(self.session()) as session:
                return pooled(session, self.session) or "ok"
        with self.read() as tx:
            return str(tx.exec_driver_sql("PRAGMA quick_check").scalar_one())

    def verify_lead(self) -> None:
        """Raise Deposed when another host leads, Temporary when that cannot be known; alone on SQLite all is well."""
        if self.lead:
            self.lead.verify()

    def identity(self) -> str:
        """Return what tells a PostgreSQL database from a copy of it; "" on SQLite. Raises Temporary."""
        if not self._sqlite and not self._identity:
            with self.read() as tx:
                self._identity = identity(tx)
        return self._identity

    def session(self) -> Tx:
        """Return a connection whose statements each commit by themselves; ``close`` ends it. Raises Temporary."""
        with self._translated():
            return self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def is_there(url: str) -> bool:
    """Whether there is a ledger with tables at an SQLAlchemy URL; nothing is made to find out. Raises ConfigError."""
    engine = connect.engine(url)
    if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").is_file():
        return False
    with translated(), engine.connect() as connection:
        found = present_version(connection) is not None
    engine.dispose()
    return found


def _private(path: Path) -> None:
    """Begin an SQLite file as its owner's alone, whatever the umask; what SQLite puts beside it gets its mode."""
    safefile.refuse_link(path)
    if not path.exists():
        path.touch(safefile.PRIVATE_FILE)


def newest_version(scripts: Path) -> str:
    """Return the newest version among the migrations; their files are named after it, as in m0009_entries.py."""
    return max(path.stem.partition("_")[0].removeprefix("m") for path in (scripts / "versions").glob("m*.py"))


def present_version(tx: sa.Connection) -> str | None:
    """Return the version of a ledger; None of a new one."""
    if not sa.inspect(tx).has_table("alembic_version"):
        return None
    found: str | None = tx.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return found


def create(connection: sa.Connection, version: str) -> None:
    """Make every table of a new ledger, and note the version as alembic does."""
    metadata.create_all(connection)
    versions = sa.Table(
        "alembic_version",
        sa.MetaData(),
        sa.Column("version_num", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
    )
    versions.create(connection)
    connection.execute(sa.insert(versions).values(version_num=version))


def upgrade(connection: sa.Connection, scripts: Path) -> None:
    """Bring the tables to the newest version step by step, inside the connection's transaction."""
    from alembic import command, config  # noqa: PLC0415  # a third of the start of each command, which seldom needs it

    settings = config.Config()
    settings.set_main_option("script_location", str(scripts))
    settings.attributes["connection"] = connection
    command.upgrade(settings, "head")
