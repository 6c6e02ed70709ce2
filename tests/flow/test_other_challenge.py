"""A challenge with an RMSE, played through mails, boards, letters and page: smaller is better, and no word of SIQA."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from typing import TYPE_CHECKING, Any

import pytest

from mailbot.ledger import outbox
from tests.unit.services import ADA, CARL, Clock, served, take

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mailbot.board.model import Board
    from mailbot.service import Service

FIRST = datetime.fromisoformat("2026-03-18T10:00:00+08:00")
WEEK = timedelta(weeks=1)
FOREIGN = re.compile(r"siqa|dimension|perception|image quality|knowledge", re.IGNORECASE)
N = 40


@pytest.fixture
def clock() -> Clock:
    """Begin before the first board."""
    return Clock(FIRST - timedelta(days=3))


@pytest.fixture
def depths(tmp_path: Path, clock: Clock) -> Iterator[Service]:
    """Open a challenge of depths in metres."""
    (tmp_path / "depths.csv").write_text("probe,depth\n" + "".join(f"{n},{n * 37 % 101}.5\n" for n in range(1, N + 1)))
    track = {
        "title": "Depth", "labels": "depths.csv", "id": "probe",
        "columns": [{"name": "depth", "range": [0, 200], "metrics": ["rmse"], "also": ["mae", "srcc"]}],
    }  # fmt: skip
    challenge = {"name": "Sea Depths", "short_name": "Depths", "subject_tag": "Depths"}
    given: dict[str, Any] = {
        "preset": "", "tracks": {"depth": track}, "board": {"standing": "best"},
        "challenge": challenge | {"address": "submissions@depths.example", "organizers": ["chair@depths.example"]},
        "phases": [{"name": "test", "closes": FIRST + 2 * WEEK + timedelta(days=1)}],
    }  # fmt: skip
    with served(tmp_path, clock, **given) as service:
        yield service


def mail(sender: str, name: str, off: float, *, cut: int = 0, flat: bool = False) -> bytes:
    """Return a mail with a file whose numbers are off by so much, up and down in turn."""
    made = EmailMessage(policy=SMTP)
    for field, value in (("From", sender), ("Subject", f"Depths {name}"), ("Message-ID", f"<{name}@x.org>")):
        made[field] = value
    made.set_content("Our file.")
    values = {n: 50.0 if flat else n * 37 % 101 + 0.5 + (off if n % 2 else -off / 2) for n in range(1, N + 1 - cut)}
    rows = "probe,depth\n" + "".join(f"{n},{max(0.0, value)}\n" for n, value in values.items())
    made.add_attachment(rows.encode(), maintype="text", subtype="csv", filename=f"{name}.csv")
    return made.as_bytes()


def told(service: Service) -> dict[str, str]:
    """Return the text of each mail of ours, by kind, recipient and number."""
    with service.ledger.read() as tx:
        rows = outbox.listing(tx)
    found = {}
    for row in rows:
        message = message_from_bytes(row.message, policy=default)
        parts = [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
        found[f"{row.kind} {row.recipient} {row.id}"] = "\n".join([str(message), *parts])
    return found


def ranks(board: Board) -> list[tuple[int | None, str, float]]:
    """Return the rows of the one table."""
    (table,) = board.tables
    return [(row.rank, row.team, row.score) for row in table.rows]


def test_an_rmse_contest_is_ranked_told_and_shown_the_right_way(depths: Service, clock: Clock) -> None:
    """Who errs less is first on the board, gains rank in letter and page, and the best submission is the smallest."""
    take(depths, mail(ADA, "net-a", 4.0), arrived_at=clock.now)
    take(depths, mail(CARL, "net-c", 2.0), arrived_at=clock.now)
    take(depths, mail(CARL, "short", 1.0, cut=3), arrived_at=clock.now)
    take(depths, mail(CARL, "flat", 1.0, flat=True), arrived_at=clock.now)
    clock.now = depths.weekly.next_at()
    assert depths.weekly.step()
    while depths.letter_queue.step():
        pass
    clock.forward(days=2)
    take(depths, mail(ADA, "net-b", 1.0), arrived_at=clock.now)
    take(depths, mail(CARL, "worse", 3.0), arrived_at=clock.now)
    clock.now = depths.weekly.next_at()
    assert depths.weekly.step()
    while depths.letter_queue.step():
        pass
    first, second = sorted(depths.publisher.published(), key=lambda board: board.as_of)
    assert [(rank, team) for rank, team, _ in ranks(first)] == [(1, "Münster Vision"), (2, "Pixel Peepers")]
    assert [(rank, team) for rank, team, _ in ranks(second)] == [(1, "Pixel Peepers"), (2, "Münster Vision")]
    assert ranks(second)[0][2] < ranks(second)[1][2] < ranks(first)[1][2]
    letters = [text for key, text in told(depths).items() if ADA in key and not key.startswith("reply")]
    assert any("1 place" in text or "up" in text.lower() for text in letters)
    assert all("lower is better" in table.formula for table in second.tables)
    shown = depths.config.published / "site" / "index.html"
    pages = [path for path in depths.config.published.rglob("*") if path.suffix in {".html", ".csv", ".json", ".md"}]
    assert pages, shown
    every = told(depths) | {path.name: path.read_text(encoding="utf-8") for path in pages}
    foreign = {name: sorted(set(FOREIGN.findall(text))) for name, text in every.items() if FOREIGN.search(text)}
    assert foreign == {}
