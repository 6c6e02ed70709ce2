"""The sandbox: child processes that read what teams send; one that hangs, bloats or dies costs one task.

Each child has its own channel, and a thread of the daemon that keeps it. In pebble's pool (5.2) all children share one
pipe: one that is killed while it writes leaves half a message in it, and every later task waits for ever.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import pickle
import signal
import threading
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from mailbot.errors import Temporary
from mailbot.system.child import MIB, RESULT_BYTES, Bounds, loads, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.context import ForkServerContext

    from mailbot.system.child import Outcome, SetUp

__all__ = ["Bounds", "ChildDied", "Sandbox", "Task"]

T = TypeVar("T")

TASKS_PER_CHILD = 200
"""A child is replaced after so many tasks, so that memory leaks stay small."""

PEAK_BYTES = 96 * MIB
"""A child that has used so much memory is replaced after its task, as it would not return all of it."""

START_SECONDS = 60.0
"""A child must be ready within so many seconds; the first one waits until the modules are loaded."""

STOP_SECONDS = 2.0


class ChildDied(Temporary):
    """The child that handled a mail was killed, ran out of time or memory, or failed in our own code."""


class _InChild(Exception):  # noqa: N818  # it carries a child's traceback as text, and is never raised itself
    """The traceback of what was raised in a child."""

    def __str__(self) -> str:
        return f"in the child:\n{self.args[0]}"


class Sandbox:
    """A pool of children under resource limits; tasks are importable functions of picklable values."""

    def __init__(self, workers: int, *, bounds: Bounds | None = None, set_ups: Sequence[SetUp] = ()) -> None:
        """Start lazily; each of ``set_ups`` runs once in each child, after its limits are in force."""
        self._bounds = bounds or Bounds()
        self._set_ups = tuple(set_ups)
        self._context = _forkserver()
        self._work: SimpleQueue[_Work | None] = SimpleQueue()
        self._keepers = [threading.Thread(target=self._keep, name=f"child-{n}", daemon=True) for n in range(workers)]
        self._starting = threading.Lock()
        self._children: set[_Child] = set()
        self._closed = False

    def submit(self, function: Callable[..., T], *args: Any) -> Task[T]:  # noqa: ANN401  # whatever the function takes
        """Hand a task to a child."""
        with self._starting:
            self._start_keepers()
        work = _Work(function=function, arguments=args, future=Future())
        self._work.put(work)
        return Task(cast("Future[T]", work.future))

    def set_up(self, set_ups: Sequence[SetUp]) -> None:
        """Replace each child before its next task by one that is set up like this."""
        self._set_ups = tuple(set_ups)

    def close(self) -> None:
        """Stop the children at once; a task that somebody still waits for ends with ChildDied."""
        self._closed = True
        atexit.unregister(self.close)
        for child in tuple(self._children):
            child.kill()
        while (work := self._next_waiting()) is not None:
            work.future.cancel()
        started = [keeper for keeper in self._keepers if keeper.ident is not None]
        for _ in started:
            self._work.put(None)
        for keeper in started:
            keeper.join()

    @property
    def workers(self) -> int:
        """How many children work in parallel."""
        return len(self._keepers)

    def pids(self) -> tuple[int, ...]:
        """Return the process ids of the running children."""
        return tuple(child.pid for child in tuple(self._children))

    def _start_keepers(self) -> None:
        if self._keepers[0].ident is None:
            atexit.register(self.close)  # before multiprocessing waits for the children
            for keeper in self._keepers:
                keeper.start()

    def _next_waiting(self) -> _Work | None:
        try:
            return self._work.get_nowait()
        except Empty:
            return None

    def _keep(self) -> None:
        """Keep one child: give it task after task, and replace it when it is dead or spent."""
        child: _Child | None = None
        while (work := self._work.get()) is not None:
            child = self._do(work, child)
            del work  # it may be large, and the next one may come much later
        if child is not None:
            self._stop(child)

    def _do(self, work: _Work, child: _Child | None) -> _Child | None:
        """Run a task in the child, or in a new one; return the child if it can take another task."""
        if self._closed or not work.future.set_running_or_notify_cancel():
            work.future.cancel()
            return child
        try:
            if child is not None and child.set_ups is not self._set_ups:
                self._stop(child)
                child = None
            child = child or self._start()
            work.future.set_result(child.run(work))
        except Exception as error:  # noqa: BLE001  # whoever waits for the task gets it, and the keeper goes on
            work.future.set_exception(error)
        if child is not None and (child.is_spent or self._closed):
            self._stop(child)
            return None
        return child

    def _start(self) -> _Child:
        child = _Child(self._context, self._bounds, self._set_ups)
        self._children.add(child)
        return child

    def _stop(self, child: _Child) -> None:
        self._children.discard(child)
        child.stop()


class Task(Generic[T]):
    """A task that a child runs."""

    def __init__(self, future: Future[T]) -> None:
        """Take the future that the keeper sets."""
        self._future = future

    def result(self) -> T:
        """Wait for what the function returns. Raises ChildDied, or Temporary when no child could be started."""
        try:
            return self._future.result()
        except CancelledError as error:
            raise ChildDied("the children were stopped") from error


@dataclass(frozen=True, kw_only=True)
class _Work:
    function: Callable[..., object]
    arguments: tuple[Any, ...]
    future: Future[Any]


class _Child:
    """One child process, as its keeper sees it."""

    def __init__(self, context: ForkServerContext, bounds: Bounds, set_ups: tuple[SetUp, ...]) -> None:
        """Start it and wait until it is ready. Raises Temporary, which is not counted against a mail."""
        self._bounds, self._tasks, self._peak, self._dead = bounds, 0, 0, False
        self.set_ups = set_ups
        self._channel, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, bounds, set_ups), name="mailbot-child", daemon=True)
        try:
            self._process.start()
            theirs.close()
            self._within(START_SECONDS, self._receive)
        except (OSError, EOFError, pickle.PickleError) as error:
            self.stop()
            raise Temporary(f"no child could be started: {error.__class__.__name__}: {error}") from error

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid or 0

    @property
    def is_spent(self) -> bool:
        """Whether another child must take its place."""
        return self._dead or self._tasks >= TASKS_PER_CHILD or self._peak >= PEAK_BYTES

    def run(self, work: _Work) -> object:
        """Return what the function returns in the child. Raises ChildDied."""
        self._tasks += 1
        try:
            outcome = self._within(self._bounds.seconds, lambda: self._ask(work))
        except (OSError, EOFError, pickle.PickleError) as error:
            self._dead = True
            raise ChildDied(self._death(error)) from error
        self._peak, self._dead = outcome.peak, self._late
        if outcome.error:
            raise ChildDied(f"the child failed: {outcome.error}") from _InChild(outcome.trace)
        return outcome.value

    def kill(self) -> None:
        """Kill it at once; its keeper sees the channel close."""
        self._process.kill()

    def stop(self) -> None:
        """End it and release its resources."""
        self._channel.close()
        if self._process.pid is not None:
            self._process.join(0 if self._dead else STOP_SECONDS)
            self._process.kill()
            self._process.join()
            self._process.close()

    def _ask(self, work: _Work) -> Outcome:
        self._channel.send_bytes(pickle.dumps((work.function, work.arguments), protocol=pickle.HIGHEST_PROTOCOL))
        return self._receive()

    def _receive(self) -> Outcome:
        return loads(self._channel.recv_bytes(RESULT_BYTES))

    def _within(self, seconds: float, act: Callable[[], Outcome]) -> Outcome:
        """Call ``act``, and kill the child if that takes longer than so many seconds."""
        self._late = False
        timer = threading.Timer(seconds, self._kill_late)
        timer.start()
        try:
            return act()
        finally:
            timer.cancel()
            timer.join()

    def _kill_late(self) -> None:
        self._late = True
        self.kill()

    def _death(self, error: Exception) -> str:
        """Say how it died."""
        self._process.join(STOP_SECONDS)
        code = self._process.exitcode
        if self._late:
            return f"the child took longer than {self._bounds.seconds:g} seconds and was killed"
        if code == -signal.SIGXCPU:
            return f"the child took more than {self._bounds.cpu_seconds} seconds of processor time and was killed"
        if code is not None and code < 0:
            return f"the child died: {signal.Signals(-code).name}"
        return f"the child died with exit code {code}: {error.__class__.__name__}: {error}"


def _forkserver() -> ForkServerContext:
    """Return the context of a server process that loads once the modules that all children need."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a child may start no threads, and needs none
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["mailbot.system.child", "mailbot.mail.open", "scoring.evaluate", "dkim"])
    return context
