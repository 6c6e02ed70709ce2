"""Mails through the whole pipeline, from Dovecot to the recorded reply, beside a bare fetch and parse of the same."""

from __future__ import annotations

import base64
import email
import json
import random
import smtplib
import tempfile
import time
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from mailbot import flow
from mailbot.config import load
from mailbot.ledger import mails
from mailbot.model import MailState, Outcome
from mailbot.system import journal
from tests.servers.dovecot import Dovecot, Mailbox
from tests.servers.process import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAILS = 1_000
COUNTED = 500  # mails of the second run, which counts statements: to count costs the daemon one part in fifty
ITEMS = 1_050
TEAMS = 40
BATCH = 50


def measure() -> dict[str, dict[str, object]]:
    """Return mails per second of both, and the ratio of the pipeline's rate to the bare one."""
    server = Dovecot()
    server.start()
    try:
        with tempfile.TemporaryDirectory() as timed, tempfile.TemporaryDirectory() as other:
            mailbox, second = server.mailbox(), server.mailbox()
            _deliver(mailbox, MAILS)
            _deliver(second, COUNTED)
            cpu = time.process_time()
            bare = _bare(mailbox)
            bare_cpu = time.process_time() - cpu
            whole, counts = _pipeline(mailbox, Path(timed), MAILS), Counts()
            _pipeline(second, Path(other), COUNTED, counts.counted())
    finally:
        server.remove()
    return {
        "pipeline": {
            "value": round(bare / whole.seconds, 3),
            "unit": "mails/s of the pipeline over mails/s of a bare fetch and parse",
            "mails": MAILS,
            "pipeline_per_second": round(MAILS / whole.seconds),
            "bare_per_second": round(MAILS / bare),
        },
        "daemon-cpu": {
            "value": round(1e3 * whole.cpu / MAILS, 2),
            "unit": "ms of the daemon's CPU time for a mail, children aside",
            "bare_fetch_ms": round(1e3 * bare_cpu / MAILS, 2),
            "statements": round(counts.statements / COUNTED, 2),
            "begun_transactions": round(counts.begun / COUNTED, 2),
            "mails_a_commit": round(COUNTED / counts.commits, 1),
        },
    }


@dataclass(frozen=True, kw_only=True)
class Whole:
    """What the whole pipeline took."""

    seconds: float
    cpu: float


@dataclass
class Counts:
    """What was asked of the ledger; statements that begin a part of a transaction, or one that writes, apart."""

    statements: int = 0
    begun: int = 0
    commits: int = 0

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count meanwhile."""

        def executed(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            if statement.startswith(("BEGIN", "SAVEPOINT")):
                self.begun += 1
            else:
                self.statements += 1

        def committed(_connection: object) -> None:
            self.commits += 1

        sa.event.listen(sa.Engine, "before_cursor_execute", executed)
        sa.event.listen(sa.Engine, "commit", committed)
        try:
            yield
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", executed)
            sa.event.remove(sa.Engine, "commit", committed)


def _deliver(mailbox: Mailbox, count: int) -> None:
    chance = random.Random(7)  # noqa: S311  # made-up predictions
    with smtplib.LMTP(LOOPBACK, mailbox.server.lmtp_port) as client:
        for number in range(count):
            client.sendmail("x@example.org", [mailbox.user], mail(number, chance))


def mail(number: int, chance: random.Random, items: int = ITEMS) -> bytes:
    """Write a mail of about 90 KB with a good file of one of the teams."""
    rows = [
        {"id": i, "perception": chance.uniform(1, 5), "knowledge": chance.uniform(1, 5)} for i in range(1, items + 1)
    ]
    data = json.dumps({"team": f"team {number % TEAMS}", "method": f"m{number}", "track": "S", "predictions": rows})
    body = base64.encodebytes(data.encode()).replace(b"\n", b"\r\n")
    return (
        b"From: team%d@example.org\r\nTo: submissions@example.org\r\nSubject: [SIQA Submission] t - m\r\n"
        b"Message-ID: <%d@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: application/json; name=p.json\r\n"
        b"Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=p.json\r\n\r\n"
        % (number % TEAMS, number)
    ) + body


def _bare(mailbox: Mailbox) -> float:
    """Fetch in batches and parse with the standard library's fast policy; nothing is kept."""
    begun = time.perf_counter()
    with mailbox.connect() as client:
        client.select_folder("INBOX", readonly=True)
        uids = client.search()
        for start in range(0, len(uids), BATCH):
            for data in client.fetch(uids[start : start + BATCH], ["BODY.PEEK[]"]).values():
                email.message_from_bytes(data[b"BODY[]"]).get_payload(decode=True)
    return time.perf_counter() - begun


def _pipeline(
    mailbox: Mailbox, folder: Path, count: int, counting: AbstractContextManager[None] | None = None
) -> Whole:
    """Fetch, spool, open, identify, evaluate, record and file away."""
    journal.set_up(as_json=False, quiet=True)
    config = load.build(_config(mailbox, folder), base=folder)
    with flow.working(config) as wired:
        fetch, begun, cpu = wired.fetch, time.perf_counter(), time.process_time()
        with counting or nullcontext():
            server = wired.mailbox()
            fetch.take_new(server)
            while wired.intake.step():
                pass
            fetch.file_away(server)
        whole = Whole(seconds=time.perf_counter() - begun, cpu=time.process_time() - cpu)
        server.close()
        with wired.ledger.read() as tx:
            done = mails.listing(tx, [MailState.RECORDED])
    if len(done) != count or any(row.outcome is not Outcome.SCORED or not row.filed_to for row in done):
        message = f"{len(done)} of {count} mails were recorded; their outcomes: { ({row.outcome for row in done}) }"
        raise RuntimeError(message)
    return whole


def _config(mailbox: Mailbox, folder: Path) -> dict[str, object]:
    (folder / "password").write_text(mailbox.server.password, encoding="utf-8")
    imap = {
        "host": LOOPBACK,
        "port": mailbox.server.imaps_port,
        "since": datetime(2020, 1, 1, tzinfo=UTC),
        "user": mailbox.user,
        "password_file": "password",
        "ca_file": str(mailbox.server.certificates.ca),
    }
    return base_config(folder, mailbox.user) | {"imap": imap}


def base_config(folder: Path, address: str, items: int = ITEMS) -> dict[str, object]:
    """Write labels and a roster into a folder and return a config that never runs into a quota or a limit."""
    chance = random.Random(8)  # noqa: S311  # made-up labels
    rows = [
        {"id": i, "perception": chance.uniform(1, 5), "knowledge": chance.uniform(1, 5)} for i in range(1, items + 1)
    ]
    (folder / "labels.json").write_text(json.dumps({"predictions": rows}), encoding="utf-8")
    roster = "team,address\n" + "".join(f"team {n},team{n}@example.org\n" for n in range(TEAMS))
    (folder / "teams.csv").write_text(roster, encoding="utf-8")
    limits = ("per_address_hour", "per_address_day", "per_domain_hour", "per_hour")
    return {
        "preset": "siqa",
        "challenge": {"address": address},
        "roster": {"file": "teams.csv"},
        "quota": {"per_week": MAILS},
        "replies": dict.fromkeys(limits, 2 * MAILS),
        "tracks": {"siqa-s": {"labels": "labels.json"}},
    }


def write_config(folder: Path, config: Mapping[str, object]) -> None:
    """Write a config as TOML into a folder, for a command."""
    lines = [f"{key} = {json.dumps(value)}" for key, value in config.items() if not isinstance(value, dict)]
    for name, section in config.items():
        if isinstance(section, dict):
            lines += [f"{name}.{key} = {_toml(value)}" for key, value in section.items()]
    (folder / "config.toml").write_text("\n".join(lines), encoding="utf-8")


def _toml(value: object) -> str:
    """Write a value of a section; a section in it as an inline table."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(inner)}" for key, inner in value.items()) + "}"
    return json.dumps(value)
