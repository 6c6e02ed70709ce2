"""A mailbot that has loaded its modules and forks for each command: half of the tests' time would go into loading.

What runs is ``mailbot.cli.main`` in a process of its own, with its own streams, folder, environment and ending, as the
installed command does; only its imports are done. Where they depend on the environment (crash points) tests start the
command from scratch (:mod:`tests.command`).

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
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Sequence

MODULES = (
    "alembic.command", "mailbot.cli.app", "mailbot.publish", "mailbot.rescore", "mailbot.service", "mailbot.takeout",
    "rich.console", "rich.table", "scipy.stats", "matplotlib.backends.backend_agg", "matplotlib.figure",
)  # fmt: skip
"""What most commands load."""

_CALL_BYTES = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Warm:
    """The process that forks, as the tests see it."""

    channel: socket.socket

    def run(self, arguments: Sequence[str], *, folder: Path, out: int, err: int, seconds: float) -> int:
        """Run the command whose first word is its file; return its exit code. Raises subprocess.TimeoutExpired."""
        told, tell = os.pipe()
        call = {"arguments": list(arguments), "folder": str(folder), "environment": dict(os.environ)}
        with os.fdopen(told, "rb") as answer, Path(os.devnull).open("rb") as nothing:
            socket.send_fds(self.channel, [json.dumps(call).encode()], [nothing.fileno(), out, err, tell])
            os.close(tell)
            pid = int(answer.readline())
            if not select.select([answer], [], [], seconds)[0]:
                os.kill(pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired(list(arguments), seconds)
            return int(answer.read())


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
        _become(call, standard)
    os.write(tell, b"%d\n" % pid)
    _, status = os.waitpid(pid, 0)
    os.write(tell, b"%d" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _become(call: dict[str, Any], standard: Sequence[int]) -> NoReturn:
    """Do what the installed script does, as if it had been started so."""
    from mailbot.cli import main  # noqa: PLC0415  # the tests themselves need none of it

    for number, stream in enumerate(standard):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(call["folder"])
    os.environ.clear()
    os.environ.update(call["environment"])
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
    for module in MODULES:
        importlib.import_module(module)
    gc.freeze()
    with socket.socket(fileno=os.dup(0)) as line:
        _serve(line)
