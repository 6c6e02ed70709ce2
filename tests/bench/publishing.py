"""What it takes to publish the board of the thirtieth week of 200 teams: site, files, letters, Google Sheet."""

from __future__ import annotations

import gzip
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, cast

from mailbot import flow
from mailbot.config import load
from mailbot.ledger import outbox
from mailbot.system import journal
from tests.bench import contests, pipeline
from tests.bench.scores import clocked
from tests.servers.sheets import BOOK, StrictSheets
from tests.unit.boards import crowd, season, with_intervals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailbot.board.model import Board
    from mailbot.board.ranking import Ranking
    from mailbot.config.schema import Config
    from mailbot.service import Service

WEEKS, TEAMS = 30, 200
KIB = 1024


@dataclass(frozen=True)
class Given:
    """Ranks as it was told: boards of two tracks, as 200 teams would have filled them over the weeks."""

    made: Board

    def board(self, _as_of: datetime, *, final: bool = False) -> Board:
        """Return the board."""
        return replace(self.made, final=final)


def measure() -> dict[str, dict[str, object]]:
    """Return seconds, requests and sizes; the ratio is publishing over the ranking of as many teams on one track."""
    journal.set_up(as_json=False, quiet=True)
    past = [with_intervals(board) for board in season(WEEKS, crowd(TEAMS))]
    with ExitStack() as stack:
        google = stack.enter_context(_google())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        wired = stack.enter_context(flow.working(_config(folder, google)))
        contests.fill(wired, 10 * TEAMS, TEAMS)
        ranked = clocked(lambda: wired.weekly.board(datetime.now(UTC)))
        for board in past[:-1]:
            wired.weekly.keep(board, due_at=board.as_of, head="", letters=False)
        weekly = replace(wired.weekly, ranking=cast("Ranking", Given(past[-1])))
        published = clocked(lambda: weekly.publish(as_of=past[-1].as_of, due_at=past[-1].as_of))
        written = clocked(wired.letter_queue.step)
        sheet = wired.sheet(api=google.url)
        shown = clocked(sheet.step) if sheet else 0.0
        if sheet is None or sheet.behind() or google.unfit:
            raise RuntimeError(f"the sheet was not written: {google.unfit}")
        return {
            "publishing": {
                "ratio": round(published / ranked, 2),
                "unit": f"time to publish over time to rank {TEAMS} teams; week {WEEKS}",
                "rank_s": round(ranked, 2),
                "publish_s": round(published, 2),
                "letters_s": round(written, 2),
                "sheet_s": round(shown, 2),
                "sheet_requests": len([call for call in google.calls if call != "token"]),
                **_sizes(wired),
            }
        }


@contextmanager
def _google() -> Iterator[StrictSheets]:
    server = StrictSheets()
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _config(folder: Path, google: StrictSheets) -> Config:
    given = pipeline.base_config(folder, "submissions@example.org")
    roster = "".join(f"Team-{n:03d}_lab,team{n}@example.org\n" for n in range(TEAMS))
    (folder / "teams.csv").write_text(f"team,address\n{roster}", encoding="utf-8")
    (folder / "key.json").write_bytes(google.key)
    sheet = {"spreadsheet": BOOK, "credentials_file": "key.json"}
    return load.build(given | {"sheet": sheet}, base=folder)


def _sizes(wired: Service) -> dict[str, object]:
    """Return the sizes of what readers get, in KiB."""
    page = wired.config.published / "page"
    index = (page / "index.html").read_bytes()
    with wired.ledger.read() as tx:
        letters = [len(row.message) for row in outbox.listing(tx) if row.kind == "standing"]
    if len(letters) != TEAMS:
        raise RuntimeError(f"{len(letters)} letters for {TEAMS} teams")
    return {
        "page_kib": round(len(index) / KIB),
        "page_gzip_kib": round(len(gzip.compress(index)) / KIB),
        "site_kib": round(sum(path.stat().st_size for path in page.rglob("*") if path.is_file()) / KIB),
        "letter_kib": round(mean(letters) / KIB, 1),
        "largest_letter_kib": round(max(letters) / KIB, 1),
    }
