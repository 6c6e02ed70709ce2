"""Children that die: a mail costs at most three of them, and those of a dead daemon do not live on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mailbot import flow
from mailbot.config import load
from mailbot.ledger import mails, submissions
from mailbot.ledger.mailbox.places import Place
from mailbot.mail import tasks
from mailbot.model import MailState
from tests.faults import children
from tests.faults.conftest import mail
from tests.faults.host import host
from tests.faults.rounds import lose_children
from tests.hostile import killers
from tests.integration.bot import wait

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.ledger.mails import MailRow
    from mailbot.service import Service
    from mailbot.system.sandbox import Sandbox
    from tests.faults.conftest import MakeBot
    from tests.servers.dovecot import Dovecot

NOW = datetime(2026, 3, 12, 8, tzinfo=UTC)
DEADLY = b"X-Deadly: yes\r\n"


@dataclass
class Deadly:
    """The children, of which one dies of each deadly mail, as of a fault in a library."""

    sandbox: Sandbox

    @property
    def workers(self) -> int:
        """As many as there are."""
        return self.sandbox.workers

    def submit(self, task: Any, *args: Any) -> Any:  # noqa: ANN401  # as Sandbox has it
        """Begin a task."""
        if task is tasks.open_mail and args[0].startswith(DEADLY):
            return self.sandbox.submit(killers.crashed)
        return self.sandbox.submit(task, *args)


def _enter(wired: Service, uid: int, raw: bytes) -> Place:
    """Put a mail into the spool and the ledger."""
    place = Place(mailbox="inbox", uidvalidity=1, uid=uid)
    with wired.ledger.write("test") as tx:
        sha256 = wired.spool.put(raw, NOW)
        mails.add(tx, place, sha256=sha256, size=len(raw), arrived_at=NOW, now=NOW)
    return place


def _row(wired: Service, place: Place) -> MailRow:
    with wired.ledger.read() as tx:
        return mails.at(tx, place)


def test_a_mail_that_kills_three_children_is_set_aside(make_bot: MakeBot) -> None:
    """Each death costs one attempt of that mail alone; the mail behind it is served, and its bytes are kept."""
    clock = [NOW]
    config = load.load(make_bot(port=1).folder / "config.toml")
    with flow.working(config, clock=lambda: clock[0]) as wired:
        wired.sandbox.set_up(killers.KIND, ())
        object.__setattr__(wired.intake, "sandbox", Deadly(wired.sandbox))
        raw = DEADLY + mail("One")
        deadly, good = _enter(wired, 1, raw), _enter(wired, 2, mail("Two"))
        for attempt in (1, 2, 3):
            assert wired.intake.step()
            assert not wired.intake.step()
            assert _row(wired, deadly).attempts == attempt
            assert _row(wired, good).state is MailState.RECORDED
            clock[0] += timedelta(hours=1)
        row = _row(wired, deadly)
        assert row.state is MailState.SET_ASIDE
        assert "SIGSEGV" in (row.reason or "")
        assert wired.spool.get(row.sha256) == raw
        assert not wired.intake.step()
        with wired.ledger.read() as tx:
            assert len(submissions.listing(tx)) == 1


def test_children_that_are_killed_from_outside(tmp_path: Path, dovecot: Dovecot) -> None:
    """Every child is killed for some seconds, as when memory runs out: mails wait, and each meets its fate once."""
    death = lose_children(tmp_path / "bot", dovecot)
    assert death.reached
    assert death.verdict.lost == death.verdict.doubled == ()


def test_children_end_with_their_daemon(tmp_path: Path, dovecot: Dovecot) -> None:
    """When the daemon is killed, its children and their server end by themselves."""
    with host(tmp_path / "bot", dovecot) as mortal:
        mortal.deliver(mortal.mails)
        with mortal.living(alone=True) as life:
            wait(lambda: children.workers(life.process.pid), mortal.journal)
            life.process.kill()
            life.process.wait()
            wait(lambda: not children.family(life.process.pid), mortal.journal)
