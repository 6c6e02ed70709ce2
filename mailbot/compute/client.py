"""The way to a Dask scheduler, held to what it is for: tasks go out, bytes come back, and no pickle is ever read.

Dask trusts its workers: what they send may be pickled, and a pickle runs whatever it likes where it is read. So this
process reads none: the functions of Dask that would are taken out of it, messages may hold plain MessagePack only, they
are not decompressed, and none may be longer than the longest answer.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

from mailbot.compute import worker
from mailbot.errors import Temporary, how

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mailbot.config.servers import ComputeSection

CONNECT_SECONDS = 10.0
ALONE_SECONDS = 15.0
"""So long a scheduler may be without workers before it counts as away: one that died is started again meanwhile."""

LOST_TRIES = 5
"""So often a task is given to another worker when the one at it dies (Dask's ``retries`` and ``allowed-failures``)."""

AGAIN_SECONDS = 10.0
"""So long after a scheduler could not be reached nobody tries it: each try may take CONNECT_SECONDS."""

SPARE_BYTES = 8 * 1024 * 1024
"""So much longer than its answer a message may be: the scheduler also tells of its workers."""

_PLAIN = ["msgpack", "error"]


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
        self._making = threading.Lock()

    def run(self, ordered: bytes, first: bytes, shared: bytes, stopped: threading.Event) -> bytes:
        """Have a worker run a task, and return its answer, whatever that holds; see :func:`worker.run`. Raises Away."""
        client, name = self._connected(), f"mailbot-{secrets.token_hex(16)}"
        try:
            kept = [self._scattered(client, each) if each else each for each in (first, shared)]
            task = client.submit(worker.run, ordered, *kept, name, key=name, pure=False, retries=LOST_TRIES)
            try:
                self._wait(client, task, stopped)
                return self._answer(client, name)
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
            told = client.sync(client.scheduler.identity, n_workers=-1)["workers"]
            names = {key: each["name"] for key, each in told.items()}
            tasks = client.processing()
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

    def _scattered(self, client: Any, kept: bytes) -> Any:  # noqa: ANN401  # as above
        """Return what stands for labels on the cluster; they are sent there once, and the last few sets are kept."""
        with self._making:
            known = self._held.pop(kept, None)
            if known is None or known.status != "finished":
                known = client.scatter(kept, broadcast=True, hash=True, direct=False)
            self._held[kept] = known
            if len(self._held) > worker.MOST_KEPT:
                del self._held[next(iter(self._held))]
            return known

    def _wait(self, client: Any, task: Any, stopped: threading.Event) -> None:  # noqa: ANN401  # as above
        """Wait until a task is done, wherever it runs. Raises Away."""
        alone_since: float | None = None
        done = threading.Event()
        task.add_done_callback(lambda _: done.set())
        while not done.wait(1.0):
            if stopped.is_set():
                raise Away("mailbot stops")
            if client.status != "running" or client._handle_report_task.done():  # noqa: SLF001  # else it is deaf
                raise OSError("the scheduler is gone")
            if _known(client):
                alone_since = None
            elif alone_since is None:
                alone_since = time.monotonic()
            elif time.monotonic() - alone_since > ALONE_SECONDS:
                raise Away("the cluster has no worker now")
        if task.status != "finished":
            raise Away(f"no worker of the cluster could do a task ({task.status})")

    def _answer(self, client: Any, name: str) -> bytes:  # noqa: ANN401  # as above
        left = import_module("distributed").Variable(name, client=client)
        found = left.get(timeout=CONNECT_SECONDS)
        left.delete()
        if not isinstance(found, bytes):
            raise Away("a worker of the cluster answered with something else than bytes")
        return found


def _connect(settings: ComputeSection, longest: int) -> Any:  # noqa: ANN401  # Dask has no types
    """Connect to the scheduler. Raises Away, and Temporary when Dask is not installed."""
    try:
        distributed: Any = import_module("distributed")  # an extra
    except ImportError as error:
        raise Temporary(f"compute.scheduler needs Dask: {how('cluster')}") from error
    _guard(longest)
    security = None
    if settings.scheduler.startswith("tls://"):
        security = distributed.Security(
            tls_ca_file=str(settings.ca_file),
            tls_client_cert=str(settings.cert_file),
            tls_client_key=str(settings.key_file),
            require_encryption=True,
        )
    try:
        return distributed.Client(
            settings.scheduler, security=security, timeout=CONNECT_SECONDS, set_as_default=False,
            deserializers=_PLAIN, name="mailbot",
        )  # fmt: skip
    except Exception as error:
        raise Away(f"the scheduler {settings.scheduler} cannot be reached: {error.__class__.__name__}") from error


def _known(client: Any) -> int:  # noqa: ANN401  # as above
    """Return how many workers there are: the scheduler tells the client every other second."""
    return int(client._scheduler_identity["n_workers"])  # noqa: SLF001  # scheduler_info() would ask, and may find another answer


def _close(client: Any) -> None:  # noqa: ANN401  # as above
    with contextlib.suppress(Exception):  # it may have been lost long ago, and Dask tells so in many ways
        client.close(timeout=2)


def _guard(longest: int) -> None:
    """Take out of this process whatever of Dask would read a pickle, or more bytes than these. Raises Temporary."""
    families = import_module("distributed.protocol.serialize").families  # the package has a function of that name
    for name in families.keys() - set(_PLAIN):
        families[name] = (families[name][0], _unread, *families[name][2:])
    for module, name, instead in (
        ("protocol.pickle", "loads", _refused),
        ("protocol.core", "decompress", _as_they_are),
        ("protocol.serialize", "decompress", _as_they_are),
        ("client", "loads", _refused),
        ("client", "pickle", _NoPickle),
        ("client", "clean_exception", _not_told),
        ("core", "clean_exception", _not_told),
        ("comm.tcp", "host_array", partial(_room, longest)),
        ("comm.tcp", "unpack_frames", partial(_frames, longest)),
    ):
        place = import_module(f"distributed.{module}")
        if not hasattr(place, name):
            raise Temporary(f"this version of Dask is not known: its distributed.{module} has no {name}")
        setattr(place, name, instead)


def _unread(*_: object) -> None:
    """Stand for whatever a worker sent that is not plain; mostly what its function raised."""


def _refused(*_: object, **__: object) -> NoReturn:
    raise ValueError("mailbot reads no pickle")


def _as_they_are(header: dict[str, Any], frames: Iterable[Any]) -> list[Any]:
    """Return the parts of a message that is not compressed. Raises ValueError."""
    if any(header["compression"]):
        raise ValueError("mailbot reads nothing compressed: a small message could become a large one")
    return list(frames)


class _NoPickle:
    """Stands where Dask's client expects the module ``pickle``."""

    loads = staticmethod(_refused)


def _not_told(*_: object, **__: object) -> tuple[type[Exception], Exception, None]:
    """Stand for what a worker or the scheduler raised: it was pickled."""
    return OSError, OSError("it failed on the cluster; the log of the worker or the scheduler says why"), None


def _room(longest: int, size: int) -> memoryview:
    """Return room for bytes that the other side says are coming. Raises ValueError."""
    if size > longest:
        raise ValueError(f"a message of {size} bytes is not read")
    return memoryview(bytearray(size))


def _frames(longest: int, data: memoryview, *, partial: bool) -> tuple[list[memoryview], list[int]]:
    """Return the parts of a message that came, and the lengths of those that are coming. Raises ValueError."""
    found: list[memoryview]
    coming: list[int]
    found, coming = import_module("distributed.protocol.utils").unpack_frames(data, partial=partial)
    if sum(coming) > longest:
        raise ValueError(f"a message of {sum(coming)} bytes is not read")
    return found, coming
