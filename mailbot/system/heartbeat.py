"""The heartbeats of the daemon's loops: each says what it does, and by when it will be heard from again.

systemd's watchdog is notified only while no loop is late, so a loop that hangs gets the daemon restarted.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_current: ContextVar[tuple[Heartbeat, str] | None] = ContextVar("loop", default=None)


@dataclass(frozen=True)
class Loop:
    """One loop, as last heard from."""

    name: str
    #: What it does.
    words: str
    #: Since when it does that, and by when it must be heard from again; seconds of the heartbeat's clock.
    since: float
    due: float


class Heartbeat:
    """The loops that run; their threads write it, the main thread reads it."""

    def __init__(self, patience: float, clock: Callable[[], float] = time.monotonic) -> None:
        """``patience``: how many seconds a loop may be busy with one thing."""
        self._patience, self._clock = patience, clock
        self._loops: dict[str, Loop] = {}
        #: What was noted last, by name: ``polled_at``, an instant as RFC 3339.
        self.marks: dict[str, str] = {}

    @contextmanager
    def loop(self, name: str) -> Iterator[None]:
        """Run a loop inside, which may call ``beat``, ``rest`` and ``mark``; a loop that has ended is not late."""
        now = self._clock()
        self._loops[name] = Loop(name=name, words="starting", since=now, due=now + self._patience)
        token = _current.set((self, name))
        try:
            yield
        finally:
            _current.reset(token)
            del self._loops[name]

    def note(self, name: str, words: str, seconds: float = 0.0) -> None:
        """Note that a loop is alive and what it does; for ``seconds`` it may be silent longer than usual."""
        now, before = self._clock(), self._loops[name]
        words = words or before.words
        since = before.since if words == before.words else now
        self._loops[name] = Loop(name=name, words=words, since=since, due=now + seconds + self._patience)

    def late(self) -> list[str]:
        """Return the names of the loops that were not heard from in time."""
        now = self._clock()
        return sorted(loop.name for loop in self._seen() if loop.due < now)

    def status(self) -> dict[str, dict[str, object]]:
        """Return what each loop does, for how many seconds, and whether it is late."""
        now = self._clock()
        return {
            loop.name: {"doing": loop.words, "seconds": round(now - loop.since, 1), "late": loop.due < now}
            for loop in self._seen()
        }

    def _seen(self) -> list[Loop]:
        return list(self._loops.copy().values())


def beat(words: str = "") -> None:
    """Say that the calling loop is alive and, if that is new, what it does; outside a loop, do nothing."""
    if (current := _current.get()) is not None:
        current[0].note(current[1], words)


def mark(name: str, value: str) -> None:
    """Note a fact for others to see, such as when the mailbox was last polled; outside a loop, do nothing."""
    if (current := _current.get()) is not None:
        current[0].marks[name] = value


def rest(words: str, seconds: float) -> None:
    """Say that the calling loop waits, at most so many seconds; outside a loop, do nothing."""
    if (current := _current.get()) is not None:
        current[0].note(current[1], words, seconds)
