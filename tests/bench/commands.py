"""What the commands that only look cost, on the ledger of the demo: beside importing what prints and what reads."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.command import MAILBOT

ROUNDS = 5
BARE = (sys.executable, "-c", "import sqlalchemy, rich")
COMMANDS = {"status": ("status",), "board": ("board",), "submissions": ("submissions", "list")}


def measure() -> dict[str, dict[str, object]]:
    """Return the processor time of each command over that of the bare imports; the value is the median of all three.

    The first round is not counted: in it the bytecode of all modules is written, as installing a package does.
    """
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run((str(MAILBOT), "demo", "--out", "demo"), cwd=folder, check=True, stdout=subprocess.DEVNULL)
        calls = {name: (str(MAILBOT), "--config", "demo/config.toml", *words) for name, words in COMMANDS.items()}
        taken: dict[str, list[float]] = {name: [] for name in ("bare", *calls)}
        for _ in range(ROUNDS + 1):
            for name, call in {"bare": BARE, **calls}.items():
                taken[name].append(_cpu(call, Path(folder)))
    usual = {name: statistics.median(seconds[1:]) for name, seconds in taken.items()}
    ratios = {name: round(usual[name] / usual["bare"], 2) for name in calls}
    return {
        "cli": {
            "value": round(statistics.median(ratios.values()), 2),
            "unit": "CPU time of a command that only looks over that of `import sqlalchemy, rich`: the median command",
            **ratios,
            "bare_ms": round(1e3 * usual["bare"]),
        }
    }


def _cpu(call: tuple[str, ...], folder: Path) -> float:
    """Run a command; return its seconds of processor time, those of its children with it."""
    kept = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment = {**kept, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    before = os.times()
    subprocess.run(call, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system
