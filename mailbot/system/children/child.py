"""What a child process runs: task after task, behind its walls and under its limits, until its channel closes."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import traceback
from typing import TYPE_CHECKING

from mailbot.system.children import walls, wire
from mailbot.system.children.channel import Channel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mailbot.system.children.named import Bounds, Kind
    from mailbot.system.children.walls import Wall

ORPHAN_SECONDS = 1.0
"""The daemon kills a child that takes too long; one whose daemon died ends itself (SIGALRM) so much later."""

OPEN_FILES = 64
"""File descriptors of a child: its channel, its standard streams, and the files of modules it loads late."""

STANDARD = 3
"""So many descriptors are standard streams."""

_LONGEST_REQUEST = 1 << 30


def serve(channel: int, kind: Kind, bounds: Bounds, missing: Iterable[Wall]) -> None:
    """Say which walls are missing, then answer each request. ``channel`` is all that stays open."""
    close_all_but(channel)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # they are meant for the daemon, which closes the channel to end us
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if kind.walled:
        _limit(bounds)
        missing = {*missing, *walls.last()}
    ours = Channel(channel)
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):  # the daemon closed it, or died
        ours.send(wire.pack(wire.Given(value=sorted(missing), peak=_peak())))
        while True:
            ours.send(_answer(kind, bounds, ours.receive(_LONGEST_REQUEST)))


def close_all_but(descriptor: int) -> None:
    """Close every descriptor but this one and the standard streams."""
    os.closerange(STANDARD, descriptor)
    os.closerange(descriptor + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _answer(kind: Kind, bounds: Bounds, data: bytearray) -> bytes:
    """Run a task and return what came of it; an answer that cannot be sent, or is too long, is a failure."""
    _grant_time(bounds.cpu_seconds)
    signal.setitimer(signal.ITIMER_REAL, bounds.seconds + ORPHAN_SECONDS)
    try:
        request = wire.request(data)
        task = kind.tasks[request.task]
        value = task(*wire.read(task.arguments, request.arguments))
        answer = wire.pack(wire.Given(value=value, peak=_peak()))
        if len(answer) <= bounds.answer_bytes:
            return answer
        return wire.pack(wire.Given(error=f"the answer has {len(answer):,} bytes", peak=_peak()))
    except Exception as error:  # noqa: BLE001  # whatever it is, it is reported and costs one mail an attempt
        told = f"{error.__class__.__name__}: {error}"[:1000].encode(errors="replace").decode()
        trace = traceback.format_exc(limit=-40)[-20_000:].encode(errors="replace").decode()
        return wire.pack(wire.Given(error=told, trace=trace, peak=_peak()))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _limit(bounds: Bounds) -> None:
    """Set the limits: on memory and open files; no files written, no processes started."""
    for kind, wanted in (
        (resource.RLIMIT_AS, bounds.memory_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_NPROC, 0),
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
