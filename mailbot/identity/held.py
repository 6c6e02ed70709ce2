"""The questions about held mails, and the answers to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from mailbot.identity import questions
from mailbot.intake.limits import DAY, HOUR
from mailbot.ledger import held, mails
from mailbot.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mailbot.identity.questions import Said
    from mailbot.ledger import Tx
    from mailbot.ledger.mails import MailRow

VALID = timedelta(hours=72)
"""So long a code holds."""

PER_HOUR, PER_DAY = 3, 10
"""Questions to one address: forged mails must not fill a team's mailbox, nor use up the replies that it is owed."""


@dataclass(frozen=True, kw_only=True)
class Questions:
    """The parts this works with."""

    secret: bytes
    #: Whether a team may confirm at all, as the config has it.
    wanted: bool
    clock: Callable[[], datetime]

    def code(self, row: MailRow) -> str:
        """Return the code of a mail."""
        return questions.code(self.secret, row.id, row.sha256)

    def until(self) -> datetime:
        """Return until when a code that is written now holds."""
        return self.clock() + VALID

    def may_be_asked(self, tx: Tx, recipient: str, *, stranger: bool) -> bool:
        """Whether an address was asked seldom enough of late; one that is on no team, once a day."""
        asked = [held.asked_since(tx, self.clock() - span, recipient) for span in (HOUR, DAY)]
        return asked[1] == 0 if stranger else asked[0] < PER_HOUR and asked[1] < PER_DAY

    def fault(self, tx: Tx, said: Said, team_id: int | None, sender: str | None) -> str | None:
        """Say why an answer confirms nothing, to the team or the stranger that gave it; None when it does."""
        row = mails.get(tx, said.mail_id)
        if row is None or row.team_id != team_id or not questions.is_code(said.code, self.code(row)):
            return "the code is not the one of that mail"
        if row.outcome is not Outcome.HELD:
            return "the code was used before, or an organizer has decided already"
        if team_id is None and held.asked_whom(tx, row.id) != sender:
            return "another address was asked"
        asked = held.asked_at(tx, row.id)
        if asked is None or self.clock() >= asked + VALID:
            return "the code has expired"
        return None
