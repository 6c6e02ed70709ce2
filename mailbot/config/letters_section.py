"""The section of the config about letters."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictInt

from mailbot.config.fields import Section


class LettersSection(Section):
    """What mailbot writes to teams and organizers on its own account."""

    #: Each team's standing, when a weekly board is published.
    standings: bool = True
    #: Days before the end of a phase, or of the time for an entry, at which teams are reminded; none for no reminders.
    remind_days: tuple[Annotated[StrictInt, Field(ge=1, le=60)], ...] = (7, 1)
    #: How the week went, to the organizers, with each weekly board.
    digest: bool = True

    @property
    def any_weekly(self) -> bool:
        """Whether anything is written when a weekly board is published."""
        return self.standings or self.digest
