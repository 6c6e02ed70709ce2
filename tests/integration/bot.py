"""A mailbot of a test's own: its folder, its commands, and the daemon as a process to watch, stop and kill."""

from __future__ import annotations

import json
import shutil
import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tests.command import Done, daemon, mailbot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from subprocess import Popen

    from tests.warm import Process

T = TypeVar("T")

LABELS = Path(__file__).parents[1] / "flow" / "base" / "labels"
ITEMS = 8
WAIT_SECONDS = 240.0
"""A busy machine needs some; what hangs ends so, with what it told, before the time limit of the test."""

_CONFIG = """\
preset = "siqa"
workers = 1

[challenge]
address = "{address}"

[imap]
host = "127.0.0.1"
user = "{address}"
password_file = "password"
extra_folders = ["Junk"]
since = 2020-01-01T00:00:00Z
marker = ""
{imap}

[smtp]
host = "127.0.0.1"
{smtp}

[roster]
file = "teams.csv"
reply_to_unknown = false

[tracks.siqa-s]
labels = "labels/answer-s.json"
"""


@dataclass(frozen=True, kw_only=True)
class Bot:
    """A mailbot with a folder of its own."""

    folder: Path
    address: str

    @classmethod
    def make(cls, folder: Path, *, address: str, team: str, imap: dict[str, object], smtp: dict[str, object]) -> Bot:
        """Lay out the folder for the submission address and one team; ``imap`` and ``smtp`` go into the config."""
        shutil.copytree(LABELS, folder / "labels")
        (folder / "password").write_text("secret\n")
        (folder / "teams.csv").write_text(f"team,address\nPixel Peepers,{team}\n")
        config = _CONFIG.format(address=address, imap=_toml(imap), smtp=_toml(smtp))
        (folder / "config.toml").write_text(config)
        return cls(folder=folder, address=address)

    def once(self, *, code: int = 0) -> Done:
        """Make one pass, which must end with the exit code."""
        return mailbot("once", "--yes", "--json", folder=self.folder, code=code)

    def rows(self, what: str) -> list[dict[str, Any]]:
        """List the mails, submissions or replies of the ledger."""
        found: list[dict[str, Any]] = mailbot(what, "list", "--json", folder=self.folder).json
        return found

    @contextmanager
    def running(self) -> Iterator[Running]:
        """Run the daemon; whatever is left of it in the end is killed."""
        journal = self.folder / "journal.jsonl"
        journal.unlink(missing_ok=True)
        with daemon(self.folder, journal) as process:
            running = Running(process=process, path=journal)
            running.wait_for("running")
            yield running


@dataclass(frozen=True, kw_only=True)
class Running:
    """A daemon that runs."""

    process: Process | Popen[bytes]
    path: Path

    def journal(self) -> list[dict[str, Any]]:
        """Return what it wrote so far, line by line."""
        return [json.loads(line) for line in self.path.read_text().splitlines()]

    def wait_for(self, event: str) -> dict[str, Any]:
        """Wait until the journal tells of an event; return its line."""
        return wait(lambda: next((line for line in self.journal() if line["event"] == event), None), self.path)

    def stop(self) -> int:
        """Ask it to end as systemd does; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=WAIT_SECONDS)


def wait(condition: Callable[[], T | None], told: Path | None = None) -> T:
    """Wait until a condition gives something that counts as true and return it; fail with what a file tells.

    What takes long to look at, as what a command prints, is left alone for as long: the daemon needs the machine too.
    """
    until = time.monotonic() + WAIT_SECONDS
    while (began := time.monotonic()) < until:
        if found := condition():
            return found
        time.sleep(max(0.05, time.monotonic() - began))
    raise AssertionError(f"nothing came in {WAIT_SECONDS:g} s\n{told.read_text() if told else ''}")


def submission(
    team: str, to: str, *, method: str = "PeepNet", date: str = "Thu, 12 Mar 2026 08:00:00 +0000", attached: bool = True
) -> bytes:
    """Return the mail of a team with a good file; another method makes it another mail."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Date"] = team, to, date
    mail["Subject"] = f"[SIQA Submission] Pixel Peepers - {method}"
    mail["Message-ID"] = f"<{method}@client.example>"
    mail.set_content("Our file.")
    if attached:
        rows = [{"id": n, "perception": 1 + n / 3, "knowledge": 5 - n / 2} for n in range(1, ITEMS + 1)]
        data = json.dumps({"method": method, "track": "S", "predictions": rows}).encode()
        mail.add_attachment(data, maintype="application", subtype="json", filename="s.json")
    return mail.as_bytes()


def _toml(settings: dict[str, object]) -> str:
    """Write settings as lines of TOML; JSON's numbers and texts are TOML's too."""
    return "\n".join(f"{key} = {json.dumps(value)}" for key, value in settings.items())
