"""Six weeks of a challenge, in acts: board, sheet, page and every letter are as written down in ``expected``.

Ranks change, a mail comes late, labels are corrected, the daemon is down over a Wednesday, a submission is
disqualified, a team writes Chinese and is written to so, another wants no letters. After a deliberate change,
``MAILBOT_FLOW_ACCEPT=1`` writes ``expected`` anew: read the difference before you commit it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mailbot.errors import Permanent
from mailbot.ledger import boards, events, outbox, rulings
from mailbot.model import Exclusion
from mailbot.operations import rescore, truths
from tests.flow.six_weeks.contest import Contest, shanghai

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailbot.service import Service
    from tests.servers.sheets import StrictSheets
    from tests.servers.smtp_sink import SmtpSink

EXPECTED = Path(__file__).parent / "expected"
PEEPERS, VISION, MOZI, LARKS = "Pixel Peepers", "Münster Vision", "墨子图像组", "Late Larks"


def test_six_weeks(tmp_path: Path, smtp_sink: SmtpSink, google: StrictSheets) -> None:
    """Each act shows the board and the letters that are written down for it, and no letter goes out twice."""
    contest = Contest(folder=tmp_path, sink=smtp_sink, google=google)
    contest.begin()
    found = {f"{number}-{name}.txt": text for number, (name, text) in enumerate(_acts(contest), 1)}
    if "MAILBOT_FLOW_ACCEPT" in os.environ:
        _accept(found)
    assert found == {path.name: path.read_text(encoding="utf-8") for path in EXPECTED.iterdir()}
    _hold_to_once(contest)


def _acts(contest: Contest) -> Iterator[tuple[str, str]]:
    """Play the acts; yield the name of each, and what was told in it."""
    with contest.running() as wired:
        contest.submit(wired, "03-13 12:00", PEEPERS, s=0.9)
        contest.submit(wired, "03-16 09:30", VISION, s=0.5, u=8)
        contest.pass_on(wired, "03-18 09:59", "03-18 10:00", "03-18 10:01")
        yield "first-board", _told(contest)

        contest.submit(wired, "03-19 08:00", PEEPERS, s=0.2, u=3)
        contest.submit(wired, "03-24 23:10", MOZI, u=5)
        contest.pass_on(wired, "03-25 10:00")
        yield "ranks-change", _told(contest)

    contest.clock.now = shanghai("03-31 15:00")
    with contest.running() as wired:
        _correct_a_label(contest, wired)
        with pytest.raises(Permanent, match="mailbot rescore"):
            wired.weekly.board(contest.clock())
        list(rescore.rescore(wired, rescore.plan(wired)))
        contest.pass_on(wired, "04-01 10:00")
        yield "rescored", _told(contest)

        contest.submit(wired, "04-03 10:00", LARKS, s=0.05, u=0)
    contest.clock.now = shanghai("04-09 07:30")  # down since Friday, over Wednesday's board
    with contest.running() as wired:
        contest.submit(wired, "04-08 09:59", VISION, u=2)
        contest.submit(wired, "04-08 10:00", MOZI, s=0.1)
        contest.pass_on(wired, "04-09 07:30")
        yield "down-over-a-wednesday", _told(contest)

        contest.answer(wired, "04-09 08:00", LARKS, "letters off")
        with wired.ledger.write("test") as tx:
            events.actor.set("chair")
            rulings.exclude(tx, 3, Exclusion.DISQUALIFIED, "It was made with the test labels.", contest.clock())
            events.actor.set("mailbot")
        contest.pass_on(wired, "04-12 23:59", "04-13 00:00", "04-15 10:00")
        yield "disqualified-reminded-and-one-team-silent", _told(contest)

        contest.pass_on(wired, "04-19 00:00")
        contest.submit(wired, "04-19 23:59", PEEPERS, s=0.02)
        contest.submit(wired, "04-20 00:00", VISION, s=0.0)
        contest.pass_on(wired, "04-20 00:01", "04-22 10:00", "04-29 10:00")
        received = (contest.folder / "state/published/receipts.csv").read_text(encoding="utf-8")
        yield "closed", f"{_told(contest)}\n{received}"


def _told(contest: Contest) -> str:
    """Return the board, the sheet, the page and the letters of an act."""
    told = {"board.csv": contest.cells(), "the sheet": contest.sheet(), "the page": contest.page()}
    return "\n\n".join([*(f"### {name}\n{text}" for name, text in told.items()), contest.told()])


def _correct_a_label(contest: Contest, wired: Service) -> None:
    """Make a corrected label file the active one, as `mailbot truth add`: two ratings were swapped."""
    path = contest.folder / "labels" / "answer-s.json"
    rows = json.loads(path.read_text())
    rows[1]["perception_rating"], rows[6]["perception_rating"] = (
        rows[6]["perception_rating"],
        rows[1]["perception_rating"],
    )
    corrected = contest.folder / "corrected.json"
    corrected.write_text(json.dumps(rows))
    wired.labels.choose(truths.from_file(wired, corrected, "siqa-s"), "two ratings were swapped", wired.clock())


def _hold_to_once(contest: Contest) -> None:
    """Whatever was started and stopped in between: one letter per team and occasion, and all are sent."""
    with contest.running() as wired:
        assert not wired.weekly.step()
        assert not wired.letter_queue.step()
        with wired.ledger.read() as tx:
            rows, published = outbox.listing(tx), boards.listing(tx)
    assert all(row.sent_at for row in rows)
    assert len(published) == 7
    standings = sum([2, 3, 3, 4, 3, 3])  # week by week; the fifth week's silence is Late Larks'
    assert Counter(row.kind for row in rows if row.key) == {"standing": standings, "digest": 7, "reminder": 6}
    assert len({sent.content for sent in contest.sink.sent}) == len(contest.sink.sent) == len(rows)


def _accept(found: dict[str, str]) -> None:
    """Write what is expected from now on."""
    shutil.rmtree(EXPECTED, ignore_errors=True)
    EXPECTED.mkdir()
    for name, text in found.items():
        (EXPECTED / name).write_text(text, encoding="utf-8")
