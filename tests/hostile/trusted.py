"""A kind of child without walls, as the one that computes with kept columns is."""

from __future__ import annotations

import os
from pathlib import Path

from mailbot.system.children.named import Kind

KIND = Kind(__name__, walled=False, at_once=1)


@KIND.task
def writes(path: str) -> int:
    """Write a file, and return the child's process id."""
    Path(path).write_text("kept", encoding="utf-8")
    return os.getpid()
