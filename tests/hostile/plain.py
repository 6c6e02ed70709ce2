"""Run a command as a user without rights, also where folders hide the interpreter and the packages from that user.

In a mount namespace of its own a folder that others may not pass, as /root, is covered by an empty one, in which only
what the command is loaded from appears again. Needs root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
UID = 12_345
_PASS = 0o001


def as_plain(*command: str | Path) -> str:
    """Run it and return what it printed; it must end well."""
    inside = (_program("unshare"), "--mount", "--propagation", "private", sys.executable, __file__, *map(str, command))
    done = subprocess.run(inside, capture_output=True, text=True, check=False, cwd=ROOT, timeout=240)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _program(name: str) -> str:
    return shutil.which(name) or name


def _main() -> None:
    """Uncover what is needed, become the user, and run the command."""
    needed = dict.fromkeys((Path(sys.base_prefix), Path(sys.prefix), ROOT))
    hidden = {path: folder for path in needed if (folder := _hidden_by(path))}
    kept = {path: os.open(path, os.O_PATH) for path in hidden}
    for folder in set(hidden.values()):
        subprocess.run((_program("mount"), "-t", "tmpfs", "-o", "mode=755", "tmpfs", folder), check=True)
    for path, descriptor in kept.items():
        if not path.exists():
            path.mkdir(parents=True)
            source = f"/proc/self/fd/{descriptor}"
            subprocess.run(
                (_program("mount"), "--no-canonicalize", "--bind", source, path), check=True, pass_fds=(descriptor,)
            )
        os.close(descriptor)
    os.setgroups([])
    os.setresgid(UID, UID, UID)
    os.setresuid(UID, UID, UID)
    os.chdir(ROOT)
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606  # what as_plain was given


def _hidden_by(path: Path) -> Path | None:
    """Return the outermost folder above a path that others may not pass."""
    return next((folder for folder in reversed(path.parents) if not folder.stat().st_mode & _PASS), None)


if __name__ == "__main__":
    _main()
