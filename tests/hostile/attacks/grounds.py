"""The grounds: a mailbot inside the test, and a daemon between a real Dovecot and an SMTP sink."""

from __future__ import annotations

import email
import json
import os
import shutil
import signal
import sqlite3
import tempfile
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.policy import default
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailbot.ledger import daybook
from mailbot.mail import open as opening
from mailbot.mail.open import Reach
from mailbot.operations.proof import audit
from scoring.trail import witness
from tests.command import mailbot, typed
from tests.hostile.attacks.model import ADA, CARL, CHAIR, Sent
from tests.integration.bot import LABELS, Bot, wait
from tests.integration.identity_cases import MX, ZONE, record
from tests.servers.dns import Nameserver
from tests.servers.process import LOOPBACK
from tests.unit.services import BEFORE, Clock, drop, served, take

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mailbot.service import Service
    from tests.integration.bot import Running
    from tests.servers.dovecot import Mailbox
    from tests.servers.smtp_sink import SmtpSink

ROSTER = f"team,address\nPixel Peepers,{ADA}\nMünster Vision,{CARL}\n"


@dataclass
class _Ground:
    """What both have: the ledger, read from outside."""

    folder: Path
    us: str

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """See Ground."""
        with closing(sqlite3.connect(f"file:{self.folder / 'state' / 'ledger.db'}?mode=ro", uri=True)) as ledger:
            return ledger.execute(query).fetchall()

    def sent(self) -> list[Sent]:
        """See Ground."""
        return [_read(raw) for (raw,) in self.rows("SELECT message FROM outbox ORDER BY id")]

    def receipts(self) -> list[bytes]:
        """See Ground."""
        return [raw for (raw,) in self.rows("SELECT message FROM outbox WHERE kind = 'reply' ORDER BY id")]

    def _done_since(self, last: int) -> list[int]:
        """Return the places, by arrival, of the mails behind one, in the order they were recorded in."""
        arrived = [number for (number,) in self.rows(f"SELECT id FROM mails WHERE id > {last} ORDER BY id")]  # noqa: S608  # a number
        told = self.rows("SELECT subject FROM events WHERE kind = 'mail-recorded' ORDER BY id")
        numbers = [int(subject.removeprefix("M-")) for (subject,) in told]
        return [arrived.index(number) for number in numbers if number in arrived]

    def _last(self) -> int:
        ((number,),) = self.rows("SELECT coalesce(max(id), 0) FROM mails")
        return int(number)

    def copied(self, change: Callable[[Path], object]) -> Path:
        """Copy the whole folder, the ledger as SQLite copies one that is in use, and change the state in it."""
        copy = Path(tempfile.mkdtemp(dir=self.folder.parent)) / "copy"
        left_out = shutil.ignore_patterns("ledger.db*", "mailbot.lock", "doorbell")
        shutil.copytree(self.folder, copy, symlinks=True, ignore=left_out)
        paths = (self.folder / "state/ledger.db", copy / "state/ledger.db")
        with closing(sqlite3.connect(paths[0])) as ledger, closing(sqlite3.connect(paths[1])) as other:
            ledger.backup(other)
        change(copy / "state")
        return copy


def _read(raw: bytes) -> Sent:
    mail = email.message_from_bytes(raw, policy=default)
    body = mail.get_body(("plain",))
    text = body.get_content() if body else ""
    return Sent(to=mail["To"], subject=mail["Subject"], text=text.replace("\r\n", "\n"), size=len(raw))


@dataclass
class Inside(_Ground):
    """A mailbot inside the test: real parts on a real ledger, no children."""

    service: Service
    clock: Clock

    def take(self, raw: bytes) -> str:
        """See Ground. Every mail comes a minute after the one before."""
        self.clock.forward(minutes=1)
        row = take(self.service, raw, arrived_at=self.clock())
        return str(row.outcome or row.state)

    def take_all(self, raws: Sequence[bytes]) -> list[int]:
        """See Ground."""
        last = self._last()
        for raw in raws:
            self.clock.forward(seconds=1)
            drop(self.service, raw, arrived_at=self.clock())
        while self.service.intake.step():
            pass
        return self._done_since(last)

    def publish(self) -> None:
        """See Ground."""
        self.service.weekly.publish(as_of=self.clock())
        daybook.catch_up(self.service.ledger, self.service.config.state)

    def audited(self, change: Callable[[Path], object], receipt: bytes = b"") -> list[str]:
        """See Ground."""
        copy = self.copied(change)
        config = self.service.config.model_copy(update={"state": copy / "state"})
        seen = [("the receipt", mark) for mark in witness.marks_in(receipt)]
        with audit.opened(config) as ledger:
            found = audit.verify(config, ledger, seen).faults
        shutil.rmtree(copy.parent)
        return [fault.what for fault in found]


@dataclass
class Daemon(_Ground):
    """A daemon that runs, and the mailbox that it reads."""

    mailbox: Mailbox
    running: Running

    def take_all(self, raws: Sequence[bytes]) -> list[int]:
        """See Ground. The children that open mails stand still until all have come."""
        self.take(b"From: first@evil.example\r\n\r\nso that there are children\r\n")
        last, told = self._last(), self.folder / "journal.jsonl"
        openers = _openers(self.running.process.pid)
        for pid in openers:
            os.kill(pid, signal.SIGSTOP)
        for raw in raws:
            self.mailbox.deliver(raw, sender="eve@evil.example")
        wait(lambda: len(self.rows(f"SELECT id FROM mails WHERE id > {last}")) == len(raws), told)  # noqa: S608  # a number
        for pid in openers:
            os.kill(pid, signal.SIGCONT)
        wait(lambda: len(self._done_since(last)) == len(raws), told)
        return self._done_since(last)

    def take(self, raw: bytes) -> str:
        """See Ground."""
        before = self._settled()
        self.mailbox.deliver(raw, sender="eve@evil.example")
        wait(lambda: self._settled() > before and not self._open(), self.folder / "journal.jsonl")
        ((outcome,),) = self.rows("SELECT coalesce(outcome, state) FROM mails ORDER BY id DESC LIMIT 1")
        return str(outcome)

    def publish(self) -> None:
        """See Ground."""
        mailbot("publish", folder=self.folder)

    def audited(self, change: Callable[[Path], object], receipt: bytes = b"") -> list[str]:
        """See Ground."""
        copy = self.copied(change)
        (copy / "receipt.eml").write_bytes(receipt)
        given = ("--receipt", "receipt.eml") if receipt else ()
        done = typed("audit", "verify", "--json", *given, folder=copy)
        shutil.rmtree(copy.parent)
        return [fault["what"] for fault in done.json[0]["faults"]] if done.out else [done.err]

    def _settled(self) -> int:
        ((count,),) = self.rows("SELECT count(*) FROM mails WHERE state IN ('recorded', 'set-aside')")
        return int(count)

    def _open(self) -> int:
        ((count,),) = self.rows("SELECT count(*) FROM mails WHERE state IN ('spooled', 'working')")
        return int(count)


def _openers(daemon: int) -> list[int]:
    """Return the process that children which open mails are forked from, and those children."""
    nurseries = [pid for pid in _children(daemon) if b"mail.tasks" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    return nurseries + [child for pid in nurseries for child in _children(pid)]


def _children(pid: int) -> list[int]:
    """Return the children of a process, whichever of its threads began them."""
    told = (path.read_text(encoding="ascii") for path in Path(f"/proc/{pid}/task").glob("*/children"))
    return [int(number) for line in told for number in line.split()]


def _config(config: Mapping[str, Any], nameserver: str) -> dict[str, Any]:
    """Return the sections of an attack, over what every ground has."""
    identity = {"authserv_ids": [MX], "nameservers": [nameserver], "dns_seconds": 1}
    found = dict(config)
    return found | {"identity": identity | found.get("identity", {})}


@contextmanager
def _zone() -> Iterator[Nameserver]:
    with Nameserver() as dns:
        dns.records |= {name: [record(owner)] for name, owner in ZONE.items()}
        yield dns


@contextmanager
def inside(folder: Path, config: Mapping[str, Any]) -> Iterator[Inside]:
    """Open a mailbot inside the test."""
    clock = Clock(datetime.now(UTC))
    with _zone() as dns, served(folder, clock, None, **_config(config, dns.address)) as service:
        opening.hold(Reach(authserv_ids=frozenset(service.config.identity.authserv_ids)))
        try:
            yield Inside(folder=folder, us="submissions@siqa.example", service=service, clock=clock)
        finally:
            opening.hold(Reach())


@contextmanager
def daemon(folder: Path, config: Mapping[str, Any], *, mailbox: Mailbox, sink: SmtpSink) -> Iterator[Daemon]:
    """Run a daemon."""
    folder.mkdir()
    shutil.copytree(LABELS, folder / "labels")
    (folder / "password").write_text(f"{mailbox.server.password}\n")
    (folder / "teams.csv").write_text(ROSTER, encoding="utf-8")
    ours: dict[str, dict[str, Any]] = {
        "challenge": {"address": mailbox.user, "organizers": [CHAIR]},
        "imap": {
            "host": LOOPBACK,
            "port": mailbox.server.imaps_port,
            "since": BEFORE,
            "user": mailbox.user,
            "password_file": "password",
            "ca_file": str(mailbox.server.certificates.ca),
        },
        "smtp": {"host": LOOPBACK, "port": sink.port, "security": "none"},
        "roster": {"file": "teams.csv"},
        "tracks.siqa-s": {"labels": "labels/answer-s.json"},
    }
    with _zone() as dns:
        given = _config(config, dns.address)
        sections = ours | {name: ours[name] | given[name] if name in ours else given[name] for name in given}
        (folder / "config.toml").write_text('preset = "siqa"\nworkers = 1\n' + "".join(map(_toml, sections.items())))
        with Bot(folder=folder, address=mailbox.user).running() as running:
            yield Daemon(folder=folder, us=mailbox.user, mailbox=mailbox, running=running)


def _toml(section: tuple[str, dict[str, Any] | list[dict[str, Any]]]) -> str:
    """Write a section, or an array of them, as TOML; JSON's texts, numbers and lists are TOML's too."""
    name, given = section
    if isinstance(given, list):
        return "".join(_toml((f"[{name}]", each)) for each in given)
    plain = {key: each.isoformat() if isinstance(each, datetime) else json.dumps(each) for key, each in given.items()}
    lines = [f"{key} = {text}" for key, text in plain.items()]
    return "\n".join((f"\n[{name}]", *lines, ""))
