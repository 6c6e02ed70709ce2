"""The plug is pulled at named points while mails flow: nothing is lost, nothing is done twice.

``make test-crash`` does the same at every point, and at later passings of each.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.command import mailbot
from tests.faults import points
from tests.faults.rounds import COPIES_WITHOUT_MOVE, WITHOUT_MOVE, die_at, trace
from tests.servers.dovecot import Dovecot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.faults.conftest import MakeBot

#: One of each sort, and those where two parties must agree on what was done.
CHOSEN = (
    ("commit.enter-config.made", 1),
    ("file.rename.after", 3),
    ("commit.spooled.after", 1),
    ("commit.record.made", 4),
    ("imap.move.after", 1),
    ("smtp.data.after", 4),
    ("commit.reply-failed.made", 1),
    ("commit.board.before", 1),
    ("commit.letters.made", 1),
)

#: The other sides of the same, for ``make test-long``.
MORE = (
    ("file.sync.before", 2),
    ("commit.spooled.before", 1),
    ("commit.claim-mails.after", 2),
    ("commit.record.after", 5),
    ("smtp.data.before", 2),
    ("imap.idle.before", 1),
)

#: Passed by what this stream does not do: each is one transaction around what a command or a failed step does.
ELSEWHERE = {
    "commit.announce": "`mailbot announce`",
    "commit.answered-by-hand": "the desk; see tests/contest/test_desk_acts.py",
    "commit.authserv-checked": "`mailbot doctor --check-auth`",
    "commit.board-withdrawn": "`mailbot board withdraw`",
    "commit.deadline": "`mailbot teams extend`",
    "commit.disqualify": "`mailbot teams disqualify --tell`",
    "commit.enter-truths": "a secret split; see tests/unit/evaluation/test_feedback.py",
    "commit.forget": "`mailbot forget`",
    "commit.give-back-mails": "a daemon that is told to stop while mails wait for their turn",
    "commit.grant": "`mailbot teams grant`",
    "commit.ingest": "`mailbot ingest`",
    "commit.labels-shown": "the desk; see tests/contest/test_desk_acts.py",
    "commit.mail-approved": "`mailbot mails approve`",
    "commit.mail-assigned": "`mailbot mails assign`",
    "commit.mail-waits": "an own scorer that fails; see tests/hostile/test_own_scorer.py",
    "commit.mailbox-inherited": "a backup that was restored; see tests/flow/test_one_mailbox.py",
    "commit.migrate": "the first start; see below",
    "commit.organizer-shown-out": "the desk; see tests/contest/test_desk_walls.py",
    "commit.organizer-invited": "the desk; see tests/contest/test_desk_acts.py",
    "commit.migrate-ledger": "`mailbot migrate-ledger`; see tests/integration/ledger/test_move.py",
    "commit.outbox": "`mailbot outbox`",
    "commit.proposal": "the desk; see tests/contest/test_desk_acts.py",
    "commit.rebuild": "`mailbot rebuild`",
    "commit.carry-over": "a phase with labels of its own that takes submissions over; see tests/flow/test_phases.py",
    "commit.receipts": "a phase that closed; see tests/contest/test_letters.py",
    "commit.release-mails": "after a step that failed; see test_locked_ledger",
    "commit.release-replies": "after a step that failed; see test_locked_ledger",
    "commit.reminders": "a phase that will close; see tests/contest/test_letters.py",
    "commit.rescore": "`mailbot rescore`",
    "commit.resend": "`mailbot outbox resend`",
    "commit.retention": "`retention.spool_days`, long after the end; see tests/unit/daemon/test_retention.py",
    "commit.roster": "`mailbot teams`",
    "commit.roster-change": "`mailbot teams rename` and its like",
    "commit.ruling": "`mailbot submissions disqualify` and its like",
    "commit.scorer-mails": "an own scorer that was fixed; see tests/contest",
    "commit.seal": "`mailbot audit seal`",
    "commit.sending-paused": "a mail server whose quota is used up; see test_smtp_faults",
    "commit.sheet-behind": "a Google Sheet; see tests/unit/board/sheet/test_show.py",
    "commit.sheet-shown": "a Google Sheet; see tests/unit/board/sheet/test_show.py",
    "commit.stuck": "`mailbot stuck`",
    "commit.team-key": "`mailbot teams key`",
    "commit.team-letters": "`mailbot teams`",
    "commit.submission-accepted": "`mailbot submissions accept`",
    "commit.tell": "`mailbot rescore --tell`",
    "commit.yield": "`mailbot lead --yield`; see test_takeover",
    "commit.welcome": "`mailbot teams import --welcome`",
    "commit.winners": "`mailbot publish --final`",
    "imap.append": "`mailbot doctor --online`",
    "imap.create": "`mailbot doctor --online`",
    "imap.discard": "`mailbot doctor --online`",
    "imap.list": "`mailbot doctor --online`, and an inbox that is not there; see test_odd_answers",
    "imap.list-uids": "a server that does not list what it counts; see test_odd_answers",
    "imap.quota": "`mailbot doctor --online`",
    "imap.rights": "`mailbot doctor --online`",
    "migrate-ledger": "`mailbot migrate-ledger`; see tests/integration/ledger/test_move.py",
    "sheet.request": "a Google Sheet; see tests/integration/test_sheet.py",
}


@pytest.fixture(scope="module")
def moveless_dovecot() -> Iterator[Dovecot]:
    """Give a Dovecot without MOVE but with UIDPLUS."""
    server = Dovecot(capability=WITHOUT_MOVE)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.mark.parametrize(
    ("point", "occurrence"), [*CHOSEN, *(pytest.param(*each, marks=pytest.mark.long) for each in MORE)]
)
def test_nothing_is_lost_or_doubled(point: str, occurrence: int, tmp_path: Path, dovecot: Dovecot) -> None:
    """A daemon killed at the point, and started again, leaves every mail with exactly its fate."""
    death = die_at(tmp_path / "bot", dovecot, point, occurrence)
    assert death.reached
    assert death.verdict.lost == death.verdict.doubled == ()


@pytest.mark.parametrize(
    "point",
    [
        "imap.copy.after",
        *(pytest.param(each, marks=pytest.mark.long) for each in ("imap.store.after", "imap.expunge.before")),
    ],
)
def test_nothing_is_lost_without_move(point: str, tmp_path: Path, moveless_dovecot: Dovecot) -> None:
    """Where mails are moved in three commands, a death in between costs at most a second copy in Processed."""
    death = die_at(tmp_path / "bot", moveless_dovecot, point, copies=COPIES_WITHOUT_MOVE)
    assert death.reached
    assert death.verdict.lost == death.verdict.doubled == ()


def test_no_point_is_forgotten(tmp_path: Path, dovecot: Dovecot, moveless_dovecot: Dovecot) -> None:
    """Every point that the source names is passed by the stream, or listed above with who passes it."""
    seen, verdict = trace(tmp_path / "one", dovecot)
    seen_without_move, another = trace(tmp_path / "two", moveless_dovecot)
    assert [*verdict.lost, *verdict.doubled, *another.lost, *another.doubled] == []
    forgotten = points.in_source() - set(seen) - set(seen_without_move)
    assert {name.rpartition(".")[0] for name in forgotten} == set(ELSEWHERE)


@pytest.mark.parametrize("moment", ["before", "made", "after"])
def test_a_ledger_begun_by_a_process_that_died(moment: str, make_bot: MakeBot) -> None:
    """A death while the tables are made leaves a ledger that the next start completes."""
    bot = make_bot(port=1)
    killed = -signal.SIGKILL
    dying = {"MAILBOT_CRASH_AT": f"commit.migrate.{moment}"}
    mailbot("teams", "add", "Alpha", "a@x.org", folder=bot.folder, code=killed, environment=dying)
    assert bot.rows("mails") == []
