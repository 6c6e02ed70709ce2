"""A contest with a validation phase and a test phase of other items."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import timedelta
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

from mailbot import flow
from mailbot.config import load
from mailbot.ledger import submissions
from tests.contest.contest import START, write_config
from tests.unit.services import in_process

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from mailbot.service import Service
    from tests.contest.contest import Clock

SWITCH = START + timedelta(days=4)  # a Friday
END = SWITCH + timedelta(days=10)  # a Monday
VALIDATION, TEST = range(1, 13), range(101, 115)


def labels(items: Sequence[int]) -> bytes:
    """Return a label file of these items."""
    rows = [{"id": i, "perception": i * 1.7 % 5, "knowledge": i * 2.3 % 5} for i in items]
    return json.dumps({"predictions": rows}).encode()


def write(folder: Path, **test: Any) -> Path:  # noqa: ANN401  # config values of any kind
    """Write the config of both phases; keys of ``test`` go into the table of the test phase."""
    (folder / "test.json").write_bytes(labels(TEST))
    path = write_config(folder)
    own = {"labels": {"siqa-s": "test.json"}, **test}
    phases = [
        ("validation", START - timedelta(days=30), SWITCH, {}),
        ("test", SWITCH, END, own),
    ]
    text = path.read_text()
    for name, opens, closes, more in phases:
        text += f'\n[[phases]]\nname = "{name}"\nopens = {opens.isoformat()}\ncloses = {closes.isoformat()}\n'
        text += "".join(f"{key} = {_toml(value)}\n" for key, value in more.items())
    path.write_text(text)
    return path


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + " }"
    return json.dumps(value)


@contextmanager
def contest(folder: Path, clock: Clock, **test: Any) -> Iterator[Service]:  # noqa: ANN401  # as above
    """Open a service on the contest in a folder."""
    with flow.working(load.load(write(folder, **test)), clock=clock) as wired:
        yield in_process(wired)


def mail(sender: str, items: Sequence[int], *, shift: float = 0.0, subject: str = "[SIQA Submission] x") -> bytes:
    """Write a mail with a file that predicts these items, the labels moved a little."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = "submissions@example.test"
    message["Subject"] = subject
    message.set_content("Here it is.")
    rows = [
        {"id": i, "perception": i * 1.7 % 5 + shift * (i % 3), "knowledge": i * 2.3 % 5 - shift * (i % 4)}
        for i in items
    ]
    data = json.dumps({"method": f"m{shift}", "track": "S", "predictions": rows}).encode()
    message.add_attachment(data, maintype="application", subtype="json", filename="s.json")
    return message.as_bytes()


def received(wired: Service) -> list[tuple[str, str, str | None]]:
    """Return team, status and phase of each submission, in the order of their receipts."""
    with wired.ledger.read() as tx:
        rows = sorted(submissions.listing(tx), key=lambda row: row.id)
    return [(row.team, row.status.value, row.phase) for row in rows]


def at(clock: Clock, instant: datetime) -> datetime:
    """Set the clock."""
    clock.instant = instant
    return instant
