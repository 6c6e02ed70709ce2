"""A whole mailbot inside the test: the real parts on a real ledger, a clock that the test sets, and no children."""

from __future__ import annotations

import json
import secrets
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from mailbot import flow
from mailbot.config import load
from mailbot.evaluation import tasks
from mailbot.identity import keys
from mailbot.ledger import mails
from mailbot.operations.ingest import enter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mailbot.ledger.mails import MailRow
    from mailbot.service import Service
    from mailbot.system.sandbox import Sandbox

LABELS = Path(__file__).parents[1] / "flow" / "base" / "labels"
NOW = datetime(2026, 3, 12, 8, tzinfo=UTC)  # a Thursday
BEFORE = datetime(2020, 1, 1, tzinfo=UTC)  # every mail of a test has come since
ADA, CARL = "ada@peepers.example", "carl@muenster.example"


@dataclass
class Clock:
    """Tells the time that the test sets."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        """Tell it."""
        return self.now

    def forward(self, **by: float) -> None:
        """Move on."""
        self.now += timedelta(**by)


@dataclass
class Here:
    """Stands in for the children: does each task at once, in this process; what a task raises comes with its result."""

    #: Called with each task's arguments before it is done; may raise.
    before: Callable[..., object] = field(default=lambda *_: None)
    #: The arguments of the tasks that were cancelled.
    cancelled: list[tuple[object, ...]] = field(default_factory=list)
    #: As many as the config's default.
    workers: int = 2
    #: For how long a child would have been at each task.
    seconds: float = 0.0

    def missing(self, _: object) -> frozenset[str]:
        """Say that a child would lack no wall."""
        return frozenset()

    def submit(self, function: Callable[..., object], *args: object) -> Done:
        """Take a task."""
        return Done(self, function, args)


@dataclass
class Done:
    """A task of :class:`Here`."""

    here: Here
    function: Callable[..., object]
    args: tuple[object, ...]

    def result(self) -> object:
        """Do it and return what came of it."""
        self.here.before(*self.args)
        return self.function(*self.args)

    done = True

    @property
    def seconds(self) -> float:
        """As long as the test says."""
        return self.here.seconds

    def when_done(self, call: Callable[[], object]) -> None:
        """Call it at once."""
        call()

    def cancel(self) -> None:
        """Note that nobody wants it any more."""
        self.here.cancelled.append(self.args)


@contextmanager
def served(folder: Path, clock: Clock, here: Here | None = None, **config: Any) -> Iterator[Service]:  # noqa: ANN401  # any TOML
    """Open a mailbot with two teams in a folder; ``config`` goes over the preset.

    A label file that was corrected since is made the active one, as by ``mailbot truth add``.
    """
    if not (folder / "labels").exists():
        shutil.copytree(LABELS, folder / "labels")
    (folder / "teams.csv").write_text(f"team,address\nPixel Peepers,{ADA}\nMünster Vision,{CARL}\n", encoding="utf-8")
    given = {
        "preset": "siqa",
        "challenge": {"address": "submissions@siqa.example", "organizers": ["chair@siqa.example"]},
        "imap": {"host": "127.0.0.1", "extra_folders": ["Junk"], "since": BEFORE, "marker": ""},
        "roster": {"file": "teams.csv"},
        "tracks": {"siqa-s": {"labels": "labels/answer-s.json"}},
    }
    with flow.opened(load.build(given | config, base=folder), clock=clock) as made:
        inside = in_process(made, here)
        _activate(made)
        yield inside


def in_process(made: Service, here: Here | None = None) -> Service:
    """Return a mailbot that works without children, which take longer to start than most tests to run."""

    def hold() -> None:
        tasks.hold(tasks.told(made.labels))

    made.labels.changed = hold
    hold()
    return replace(made, sandbox=cast("Sandbox", here or Here()))


def _activate(service: Service) -> None:
    labels = service.labels
    for name, section in service.config.tracks.items():
        corrected = labels.keep(section.labels.read_bytes(), service.challenge.tracks[name], section.labels.name)
        if corrected.sha256 != labels.whole[name].sha256:
            labels.choose(corrected, "corrected", service.clock())


def drop(served: Service, raw: bytes, *, arrived_at: datetime = NOW) -> None:
    """Spool a mail, for the intake to handle."""
    enter(served, raw, arrived_at)


def take(served: Service, raw: bytes, *, arrived_at: datetime = NOW) -> MailRow:
    """Take a mail all the way to its record, and return what the ledger says of it."""
    place = enter(served, raw, arrived_at)
    while served.intake.step():
        pass
    with served.ledger.read() as tx:
        return mails.at(tx, place)


def keyed(served: Service, raw: bytes, team: str = "Pixel Peepers") -> bytes:
    """Return a mail that carries a key of its team, a new one."""
    with served.ledger.write("key") as tx:
        found = keys.new_key(
            tx, team, secret=keys.of(served.config.state, served.ledger), randomness=secrets.token_bytes(16), now=NOW
        )
    assert found is not None
    return f"To: submissions+{found[1]}@siqa.example\r\n".encode() + raw


def submission(method: str = "PeepNet", *, sender: str = ADA, tilt: float = 0.0, **fields: str) -> bytes:
    """Return a team's mail with a good file; ``tilt`` makes it score worse, ``fields`` are set or replaced."""
    mail = EmailMessage(policy=SMTP)
    given = {
        "From": sender,
        "Subject": f"[SIQA Submission] Pixel Peepers - {method}",
        "Message-ID": f"<{method}@x.org>",
    }
    for name, value in (given | fields).items():
        mail[name] = value
    mail.set_content("Our file.")
    labels = json.loads((LABELS / "answer-s.json").read_text())
    rows = [
        {
            "id": row["id"],
            "perception": row["perception_rating"] - tilt * row["id"],
            "knowledge": row["knowledge_rating"],
        }
        for row in labels
    ]
    data = json.dumps({"method": method, "track": "S", "predictions": rows}).encode()
    mail.add_attachment(data, maintype="application", subtype="json", filename="s.json")
    return mail.as_bytes()
