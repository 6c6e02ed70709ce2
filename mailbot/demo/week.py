"""The demo's week: the script's scenes, written as mails with an arrival each. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mailbot.demo.cast import ADDRESS
from mailbot.demo.clients import Letter, write
from mailbot.demo.script import script

if TYPE_CHECKING:
    from mailbot.demo.cast import Person
    from mailbot.demo.labels import Labels
    from mailbot.demo.script import Scene

ZONE = ZoneInfo("Asia/Shanghai")
BEGINS = datetime(2026, 4, 15, 10, 5, tzinfo=ZONE)
"""A Wednesday, just after the last board."""

PUBLISHES = datetime(2026, 4, 22, 10, 0, tzinfo=ZONE)
"""The next Wednesday, when the board of this week is due."""

DAYS = ("wed", "thu", "fri", "sat", "sun", "mon", "tue", "next wed")


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A mail that reaches the inbox."""

    #: Name of its file, as ``04-fig-leaf-both-tracks``.
    name: str
    person: Person
    arrived_at: datetime
    message_id: str
    #: What is special about it, in a few words.
    what: str
    raw: bytes


def deliveries(labels: Labels, seed: int) -> list[Delivery]:
    """Write the mails of the week, in order of arrival."""
    return [_delivery(number, scene) for number, scene in enumerate(script(labels, seed), 1)]


def _delivery(number: int, scene: Scene) -> Delivery:
    arrived_at, person = _instant(scene.at, number), scene.person
    name = f"{number:02d}-{scene.name}"
    message_id = f"<{name}.{arrived_at:%m%d%H%M%S}@{person.address.partition('@')[2]}>"
    letter = Letter(
        sender=person.name,
        address=person.address,
        to=ADDRESS,
        subject=scene.subject or f"[SIQA Submission] {person.team} - {person.method}",
        text=f"{scene.text}\n{person.name}",
        sent_at=(arrived_at - timedelta(seconds=4)).astimezone(timezone(timedelta(hours=person.hours))),
        message_id=message_id,
        files=scene.files,
        fields=scene.fields,
    )
    raw = write(person.client, letter)
    return Delivery(name=name, person=person, arrived_at=arrived_at, message_id=message_id, what=scene.what, raw=raw)


def _instant(at: str, number: int) -> datetime:
    """Read ``thu 09:12``; the seconds follow from the mail's number."""
    day, _, clock = at.rpartition(" ")
    moment = time.fromisoformat(clock).replace(second=number * 37 % 60, tzinfo=ZONE)
    return datetime.combine(BEGINS.date() + timedelta(days=DAYS.index(day)), moment)
