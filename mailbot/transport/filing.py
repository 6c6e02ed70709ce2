"""File finished mails away. That is for people alone: what the server refuses costs only that, and is tried later."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mailbot.errors import AuthenticationFailed, Refused, Temporary, Throttled
from mailbot.ledger import mails
from mailbot.model import MailState
from mailbot.system import backoff, journal

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailbot.config.servers import Imap
    from mailbot.ledger import Ledger
    from mailbot.transport.alerts import Alerts
    from mailbot.transport.imap.mailbox import Mailbox

FIRST_REST, LONGEST_REST = timedelta(seconds=2), timedelta(hours=1)
"""So long nothing is filed after the first refusal, and after many."""

LOSSES = 3
"""After so many connections in a row that were lost over it, filing is what is told of, and not the connection."""

ADVICE = (
    "Mails are still fetched, scored and answered, and filing is tried again later; "
    "`mailbot doctor --online` says what is wrong."
)


@dataclass(kw_only=True)
class Filing:
    """The step, and what it remembers of refusals."""

    ledger: Ledger
    settings: Imap
    alerts: Alerts
    clock: Callable[[], datetime]
    _failures: int = 0
    _rests_until: datetime | None = None
    #: Whether the organizers know that it is refused; none as long as this process does not know.
    _told: bool | None = None

    @property
    def rests(self) -> bool:
        """Whether nothing is filed for now, because the server refused it."""
        return self._rests_until is not None and self.clock() < self._rests_until

    def file(self, server: Mailbox, mailbox: str, number: int, *, strangers: bool) -> int:
        """Move the finished mails of the open folder out of the way; return how many were moved.

        Raises Temporary when the connection is lost; a refusal is told once, and makes the step rest.
        """
        try:
            moved = self._move_all(server, mailbox, number, strangers=strangers)
        except Refused as error:
            self._failed(str(error), tell=True)
            return 0
        except (AuthenticationFailed, Throttled):
            raise
        except Temporary as error:
            self._failed(str(error), tell=self._failures + 1 >= LOSSES)
            raise
        if moved:
            self._well()
        return moved

    def _move_all(self, server: Mailbox, mailbox: str, number: int, *, strangers: bool) -> int:
        with self.ledger.read() as tx:
            rows = mails.to_file(tx, mailbox, number)
        by_target = defaultdict(list)
        for row in rows:
            if strangers or row.team_id is not None:
                folder = self.settings.failed if row.state is MailState.SET_ASIDE else self.settings.processed
                by_target[folder].append(row)
        moved = 0
        for target, group in by_target.items():
            if server.move([row.place.uid for row in group], target):
                with self.ledger.write("filed") as tx:
                    mails.filed(tx, [row.id for row in group], target)
                moved += len(group)
        return moved

    def _failed(self, why: str, *, tell: bool) -> None:
        self._failures += 1
        rest = backoff.delay(self._failures, first=FIRST_REST, longest=LONGEST_REST)
        self._rests_until = self.clock() + rest
        journal.trouble("filing-refused", why=why, again_in_seconds=rest.total_seconds())
        if tell and not self._told:
            self.alerts.report("filing", ok=False, detail=f"{why}. {ADVICE}")
            self._told = True

    def _well(self) -> None:
        """Report that filing works again; another process may have told that it did not."""
        self._failures, self._rests_until = 0, None
        if self._told is not False:
            self.alerts.report("filing", ok=True)
            self._told = False
