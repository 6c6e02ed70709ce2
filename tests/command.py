"""The real command ``mailbot``, run as a user runs it: a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

from tests.warm import warm

if TYPE_CHECKING:
    from collections.abc import Mapping

MAILBOT = Path(sys.executable).with_name("mailbot")
"""The command as installed beside the interpreter that runs the tests."""

_SECONDS = 120.0


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
    """Run the command in a folder; it must end with the exit code, and never with a traceback.

    With an environment it is started from scratch, otherwise by a process that has loaded it already.
    """
    with TemporaryFile() as out, TemporaryFile() as err:
        command = (str(MAILBOT), *arguments)
        if environment is None:
            ended = warm().run(command, folder=folder, out=out.fileno(), err=err.fileno(), seconds=_SECONDS)
        else:
            whole = {**os.environ, **environment}
            ended = subprocess.run(
                command, cwd=folder, env=whole, stdout=out, stderr=err, timeout=_SECONDS, check=False
            ).returncode
        said, complained = (_text(stream) for stream in (out, err))
    assert "Traceback" not in complained, complained
    assert ended == code, f"exit code {ended}\n{said}\n{complained}"
    return Done(code=ended, out=said, err=complained)


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode()
