"""A machine with a real systemd: a container over this machine's own files, whose changes go to memory and are lost.

It shares the network of the tests, so that a service in it reaches their servers on loopback.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Self

from tests.servers.process import program, short_folder

LANDLOCK = "landlock_create_ruleset landlock_add_rule landlock_restrict_self"
"""What systemd-nspawn's own filter leaves out, and a real machine has."""

SECONDS = 180.0
"""A command that takes longer hangs."""


def why_not() -> str:
    """Say what is missing here for such a machine; "" when nothing is."""
    if os.getuid():
        return "a container needs root"
    missing = [name for name in ("systemd-nspawn", "nsenter", "mount", "systemctl") if shutil.which(name) is None]
    return f"missing: {', '.join(missing)}; `make test-systemd` installs it" if missing else ""


class Machine:
    """The container; use it in a with statement."""

    def __init__(self) -> None:
        """Make the folder that its files appear in."""
        self._folder = short_folder()
        self.root = self._folder / "m" / "root"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()  # nspawn powers the machine off
            self._process.wait(SECONDS)
        for place in (self.root, self._folder / "m"):
            subprocess.run((program("umount"), place), check=False, capture_output=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def run(self, *command: str | Path, code: int | None = 0, seconds: float = SECONDS) -> str:
        """Run a command in the machine; it must end with the exit code, unless that is None.

        Return what it printed; of what is for programs, standard output alone.
        """
        inside = (program("nsenter"), "--target", str(self._leader()), "--mount", "--uts", "--ipc", "--pid", "--")
        done = subprocess.run(
            (*inside, *map(str, command)), capture_output=True, text=True, timeout=seconds, check=False, cwd="/"
        )
        assert code is None or done.returncode == code, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout if "--json" in command else done.stdout + done.stderr

    def path(self, inside: str | Path) -> Path:
        """Return where a path of the machine is to be found from outside."""
        return self.root / str(inside).lstrip("/")

    def _start(self) -> None:
        base = self._folder / "m"
        base.mkdir()
        _mount("tmpfs", "tmpfs", base)
        for name in ("upper", "work", "root"):
            (base / name).mkdir()
        _mount("overlay", "overlay", self.root, f"lowerdir=/,upperdir={base}/upper,workdir={base}/work")
        cleaner = self.path("/etc/systemd/system/systemd-tmpfiles-setup.service")
        cleaner.unlink(missing_ok=True)
        cleaner.symlink_to("/dev/null")  # it would empty /tmp
        command = (
            program("systemd-nspawn"), "--directory", str(self.root), "--boot", "--register=no", "--keep-unit",
            f"--system-call-filter={LANDLOCK}",
            "--link-journal=no", "--console=pipe", f"--machine=mailbot-{os.getpid()}", "--", "--unit=basic.target",
        )  # fmt: skip
        with (self._folder / "console.txt").open("wb") as console:
            environment = os.environ | {"SYSTEMD_NSPAWN_TMPFS_TMP": "0"}  # the checkout may lie in /tmp
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=console, stderr=console, env=environment
            )
        until = time.monotonic() + SECONDS
        while self._state() not in {"running", "degraded"}:
            assert self._process.poll() is None and time.monotonic() < until, self._console()  # noqa: PT018  # one wait
            time.sleep(0.1)

    def _state(self) -> str:
        """Return what systemd says of the machine; "" when it says nothing yet."""
        return self.run("systemctl", "is-system-running", code=None).strip() if self._leader() else ""

    def _leader(self) -> int:
        """Return the process that is 1 inside; 0 when there is none yet."""
        pid = self._process.pid if self._process else 0
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            return 0
        return int(children[0]) if children else 0

    def _console(self) -> str:
        return (self._folder / "console.txt").read_text(errors="replace")


def _mount(kind: str, source: str, target: Path, options: str = "") -> None:
    subprocess.run(
        (program("mount"), "-t", kind, *(("-o", options) if options else ()), source, str(target)), check=True
    )
