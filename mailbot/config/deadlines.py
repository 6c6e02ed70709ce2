"""The windows of time of the challenge and the dates it announces, in one list: what teams plan by. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from mailbot.config.calendar import within

if TYPE_CHECKING:
    from datetime import datetime

    from mailbot.config.schema import Config


class Matter(StrEnum):
    """What a window of time is about."""

    #: A phase: submissions are taken.
    PHASE = "phase"
    #: One kind of what teams hand in besides result files is taken.
    ENTRIES = "entries"
    #: Teams can register.
    REGISTRATION = "registration"
    #: A date that ``[page]`` announces, told as an end; mailbot itself does nothing then.
    DATE = "date"


HANDED_IN = frozenset({Matter.PHASE, Matter.ENTRIES})
"""What teams send to mailbot, which takes it until then."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """From when and until when something is possible; an open end has no bound."""

    matter: Matter
    #: Of a phase its name, of an entry its kind, of a date what is announced.
    name: str
    opens: datetime | None = None
    closes: datetime | None = None

    @property
    def key(self) -> str:
        """What the ledger calls it: a phase by its name, anything else with its matter before it."""
        return self.name if self.matter is Matter.PHASE else f"{self.matter} {self.name}"

    def holds(self, instant: datetime) -> bool:
        """Whether an instant lies in it; the closing instant itself is too late."""
        return within(self.opens, self.closes, instant)


def windows(config: Config) -> tuple[Window, ...]:
    """Return everything the config gives a time."""
    registration = config.registration.closes
    return (
        *(Window(matter=Matter.PHASE, name=p.name, opens=p.opens, closes=p.closes) for p in config.calendar),
        *(Window(matter=Matter.ENTRIES, name=e.kind, opens=e.opens, closes=e.closes) for e in config.entries),
        *([Window(matter=Matter.REGISTRATION, name="registration", closes=registration)] if registration else ()),
        *(Window(matter=Matter.DATE, name=name, closes=at) for name, at in config.page.dates.items()),
    )


def last_deadline(config: Config) -> datetime | None:
    """Return when the last thing that teams may hand in is due; None while something has no end."""
    closing = [each.closes for each in windows(config) if each.matter in HANDED_IN]
    return None if None in closing else max(filter(None, closing))
