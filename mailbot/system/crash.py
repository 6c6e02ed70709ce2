"""Named points at which the fault harness may kill the process; outside the harness they do nothing.

A point stands before and after every sync, commit, rename, IMAP command and SMTP command. With
``MAILBOT_CRASH_AT=NAME@3`` in the environment the process is killed (SIGKILL, nothing is cleaned up) when it passes
that point for the third time; with ``MAILBOT_CRASH_TRACE=FILE`` the name of each point passed is appended to a file.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME, _, _TIMES = os.environ.get("MAILBOT_CRASH_AT", "").partition("@")
_TRACE = os.environ.get("MAILBOT_CRASH_TRACE", "")
_passed: Counter[str] = Counter()


def point(name: str) -> None:
    """Pass a point; if the harness says so, the process dies here."""
    if not (_NAME or _TRACE):
        return
    _passed[name] += 1
    if _TRACE:
        with Path(_TRACE).open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")
    if name == _NAME and _passed[name] == int(_TIMES or 1):
        os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def around(name: str) -> Iterator[None]:
    """Pass a point before the block and, if the block succeeds, another one after it."""
    point(f"{name}.before")
    yield
    point(f"{name}.after")
