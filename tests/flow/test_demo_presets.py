"""The demo's other challenges, played through intake, boards and letters without its servers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from mailbot import flow
from mailbot.config import load
from mailbot.demo import challenges, folder
from mailbot.demo.cast import TEAMS
from mailbot.demo.week import BEGINS
from mailbot.ledger import mails, outbox, submissions
from mailbot.model import Outcome, Status
from tests.unit.services import Clock, in_process, take

if TYPE_CHECKING:
    from pathlib import Path

FOREIGN = re.compile(r"siqa|perception|image quality|knowledge", re.IGNORECASE)
OUTCOMES = {
    Outcome.SCORED: 20,
    Outcome.REGISTERED: 1,
    Outcome.CONFIRMED: 1,
    Outcome.REFUSED: 4,
    Outcome.UNKNOWN_SENDER: 1,
    Outcome.COMMAND: 1,
    Outcome.NO_SUBMISSION: 1,
    Outcome.AUTOMATIC: 2,
}


@pytest.mark.parametrize(
    "preset", ["own", *(pytest.param(name, marks=pytest.mark.long) for name in challenges.TITLES if name != "own")]
)
def test_every_mail_of_a_challenge_is_dealt_with_as_it_deserves(tmp_path: Path, preset: str) -> None:
    """Each mail has its outcome, each board those who are registered by then, and nothing says a word of SIQA."""
    played, clock = challenges.of(preset, 2026), Clock(BEGINS)
    replies: dict[str, bytes] = {}
    folder.prepare(tmp_path)
    path = folder.furnish(tmp_path, played.keys, files=played.files, imap_port=1, smtp_port=2)
    with flow.opened(load.load(path), clock=clock) as made:
        service = in_process(made)
        for delivery in played.mails:
            clock.now = delivery.arrived_at
            raw = delivery.answering(replies[delivery.answers]) if delivery.answers else delivery.raw
            take(service, raw, arrived_at=delivery.arrived_at)
            with service.ledger.read() as tx:
                asked = [row.message for row in outbox.listing(tx) if delivery.message_id.encode() in row.message]
            if asked:
                replies[delivery.name] = asked[-1]
            if delivery.is_last:
                clock.now = max(delivery.board, clock.now)
                assert service.weekly.step()
                while service.letter_queue.step():
                    pass
        boards = sorted(service.publisher.published(), key=lambda board: board.as_of)
        with service.ledger.read() as tx:
            outcomes = [row.outcome for row in mails.listing(tx)]
            over = [one for one in submissions.listing(tx) if one.status is Status.OVER_QUOTA]
    assert {outcome: outcomes.count(outcome) for outcome in set(outcomes)} == OUTCOMES
    assert len(over) == 1
    assert [len(board.tables) for board in boards] == [1, 1, 1]
    assert [len(board.tables[0].rows) for board in boards] == [len(TEAMS), len(TEAMS) + 1, len(TEAMS) + 1]
    leaders = [board.tables[0].rows[0].team for board in boards]
    assert leaders[:2] == ["Lumen Lab", "青藤视觉"]
    assert leaders[2] != "青藤视觉"  # whose last file was worse, and counts
    texts = [path for path in tmp_path.rglob("*") if path.suffix in {".html", ".csv", ".json", ".toml", ".txt"}]
    assert len(texts) > 3
    assert [path.name for path in texts if FOREIGN.search(path.read_text(encoding="utf-8"))] == []
