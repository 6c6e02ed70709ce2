"""``make bench``: measure, print one line each, and write build/bench.json; everything as a ratio within this run.

What is measured is written module by module: one that fails costs no figure of another, and is told of at the end.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
import traceback
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import ROWS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RESULT = Path("build/bench.json")


def main() -> None:
    """Run every bench, or those whose module is named on the command line; of these the others' figures are kept."""
    wanted = sys.argv[1:]
    if unknown := [module for module in wanted if module not in ROWS]:
        sys.exit(f"there is no bench {', '.join(unknown)}; there are {', '.join(ROWS)}")
    found: dict[str, Mapping[str, object]] = json.loads(RESULT.read_text()) if wanted and RESULT.exists() else {}
    failed: list[str] = []
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for module in wanted or ROWS:
        begun = time.monotonic()
        try:
            measured = _measured(module, ROWS[module])
        except Exception:  # noqa: BLE001  # what it may be is anything, and the other modules are still measured
            traceback.print_exc()
            failed.append(module)
            continue
        for name, figures in measured.items():
            found[name] = figures
            print(f"{name:24} " + ", ".join(f"{key} {value}" for key, value in figures.items()))
        print(f"({module} took {time.monotonic() - begun:.0f} s)", flush=True)
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def _measured(module: str, names: Sequence[str]) -> Mapping[str, Mapping[str, object]]:
    """Return the figures of a module. Raises RuntimeError when they are not those that it is to measure."""
    measured: Mapping[str, Mapping[str, object]] = import_module(f"tests.bench.{module}").measure()
    if set(measured) != set(names) or not all("value" in figures for figures in measured.values()):
        message = f"{module} measured {sorted(measured)}; it is to measure {sorted(names)}, each with a value"
        raise RuntimeError(message)
    return measured


if __name__ == "__main__":
    main()
