"""Have a child of the sandbox try everything that tests/hostile/evil.py knows, and print what came of each act.

With ``bare`` as its argument some of the acts are tried by a process without walls, which shows that they work; with
``missing`` the walls that the kernel lacks here are printed.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import sys
import tempfile
from pathlib import Path

from mailbot.system.children import walls
from mailbot.system.sandbox import ChildDied, Sandbox
from tests.hostile import evil
from tests.hostile.evil import ACTS, GAINED, WORK_BARE, Target, try_it

DIED = "died"


def lay_out(folder: Path) -> None:
    """Lay out what is worth an attack."""
    for path in ("state/identity.secret", "secrets/imap", "labels.json", "state/ledger.db", "state/acts.jsonl"):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text("secret, and long enough to be changed\n")
    (folder / "state/spool").mkdir(exist_ok=True)
    (folder / "state/spool/ab.eml").write_text("From: team@lab.example\n")


def attacked() -> dict[str, str]:
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
                os._exit(0 if try_it(act, target) == GAINED else 1)
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
        said = bare() if "bare" in sys.argv else attacked()
    print(json.dumps(said))  # noqa: T201  # for whoever runs it


if __name__ == "__main__":
    main()
