"""Publish a board: write its files and the site, then run the organizers' own command on it."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mailbot import lazily
from mailbot.board.codec import board_from_json
from mailbot.board.rank_changes import present_phase
from mailbot.config.servers import CREDENTIALS
from mailbot.errors import Permanent
from mailbot.ledger import boards
from mailbot.system import journal, safefile

with lazily(__name__):  # a daemon writes a site once a week
    from mailbot.board import exports, workbook
    from mailbot.board.page import folder as site_folder
    from mailbot.board.page import rules as site_rules
    from mailbot.board.page.site import site, standing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mailbot.board.model import Board
    from mailbot.board.page.rules import SiteRules
    from mailbot.board.page.site import Weeks
    from mailbot.config.challenge import Challenge
    from mailbot.config.schema import Config
    from mailbot.ledger import Ledger
    from mailbot.transport.alerts import Alerts


FOLDER_KEY = "board.folder"
"""The key of the config that names where the files go."""


@dataclass(frozen=True, kw_only=True)
class Publisher:
    """Writes a board's files where the config says, then runs the organizers' command."""

    config: Config
    challenge: Challenge
    ledger: Ledger
    alerts: Alerts
    #: What was made of past boards, so that each is made once while this process lives.
    weeks: Weeks = field(default_factory=dict)

    def publish(self, board: Board) -> None:
        """Write the files of a board that is published now. Raises ConfigError when they cannot be written."""
        self._write(board, self.published())
        self._run_command()

    def published(self) -> list[Board]:
        """Return the boards that the ledger keeps, in the order they were published in; also those withdrawn."""
        with self.ledger.read() as tx:
            rows = boards.listing(tx, withdrawn=True)
        made = [board_from_json(json.loads(row.board)) for row in rows]
        told = zip(made, rows, strict=True)
        return [replace(one, withdrawn=row.withdrawn or "", kept=row.sha256) for one, row in told]

    def rebuild(self) -> bool:
        """Regenerate the files of the last board and the site, as they were when published; run the command.

        Return whether that succeeded. Final results are the last board until another one is published.

        Raises:
            Permanent: no board was published yet.
            ConfigError: the files could not be written; the old site stays.
        """
        published = self.published()
        if not published:
            raise Permanent("no board was published yet: publish one first")
        self._write(published[-1], published[:-1])
        return self._run_command()

    def differing(self) -> list[str]:
        """Return the published files that are not what would be written now, by their paths below the folder."""
        published, folder = self.published(), self.config.published
        if not published:
            return []
        rules = site_rules.from_config(self.config, self.challenge)
        files, pages = _made(published[-1], folder, rules, published[:-1])
        wanted = files | {f"page/{name}": data for name, data in pages.items()}
        there = {str(path.relative_to(folder)) for path in (folder / "page").glob("**/*") if path.is_file()}
        strange = sorted(there - set(wanted))
        return [name for name, data in wanted.items() if not _holds(folder / name, data)] + strange

    def refresh(self) -> bool:
        """Regenerate the files if a board was published; return whether all is well."""
        return not self.published() or self.rebuild()

    def _write(self, board: Board, past: Sequence[Board]) -> None:
        folder = self.config.published
        self.ledger.verify_lead()  # another host may have published a later board meanwhile
        with safefile.folder_in_use(FOLDER_KEY, folder):
            write(board, folder, site_rules.from_config(self.config, self.challenge), past, self.weeks)

    def _run_command(self) -> bool:
        """Run the command on the folder of the present site, which stays whole while it runs."""
        folder, log = (self.config.published / "page").resolve(), self.config.state / "page-command.log"
        page = self.config.page
        return after_publishing(page.command, folder, seconds=page.command_seconds, log=log, alerts=self.alerts)


def _holds(path: Path, data: bytes) -> bool:
    return path.is_file() and path.read_bytes() == data


def _received(folder: Path) -> bytes | None:
    """Return the list of received files, once it lies below ``folder``."""
    path = folder / exports.RECEIPTS
    return path.read_bytes() if path.is_file() else None


def write(
    board: Board, folder: Path, rules: SiteRules, past: Sequence[Board] = (), weeks: Weeks | None = None
) -> tuple[Path, ...]:
    """Write ``board.csv``, ``board.xlsx``, ``board.json`` and the site ``page/`` below ``folder``; return their paths.

    ``past`` are the boards published before, in order; the files are of the last one of the present phase. ``page/`` is
    a whole site, ready for any web server; ``weeks`` is what :func:`mailbot.board.page.site.site` has it for. All is
    made before the first file is written; each file is replaced at once, and the site as a whole, last.

    Raises:
        OSError: something could not be written; what came before it is new, the rest as it was.
    """
    files, pages = _made(board, folder, rules, past, weeks)
    for name, data in files.items():
        safefile.replace(folder / name, data, mode=safefile.PUBLIC_FILE)
    site_folder.replace(folder / "page", pages)
    return (folder / "page" / "index.html", *(folder / name for name in files))


def _made(
    board: Board, folder: Path, rules: SiteRules, past: Sequence[Board], weeks: Weeks | None = None
) -> tuple[dict[str, bytes], Mapping[str, bytes]]:
    """Return the files of a board, and those of the site by their paths below ``page/``."""
    pages = site([*past, board], rules, _received(folder), weeks)
    stand = standing([*past, board])
    board = [one for one in stand if one.phase == present_phase(stand)][-1]
    files = {"board.json": exports.as_json(board)}
    if files["board.json"] == pages["board.json"]:  # it is the board of the front page, as it nearly always is
        files |= {name: pages[name] for name in ("board.csv", "board.xlsx")}
    else:
        files |= {"board.csv": exports.as_csv(board), "board.xlsx": workbook.as_xlsx(board)}
    return {name: files[name] for name in ("board.csv", "board.xlsx", "board.json")}, pages


GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL for a command that takes too long."""

FOLDER = "MAILBOT_PAGE"
"""The variable that names the site's folder to the command."""


def after_publishing(command: str, folder: Path, *, seconds: float, log: Path, alerts: Alerts) -> bool:
    """Run ``command`` for the site in ``folder``; tell the journal and, where that is news, the organizers.

    Return whether it succeeded; True when there is none to run.
    """
    if not command:
        return True
    trouble = run_command(command, folder, seconds=seconds, log=log)
    if trouble:
        journal.trouble("page-command-failed", why=trouble)
    else:
        journal.event("page-command-done")
    alerts.report("page", ok=not trouble, detail=trouble and f"{trouble} Its output is in {log}.")
    return not trouble


def run_command(command: str, folder: Path, *, seconds: float, log: Path) -> str:
    """Run ``command``, ``{folder}`` in its words being ``folder``; return what went wrong, "" if nothing did.

    It and all that it started are ended after ``seconds``. Standard output and error go to ``log``.
    """
    words = [word.replace("{folder}", str(folder)) for word in shlex.split(command)]
    given = {name: value for name, value in os.environ.items() if name != CREDENTIALS}
    try:
        with safefile.opened(log, "wb") as said:
            process = subprocess.Popen(
                words,
                cwd=folder,
                env={**given, FOLDER: str(folder)},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except OSError as error:
        return f"page.command could not be started ({error.strerror})."
    except Permanent as error:
        return f"page.command was not started: {error}."
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        _end(process)
        return f"page.command was ended after {seconds:g} seconds."
    return f"page.command ended with exit code {code}." if code else ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command with all that it started: politely, then not.

    A shell ends at the first word while what it runs may not, so the whole group has its time. The command is reaped
    last: until then no other process can bear the number of its group.
    """
    os.killpg(process.pid, signal.SIGTERM)
    time.sleep(GRACE)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
