"""What a child process of the sandbox runs: task after task under resource limits, until its channel closes."""

from __future__ import annotations

import contextlib
import io
import pickle
import resource
import signal
import traceback
from dataclasses import dataclass, is_dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.connection import Connection

MIB = 1024 * 1024

RESULT_BYTES = 128 * MIB
"""The longest result, pickled: a child must not be able to fill the daemon's memory."""

ORPHAN_SECONDS = 1.0
"""The daemon kills a child that takes too long; one whose daemon died ends itself (SIGALRM) so much later."""

OPEN_FILES = 64
"""File descriptors of a child: its channel, its standard streams, and the files of modules it loads late."""

SetUp: TypeAlias = tuple["Callable[..., None]", tuple[Any, ...]]
"""A function to be called in each new child, and its arguments."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What one task may take."""

    #: By the wall clock.
    seconds: float = 30.0
    #: Of processor time.
    cpu_seconds: int = 20
    #: Of address space, for the whole child.
    memory_bytes: int = 1024 * MIB


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The result of a task, or how it failed."""

    value: object = None
    #: What it raised, as ``ValueError: why``; "" when it returned.
    error: str = ""
    trace: str = ""
    #: The most bytes of memory that the child has had so far.
    peak: int = 0


def serve(channel: Connection, bounds: Bounds, set_ups: Sequence[SetUp]) -> None:
    """Send an Outcome when the child is ready, then one for each (function, arguments) that is received."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # they are meant for the daemon, which closes the channel to end us
    with contextlib.suppress(OSError):  # if it can be written: out of memory, the kernel kills us first
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    _limit(bounds)
    for function, arguments in set_ups:
        function(*arguments)
    channel.send_bytes(_pickled(Outcome()))
    with contextlib.suppress(EOFError, BrokenPipeError):  # the daemon has closed the channel, or died
        while True:
            channel.send_bytes(_answer(bounds, *channel.recv()))


def loads(data: bytes) -> Outcome:
    """Return the outcome that a child pickled.

    It can hold dataclasses and enums of ours only, so a child that was taken over can do no more than answer wrongly.
    Raises UnpicklingError.
    """
    outcome = _Reader(io.BytesIO(data)).load()
    if not isinstance(outcome, Outcome):
        raise pickle.UnpicklingError(f"a child answered with {type(outcome).__name__}")
    return outcome


class _Reader(pickle.Unpickler):
    """An unpickler that makes records and calls no functions."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401  # the signature of pickle
        if module.partition(".")[0] in {"mailbot", "scoring"}:
            found = super().find_class(module, name)
            if isinstance(found, type) and (is_dataclass(found) or issubclass(found, Enum)):
                return found
        raise pickle.UnpicklingError(f"a child answered with {module}.{name}")


def _answer(bounds: Bounds, function: Callable[..., object], arguments: tuple[Any, ...]) -> bytes:
    """Run a task and return its Outcome, pickled; a result that cannot be pickled, or is too long, is a failure."""
    _grant_time(bounds.cpu_seconds)
    signal.setitimer(signal.ITIMER_REAL, bounds.seconds + ORPHAN_SECONDS)
    try:
        data = _pickled(Outcome(value=function(*arguments), peak=_peak()))
        if len(data) <= RESULT_BYTES:
            return data
        return _pickled(Outcome(error=f"the result has {len(data):,} bytes", peak=_peak()))
    except Exception as error:  # noqa: BLE001  # whatever it is, it is reported and costs one mail an attempt
        told = f"{error.__class__.__name__}: {error}"[:1000]
        return _pickled(Outcome(error=told, trace=traceback.format_exc(limit=-40)[-20_000:], peak=_peak()))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _pickled(outcome: Outcome) -> bytes:
    return pickle.dumps(outcome, protocol=pickle.HIGHEST_PROTOCOL)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _limit(bounds: Bounds) -> None:
    """Set the limits: on memory and open files; no files written, no processes started, no core dumped."""
    for kind, wanted in (
        (resource.RLIMIT_AS, bounds.memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        ceiling = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (ceiling, ceiling))


def _grant_time(seconds: int) -> None:
    """Grant the child so many more seconds of processor time; then SIGXCPU ends it (getrlimit(2))."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    wanted = int(usage.ru_utime + usage.ru_stime) + 1 + seconds
    soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
