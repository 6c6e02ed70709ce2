"""Sessions with a server that gets one field of one answer wrong; `python -m tests.faults.mutated 10000` makes so many.

The loop on the mailbox lives through each, and after an honest session every mail was served, once.
"""

from __future__ import annotations

import hashlib
import random
import sys
import tempfile
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from mailbot.daemon.mailbox_loop import MailboxLoop
from mailbot.ledger import mails, outbox
from mailbot.system.bell import Alarm, Bell
from mailbot.system.heartbeat import Heartbeat
from tests.faults.mutations import HANG_UP, WAYS, Mutation, fields, mutated
from tests.faults.scripted_imap import CAPABILITIES, ScriptedImap, Session
from tests.unit.services import ADA, BEFORE, Clock, served, submission

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailbot.service import Service

ABILITIES = f"{CAPABILITIES} ID NAMESPACE SPECIAL-USE"
ROUND = 25
"""After so many wrong sessions comes an honest one."""

SILENCE = 0.05
"""So many seconds a client that heard a wrong answer may be silent; then the server hangs up."""

TEAMS_SHARE = 40
"""One of so many mails is a team's, and is answered; the others are strangers'."""


class Mutating(Session):
    """A session that changes the answer that its server wants changed."""

    server: Wrong

    def send(self, text: str | bytes) -> None:
        """Keep what is to be said until the answer is whole."""
        self._said += text.encode() if isinstance(text, str) else text

    def line(self, *, seconds: float | None = None) -> str | None:
        """Say what was kept, then read; a client that waits for more of a wrong answer waits in vain."""
        self.flush()
        if seconds is not None or not self.server.is_wrong:
            return super().line(seconds=seconds)
        line = super().line(seconds=SILENCE)
        if line is None:
            self.hang_up()
        return line or ""

    _said = b""

    def flush(self) -> None:
        """Say it, changed or not; a client that has gone hears nothing."""
        said, self._said = self._said, b""
        if not said:
            return
        said, end, _ = self.server.changed(said).partition(HANG_UP)
        super().send(said)
        if end:
            self.hang_up()

    def on_idle(self, _tag: str, _arguments: str) -> None:
        """Idle, and end the session."""
        self.send("+ idling\r\n")
        self.flush()
        self.hang_up()

    def on_list(self, tag: str, arguments: str) -> None:
        """Tell whether a folder is there; a star stands for all."""
        if not arguments.endswith('"*"'):
            super().on_list(tag, arguments)
            return
        named = "".join(f'* LIST () "/" {name}\r\n' for name in self.server.folders)
        self.send(f"{named}{tag} OK done\r\n")

    def on_namespace(self, tag: str, _arguments: str) -> None:
        """Tell the personal namespace."""
        self.send(f'* NAMESPACE (("" "/")) NIL NIL\r\n{tag} OK done\r\n')

    def on_id(self, tag: str, _arguments: str) -> None:
        """Say who we are."""
        self.send(f'* ID ("name" "Wrong")\r\n{tag} OK done\r\n')


class Wrong(ScriptedImap):
    """A server that gets one answer of the next session wrong."""

    session = Mutating

    def __init__(self) -> None:
        """Hold no mails."""
        super().__init__(capabilities=ABILITIES)
        self.mutation: Mutation | None = None
        #: What was said in this session, before any change.
        self.said: list[bytes] = []
        #: Whether something wrong was said in this session.
        self.is_wrong = False

    def changed(self, answer: bytes) -> bytes:
        """Return an answer as it is to be said."""
        self.said.append(answer)
        if self.mutation is None or self.mutation.answer != len(self.said) - 1:
            return answer
        self.is_wrong = True
        return mutated(answer, self.mutation)


class OneWait(Bell):
    """A bell that lets a loop wait once, and no time."""

    def __init__(self, stopping: threading.Event) -> None:
        """Take what ends the loop."""
        super().__init__()
        self._stopping = stopping

    def wait(self, _seconds: float) -> bool:
        """Let the loop end."""
        self._stopping.set()
        return super().wait(0)


class Sessions:
    """A mailbot, a server, and the mails that came so far."""

    def __init__(self, service: Service, server: Wrong, clock: Clock, seed: int) -> None:
        """Begin with no mail."""
        self.service, self.server, self.clock = service, server, clock
        self.random = random.Random(seed)  # noqa: S311  # what goes wrong must be the same again for the same seed
        self.stopping = threading.Event()
        self.bell, self.intake_bell = OneWait(self.stopping), Bell()
        self.alarm = Alarm(self.bell)
        self.loop = MailboxLoop(
            service=service,
            stopping=self.stopping,
            bell=self.bell,
            intake_bell=self.intake_bell,
            reconciliation=self.alarm,
        )
        #: Every mail that came, by its SHA-256: whether it is a team's.
        self.mails: dict[str, bool] = {}

    def close(self) -> None:
        """Close the bells."""
        self.bell.close()
        self.intake_bell.close()

    def arrive(self) -> None:
        """Let a mail come."""
        number = len(self.mails)
        is_teams = number % TEAMS_SHARE == 0
        stranger = b"From: eve%d@elsewhere.example\r\nSubject: %d\r\n\r\nHello.\r\n" % (number, number)
        raw = submission(sender=ADA, method=f"M{number}") if is_teams else stranger
        self.mails[hashlib.sha256(raw).hexdigest()] = is_teams
        self.server.arrive(raw)

    def hold(self, mutation: Mutation | None) -> None:
        """Hold one connection, in which one answer may be wrong, then handle what came."""
        self.clock.forward(minutes=10)
        self.server.mutation, self.server.said, self.server.is_wrong = mutation, [], False
        self.stopping.clear()
        if self.random.random() < 0.1:  # now and then the hourly comparison comes in between
            self.alarm.ring()
        self.loop.hold()
        while self.service.intake.step():
            pass

    def plan(self, sessions: int) -> Iterator[Mutation]:
        """Yield that many mutations: of every field of every answer in every way, in any order, again and again."""
        self.arrive()
        self.hold(None)
        heard = list(self.server.said)
        every = [
            Mutation(answer=answer, field=field, way=way)
            for answer, said in enumerate(heard)
            for field in range(len(fields(said)))
            for way in range(WAYS)
        ]
        while sessions > 0:
            self.random.shuffle(every)
            yield from every[:sessions]
            sessions -= len(every)

    def check(self) -> None:
        """Hold the ledger to the mails that came: each was served once, and nothing else was."""
        served_mails: Counter[str] = Counter()
        with self.service.ledger.read() as tx:
            rows = mails.listing(tx)
            answered = Counter(row.mail_id for row in outbox.listing(tx) if row.mail_id is not None)
        for row in rows:
            assert row.sha256 in self.mails, f"{row.name} is none of the mails that came"
            if row.outcome != "known":
                served_mails[row.sha256] += 1
                assert answered[row.id] == self.mails[row.sha256], f"{row.name} was answered {answered[row.id]} times"
        assert served_mails == Counter(dict.fromkeys(self.mails, 1))


@contextmanager
def opened(folder: Path, seed: int) -> Iterator[Sessions]:
    """Give a mailbot beside a server that gets things wrong."""
    (folder / "password").write_text("secret\n")
    with Wrong() as server:
        imap = {
            "host": "127.0.0.1", "port": server.port, "security": "none", "user": "bot", "password_file": "password",
            "timeout_seconds": 10, "poll_seconds": 0.01, "extra_folders": ["Junk"], "since": BEFORE, "marker": "",
        }  # fmt: skip
        heartbeat, clock = Heartbeat(60), Clock()
        with served(folder, clock, imap=imap) as service, heartbeat.loop("mailbox"):
            sessions = Sessions(service, server, clock, seed)
            try:
                yield sessions
            finally:
                sessions.close()


def run(folder: Path, *, sessions: int, seed: int) -> None:
    """Make so many wrong sessions, with honest ones in between; what fails says in which."""
    with opened(folder, seed) as made:
        for number, mutation in enumerate(made.plan(sessions), start=1):
            made.arrive()
            try:
                with structlog.testing.capture_logs() as journal:
                    made.hold(mutation)
                broken = [line["trace"] for line in journal if line["event"] == "server-broken"]
                assert not broken, broken[0]
                if number % ROUND == 0 or number == sessions:
                    made.service.fetch.unserved.forget(made.service.fetch.mailbox_name("INBOX"), but=())
                    made.hold(None)
                    made.check()
            except BaseException as error:
                error.add_note(f"session {number} of seed {seed}: {mutation}")
                raise


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    begin = int(sys.argv[2]) if len(sys.argv) > 2 else 1  # the second argument
    with tempfile.TemporaryDirectory() as name, suppress(KeyboardInterrupt):
        run(Path(name), sessions=wanted, seed=begin)
        sys.stdout.write(f"{wanted} sessions of seed {begin}: the loop lives, each mail was served once\n")
