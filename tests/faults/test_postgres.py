"""A PostgreSQL that ends connections, takes transactions back, or is started anew: no mail is lost, none done twice."""

from __future__ import annotations

from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest
import sqlalchemy as sa

from mailbot.daemon import maintenance
from mailbot.daemon.maintenance import Maintenance
from mailbot.errors import Conflict, Temporary
from mailbot.ledger import Ledger, outbox
from mailbot.ledger.engines.leads import POOLED
from mailbot.system.heartbeat import Heartbeat
from tests.command import mailbot
from tests.faults.host import host
from tests.faults.proxy import Cut, Proxy
from tests.faults.verdict import judge
from tests.integration.bot import wait
from tests.servers.pooler import Pooler
from tests.servers.postgres import Postgres
from tests.servers.process import LOOPBACK
from tests.unit.services import Clock, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.faults.conftest import MakeBot
    from tests.faults.host import Host
    from tests.servers.dovecot import Dovecot

TIMES = 2
"""So often each table's rows are refused."""

_TRIGGER = """
CREATE SEQUENCE met_{table};
CREATE FUNCTION fail_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF nextval('met_{table}') <= {times} THEN {fault}; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER fault BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION fail_{table}();
"""

TERMINATED = "PERFORM pg_terminate_backend(pg_backend_pid())"
CONFLICT = "RAISE EXCEPTION 'could not serialize access' USING ERRCODE = '40001'"
DEADLOCK = "RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01'"


@contextmanager
def closing_server(server: Postgres) -> Iterator[Postgres]:
    """Give a server, and remove it in the end."""
    try:
        yield server
    finally:
        server.remove()


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """Give a server that a test may stop."""
    with closing_server(Postgres()) as server:
        server.start()
        yield server


def _plain(database: str) -> str:
    return sa.make_url(database).set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def _faulty(database: str, fault: str, *tables: str) -> Iterator[None]:
    """Let the first rows of some tables bring a fault about, in the middle of the transactions they are in."""
    with psycopg.connect(_plain(database), autocommit=True) as admin:
        for table in tables:
            admin.execute(_TRIGGER.format(table=table, times=TIMES, fault=fault))
        yield
        for table in tables:
            row = admin.execute(f"SELECT last_value FROM met_{table}").fetchone()  # noqa: S608  # names of tables
            assert row is not None
            assert row[0] > TIMES, table  # the fault was met, and what met it came again


def _served(one: Host) -> None:
    """Hold the host to what must have become of the stream."""
    found = judge(one)
    assert (found.lost, found.doubled) == ((), ())


@pytest.mark.parametrize("fault", [CONFLICT, pytest.param(DEADLOCK, marks=pytest.mark.long)], ids=("conflict", "lock"))
def test_a_transaction_that_is_taken_back_is_tried_again(
    fault: str, tmp_path: Path, dovecot: Dovecot, postgres: Postgres
) -> None:
    """At once, whichever step it was of: spooling, recording, sending, the board, letters."""
    database = postgres.database()
    with host(tmp_path / "bot", dovecot, database=database) as one:
        with _faulty(database, fault, "mails", "submissions", "outbox", "scores", "boards"), one.stream_flows():
            assert one.live() == 0, one.journal.read_text()
        _served(one)


@pytest.mark.long
def test_a_connection_that_is_ended_in_the_middle_of_a_record(
    tmp_path: Path, dovecot: Dovecot, postgres: Postgres
) -> None:
    """As by pg_terminate_backend, or an administrator: nothing of the transaction is kept, and the mail comes again."""
    database = postgres.database()
    with host(tmp_path / "bot", dovecot, database=database) as one:
        with _faulty(database, TERMINATED, "submissions", "outbox"), one.stream_flows():
            assert one.live() == 0, one.journal.read_text()
        _served(one)


@pytest.mark.long
@pytest.mark.parametrize("how", ["fin", "rst", "hole"])
def test_a_daemon_alone_that_loses_the_database(how: Cut, tmp_path: Path, dovecot: Dovecot, postgres: Postgres) -> None:
    """Every connection is cut while mails flow, and for some seconds no other comes through: it waits, and goes on.

    One whose connection says nothing more, in a hole, ends, and systemd starts it again.
    """
    with Proxy(postgres.port) as wire, host(tmp_path / "bot", dovecot, database=postgres.database()) as one:
        config = one.folder / "config.toml"
        config.write_text(config.read_text().replace(f":{postgres.port}/", f":{wire.port}/"))
        with one.stream_flows(), one.living() as life:
            wait(lambda: life.has_told("mail-recorded"), life.journal)
            wire.refuses = True
            wire.cut(how)
            wait(lambda: life.has_told("heartbeat-failed") or life.process.poll() is not None, life.journal)
            wire.refuses = False
            ended = one.settle(life)
        assert ended == (1 if how == "hole" else 0), one.journal.read_text()
        assert not ended or one.live() == 0, one.journal.read_text()  # as systemd starts it again
        _served(one)


@pytest.mark.long
def test_a_database_that_is_started_anew(tmp_path: Path, dovecot: Dovecot, own_postgres: Postgres) -> None:
    """As in a failover: what was committed is there, the daemon lives on, leads again, and nothing is done twice."""
    with host(tmp_path / "bot", dovecot, database=own_postgres.database()) as one:
        with one.stream_flows(), one.living() as life:
            wait(lambda: life.has_told("mail-recorded"), life.journal)
            own_postgres.stop()
            wait(lambda: life.has_told("heartbeat-failed"), life.journal)
            assert life.process.poll() is None
            own_postgres.start()
            assert one.settle(life) == 0, life.journal.read_text()
        _served(one)


@pytest.mark.long
def test_another_database_takes_over(tmp_path: Path, dovecot: Dovecot, own_postgres: Postgres) -> None:
    """A failover to a server that followed: `ledger_url` names both, and the daemon continues on the new one."""
    name = sa.make_url(own_postgres.database()).database
    with closing_server(Postgres(follows=own_postgres)) as other:
        hosts = f"host={LOOPBACK},{LOOPBACK}&port={own_postgres.port},{other.port}&target_session_attrs=read-write"
        with host(tmp_path / "bot", dovecot, database=f"postgresql+psycopg://mailbot@/{name}?{hosts}") as one:
            with one.stream_flows(), one.living() as life:
                wait(lambda: life.has_told("mail-recorded"), life.journal)
                own_postgres.stop()
                wait(lambda: life.has_told("heartbeat-failed"), life.journal)
                other.promote()
                assert one.settle(life) == 0, life.journal.read_text()
            _served(one)


def test_an_outage_is_told_of_once(tmp_path: Path, own_postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """By one mail when the database is back, with from when to when, and one when all has been well for an hour."""
    monkeypatch.setattr(maintenance, "OUTAGE", timedelta())
    clock = Clock(datetime.now(UTC))
    with served(tmp_path, clock, ledger_url=own_postgres.database()) as service:
        care = Maintenance(service=service, heartbeat=Heartbeat(60))
        care.step()
        own_postgres.stop()
        for _ in range(3):
            with pytest.raises(Temporary):
                care.step()
        own_postgres.start()
        for _ in range(3):
            care.step()
        clock.forward(hours=2)
        care.step()
        with service.ledger.read() as tx:
            told = [row.message.decode() for row in outbox.listing(tx) if row.kind == "health-ledger"]
    assert ["nothing was lost" in each for each in told] == [True, False]


REFUSALS = {
    "read-only": "25006",  # a server that follows another, and is not promoted yet
    "idle-in-transaction": "25P03",
    "transaction-timeout": "25P04",
    "disk-full": "53100",
    "out-of-memory": "53200",
    "too-many-connections": "53300",
    "statement-timeout": "57014",
    "lock-timeout": "55P03",
    "its-own-fault": "XX000",
}


def test_what_the_database_takes_back_is_known(postgres: Postgres) -> None:
    """A failed serialization is told from trouble that takes longer."""
    with closing(Ledger(postgres.database())) as ledger:
        ledger.migrate()
        cases = [(CONFLICT, Conflict), (DEADLOCK, Conflict), (TERMINATED, Temporary)]
        cases += [(f"RAISE EXCEPTION 'no' USING ERRCODE = '{code}'", Temporary) for code in REFUSALS.values()]
        for words, kind in cases:
            with pytest.raises(Temporary) as caught, ledger.write("test") as tx:
                tx.exec_driver_sql(f"DO $$ BEGIN {words}; END $$")
            assert type(caught.value) is kind, words


def _set(database: str, words: str) -> None:
    """Set what holds for new connections of a database, and end those there are."""
    name, server = sa.make_url(database).database, sa.make_url(database).set(database="postgres")
    with psycopg.connect(_plain(server.render_as_string()), autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {name} {words}")
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
        admin.execute(others, [name])


@pytest.mark.long
def test_a_database_that_can_only_be_read(tmp_path: Path, dovecot: Dovecot, postgres: Postgres) -> None:
    """As a server that follows another and is promoted late: mails wait for it, and none is set aside."""
    database = postgres.database()
    with host(tmp_path / "bot", dovecot, database=database) as one:
        with one.stream_flows(), one.living() as life:
            wait(lambda: life.has_told("mail-recorded"), life.journal)
            _set(database, "SET default_transaction_read_only = on")
            wait(lambda: "read-only transaction" in life.journal.read_text(), life.journal)
            assert life.process.poll() is None
            _set(database, "RESET default_transaction_read_only")
            assert one.settle(life) == 0, life.journal.read_text()
        _served(one)


@pytest.mark.parametrize("setting", ["statement_timeout", "idle_in_transaction_session_timeout", "lock_timeout"])
@pytest.mark.long
def test_a_database_that_ends_what_takes_long(
    setting: str, tmp_path: Path, dovecot: Dovecot, postgres: Postgres
) -> None:
    """By a limit of its own that is far too small while mails flow: what it ends is tried again."""
    database = postgres.database()
    with host(tmp_path / "bot", dovecot, database=database) as one:
        with one.stream_flows(), one.living() as life:
            wait(lambda: life.has_told("running"), life.journal)
            _set(database, f"SET {setting} = 250")
            wait(one.has_begun_all, life.journal)
            _set(database, f"RESET {setting}")
            assert one.settle(life) == 0, life.journal.read_text()
        _served(one)


def test_a_proxy_that_pools_transactions_is_named(make_bot: MakeBot, postgres: Postgres) -> None:
    """Its locks would be everybody's: the daemon does not start, and the doctor says why."""
    database = postgres.database()
    name = sa.make_url(database).database
    with closing(Ledger(database)) as direct:
        assert direct.integrity() == "ok"
    with Pooler(postgres.port, str(name)) as proxy:
        through = database.replace(f":{postgres.port}/", f":{proxy.port}/")
        with closing(Ledger(through)) as ledger:
            assert ledger.integrity() == POOLED
        bot = make_bot(port=1)
        config = bot.folder / "config.toml"
        config.write_text(f'ledger_url = "{through}"\n{config.read_text()}')
        said = mailbot("run", folder=bot.folder, code=2).err
        assert POOLED in said
        assert "pool_mode = session" in said
