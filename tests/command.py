"""The real command ``mailbot``, run as a user runs it: a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

MAILBOT = Path(sys.executable).with_name("mailbot")
"""The command as installed beside the interpreter that runs the tests."""

_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Done:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401  # any JSON
        """What it printed, read as JSON."""
        return json.loads(self.out)


def mailbot(*arguments: str, folder: Path, code: int = 0, environment: Mapping[str, str] | None = None) -> Done:
    """Run the command in a folder; it must end with the exit code, and never with a traceback."""
    done = subprocess.run(
        (MAILBOT, *arguments),
        cwd=folder,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return Done(code=done.returncode, out=done.stdout, err=done.stderr)
