"""The demo's weeks: the scripts' scenes, written as mails with an arrival each. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta, timezone
from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mailbot.demo.clients import Letter, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailbot.demo.cast import Person
    from mailbot.demo.script import Scene

ZONE = ZoneInfo("Asia/Shanghai")
BEGINS = datetime(2026, 4, 15, 10, 5, tzinfo=ZONE)
"""A Wednesday, just after the last board."""

BOARDS = tuple(datetime(2026, 4, 22, 10, 0, tzinfo=ZONE) + timedelta(weeks=week) for week in range(3))
"""The next Wednesdays, when the board of each week is due."""

ITS_SUBJECT = "@subject@"
"""Stands in the subject of an answer for that of the reply."""

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
    #: When the board of its week is due.
    board: datetime
    #: The name of the mail whose reply it answers; its subject is then known only when that reply is there.
    answers: str = ""
    #: Whether it is the last of its week, after whose board is due.
    is_last: bool = False

    def answering(self, reply: bytes) -> bytes:
        """Return the mail as it is written when the reply that it answers has come."""
        said = message_from_bytes(reply, policy=default)
        return self.raw.replace(ITS_SUBJECT.encode(), str(said["Subject"]).encode("ascii"), 1)


def deliveries(scenes: Sequence[Scene], *, address: str, tag: str) -> list[Delivery]:
    """Write the mails of all weeks to the address, in order of arrival; ``tag`` is what subjects begin with."""
    last = {scene.week: number for number, scene in enumerate(scenes, 1)}
    names = {scene.name: _name(number, scene) for number, scene in enumerate(scenes, 1)}
    made = [
        replace(_delivery(number, scene, address, tag), is_last=last[scene.week] == number)
        for number, scene in enumerate(scenes, 1)
    ]
    return [replace(mail, answers=names.get(mail.answers, "")) for mail in made]


def _name(number: int, scene: Scene) -> str:
    return f"{number:02d}-{scene.name}"


def _delivery(number: int, scene: Scene, address: str, tag: str) -> Delivery:
    arrived_at, person = _instant(scene, number), scene.person
    name = _name(number, scene)
    message_id = f"<{name}.{arrived_at:%m%d%H%M%S}@{person.address.partition('@')[2]}>"
    letter = Letter(
        sender=person.name,
        address=person.address,
        to=address,
        subject=scene.subject or f"[{tag}] {person.team} - {person.method}",
        text=f"{scene.text}\n{person.name}",
        sent_at=(arrived_at - timedelta(seconds=4)).astimezone(timezone(timedelta(hours=person.hours))),
        message_id=message_id,
        files=scene.files,
        fields=scene.fields,
    )
    raw = write(person.client, letter)
    return Delivery(
        name=name,
        person=person,
        arrived_at=arrived_at,
        message_id=message_id,
        what=scene.what,
        raw=raw,
        board=BOARDS[scene.week - 1],
        answers=scene.answers,
    )


def _instant(scene: Scene, number: int) -> datetime:
    """Read ``thu 09:12``; the seconds follow from the mail's number."""
    day, _, clock = scene.at.rpartition(" ")
    moment = time.fromisoformat(clock).replace(second=number * 37 % 60, tzinfo=ZONE)
    return datetime.combine(BEGINS.date() + timedelta(weeks=scene.week - 1, days=DAYS.index(day)), moment)
