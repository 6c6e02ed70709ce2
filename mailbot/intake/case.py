"""A mail on its way through the stages."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mailbot.config.calendar import Phase, neighbours, phase_at
from mailbot.intake import recorded
from mailbot.model import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from mailbot.identity.identify import Identity
    from mailbot.intake.answers import Answered
    from mailbot.intake.commands import Command
    from mailbot.intake.entries import Entry
    from mailbot.intake.recorded import Known, Settled
    from mailbot.ledger.mails import MailRow
    from mailbot.mail.open import Opened
    from mailbot.model import Judged


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
    #: The phase that each file came in; None for one that came when none was open.
    phases: Sequence[Phase | None] = ()

    def settled(self, ordinal: int) -> Settled | None:
        """Return what became of a file, counted from 1, when the mail was recorded first."""
        return settled_of(self.known, ordinal)


@dataclass(kw_only=True, eq=False)
class Ready:
    """A mail that is ready to be recorded; it waits until a transaction for several of them has been committed."""

    case: Case
    files: Sequence[Judged]
    evidence: bytes | None = None
    #: Since when it waits (monotonic).
    since: float = field(default_factory=time.monotonic)
    #: What was recorded; None before, and where somebody else has recorded the mail.
    recorded: tuple[Case, list[Answered]] | None = None
    #: What failed, for this mail alone.
    failed: Exception | None = None
    #: Whether it need not wait any more.
    done: bool = False

    def when_done(self, call: Callable[[], object]) -> None:
        """Call nothing: who waits for it is who records it."""

    def result(self) -> None:
        """Raise what failed for this mail."""
        if self.failed is not None:
            raise self.failed


def settled_of(known: Known | None, ordinal: int) -> Settled | None:
    """Return what became of a file, counted from 1, when its mail was recorded first."""
    settled = known.settled if known else ()
    return settled[ordinal - 1] if ordinal <= len(settled) else None


def phase_of(
    phases: Sequence[Phase], arrived_at: datetime, *, extended: Phase | None, settled: Settled | None
) -> Phase | None:
    """Return the phase a file came in, or one ``extended`` for its team where none was open then.

    Of a file recorded before it is that of then, wherever phases lie by now.
    """
    present = phase_at(phases, arrived_at) or extended
    if settled is None:
        return present
    if settled.status is Status.CLOSED or settled.phase is None:
        return None
    if settled.phase == recorded.UNTOLD:
        last, coming = neighbours(phases, arrived_at)
        return present or last or coming
    named = next((phase for phase in phases if phase.name == settled.phase), None)
    return named or Phase(name=settled.phase, opens=None, closes=None)
