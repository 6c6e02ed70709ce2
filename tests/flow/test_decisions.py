"""What waits for an organizer's word stands wherever the organizers look, and before final results are published."""

from __future__ import annotations

from email.message import EmailMessage
from typing import TYPE_CHECKING

from mailbot.ledger import mails, outbox
from mailbot.letters import digest
from mailbot.model import Outcome
from tests.command import mailbot
from tests.contest.contest import START, Clock, contest, mail, take

if TYPE_CHECKING:
    from pathlib import Path

AMBER = "amber@example.org"


def _dispute() -> bytes:
    message = EmailMessage()
    message["From"] = AMBER
    message["To"] = "submissions@example.test"
    message["Subject"] = "dispute S-1: item 3 is wrong"
    message.set_content("")
    return message.as_bytes()


def test_held_mails_and_open_disputes_are_seen_everywhere(tmp_path: Path) -> None:
    """status, doctor and digest count them, and `publish --final` asks; once they are settled none does."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        take(wired, mail(AMBER), START)
        take(wired, _dispute(), START)  # nothing proves who sent it: it is held
        with wired.ledger.read() as tx:
            assert [row.outcome for row in mails.listing(tx)] == [Outcome.SCORED, Outcome.HELD]
            week = digest.gather(tx, since=START, until=START)
            assert (week.held, week.disputes) == (1, 0)
    found = {row["part"]: row for row in mailbot("doctor", "--json", folder=tmp_path, code=1).json}
    assert (found["held"]["level"], found["disputes"]["level"]) == ("yellow", "green")
    refused = mailbot("publish", "--final", folder=tmp_path, code=2).err
    assert "1 mail(s) are held" in refused
    mailbot("mails", "approve", "--yes", "M-2", "--why", "they told us by telephone", folder=tmp_path)
    with contest(tmp_path, clock) as wired:
        while wired.intake.step():
            pass
        with wired.ledger.read() as tx:
            assert digest.gather(tx, since=START, until=START).disputes == 1
    status = mailbot("status", "--json", folder=tmp_path).json
    assert (status["held"], status["open_disputes"]) == (0, 1)
    assert "1 open, the oldest since" in mailbot("status", folder=tmp_path).out
    found = {row["part"]: row for row in mailbot("doctor", "--json", folder=tmp_path, code=1).json}
    assert (found["held"]["level"], found["disputes"]["level"]) == ("green", "yellow")
    assert "1 dispute(s) are open" in mailbot("publish", "--final", folder=tmp_path, code=2).err
    shown = mailbot("rule", "--yes", "S-1", "--reject", "--why", "the label is right", folder=tmp_path).out
    assert f"To: {AMBER}" in shown
    assert "the label is right" in shown
    with contest(tmp_path, clock) as wired, wired.ledger.read() as tx:
        assert [row.kind for row in outbox.listing(tx)].count("dispute-ruled") == 1
    assert mailbot("status", "--json", folder=tmp_path).json["open_disputes"] == 0
    mailbot("publish", "--final", "--yes", folder=tmp_path)
