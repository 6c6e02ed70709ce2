"""The real command ``mailbot``, run as a user runs it: a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

from tests.warm import warm

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.warm import Process

MAILBOT = Path(sys.executable).with_name("mailbot")
"""The command as installed beside the interpreter that runs the tests."""

_SECONDS = 240.0


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

    ``environment`` is added to that of the tests.
    """
    done = typed(*arguments, folder=folder, environment=environment)
    assert "Traceback" not in done.err, done.err
    assert done.code == code, f"exit code {done.code}\n{done.out}\n{done.err}"
    return done


def typed(*arguments: str, folder: Path, environment: Mapping[str, str] | None = None) -> Done:
    """Run the command in a folder, and return how it ended, however that was."""
    with TemporaryFile() as out, TemporaryFile() as err:
        command = (str(MAILBOT), *arguments)
        process = warm().start(
            command, folder=folder, out=out.fileno(), err=err.fileno(), environment=environment or {}
        )
        try:
            ended = process.wait(_SECONDS)
        finally:
            process.kill()
        said, complained = (_text(stream) for stream in (out, err))
    return Done(code=ended, out=said, err=complained)


@contextmanager
def daemon(
    folder: Path,
    journal: Path,
    environment: Mapping[str, str] | None = None,
    *,
    alone: bool = False,
    program: Sequence[str] = (),
) -> Iterator[Process | subprocess.Popen[bytes]]:
    """Run the daemon in a folder, and append what it says to a file; whatever is left of it in the end is killed.

    One that is ``alone`` begins as a user's does: the server of its children is its own, not that of all tests;
    and another ``program`` may take the command's place.
    """
    command = (*(program or (str(MAILBOT),)), "run", "--yes", "--json")
    with journal.open("ab") as file:
        process = (
            subprocess.Popen(
                command,
                cwd=folder,
                stdout=file,
                stderr=file,
                env=os.environ | (environment or {}),
                start_new_session=True,
            )
            if alone
            else warm().start(
                command,
                folder=folder,
                out=file.fileno(),
                err=file.fileno(),
                environment=environment or {},
                session=True,
            )
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode()
