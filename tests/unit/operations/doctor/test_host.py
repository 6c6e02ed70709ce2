"""The doctor starts a child and says which of the kernel's walls stand around it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from mailbot.mail import tasks
from mailbot.operations.doctor import host
from mailbot.operations.doctor.finding import Level
from mailbot.system.children.walls import Wall
from mailbot.system.sandbox import Sandbox

ROOT = Path(__file__).parents[4]

_WITHOUT = """
import ctypes, json
from mailbot.operations.doctor import host
from mailbot.system.children import walls
from mailbot.system.sandbox import Sandbox

steps = [(0x20, 0, 0, 0)]
for number in (444, 97 if walls.platform.machine() == "aarch64" else 272):  # landlock_create_ruleset, unshare
    steps += [(0x15, 0, 1, number), (0x06, 0, 0, 0x0005_0001)]
ctypes.CDLL(None).prctl(38, ctypes.c_ulong(1), 0, 0, 0)
assert walls.install([*steps, (0x06, 0, 0, 0x7FFF_0000)])  # what a container that forbids both answers
sandbox = Sandbox(1)
print(json.dumps([[row.level, row.detail, row.fix] for row in host.walls(sandbox)]))
"""


def test_all_walls_are_named() -> None:
    """Green with all of them, yellow for each that this kernel lacks."""
    sandbox = Sandbox(1)
    missing, rows = sandbox.missing(tasks.KIND), list(host.walls(sandbox))
    assert {row.part for row in rows} == {"children"}
    assert [row.level for row in rows] == ([Level.YELLOW] * len(missing) or [Level.GREEN])
    assert all(wall in rows[0].detail for wall in set(Wall) - missing)


def test_what_is_missing_is_yellow_with_its_name() -> None:
    """And with what brings it back; the child runs behind the others."""
    command = (sys.executable, "-c", _WITHOUT)
    rows = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout)
    assert [(level, detail.partition(";")[0]) for level, detail, _ in rows] == [
        ("yellow", "without Landlock"),
        ("yellow", "without network namespace"),
    ]
    assert all("seccomp" in detail.partition(";")[2] for _, detail, _ in rows)
    assert "/sys/kernel/security/lsm" in rows[0][2]
