"""A child process, as the daemon sees it."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

import msgspec

from mailbot.errors import Temporary
from mailbot.system.children import wire
from mailbot.system.children.named import MIB
from mailbot.system.children.server import STOP_SECONDS, number
from mailbot.system.children.walls import Wall

if TYPE_CHECKING:
    from mailbot.system.children.named import Bounds, Named
    from mailbot.system.children.server import Nursery

T = TypeVar("T")

SetUps: TypeAlias = "tuple[tuple[Named[..., Any], tuple[Any, ...]], ...]"
"""Tasks that each new child does first, with their arguments."""

START_SECONDS = 60.0
"""A child must be ready within so many seconds; the first one waits until the modules are loaded."""

PEAK_BYTES = 96 * MIB
"""A child that has used so much more memory than it began with is replaced after its task: it would keep most of it.

It began with what it was forked from, which it shares. Of one without walls it is mostly pages of files that it maps.
"""

_WALLS = msgspec.msgpack.Decoder(tuple[Wall, ...])


class ChildDied(Temporary):
    """The child that handled a mail was killed, ran out of time or memory, or failed in our own code."""


class OutOfTime(ChildDied):
    """The child took longer than it may, and was killed."""


class InChild(Exception):  # noqa: N818  # it carries a child's traceback as text, and is never raised itself
    """The traceback of what was raised in a child."""

    def __str__(self) -> str:
        return f"in the child:\n{self.args[0]}"


class Child:
    """One child process, as its keeper sees it."""

    def __init__(self, nursery: Nursery, bounds: Bounds, set_ups: SetUps) -> None:
        """Start it and wait until it is ready. Raises Temporary, which is not counted against a mail."""
        self._nursery, self._bounds, self._dead = nursery, bounds, False
        self.set_ups, self.tasks, self.first, self.peak, self.pid = set_ups, 0, 0, 0, 0
        #: What the kernel lacks of its walls.
        self.missing: frozenset[Wall] = frozenset()
        try:
            self._channel, self._lifeline = nursery.fork(bounds)
        except OSError as error:
            raise _not_started(error) from error
        try:
            self._begin(time.monotonic() + START_SECONDS)
        except (OSError, EOFError, ValueError, ChildDied) as error:
            self._dead = True
            self.stop()
            raise _not_started(error) from error

    @property
    def is_spent(self) -> bool:
        """Whether another child must take its place."""
        kind = self._nursery.kind
        grown = kind.walled and self.peak - self.first >= PEAK_BYTES
        return self._dead or self.tasks >= kind.most_tasks or grown

    @property
    def has_ended(self) -> bool:
        """Whether somebody killed it while it had nothing to do: then no task is to blame."""
        return bool(select.select([self._lifeline], [], [], 0)[0])

    def run(self, task: Named[..., T], arguments: tuple[Any, ...]) -> T:
        """Return what the task returns in the child. Raises ChildDied."""
        self.tasks += 1
        return self._ask(task, arguments, time.monotonic() + self._bounds.seconds)

    def kill(self) -> None:
        """Have it killed at once; its keeper sees the channel close. Any thread may call this."""
        with contextlib.suppress(OSError):  # it is gone
            self._lifeline.send(b"k")

    def stop(self) -> None:
        """End it and release its resources."""
        self._channel.close()
        if self._dead or number(self._lifeline, STOP_SECONDS) is None:
            self.kill()
            number(self._lifeline, STOP_SECONDS)
        self._nursery.bury(self._lifeline)

    def _begin(self, until: float) -> None:
        pid = number(self._lifeline, START_SECONDS)
        if pid is None:
            raise EOFError("the process that forks children is gone")
        self.pid = pid
        ready = self._receive(until)
        walls = wire.read(_WALLS, ready.value)
        self.missing, self.first = frozenset(walls), ready.peak
        for task, arguments in self.set_ups:
            self._ask(task, arguments, until)

    def _ask(self, task: Named[..., T], arguments: tuple[Any, ...], until: float) -> T:
        try:
            self._channel.send(wire.pack(wire.Request(task.name, arguments)), until=until)
            answer = self._receive(until)
            value = None if answer.error else wire.read(task.answer, answer.value)
        except TimeoutError as error:
            raise self._died(OutOfTime, f"took longer than {self._bounds.seconds:g} seconds and was killed") from error
        except (OSError, EOFError) as error:
            raise self._death(error) from error
        except ValueError as error:
            raise self._died(ChildDied, f"gave an answer that cannot be read: {error}") from error
        self.peak = answer.peak
        if answer.error:
            raise ChildDied(f"the child failed: {answer.error}") from InChild(answer.trace)
        return cast("T", value)

    def _receive(self, until: float) -> wire.Answer:
        return wire.answer(self._channel.receive(self._bounds.answer_bytes + wire.TEXT_BYTES, until=until))

    def _died(self, kind: type[ChildDied], what: str) -> ChildDied:
        """Kill it and return the error that says why."""
        self._dead = True
        self.kill()
        return kind(f"the child {what}")

    def _death(self, error: Exception) -> ChildDied:
        """Say how it died."""
        self._dead = True
        status = number(self._lifeline, STOP_SECONDS)
        code = os.waitstatus_to_exitcode(status) if status is not None else None
        if code == -signal.SIGXCPU:
            what = f"took more than {self._bounds.cpu_seconds} seconds of processor time and was killed"
            return OutOfTime(f"the child {what}")
        if code is not None and code < 0:
            return ChildDied(f"the child died: {signal.Signals(-code).name}")
        return ChildDied(f"the child died with exit code {code}: {error.__class__.__name__}: {error}")


def _not_started(error: Exception) -> Temporary:
    return Temporary(f"no child could be started: {error.__class__.__name__}: {error}")
