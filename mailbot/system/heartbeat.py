"""How the daemon's loops get on: each tells what it does and by when it must be heard of again.

The watchdog of systemd is fed only while no loop is late, so that a loop that hangs gets the daemon started anew.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass
class Loop:
    """One loop, as last heard of."""

    name: str
    words: str
    #: Since when it does what it does, and by when it must be heard of again; seconds of the pulse's clock.
    since: float
    due: float


class Pulse:
    """The loops that run; written by their threads, read by the main one."""

    def __init__(self, patience: float, clock: Callable[[], float] = time.monotonic) -> None:
        """``patience``: seconds that a loop may be busy with one thing."""
        self._patience, self._clock = patience, clock
        self._loops: dict[str, Loop] = {}
        #: What was noted last, by name: ``polled_at``, an instant as RFC 3339.
        self.marks: dict[str, str] = {}

    @contextmanager
    def loop(self, name: str) -> Iterator[None]:
        """Run a loop inside; what it calls may use ``beat`` and ``rest``. A loop that has ended is not late."""
        now = self._clock()
        self._loops[name] = Loop(name=name, words="starting", since=now, due=now + self._patience)
        token = _current.set((self, name))
        try:
            yield
        finally:
            _current.reset(token)
            del self._loops[name]

    def note(self, name: str, words: str, seconds: float = 0.0) -> None:
        """Note that a loop gets on, and that it may be silent for so many seconds more than usual."""
        now, before = self._clock(), self._loops[name]
        words = words or before.words
        since = before.since if words == before.words else now
        self._loops[name] = Loop(name=name, words=words, since=since, due=now + seconds + self._patience)

    def late(self) -> list[str]:
        """Return the loops that were not heard of in time."""
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


_current: ContextVar[tuple[Pulse, str] | None] = ContextVar("loop", default=None)


def beat(words: str = "") -> None:
    """Say that the loop which runs this gets on, and, if it is something new, what it does. Nothing outside a loop."""
    if (current := _current.get()) is not None:
        current[0].note(current[1], words)


def mark(name: str, value: str) -> None:
    """Note something for others to see, as when the mailbox was last looked into. Nothing outside a loop."""
    if (current := _current.get()) is not None:
        current[0].marks[name] = value


def rest(words: str, seconds: float) -> None:
    """Say that the loop which runs this waits, for so many seconds at most. Nothing outside a loop."""
    if (current := _current.get()) is not None:
        current[0].note(current[1], words, seconds)
