"""``make bench``: measure, print one line each, and write build/bench.json; everything as a ratio within this run."""

from __future__ import annotations

import json
import os
import platform
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import ROWS

if TYPE_CHECKING:
    from collections.abc import Mapping

RESULT = Path("build/bench.json")


def main() -> None:
    """Run every bench, or those whose module is named on the command line."""
    wanted = sys.argv[1:]
    found: dict[str, Mapping[str, object]] = {}
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for module, names in ROWS.items():
        if wanted and module not in wanted:
            continue
        measured = import_module(f"tests.bench.{module}").measure()
        if set(measured) != set(names) or not all("value" in figures for figures in measured.values()):
            message = f"{module} measured {sorted(measured)}; it is to measure {sorted(names)}, each with a value"
            raise RuntimeError(message)
        for name, figures in measured.items():
            found[name] = figures
            print(f"{name:24} " + ", ".join(f"{key} {value}" for key, value in figures.items()), flush=True)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
