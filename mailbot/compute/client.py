"""The way to a Dask scheduler, held to what it is for: tasks go out, bytes come back, and no pickle is ever read.

Dask trusts its workers: what they send may be pickled, and a pickle runs whatever it likes where it is read. So this
process reads none (:mod:`mailbot.compute.guard`). Dask may wait without end, too: each question to the scheduler is
bounded, and so is each task.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import secrets
import threading
import time
from concurrent.futures import wait
from importlib import import_module
from typing import TYPE_CHECKING, Any

from mailbot.compute import guard, worker
from mailbot.errors import Temporary, how

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from mailbot.config.servers import ComputeSection

CONNECT_SECONDS = 10.0
ALONE_SECONDS = 15.0
"""So long a scheduler may be without workers before it counts as away: one that died is started again meanwhile."""

LOST_TRIES = 5
"""So often a task is given to another worker when the one at it dies (Dask's ``retries`` and ``allowed-failures``)."""

SILENT_SECONDS = 30.0
"""A scheduler that told nothing of itself for so long hangs; it does so every other second."""

AGAIN_SECONDS = 10.0
"""So long after a scheduler could not be reached nobody tries it: each try may take CONNECT_SECONDS."""

SPARE_BYTES = 8 * 1024 * 1024
"""So much longer than its answer a message may be: the scheduler also tells of its workers."""


class Away(Temporary):
    """The cluster cannot be used now."""


class Way:
    """A connection to the scheduler; it is made when it is needed, and again after it was lost."""

    def __init__(self, settings: ComputeSection, longest: int) -> None:
        """Nothing is connected to yet; no answer is longer than ``longest`` bytes."""
        self._settings, self._longest = settings, longest
        self._failed: tuple[float, Away] | None = None
        self._client: Any = None
        self._held: dict[bytes, Any] = {}
        self._heard: tuple[Any, float] = None, 0.0
        self._making = threading.Lock()

    def run(
        self, ordered: bytes, first: bytes, shared: bytes, stopped: threading.Event, *, most_seconds: float = math.inf
    ) -> bytes:
        """Have a worker run a task, and return its answer, whatever that holds; see :func:`worker.run`. Raises Away.

        One that was not answered after so many seconds is taken back.
        """
        client, name = self._connected(), f"mailbot-{secrets.token_hex(16)}"
        try:
            kept = [self._scattered(client, each, stopped) if each else each for each in (first, shared)]
            task = client.submit(worker.run, ordered, *kept, name, key=name, pure=False, retries=LOST_TRIES)
            try:
                self._wait(client, task, stopped, time.monotonic() + most_seconds)
                return self._answer(client, name, stopped)
            finally:
                task.cancel()
        except Away:
            raise
        except Exception as error:  # Dask, tornado and asyncio raise whatever they like when a connection is lost
            self._drop(client)
            raise Away(f"the cluster cannot be used now: {error.__class__.__name__}: {error}"[:500]) from error

    @property
    def known_workers(self) -> int | None:
        """How many workers there were some seconds ago; None without a connection. Nobody is asked."""
        client = self._client
        return _known(client) if client and client.status == "running" else None

    def workers(self) -> dict[str, int]:
        """Return the names of the workers, with how many tasks each has, whoever gave them. Raises Away."""
        client = self._connected()
        try:
            told = client.sync(client.scheduler.identity, n_workers=-1, callback_timeout=CONNECT_SECONDS)["workers"]
            names = {key: each["name"] for key, each in told.items()}
            tasks = client.sync(client.scheduler.processing, workers=None, callback_timeout=CONNECT_SECONDS)
            return {str(name): len(tasks.get(key, ())) for key, name in names.items()}
        except Exception as error:
            self._drop(client)
            raise Away(f"the cluster cannot be used now: {error.__class__.__name__}") from error

    def close(self) -> None:
        """End the connection; the scheduler forgets the tasks that are under way."""
        with self._making:
            client, self._client = self._client, None
        if client is not None:
            _close(client)

    def _connected(self) -> Any:  # noqa: ANN401  # Dask has no types
        with self._making:
            if self._client is None:
                if self._failed and time.monotonic() - self._failed[0] < AGAIN_SECONDS:
                    raise Away(str(self._failed[1]))
                self._held.clear()
                try:
                    self._client = _connect(self._settings, self._longest)
                except Away as error:
                    self._failed = time.monotonic(), error
                    raise
                self._failed = None
            return self._client

    def _drop(self, client: Any) -> None:  # noqa: ANN401  # as above
        with self._making:
            if self._client is client:
                self._client = None
        _close(client)

    def _scattered(self, client: Any, kept: bytes, stopped: threading.Event) -> Any:  # noqa: ANN401  # as above
        """Return what stands for labels on the cluster; they are sent there once, and the last few sets are kept.

        Under a key of this connection: when another one ends, the scheduler lets what that had sent be forgotten, and a
        worker may do so after it has got the same key from us. Our task would wait for it without end.
        """
        with self._making:
            known = self._held.pop(kept, None)
            if known is None or known.status != "finished":
                sent = client.scatter(kept, broadcast=True, hash=False, direct=False, asynchronous=True)
                known = self._asked(client, sent, stopped)
            self._held[kept] = known
            if len(self._held) > worker.MOST_KEPT:
                del self._held[next(iter(self._held))]
            return known

    def _wait(self, client: Any, task: Any, stopped: threading.Event, until: float) -> None:  # noqa: ANN401  # as above
        """Wait until a task is done, wherever it runs. Raises Away, and OSError when the scheduler is gone."""
        alone_since: float | None = None
        done = threading.Event()
        task.add_done_callback(lambda _: done.set())
        while not done.wait(1.0):
            self._verify(client, stopped)
            if time.monotonic() > until:
                raise Away("no worker of the cluster answered in time")
            if _known(client):
                alone_since = None
            elif alone_since is None:
                alone_since = time.monotonic()
            elif time.monotonic() - alone_since > ALONE_SECONDS:
                raise Away("the cluster has no worker now")
        if task.status != "finished":
            raise Away(f"no worker of the cluster could do a task ({task.status})")

    def _answer(self, client: Any, name: str, stopped: threading.Event) -> bytes:  # noqa: ANN401  # as above
        left = import_module("distributed").Variable(name, client=client)
        found = self._asked(client, left.get(timeout=CONNECT_SECONDS, asynchronous=True), stopped)
        left.delete()
        if not isinstance(found, bytes):
            raise Away("a worker of the cluster answered with something else than bytes")
        return found

    def _asked(self, client: Any, asked: Coroutine[Any, Any, Any], stopped: threading.Event) -> Any:  # noqa: ANN401
        """Return what the scheduler answers. Raises Away, and OSError when it is gone."""
        pending = asyncio.run_coroutine_threadsafe(asked, client.loop.asyncio_loop)
        try:
            while not wait((pending,), 1.0).done:
                self._verify(client, stopped)
            return pending.result()
        finally:
            pending.cancel()

    def _verify(self, client: Any, stopped: threading.Event) -> None:  # noqa: ANN401  # as above
        """Raise Away when mailbot stops, and OSError when the scheduler is gone, or hangs."""
        if stopped.is_set():
            raise Away("mailbot stops")
        if client.status != "running" or client._handle_report_task.done():  # noqa: SLF001  # else it is deaf
            raise OSError("the scheduler is gone")
        told, now = client._scheduler_identity, time.monotonic()  # noqa: SLF001  # another one every other second
        if self._heard[0] is not told:
            self._heard = told, now
        elif now - self._heard[1] > SILENT_SECONDS:
            raise OSError("the scheduler hangs")


def _connect(settings: ComputeSection, longest: int) -> Any:  # noqa: ANN401  # Dask has no types
    """Connect to the scheduler. Raises Away, and Temporary when Dask is not installed."""
    try:
        distributed: Any = import_module("distributed")  # an extra
    except ImportError as error:
        raise Temporary(f"compute.scheduler needs Dask: {how('cluster')}") from error
    guard.guard(longest, 2 * CONNECT_SECONDS)
    security = None
    if settings.scheduler.startswith("tls://"):
        for file in (settings.ca_file, settings.cert_file, settings.key_file):
            if not os.access(str(file), os.R_OK):
                raise Away(f"the scheduler {settings.scheduler} cannot be reached: {file} cannot be read")
        security = distributed.Security(
            tls_ca_file=str(settings.ca_file),
            tls_client_cert=str(settings.cert_file),
            tls_client_key=str(settings.key_file),
            require_encryption=True,
        )
    try:
        return distributed.Client(
            settings.scheduler, security=security, timeout=CONNECT_SECONDS, set_as_default=False,
            deserializers=guard.PLAIN, name="mailbot",
        )  # fmt: skip
    except Exception as error:
        message = f"the scheduler {settings.scheduler} cannot be reached: {error.__class__.__name__}{_why(error)}"
        raise Away(message[:500]) from error


def _why(error: BaseException) -> str:
    """Return what the first of a chain of errors says, as that a certificate has expired."""
    while (before := error.__cause__ or error.__context__) is not None:
        error = before
    return f" ({error})" if str(error) else ""


def _known(client: Any) -> int:  # noqa: ANN401  # as above
    """Return how many workers there are, as the scheduler tells the client every other second; 0 for nonsense."""
    told = client._scheduler_identity.get("n_workers")  # noqa: SLF001  # scheduler_info() would ask, and may find another answer
    return told if isinstance(told, int) else 0


def _close(client: Any) -> None:  # noqa: ANN401  # as above
    with contextlib.suppress(Exception):  # it may have been lost long ago, and Dask tells so in many ways
        client.close(timeout=2)
