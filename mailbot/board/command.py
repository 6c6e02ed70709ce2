"""The organizers' own command after each publication: it brings the site's folder to a web server.

It runs without a shell, with nothing on its standard input and under a time limit. What it says goes into a file that
only we may read, for it may name secrets; what it does is told in one sentence. No mail ever waits for it: it runs in
the thread of the weekly step, and a failure is no exception.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from typing import TYPE_CHECKING

from mailbot.system import journal

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.transport.alerts import Watch

GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL for a command that takes too long."""

FOLDER = "MAILBOT_PAGE"
"""The variable that names the site's folder to the command."""

_PRIVATE = 0o600


def after_publishing(command: str, folder: Path, *, seconds: float, log: Path, watch: Watch) -> bool:
    """Run ``command`` for the site in ``folder``; tell the journal and, where that is news, the organizers.

    Return whether it succeeded; True when there is none to run.
    """
    if not command:
        return True
    trouble = run(command, folder, seconds=seconds, log=log)
    if trouble:
        journal.trouble("page-command-failed", why=trouble)
    else:
        journal.event("page-command-done")
    watch.report("page", ok=not trouble, detail=trouble and f"{trouble} What it said is in {log}.")
    return not trouble


def run(command: str, folder: Path, *, seconds: float, log: Path) -> str:
    """Run ``command``, ``{folder}`` in its words being ``folder``; return what went wrong, "" if nothing did.

    It and all that it started are ended after ``seconds``. Standard output and error go to ``log``.
    """
    words = [word.replace("{folder}", str(folder)) for word in shlex.split(command)]
    given = {name: value for name, value in os.environ.items() if name != "CREDENTIALS_DIRECTORY"}
    try:
        with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE), "wb") as said:
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
