"""A host that may die: one mailbot's folder, its mailbox, its SMTP peer, and the daemon as a process to kill."""

from __future__ import annotations

import contextlib
import shutil
import signal
import sys
import threading
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from mailbot.ledger import Ledger, events, mails
from mailbot.ledger.mailbox.places import Place
from tests.command import daemon
from tests.faults.reader import BROKEN, Reader
from tests.faults.stream import GONE, ROSTER, stream
from tests.integration.bot import LABELS, Bot
from tests.servers.postgres import chosen_database
from tests.servers.smtp_sink import SmtpSink

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from subprocess import Popen

    from tests.faults.stream import Streamed
    from tests.servers.dovecot import Dovecot, Mailbox
    from tests.warm import Process

PATIENCE_SECONDS = 150.0
"""Far more than a stream needs; a child's death alone makes a mail wait for 30 s, a second one for 60 s."""

_MORE = """
[tracks.siqa-u]
labels = "labels/answer-u.json"

[quota]
per_week = 1
"""

AHEAD = Path(__file__).with_name("ahead.py")
"""The program of a host whose clock is wrong."""

#: A mail in the ledger that the spool has lost: the daemon must set it aside.
NOT_SPOOLED = "0" * 64

_ONE_AT_A_TIME = threading.Lock()  # alembic keeps what it works on in globals


@dataclass(frozen=True, kw_only=True)
class Life:
    """One run of the daemon."""

    process: Process | Popen[bytes]
    journal: Path
    #: Where in the journal it begins.
    since: int

    def has_told(self, event: str) -> bool:
        """Whether its journal tells of an event."""
        return f'"event": "{event}"'.encode() in self.journal.read_bytes()[self.since :]


@dataclass(frozen=True, kw_only=True)
class Host:
    """What a daemon needs, and what it leaves behind."""

    folder: Path
    mailbox: Mailbox
    sink: SmtpSink
    mails: list[Streamed] = field(default_factory=stream)
    #: The ledger on PostgreSQL; "" for the file in the state folder.
    database: str = ""

    @property
    def ledger(self) -> str:
        """The ledger's URL."""
        return self.database or f"sqlite:///{self.folder / 'state' / 'ledger.db'}"

    @property
    def spool(self) -> Path:
        """The folder of the raw mails."""
        return self.folder / "state" / "spool"

    @property
    def published(self) -> Path:
        """The folder of the published files."""
        return self.folder / "state" / "published"

    @property
    def journal(self) -> Path:
        """What all its daemons wrote, one after another."""
        return self.folder / "journal.jsonl"

    @property
    def trace(self) -> Path:
        """Where a traced daemon writes the crash points that it passes."""
        return self.folder / "trace.txt"

    @contextmanager
    def living(self, env: Mapping[str, str] | None = None, *, alone: bool = False, ahead: int = 0) -> Iterator[Life]:
        """Run the daemon, ``alone`` with children of its own; whatever is left of it in the end is killed.

        Alone, its clock may be some seconds ``ahead``.
        """
        env = env or {}
        journal = self.journal_of(env.get("MAILBOT_HOST", ""))
        since = journal.stat().st_size if journal.exists() else 0
        with daemon(
            self.folder, journal, env, alone=alone, program=(sys.executable, str(AHEAD), str(ahead)) if ahead else ()
        ) as process:
            yield Life(process=process, journal=journal, since=since)

    def journal_of(self, name: str) -> Path:
        """Return where a daemon of several writes its journal."""
        return self.folder / f"journal-{name}.jsonl" if name else self.journal

    def deliver(self, some: list[Streamed], *, pause: float = 0.0) -> None:
        """Put mails into the inbox, one after another."""
        with self.mailbox.connect() as client:
            for mail in some:
                client.append("INBOX", mail.raw, (), mail.arrives_at)
                time.sleep(pause)

    @contextmanager
    def stream_flows(self) -> Iterator[None]:
        """Let half of the mails arrive before, the others while the block runs; in the end all are there."""
        half = len(self.mails) // 2
        self.deliver(self.mails[:half])
        others = threading.Thread(target=self.deliver, args=(self.mails[half:],), kwargs={"pause": 0.2})
        others.start()
        try:
            yield
        finally:
            others.join()

    def is_quiet(self) -> bool:
        """Tell whether the ledger says that nothing is left to be done."""
        with contextlib.suppress(*BROKEN), closing(self.query()) as ledger:
            filed = {sha for (sha,) in ledger.execute("SELECT sha256 FROM mails WHERE filed_to IS NOT NULL")}
            waiting = ledger.execute("SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')").fetchone()[0]
            boards = ledger.execute("SELECT count(*) FROM boards WHERE NOT letters_owed").fetchone()[0]
            aside = ledger.execute("SELECT count(*) FROM mails WHERE state = 'set-aside'").fetchone()[0]
            return bool(filed >= {mail.sha256 for mail in self.mails} and not waiting and boards and aside)
        return False

    def has_begun_all(self) -> bool:
        """Tell whether each mail of the stream was tried, or recorded, once at least."""
        with contextlib.suppress(*BROKEN), closing(self.query()) as ledger:
            begun = "SELECT count(DISTINCT sha256) FROM mails WHERE attempts > 0 OR state = 'recorded'"
            return bool(ledger.execute(begun).fetchone()[0] >= len({mail.sha256 for mail in self.mails}))
        return False

    def query(self) -> Reader:
        """Open the ledger to read in it."""
        return Reader(self.ledger)

    def settle(self, life: Life) -> int:
        """Wait until a daemon dies, or stop it once nothing is left to be done; return how it ended."""
        if self.comes_to_rest(life):
            life.process.send_signal(signal.SIGTERM)
            return life.process.wait(timeout=PATIENCE_SECONDS)
        return life.process.wait()

    def comes_to_rest(self, life: Life) -> bool:
        """Wait until nothing is left to be done, or the daemon dies; tell which."""
        until = time.monotonic() + PATIENCE_SECONDS
        while life.process.poll() is None and time.monotonic() < until:
            if life.has_told("running") and self.is_quiet():
                return True
            time.sleep(0.05)
        if life.process.poll() is None:
            message = f"it did not come to rest in {PATIENCE_SECONDS:g} s\n{self.journal.read_text()}"
            raise AssertionError(message)
        return False

    def live(self, **env: str) -> int:
        """Run the daemon until it dies or nothing is left to be done; return how it ended."""
        with self.living(env) as life:
            return self.settle(life)


@contextmanager
def host(folder: Path, dovecot: Dovecot, *, database: str = "") -> Iterator[Host]:
    """Set up a host whose ledger is a week old, so that a board is due at once, and that lost a spooled mail."""
    sink, mailbox = SmtpSink(), dovecot.mailbox()
    imap: dict[str, object] = {"port": dovecot.imaps_port, "ca_file": str(dovecot.certificates.ca), "poll_seconds": 2}
    smtp: dict[str, object] = {"port": sink.port, "security": "none"}
    Bot.make(folder, address=mailbox.user, team="none@example.org", imap=imap, smtp=smtp)
    shutil.copytree(LABELS, folder / "labels", dirs_exist_ok=True)
    (folder / "teams.csv").write_text(ROSTER, encoding="utf-8")
    with (folder / "config.toml").open("a") as config:
        config.write(_MORE)
    made = Host(folder=folder, mailbox=mailbox, sink=sink, database=database or chosen_database())
    if made.database:
        path = folder / "config.toml"
        path.write_text(f'ledger_url = "{made.database}"\n{path.read_text()}')
    _seed(made.ledger)
    sink.answer_recipient(GONE, *["550 5.1.1 no such user"] * 50)
    sink.start()
    try:
        yield made
    finally:
        sink.stop()


def _seed(url: str) -> None:
    """Begin the ledger."""
    ledger, began = Ledger(url), datetime.now(UTC) - timedelta(days=8)
    with _ONE_AT_A_TIME:
        ledger.migrate()
    with ledger.write("seed") as tx:
        events.append(tx, kind="ledger-begun", subject="SIQA", now=began)
        place = Place(mailbox="elsewhere/INBOX", uidvalidity=1, uid=1)
        mails.add(tx, place, sha256=NOT_SPOOLED, size=1, arrived_at=began, now=began)
    ledger.close()
