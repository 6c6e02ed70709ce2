"""The points at which the fault harness kills the process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

_PASSES = """
from mailbot.system import crash
for _ in range(3):
    with crash.around("file.sync"):
        print("inside", flush=True)
"""


def passed(**environment: str) -> tuple[int, int]:
    """Pass two points three times in a process of its own; return its exit code and how often it came between them."""
    done = subprocess.run(
        (sys.executable, "-c", _PASSES), env=os.environ | environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout.count("inside")


@pytest.mark.parametrize(
    ("point", "code", "times"),
    [
        ("file.sync.before", -signal.SIGKILL, 0),
        ("file.sync.after", -signal.SIGKILL, 1),
        ("file.sync.before@3", -signal.SIGKILL, 2),
        ("file.sync.after@4", 0, 3),
        ("file.rename.before", 0, 3),
        ("", 0, 3),
    ],
)
def test_the_process_dies_at_its_point(point: str, code: int, times: int) -> None:
    """At the pass that is named, the first if none is; at no other point."""
    assert passed(MAILBOT_CRASH_AT=point) == (code, times)


def test_each_point_passed_is_written_down(tmp_path: Path) -> None:
    """So that the harness learns which there are."""
    assert passed(MAILBOT_CRASH_TRACE=str(tmp_path / "trace")) == (0, 3)
    assert (tmp_path / "trace").read_text().splitlines() == ["file.sync.before", "file.sync.after"] * 3
