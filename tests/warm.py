"""A mailbot that has loaded its modules and forks for each command: half of the tests' time would go into loading.

What runs is ``mailbot.cli.main`` in a process of its own, with its own streams, folder, environment and ending, as the
installed command does; only its imports are done, but for that of the crash points, which reads the environment, and
what never changes is made: templates are compiled, and which letters look alike is known. The server that its children
are forked from is shared by all commands, and has loaded what each kind of child does.

Run as a program, it takes calls over the socket that is its standard input until that is closed.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MODULES = (
    "alembic.command", "mailbot.cli.audit", "mailbot.cli.boards", "mailbot.cli.checks", "mailbot.cli.disputes",
    "mailbot.cli.entries", "mailbot.cli.init", "mailbot.cli.letters", "mailbot.cli.mails", "mailbot.cli.maintain",
    "mailbot.cli.outbox", "mailbot.cli.run", "mailbot.cli.scores", "mailbot.cli.status", "mailbot.cli.submissions",
    "mailbot.cli.teams", "mailbot.cli.truth", "PIL.ImageDraw", "PIL.ImageFont", "scipy.stats",
)  # fmt: skip
"""What most commands load."""

KINDS = ("mailbot.mail.tasks", "mailbot.evaluation.tasks", "mailbot.evaluation.own_tasks")
"""What children do."""

_CALL_BYTES = 1 << 16


class Process:
    """A command that runs, of which its keeper tells the end; it is used as :class:`subprocess.Popen` is."""

    def __init__(self, arguments: Sequence[str], told: IO[bytes]) -> None:
        """Learn from the keeper which process it is."""
        self._arguments, self._told = list(arguments), told
        self.pid = int(told.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return its exit code, negative for a signal; None while it runs."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit code once it has ended. Raises subprocess.TimeoutExpired."""
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self._arguments, timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it, unless it has ended."""
        self.send_signal(signal.SIGKILL)

    def _look(self, seconds: float | None) -> int | None:
        if self.returncode is None and select.select([self._told], [], [], seconds)[0]:
            with self._told:
                self.returncode = int(self._told.read())
        return self.returncode


@dataclass(frozen=True, kw_only=True)
class Warm:
    """The process that forks, as the tests see it."""

    channel: socket.socket

    def start(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        out: int,
        err: int,
        environment: Mapping[str, str],
        session: bool = False,
    ) -> Process:
        """Start the command whose first word is its file, with this added to the environment of the tests.

        With ``session`` it leads a session of its own.
        """
        told, tell = os.pipe()
        whole = {**os.environ, **environment}
        call = {"arguments": list(arguments), "folder": str(folder), "environment": whole, "session": session}
        with Path(os.devnull).open("rb") as nothing:
            socket.send_fds(self.channel, [json.dumps(call).encode()], [nothing.fileno(), out, err, tell])
        os.close(tell)
        return Process(arguments, os.fdopen(told, "rb", buffering=0))


@cache
def warm() -> Warm:
    """Start it, or return the one that runs; it ends with this process."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    root = Path(__file__).parents[1]
    process = subprocess.Popen((sys.executable, "-m", "tests.warm"), stdin=its.fileno(), cwd=root)
    its.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return Warm(channel=ours)


# --- on the other side ------------------------------------------------------------------------


def _load() -> None:
    """Load what most commands use; what is compiled and looked up here, each command would do again."""
    for module in MODULES:
        importlib.import_module(module)
    from mailbot.identity import names  # noqa: PLC0415  # as above
    from mailbot.mail import languages, templates  # noqa: PLC0415  # as above
    from mailbot.system.children.server import SERVER  # noqa: PLC0415  # as above

    SERVER.keep(*KINDS)
    SERVER.start()
    names.looks("any")
    for path in languages.folder().rglob("*.j2"):
        if path.parent.name != "desk":  # its templates have filters of their own
            templates.environment().get_template(path.relative_to(languages.folder()).as_posix())


def _serve(channel: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the keepers
    while True:
        call, streams, _, _ = socket.recv_fds(channel, _CALL_BYTES, 4)
        if not call:
            return
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            channel.close()
            _keep(json.loads(call), streams)
        for stream in streams:
            os.close(stream)


def _keep(call: dict[str, Any], streams: Sequence[int]) -> NoReturn:
    """Fork once more: the child becomes the command, the parent tells how it ended."""
    *standard, tell = streams
    pid = os.fork()
    if pid == 0:
        os.close(tell)
        if call["session"]:
            os.setsid()
        _become(call, standard)
    os.write(tell, b"%d\n" % pid)
    _, status = os.waitpid(pid, 0)
    os.write(tell, b"%d" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _become(call: dict[str, Any], standard: Sequence[int]) -> NoReturn:
    """Do what the installed script does, as if it had been started so."""
    from mailbot.cli import main  # noqa: PLC0415  # as above
    from mailbot.system import crash  # noqa: PLC0415  # the tests themselves need none of it

    for number, stream in enumerate(standard):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(call["folder"])
    os.environ.clear()
    os.environ.update(call["environment"])
    importlib.reload(crash)
    sys.argv = call["arguments"]
    script = sys.modules["__main__"]
    script.__file__, script.__spec__, script.__package__ = sys.argv[0], None, None  # a script is in no package
    code = 1

    def leave() -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

    atexit.register(leave)  # the last to run; Python would then take apart, and so copy, everything that is loaded
    try:
        main()
        code = 0
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    sys.exit(code)


if __name__ == "__main__":
    _load()
    gc.freeze()
    with socket.socket(fileno=os.dup(0)) as line:
        _serve(line)
