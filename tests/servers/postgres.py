"""A real PostgreSQL for one test run: a throw-away cluster of a plain user, on loopback."""

from __future__ import annotations

import atexit
import contextlib
import itertools
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from tests.servers.process import LOOPBACK, free_port, plain_user, program, short_folder

#: Where Debian puts what is not in the PATH, the newest version first.
_DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
_numbers = itertools.count(1)


class Postgres:
    """A PostgreSQL server; each test asks for a database of its own."""

    def __init__(self, *, follows: Postgres | None = None) -> None:
        """Make the cluster; or one that follows another, and has each commit of it before that is acknowledged."""
        self.folder = short_folder()
        self.port = free_port()
        self._data = self.folder / "data"
        if follows:
            where = ("-h", LOOPBACK, "-p", str(follows.port), "-U", "mailbot")
            self._run("pg_basebackup", "-D", str(self._data), *where, "-R", "-c", "fast", "--no-sync")
            self.start()
            for words in ("ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"):
                self._run("psql", *where, "-q", "-d", "postgres", "-c", words)
            return
        self._run("initdb", "-D", str(self._data), "-A", "trust", "-U", "mailbot", "-E", "UTF8", "--no-sync")

    def start(self) -> None:
        """Start, and return when it takes connections."""
        options = f"-p {self.port} -c listen_addresses={LOOPBACK} -k {self.folder} -c fsync=off"
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", str(self.folder / "log.txt"), "-o", options, "start")

    def database(self, *, encoding: str = "UTF8") -> str:
        """Make an empty database and return its SQLAlchemy URL."""
        name = f"ledger{next(_numbers)}"
        where = ("-h", LOOPBACK, "-p", str(self.port), "-U", "mailbot")
        words = f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0"
        self._run("psql", *where, "-q", "-d", "postgres", "-c", words)
        return f"postgresql+psycopg://mailbot@{LOOPBACK}:{self.port}/{name}"

    def promote(self) -> None:
        """Take the place of the one that it follows."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "promote")

    def stop(self) -> None:
        """End it at once, as a crash does: what was not committed is gone, each connection is lost."""
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "-w", "stop")

    def remove(self) -> None:
        """End it and delete its folder."""
        with contextlib.suppress(RuntimeError):  # a test has stopped it
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, name: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs as a plain user; it refuses to work for root."""
        user = plain_user()
        groups: list[int] | None = None if os.getuid() else []  # only root may, and must, leave its groups
        done = subprocess.run(
            (_program(name), *arguments),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # the server keeps it open
            stderr=subprocess.PIPE if name != "pg_ctl" else subprocess.DEVNULL,
            user=user.uid,
            group=user.gid,
            extra_groups=groups,
            text=True,
            check=False,
        )
        if done.returncode:
            log = self.folder / "log.txt"
            raise RuntimeError(f"{name} failed:\n{done.stderr or ''}{log.read_text() if log.exists() else ''}")


CHOICE = "MAILBOT_TEST_LEDGER"
"""In the environment: ``postgresql`` has the tests that can be played on either engine played on that one."""


def chosen_database() -> str:
    """Return the URL of an empty database where PostgreSQL is chosen; "" for SQLite, the default."""
    chosen = os.environ.get(CHOICE, "sqlite")
    if chosen not in {"sqlite", "postgresql"}:
        message = f"{CHOICE}: sqlite or postgresql, not {chosen!r}"
        raise ValueError(message)
    return _shared().database() if chosen == "postgresql" else ""


@cache
def _shared() -> Postgres:
    """Start a server that ends with this process."""
    server = Postgres()
    server.start()
    atexit.register(server.remove)
    return server


def _program(name: str) -> str:
    """Return the path of one of PostgreSQL's programs."""
    found = next((path / name for path in _DEBIAN if (path / name).exists()), None)
    return str(found) if found else program(name)
