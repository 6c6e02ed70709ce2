"""``make bench``: measure, print one line each, and write build/bench.json; everything as a ratio within this run."""

from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import (
    commands,
    evaluating,
    growth,
    idle,
    latency,
    metrics,
    pipeline,
    publishing,
    rescoring,
    sandbox,
    scores,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

RESULT = Path("build/bench.json")
BENCHES = (
    pipeline.measure,
    latency.measure,
    sandbox.measure,
    idle.measure,
    commands.measure,
    evaluating.measure,
    scores.measure,
    metrics.measure,
    rescoring.measure,
    growth.measure,
    publishing.measure,
)


def main() -> None:
    """Run every bench, or those whose module is named on the command line."""
    wanted = sys.argv[1:]
    found: dict[str, Mapping[str, object]] = {}
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for bench in BENCHES:
        if wanted and bench.__module__.rpartition(".")[2] not in wanted:
            continue
        for name, figures in bench().items():
            found[name] = figures
            print(f"{name:24} " + ", ".join(f"{key} {value}" for key, value in figures.items()), flush=True)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
