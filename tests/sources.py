"""The source of mailbot and scoring, parsed once for all tests of a process that hold its rules."""

from __future__ import annotations

import ast
import gc
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]

PACKAGES = ("mailbot", "scoring")


@cache
def trees() -> dict[Path, ast.Module]:
    """Return the tree of each module by its path, in the order of the paths."""
    gc.disable()  # all of it stays: to look for garbage in it takes three times as long as to parse it
    try:
        paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
        return {path: ast.parse(path.read_bytes()) for path in paths}
    finally:
        gc.freeze()
        gc.enable()
