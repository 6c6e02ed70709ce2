"""A mail on its way through the stages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailbot.config.calendar import Phase
    from mailbot.identity.identify import Identity
    from mailbot.intake.commands import Command
    from mailbot.intake.entries import Entry
    from mailbot.intake.recorded import Known, Settled
    from mailbot.ledger.mails import MailRow
    from mailbot.mail.open import Opened


@dataclass(frozen=True, kw_only=True)
class Case:
    """A mail on its way through the stages."""

    row: MailRow
    opened: Opened
    identity: Identity
    #: What the team asks for; its files are only checked then.
    command: Command | None = None
    #: What it hands in besides result files.
    entry: Entry | None = None
    #: What was found when it was recorded first; None for a mail that is new.
    known: Known | None = None
    #: The phase that was kept open for this team, where its time was over.
    extended: Phase | None = None

    def settled(self, ordinal: int) -> Settled | None:
        """Return what became of a file, counted from 1, when the mail was recorded first."""
        settled = self.known.settled if self.known else ()
        return settled[ordinal - 1] if ordinal <= len(settled) else None
