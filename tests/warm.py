"""A mailbot that has loaded its modules and forks for each command: half of the tests' time would go into loading.

What runs is ``mailbot.cli.main`` in a process of its own, with its own streams, folder, environment and ending, as the
installed command does; only its imports are done, but for that of the crash points, which reads the environment, and
what never changes is made: templates are compiled, which letters look alike is known, and so is the SQL of commands.
The server that its children are forked from is shared by all commands, and has loaded what each kind of child does.

One serves all processes of a test run. Run as a program, it takes calls over the socket that is its standard input
until that is closed, and over every connection to the socket at the path that is its argument.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextvars import copy_context
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import IO, TYPE_CHECKING, Any, NoReturn

from tests import quick

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MODULES = (
    "alembic.command", "openpyxl", "pandas", "PIL.ImageDraw", "PIL.ImageFont", "scipy.stats", "typer.rich_utils",
)  # fmt: skip
"""What commands load when they need it, besides the modules that they are in."""

KINDS = (
    "mailbot.mail.tasks", "mailbot.evaluation.tasks", "mailbot.evaluation.own_tasks", "mailbot.evaluation.kept_tasks",
)  # fmt: skip
"""What children do."""

PLACE = "MAILBOT_TEST_WARM"
"""The variable of the environment that names the socket of the one that runs."""

_CALL_BYTES = 1 << 16

_BACKLOG = 64

_FIRST = (
    "--help", "status", "mails list", "submissions list", "submissions show S-1", "outbox list", "outbox show R-1",
    "teams list", "teams add Citrine citrine@example.org", "publish", "trace M-1", "rescore", "audit verify",
    "audit list", "truth list", "similar", "backup kept",
)  # fmt: skip
"""Commands whose SQL is put into words once for all."""


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
    #: Where other processes find it; None when this one did so.
    place: Path | None = None

    def lend(self) -> None:
        """Let the processes that this one starts use it, once it listens."""
        while self.place and not self.place.exists():
            time.sleep(0.01)
        os.environ[PLACE] = str(self.place)

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
    """Return the one that runs, or start it; it ends with the process that started it."""
    if PLACE in os.environ:
        line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        line.connect(os.environ[PLACE])
        atexit.register(line.close)
        return Warm(channel=line)
    folder = Path(mkdtemp(prefix="mb-"))
    place = folder / "warm"
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    root = Path(__file__).parents[1]
    process = subprocess.Popen((sys.executable, "-m", "tests.warm", str(place)), stdin=its.fileno(), cwd=root)
    its.close()

    def end() -> None:
        ours.close()
        process.wait()
        shutil.rmtree(folder)

    atexit.register(end)
    return Warm(channel=ours, place=place)


# --- on the other side ------------------------------------------------------------------------


def _load() -> None:
    """Load what commands use; what is compiled and looked up here, each command would do again."""
    quick.share()
    for module in MODULES:
        importlib.import_module(module)
    from mailbot.cli import app  # noqa: PLC0415  # the tests themselves need none of it
    from mailbot.identity import names  # noqa: PLC0415  # as above
    from mailbot.mail import languages, templates  # noqa: PLC0415  # as above
    from mailbot.system.children.server import SERVER  # noqa: PLC0415  # as above

    SERVER.keep(*KINDS)
    SERVER.start()
    names.looks("any")
    for path in languages.folder().rglob("*.j2"):
        if path.parent.name != "desk":  # its templates have filters of their own
            templates.environment().get_template(path.relative_to(languages.folder()).as_posix())
    for name in app.COMMANDS:
        app.load(name)
    with TemporaryDirectory(prefix="mb-") as folder, contextlib.chdir(folder):
        copy_context().run(_practise, Path(folder))
    assert threading.active_count() == 1


def _practise(folder: Path) -> None:
    """Let a mail come and be answered, and call commands, with nobody to hear what they say."""
    from mailbot.cli import app  # noqa: PLC0415  # as above
    from tests.contest import contest  # noqa: PLC0415  # as above

    clock, umask = contest.Clock(), os.umask(0o077)
    with (folder / "said").open("w") as said, contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        with contest.contest(folder, clock) as wired:
            contest.take(wired, contest.mail("amber@example.org"), clock())
            contest.send_all(wired)
        for words in _FIRST:
            app.app(words.split(), standalone_mode=False)
    os.umask(umask)


def _serve(first: socket.socket, entrance: socket.socket) -> None:
    """Take calls until the first socket is closed; others connect at the entrance."""
    lines: list[socket.socket] = [first]
    running: dict[int, tuple[int, int]] = {}
    while True:
        watched: list[socket.socket | int] = [entrance, *lines, *running]
        for ready in select.select(watched, [], [])[0]:
            if isinstance(ready, int):
                _end(ready, *running.pop(ready))
            elif ready is entrance:
                lines.append(entrance.accept()[0])
            else:
                call, streams, _, _ = socket.recv_fds(ready, _CALL_BYTES, 4)
                if call:
                    *standard, tell = streams
                    others = [tell, *running, *(number for _, number in running.values())]
                    pid = _fork(call, standard, [entrance, *lines], others)
                    running[os.pidfd_open(pid)] = pid, tell
                    os.write(tell, b"%d\n" % pid)
                elif ready is first:
                    return
                else:
                    lines.remove(ready)
                    ready.close()


def _end(watch: int, pid: int, tell: int) -> None:
    """Tell how a command ended."""
    os.close(watch)
    _, status = os.waitpid(pid, 0)
    with contextlib.suppress(BrokenPipeError):  # nobody wants to know
        os.write(tell, b"%d" % os.waitstatus_to_exitcode(status))
    os.close(tell)


def _fork(call: bytes, standard: Sequence[int], sockets: Sequence[socket.socket], others: Sequence[int]) -> int:
    """Fork a process that becomes the command; return which it is. It has nothing of what belongs to others."""
    pid = os.fork()
    if pid == 0:
        for each in sockets:
            each.close()
        for number in others:
            os.close(number)
        told = json.loads(call)
        if told["session"]:
            os.setsid()
        _become(told, standard)
    for number in standard:
        os.close(number)
    return pid


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
    with socket.socket(fileno=os.dup(0)) as line, socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as entrance:
        entrance.bind(sys.argv[1])
        entrance.listen(_BACKLOG)
        _load()
        gc.collect()
        gc.freeze()
        _serve(line, entrance)
