"""What a process started, and whether it is all gone."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

_SECONDS = 20.0


def wait_for_the_end_of(group: int) -> None:
    """Wait until no process of a group runs: one that was killed, or lost its parent, ends a moment later."""
    until = time.monotonic() + _SECONDS
    while _runs(group):
        if time.monotonic() > until:
            pytest.fail(f"a process of group {group} lives on")
        time.sleep(0.05)


def below(pid: int) -> list[int]:
    """Return the processes that one has started, and those that they have, each after its parent."""
    found = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, listed.read_text(encoding="ascii").split()):
            found += [child, *below(child)]
    return found


def _runs(group: int) -> bool:
    """Tell whether a process of a group runs; one that ended and waits for its parent's look does not."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            state, _parent, found = (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[:3]
        except OSError:  # it ended while we looked
            continue
        if int(found) == group and state not in {"Z", "X"}:
            return True
    return False
