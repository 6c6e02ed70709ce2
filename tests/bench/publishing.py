"""What it takes to publish the board of the thirtieth week of 200 teams: site, files, letters, Google Sheet."""

from __future__ import annotations

import gzip
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, cast

from mailbot import flow
from mailbot.config import load
from mailbot.ledger import outbox
from mailbot.system import journal
from tests.bench import contests, pipeline
from tests.servers.sheets import BOOK, StrictSheets
from tests.unit.boards import AS_OF, crowd, season, with_intervals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mailbot.board.model import Board
    from mailbot.board.ranking import Ranking
    from mailbot.config.schema import Config
    from mailbot.config.stages import Stage
    from mailbot.evaluation.labels import Labels
    from mailbot.service import Service

WEEKS, TEAMS = 30, 200
KIB = 1024


@dataclass(frozen=True)
class Given:
    """Ranks as it was told: boards of two tracks, as 200 teams would have filled them over the weeks."""

    made: Board
    labels: Labels

    def board(self, _as_of: datetime, *, final: bool = False, stage: Stage | None = None) -> Board:  # noqa: ARG002  # as Ranking has it
        """Return the board."""
        return replace(self.made, final=final)


def measure() -> dict[str, dict[str, object]]:
    """Return seconds, requests and sizes; publishing is told by the time of ranking as many teams on one track."""
    journal.set_up(as_json=False, quiet=True)
    past = [with_intervals(board) for board in season(WEEKS, crowd(TEAMS))]
    with ExitStack() as stack:
        google = stack.enter_context(_google())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        wired = stack.enter_context(flow.working(_config(folder, google), clock=lambda: AS_OF))  # its letters are owed
        contests.fill(wired, 10 * TEAMS, TEAMS)
        ranked = min(_seconds(lambda: wired.weekly.board(datetime.now(UTC))) for _ in range(3))
        for board in past[:-2]:
            wired.weekly.keep(board, due_at=board.as_of, head="", letters=False)
        first, published = (_seconds(partial(_publish, wired, board)) for board in past[-2:])
        written = _seconds(wired.letter_queue.step)
        if wired.letter_queue.step():
            raise RuntimeError("letters were owed twice")
        sheet = wired.sheet(api=google.url)
        shown = _seconds(sheet.step) if sheet else 0.0
        if sheet is None or sheet.behind() or google.unfit:
            raise RuntimeError(f"the sheet was not written: {google.unfit}")
        return {
            "publish": {
                "value": round(published / ranked, 2),
                "unit": f"CPU time to publish over that to rank {TEAMS} teams; week {WEEKS}, after the one before",
                "rank_s": round(ranked, 3),
                "publish_s": round(published, 2),
                "from_nothing_s": round(first, 2),
                "sheet_s": round(shown, 2),
                "sheet_requests": len([call for call in google.calls if call != "token"]),
            },
            "letters": {
                "value": round(1e3 * written / TEAMS, 1),
                "unit": f"ms of a core for a letter with a chart of {WEEKS} weeks, {TEAMS} of them",
                **_letter_sizes(wired),
            },
            "site-size": _site_sizes(wired),
        }


def _seconds(work: Callable[[], object]) -> float:
    """Return how many seconds of a core the work takes."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _publish(wired: Service, board: Board) -> None:
    """Publish a board as the daemon does when it is due; only the last one owes letters."""
    given = cast("Ranking", Given(board, wired.ranking.labels))
    last = board.as_of == AS_OF
    replace(wired.weekly, ranking=given, owes_letters=last).publish(as_of=board.as_of, due_at=board.as_of)


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


def _letter_sizes(wired: Service) -> dict[str, object]:
    with wired.ledger.read() as tx:
        letters = [len(row.message) for row in outbox.listing(tx) if row.kind == "standing"]
    if len(letters) != TEAMS:
        raise RuntimeError(f"{len(letters)} letters for {TEAMS} teams")
    return {"letter_kib": round(mean(letters) / KIB, 1), "largest_letter_kib": round(max(letters) / KIB, 1)}


def _site_sizes(wired: Service) -> dict[str, object]:
    """Return the sizes of what readers get."""
    page = wired.config.published / "page"
    index = (page / "index.html").read_bytes()
    return {
        "value": round(sum(path.stat().st_size for path in page.rglob("*") if path.is_file()) / 1e6, 2),
        "unit": f"MB of the site of week {WEEKS}",
        "front_kib": round(len(index) / KIB),
        "front_gzip_kib": round(len(gzip.compress(index)) / KIB),
    }
