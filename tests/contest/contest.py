"""A small contest: labels of twelve items, three teams, and the mails they write."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

from mailbot import flow, service
from mailbot.config import load
from mailbot.ledger import events, outbox
from mailbot.ledger.trail import verify
from mailbot.operations import ingest
from tests.unit.services import in_process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ITEMS = 12
START = datetime(2026, 4, 13, 8, 0, tzinfo=UTC)  # a Monday, two days before the board is due


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    instant: datetime = START

    def __call__(self) -> datetime:
        """Return the instant."""
        return self.instant

    def pass_by(self, **span: float) -> None:
        """Let time pass."""
        self.instant += timedelta(**span)


def write_config(folder: Path, **sections: Any) -> Path:  # noqa: ANN401  # config values of any kind
    """Write labels, roster and config into a folder; sections are merged into the config as JSON-like TOML."""
    rows = [{"id": i, "perception": i * 1.5 % 5, "knowledge": i * 2.5 % 5} for i in range(1, ITEMS + 1)]
    (folder / "labels.json").write_text(json.dumps({"predictions": rows}))
    (folder / "teams.csv").write_text("team,address\nAmber,amber@example.org\nBeryl,beryl@example.org\n")
    lines = [
        'preset = "siqa"',
        "workers = 1",
        "[challenge]",
        'address = "submissions@example.test"',
        'organizers = ["chair@example.net"]',
        "[roster]",
        'file = "teams.csv"',
        "[quota]",
        "per_week = 50",
        "[tracks.siqa-s]",
        'labels = "labels.json"',
    ]
    for name, values in sections.items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
    path = folder / "config.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


@contextmanager
def contest(folder: Path, clock: Clock, **sections: Any) -> Iterator[service.Service]:  # noqa: ANN401  # as above
    """Open a service on the contest in a folder; it reads and scores in this process, as its commands do not."""
    with flow.working(load.load(write_config(folder, **sections)), clock=clock) as wired:
        yield in_process(wired)
        with wired.ledger.read() as tx:
            entries = list(events.links(tx))
            assert [fault.what for fault in verify.unfit(tx, entries)] == []  # whatever was done, the trail tells of it


def mail(sender: str, *, shift: float = 0.0, subject: str = "[SIQA Submission] x - y", **fields: str) -> bytes:
    """Write a mail with a good file, whose predictions are the labels moved a little; fields are more headers."""
    rows = [
        {"id": i, "perception": i * 1.5 % 5 + shift * (i % 3), "knowledge": i * 2.5 % 5 - shift * (i % 4)}
        for i in range(1, ITEMS + 1)
    ]
    message = EmailMessage()
    message["From"] = sender
    message["To"] = "submissions@example.test"
    message["Subject"] = subject
    for name, value in fields.items():
        message[name.replace("_", "-")] = value
    message.set_content("Here it is.")
    data = json.dumps({"method": f"m{shift}", "track": "S", "predictions": rows}).encode()
    message.add_attachment(data, maintype="application", subtype="json", filename="s.json")
    return message.as_bytes()


def take(wired: service.Service, raw: bytes, arrived_at: datetime) -> None:
    """Let a mail arrive and be handled."""
    ingest.enter(wired, raw, arrived_at)
    while wired.intake.step():
        pass


def send_all(wired: service.Service) -> None:
    """Take every reply as sent."""
    while True:
        with wired.ledger.write("test") as tx:
            row = outbox.claim(tx, wired.clock())
            if row is None:
                return
            outbox.sent(tx, row.id, wired.clock())
