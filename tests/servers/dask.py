"""A real Dask cluster for tests: a scheduler and workers as processes of their own, on loopback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.servers.process import LOOPBACK, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

_DASK = Path(sys.executable).with_name("dask")
_START_SECONDS = 90.0


class DaskCluster:
    """A scheduler, and the workers that were started."""

    def __init__(self, *, tls: dict[str, Path] | None = None) -> None:
        """Lay it out; ``tls`` holds the files ``ca``, ``cert`` and ``key``."""
        self.folder, self.port = Path(tempfile.mkdtemp(prefix="mb-dask-")), free_port()
        self.address = f"{'tls' if tls else 'tcp'}://{LOOPBACK}:{self.port}"
        self._tls = [f"--tls-{'ca-file' if name == 'ca' else name}={path}" for name, path in (tls or {}).items()]
        self._environment: dict[str, str] = {}
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, workers: int = 2) -> Self:
        """Start the scheduler, if none runs, and so many workers; return when all are registered."""
        if not self._running:
            self._run("scheduler", f"--host={LOOPBACK}", f"--port={self.port}", f"--protocol={self.address[:3]}")
        for _ in range(workers):
            self._run("worker", self.address, "--no-nanny", "--nthreads=1", "--memory-limit=0", f"--host={LOOPBACK}")
        until = time.monotonic() + _START_SECONDS
        while self._log(0).read_text().count("Register worker addr") < len(self._running) - 1:
            if time.monotonic() > until:
                raise AssertionError(self._log(0).read_text())
            time.sleep(0.1)
        return self

    def start_with(self, environment: dict[str, str]) -> None:
        """Start a worker with this added to its environment."""
        self._environment = environment
        self.start(1)

    @property
    def scheduler(self) -> subprocess.Popen[bytes]:
        """The process of the scheduler."""
        return self._running[0]

    @property
    def workers(self) -> list[subprocess.Popen[bytes]]:
        """The processes of the workers."""
        return self._running[1:]

    def stop(self) -> None:
        """Kill them all."""
        for process in reversed(self._running):
            process.kill()
            process.wait()
        self._running.clear()

    def remove(self) -> None:
        """Kill them all and delete their folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, role: str, *arguments: str) -> None:
        own = ["--local-directory", str(self.folder)] if role == "worker" else []
        with self._log(len(self._running)).open("wb") as log:
            self._running.append(
                subprocess.Popen(
                    (_DASK, role, *arguments, "--no-dashboard", *own, *self._tls),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=self.folder,
                    env=os.environ | {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "5"} | self._environment,
                )
            )

    def _log(self, number: int) -> Path:
        return self.folder / f"log-{number}.txt"


@contextmanager
def dask_cluster(workers: int = 2, *, tls: dict[str, Path] | None = None) -> Iterator[DaskCluster]:
    """Run a cluster."""
    made = DaskCluster(tls=tls)
    try:
        yield made.start(workers)
    finally:
        made.remove()
