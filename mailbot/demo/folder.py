"""The demo's folder: chosen, cleared of an earlier demo only, and filled."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mailbot.demo.cast import roster
from mailbot.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Mapping
from mailbot.system.lock import held

NAME = "mailbot-demo"
PASSWORD = "only for the demo"  # noqa: S105  # of a mailbox that lives as long as the demo

README = """\
Made by `mailbot demo`, which replaces all of this when it is run again.

inbox/           the mails that came in, as the mail server got them
replies/         mailbot's answers, each named after the mail it answers
letters/         what it wrote on its own: standings, reminders, the week in numbers for the organizers
page/index.html  the leaderboard as a web page; board.csv, board.xlsx, board.json hold the same
labels/          the made-up labels; in a real challenge they never leave the host
teams.csv        the roster
config.toml      mailbot's config; its mail servers end with the demo, all else works:
                 mailbot --config config.toml board | submissions list | outbox show R-000001
ledger.db        everything that happened; spool/ holds the mails it speaks of
journal.log      what the daemon said
"""

CONFIG = """\
# Written by `mailbot demo`. Paths are relative to this file. The two mail servers end with the demo.
{preset}state = "."

[challenge]
address = "{address}"
organizers = ["chair@{domain}"]
{challenge}
[imap]
host = "127.0.0.1"
port = {imap_port}
security = "none"                     # a server on this very machine
user = "{address}"
password_file = "imap-password"
since = 2026-01-01T00:00:00Z  # else what came before the first start is left alone
marker = ""                           # nobody else serves this mailbox
poll_seconds = 0.1                    # a week passes in seconds here; 60 is usual

[smtp]
host = "127.0.0.1"
port = {smtp_port}
security = "none"

[roster]
file = "teams.csv"
reply_to_unknown = false

[[phases]]
name = "test"
closes = 2026-05-10T00:00:00+08:00

[[entries]]
kind = "paper"
closes = 2026-05-15T00:00:00-12:00
types = [".pdf"]

[page]
dates = {{ "Notification of papers" = 2026-05-30T00:00:00+08:00 }}

[board]
folder = "."
{board}
{tables}"""


@dataclass(frozen=True, kw_only=True)
class Keys:
    """What a challenge writes into the config."""

    #: The official submission address.
    address: str
    #: The line that names the preset, or nothing.
    preset: str = ""
    #: Lines for ``[challenge]`` and ``[board]``.
    challenge: str = ""
    board: str = ""
    #: The tables of the tracks, and others.
    tables: str

    def as_toml(self, *, imap_port: int, smtp_port: int) -> str:
        """Return the whole config."""
        domain = self.address.partition("@")[2]
        return CONFIG.format(imap_port=imap_port, smtp_port=smtp_port, domain=domain, **vars(self))


_FOLDERS = (".page", "columns", "desk", "inbox", "labels", "letters", "page", "replies", "spool", "truths")
_FILES = (
    "acts.jsonl", "board.csv", "board.json", "board.xlsx", "config.toml", "identity.secret", "imap-password",
    "gdt.py", "journal.log", "journal-one.log", "journal-two.log", "ledger.db", "ledger.db-shm", "ledger.db-wal",
    "mailbot.lock", "page", "roster.jsonl", "teams.csv",
)  # fmt: skip


def choose(out: Path | None) -> Path:
    """Return the folder to use: the given one, else one of our own here, or where temporary files go."""
    if out is not None:
        return out.absolute()
    here = Path.cwd()
    return (here if os.access(here, os.W_OK) else Path(tempfile.gettempdir())) / NAME


def prepare(folder: Path) -> None:
    """Make the folder, or clear it of an earlier demo. Raises Permanent when it holds anything else, Held in use."""
    try:
        _clear(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "README.txt").write_text(README, encoding="utf-8")  # first, as it marks the folder as a demo's
        for name in ("inbox", "labels", "replies"):
            (folder / name).mkdir()
    except OSError as error:
        message = f"{folder} cannot be used ({error.strerror}); name another folder: mailbot demo --out DIR"
        raise Permanent(message) from error


def _clear(folder: Path) -> None:
    """Remove what a demo leaves, and nothing else."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    mark = folder / "README.txt"
    if not (mark.is_file() and mark.read_bytes().startswith(README.encode()[:30])):
        message = f"{folder} already exists and no earlier demo's; name another folder: mailbot demo --out DIR"
        raise Permanent(message)
    with held(folder):
        for name in _FOLDERS:
            shutil.rmtree(folder / name, ignore_errors=True)
        for name in _FILES:
            (folder / name).unlink(missing_ok=True)


def furnish(folder: Path, keys: Keys, *, files: Mapping[str, bytes], imap_port: int, smtp_port: int) -> Path:
    """Write the challenge's files, roster, password and config; return the config's path."""
    for name, data in files.items():
        (folder / name).write_bytes(data)
    (folder / "teams.csv").write_text(roster(), encoding="utf-8")
    (folder / "imap-password").write_text(PASSWORD + "\n", encoding="utf-8")
    config = folder / "config.toml"
    config.write_text(keys.as_toml(imap_port=imap_port, smtp_port=smtp_port), encoding="utf-8")
    return config
