"""Fuzz every target for so many seconds in all: `python -m tests.fuzz [SECONDS] [TARGET...]`.

What is found lies under `build/fuzz/TARGET/`; a find becomes a test by moving it to `tests/fuzz/finds/TARGET/`. Exit
code 1 when something was found.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.seeds import seeds
from tests.fuzz.targets import TARGETS

_BUILD = Path(__file__).parents[2] / "build" / "fuzz"
_LENGTHS = {"parse": 8192, "open": 8192, "walker": 8192}
_LENGTH = 4096
_TASK_SECONDS = 10
_MEMORY_MB = 1024
_SIDE_BY_SIDE = 2


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of libFuzzer that ended."""

    target: str
    executions: int
    finds: list[Path]


def main() -> int:
    """Run the targets, two at a time, and print what came of each."""
    numbers = [int(word) for word in sys.argv[1:] if word.isdecimal()]
    chosen = [word for word in sys.argv[1:] if word in TARGETS] or list(TARGETS)
    seconds = max(1, (numbers or [60])[0] * min(_SIDE_BY_SIDE, len(chosen)) // len(chosen))
    runs = []
    for first in range(0, len(chosen), _SIDE_BY_SIDE):
        started = [(target, _start(target, seconds)) for target in chosen[first : first + _SIDE_BY_SIDE]]
        runs += [_ended(target, process) for target, process in started]
    for run in runs:
        print(f"{run.target:<12} {seconds:>6} s  {run.executions:>12,} executions  {len(run.finds)} found")
        for path in run.finds:
            print(f"             {path}")
    print(f"{'all':<12} {sum(run.executions for run in runs):>22,} executions")
    return 1 if any(run.finds for run in runs) else 0


def _start(target: str, seconds: int) -> subprocess.Popen[bytes]:
    """Start libFuzzer on a target; it goes on from the corpus of the last run."""
    folder = _BUILD / target
    for name in ("corpus", "seeds"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for seed in seeds(target):
        (folder / "seeds" / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    options = (
        f"-max_total_time={seconds}",
        f"-max_len={_LENGTHS.get(target, _LENGTH)}",
        f"-timeout={_TASK_SECONDS}",
        f"-rss_limit_mb={_MEMORY_MB}",
        f"-artifact_prefix={folder}/",
        "-print_final_stats=1",
    )
    command = (sys.executable, "-m", "tests.fuzz.one", target, *options, folder / "corpus", folder / "seeds")
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=_be_nice)  # noqa: PLW1509  # no threads yet


def _be_nice() -> None:
    os.nice(10)


def _ended(target: str, process: subprocess.Popen[bytes]) -> Run:
    process.wait()
    log = (_BUILD / target / "log").read_text(encoding="utf-8", errors="replace")
    told = re.findall(r"stat::number_of_executed_units:\s*(\d+)|^#(\d+)\s", log, re.MULTILINE)
    finds = [Path(path) for path in re.findall(r"Test unit written to (\S+)", log)]
    if process.returncode and not finds:
        raise SystemExit(log[-3000:])
    return Run(target=target, executions=max((int(a or b) for a, b in told), default=0), finds=finds)


if __name__ == "__main__":
    sys.exit(main())
