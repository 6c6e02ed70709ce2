"""Have a child of the sandbox try everything that tests/hostile/evil.py knows, and print what came of each act.

With ``opens``, ``evaluates`` or ``scores`` as its argument it is a child of that kind. With ``bare`` some of the acts
are tried by a process without walls, which shows that they work; with ``missing`` the walls that the kernel lacks here
are printed.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mailbot.system.children import walls
from mailbot.system.sandbox import ChildDied, Sandbox
from tests.hostile import evil, evil_evaluates, evil_opens, evil_scores
from tests.hostile.evil import ACTS, GAINED, REFUSED, WORK_BARE, Target
from tests.hostile.plain import ROOT, as_plain

if TYPE_CHECKING:
    from mailbot.system.children.named import Named

DIED = "died"
KINDS = {"opens": evil_opens.try_it, "evaluates": evil_evaluates.try_it, "scores": evil_scores.try_it}
USERS = ("root", "plain") if os.getuid() == 0 else ("plain",)
"""Whoever runs this; root can also become a plain user."""


def tried(user: str, *arguments: str) -> dict[str, str]:
    """Have a process of a user do what the arguments say; return what came of each act."""
    command = (sys.executable, "-m", "tests.hostile.break_out", *arguments)
    if user == "plain" and os.getuid() == 0:
        said = as_plain(*command)
    else:
        said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=240).stdout
    found: dict[str, str] = json.loads(said)
    return found


def is_held(came: str) -> bool:
    """Whether what came of an act is that the kernel refused it, or killed the child."""
    return came in REFUSED or came.startswith(DIED)


def lay_out(folder: Path) -> None:
    """Lay out what is worth an attack."""
    for path in ("state/identity.secret", "secrets/imap", "labels.json", "state/ledger.db", "state/acts.jsonl"):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text("secret, and long enough to be changed\n")
    (folder / "state/spool").mkdir(exist_ok=True)
    (folder / "state/spool/ab.eml").write_text("From: team@lab.example\n")


def attacked(try_it: Named[[str, Target], str]) -> dict[str, str]:
    """Have a child of the sandbox try every act; return what came of each."""
    found = {}
    walls.undumpable()
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
        sandbox, target = Sandbox(1), _target(folder, server)
        for act in ACTS:
            lay_out(Path(folder))
            try:
                found[act] = sandbox.submit(try_it, act, target).result()
            except ChildDied as error:
                found[act] = f"{DIED}: {error}"
        sandbox.close()
    return found


def bare() -> dict[str, str]:
    """Have a process without walls try what the others forbid; return what came of each."""
    found = {}
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
        target = _target(folder, server)
        for act in WORK_BARE:
            lay_out(Path(folder))
            pid = os.fork()
            if pid == 0:
                os._exit(0 if evil.try_it(act, target) == GAINED else 1)
            found[act] = GAINED if os.waitpid(pid, 0)[1] == 0 else "failed"
    return found


_worth_changing = ctypes.create_string_buffer(b"something in the daemon's memory")


def _target(folder: str, server: socket.socket) -> Target:
    """Return this process, which plays the daemon, and what it has."""
    port, address = server.getsockname()[1], ctypes.addressof(_worth_changing)
    with socket.socket(socket.AF_UNIX) as local:
        local.bind(os.path.join(folder, "socket"))  # noqa: PTH118  # a string is what it takes
    return Target(folder=folder, daemon=os.getpid(), port=port, address=address)


def main() -> None:
    """Print what came of each act, and what is missing of the walls, as JSON."""
    if "missing" in sys.argv:
        said: object = sorted(Sandbox(1).missing(evil.KIND))
    else:
        kind = next((KINDS[word] for word in sys.argv[1:] if word in KINDS), evil.try_it)
        said = bare() if "bare" in sys.argv else attacked(kind)
    print(json.dumps(said))  # noqa: T201  # for whoever runs it


if __name__ == "__main__":
    main()
