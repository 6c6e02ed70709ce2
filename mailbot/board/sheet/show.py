"""The step that writes the newest board to the Google Sheet; publishing never waits for it.

A board is kept in the ledger first; the sheet is behind until it shows the newest one. Boards that were published
meanwhile are not written one by one, as each write is whole.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from mailbot.board.codec import board_from_json
from mailbot.board.page.site import standing
from mailbot.board.sheet.worksheets import Published, pages
from mailbot.board.weekly import sealed
from mailbot.config.servers import API, sheet_key
from mailbot.errors import MailbotError, Permanent, Throttled
from mailbot.ledger import boards, events
from mailbot.system import backoff, journal

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mailbot.board.model import Board
    from mailbot.board.sheet.client import Sheets
    from mailbot.board.sheet.http import Wait
    from mailbot.board.sheet.requests import Change
    from mailbot.config.challenge import Challenge
    from mailbot.config.servers import SheetSection
    from mailbot.ledger import Ledger, Tx
    from mailbot.ledger.boards import Shown
    from mailbot.transport.alerts import Alerts

FIRST_DELAY, LONGEST_DELAY = timedelta(minutes=1), timedelta(hours=1)
"""How long to wait after the first attempt that failed, and after many."""

PATIENCE = timedelta(minutes=30)
"""The organizers hear of a sheet that cannot be reached for so long; of what only they can fix they hear at once."""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """Keeps the Google Sheet up to date."""

    ledger: Ledger
    spreadsheet: str
    #: Signs in anew for each attempt, so that a new key is taken up. Raises ConfigError.
    connect: Callable[[], Sheets]
    challenge: Challenge
    alerts: Alerts
    clock: Callable[[], datetime]

    @property
    def place(self) -> str:
        """The sheet's name in the ledger."""
        return f"sheet {self.spreadsheet}"

    def step(self) -> bool:
        """Bring the sheet up to date if it is behind and due; tell whether it was done."""
        stands = self.stands()
        if not self.behind() or (stands.due_at is not None and stands.due_at > self.clock()):
            return False
        return self.attempt() is None

    def stands(self) -> Shown:
        """Return how the sheet stands, as far as we know."""
        with self.ledger.read() as tx:
            return boards.shown_at(tx, self.place)

    def behind(self) -> bool:
        """Tell whether a board was published that the sheet does not show."""
        with self.ledger.read() as tx:
            return boards.shown_at(tx, self.place).board_id != boards.newest(tx)

    def attempt(self) -> MailbotError | None:
        """Write the newest board now; return what was in the way, which is noted and, in time, told."""
        with self.ledger.read() as tx:
            newest, kept = boards.newest(tx), self._published(tx)
        if not kept:
            return None
        try:
            client = self.connect()
            client.show(self.spreadsheet, pages(kept, self.challenge.publish_at, self.challenge.zone))
        except MailbotError as error:
            self._failed(error)
            return error
        with self.ledger.write("sheet-shown") as tx:
            boards.mark_shown(tx, self.place, newest)
            self.alerts.report_in(tx, "sheet", ok=True)
        journal.event("sheet-written", board=newest, requests=client.sent)
        return None

    def difference(self, made: Board) -> list[Change]:
        """Return the cells that would change if a board were published now. Raises a MailbotError."""
        with self.ledger.read() as tx:
            kept, head = self._published(tx), events.head(tx)
        now = Published(board=sealed(made, head), published_at=self.clock(), weekly=False)
        return self.connect().difference(
            self.spreadsheet, pages([*kept, now], self.challenge.publish_at, self.challenge.zone)
        )

    @staticmethod
    def _published(tx: Tx) -> list[Published]:
        """Return the boards that stand; where all were taken back, the last one without its teams."""
        every = boards.listing(tx, withdrawn=True)
        if every and all(row.withdrawn is not None for row in every):
            made = replace(board_from_json(json.loads(every[-1].board)), withdrawn=every[-1].withdrawn or "")
            return [Published(board=standing([made])[0], published_at=every[-1].published_at, weekly=False)]
        return [
            Published(
                board=board_from_json(json.loads(row.board)),
                published_at=row.published_at,
                weekly=row.due_at is not None,
            )
            for row in boards.listing(tx)
        ]

    def _failed(self, error: MailbotError) -> None:
        """Note an attempt in vain, and tell the organizers if it is for them to know."""
        now, before = self.clock(), self.stands()
        attempts, since = before.attempts + 1, before.failing_since or now
        asked = timedelta(seconds=error.seconds) if isinstance(error, Throttled) else timedelta()
        due_at = now + max(backoff.delay(attempts, first=FIRST_DELAY, longest=LONGEST_DELAY), asked)
        with self.ledger.write("sheet-behind") as tx:
            boards.mark_failed(tx, self.place, since=since, attempts=attempts, due_at=due_at, error=str(error))
            if isinstance(error, Permanent) or now - since >= PATIENCE:
                self.alerts.report_in(tx, "sheet", ok=False, detail=str(error))
        journal.trouble("sheet-delayed", attempt=attempts, error=str(error))


def sheets(settings: SheetSection, *, wait: Wait = time.sleep, api: str = "") -> Sheets:
    """Sign in to Google Sheets as the config says; nothing is asked yet. Raises ConfigError.

    ``api`` is Google's, unless the demo names a fake on this machine.
    """
    from mailbot.board.sheet.client import Sheets  # noqa: PLC0415  # gspread loads slowly, and few commands need it

    key = sheet_key(settings)
    return Sheets(key, timeout=settings.timeout_seconds, api=api or API, wait=wait)
