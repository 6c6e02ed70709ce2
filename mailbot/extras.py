"""How what is missing is installed: from mailbot's own source, since a package index has it not."""

from __future__ import annotations

import sys


def how(extra: str = "") -> str:
    """Return the command for this very environment, with the packages of an extra where one is named."""
    source = f"'SOURCE[{extra}]'" if extra else "SOURCE"
    return f"`{sys.executable} -m pip install --upgrade {source}`, where SOURCE is the folder of mailbot's source"
