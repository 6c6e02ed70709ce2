"""The sandbox: child processes that read what teams send; one that hangs, bloats or dies costs one task.

There are kinds of children, which know different things: one opens mails and holds no label, another evaluates files
and never sees a mail, a third reads what was kept of files and never sees one. Each child has its own channel, and a
thread of the daemon that keeps it. In pebble's pool (5.2) all children share one pipe: one that is killed while it
writes leaves half a message in it, and every later task waits for ever.
"""

from __future__ import annotations

import atexit
import threading
import time
from concurrent.futures import CancelledError, Future
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from mailbot.system.children.named import Bounds
from mailbot.system.children.process import Child, ChildDied, OutOfTime
from mailbot.system.children.server import Nursery

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mailbot.system.children.named import Kind, Named
    from mailbot.system.children.process import SetUps
    from mailbot.system.children.walls import Wall

__all__ = ["Bounds", "ChildDied", "OutOfTime", "Sandbox", "Task"]

IDLE_SECONDS = 60.0
"""A child that has nothing to do for so long ends."""

P = ParamSpec("P")
T = TypeVar("T")


class Sandbox:
    """Children under resource limits and behind the kernel's walls, in a pool for each kind."""

    def __init__(
        self,
        workers: int,
        *,
        bounds: Bounds | None = None,
        bounds_of: Mapping[Kind, Bounds] | None = None,
        set_ups: Mapping[Kind, SetUps] | None = None,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        """Start lazily, so many of each kind; each new child does the ``set_ups`` of its kind first.

        ``bounds_of`` says of a kind what else its tasks may take. A child ends that had nothing to do for
        ``idle_seconds``, and what forks its kind ends with the last of them.
        """
        #: How many children of a kind work in parallel.
        self.workers = workers
        self._bounds, self._bounds_of = bounds or Bounds(), dict(bounds_of or {})
        self._set_ups, self._idle_seconds = dict(set_ups or {}), idle_seconds
        self._pools: dict[Kind, _Pool] = {}
        self._starting = threading.Lock()

    def submit(self, task: Named[P, T], *args: P.args, **kwargs: P.kwargs) -> Task[T]:
        """Hand a task to a child of its kind."""
        if kwargs:
            raise TypeError("the arguments of a task stand in their order")
        work = _Work(task, args)
        self._pool(task.kind).put(work)
        return Task(work)

    def set_up(self, kind: Kind, set_ups: SetUps) -> None:
        """Replace each child of a kind before its next task by one that is set up like this."""
        self._set_ups[kind] = set_ups

    def close(self) -> None:
        """Stop the children at once; a task that somebody still waits for ends with ChildDied."""
        atexit.unregister(self.close)
        with self._starting:
            pools = tuple(self._pools.values())
            for pool in pools:
                pool.closed = True
        for pool in pools:
            pool.close()

    def missing(self, kind: Kind) -> frozenset[Wall]:
        """Start a child of a kind, end it, and return which of the kernel's walls it lacked. Raises Temporary."""
        nursery = Nursery(kind)
        try:
            child = Child(nursery, self._bounds_of.get(kind, self._bounds), ())
            child.stop()
            return child.missing
        finally:
            nursery.close()

    def pids(self) -> tuple[int, ...]:
        """Return the process ids of the running children."""
        return tuple(child.pid for pool in tuple(self._pools.values()) for child in tuple(pool.children))

    def _pool(self, kind: Kind) -> _Pool:
        with self._starting:
            if kind not in self._pools:
                atexit.register(self.close)
                bounds = self._bounds_of.get(kind, self._bounds)
                workers = min(self.workers, kind.at_once or self.workers)
                self._pools[kind] = _Pool(
                    kind, workers, bounds, lambda: self._set_ups.get(kind, ()), self._idle_seconds
                )
            return self._pools[kind]


class _Pool:
    """The children of one kind, each with its keeper."""

    def __init__(
        self, kind: Kind, workers: int, bounds: Bounds, set_ups: Callable[[], SetUps], idle_seconds: float
    ) -> None:
        """Start the keepers, which start their children when there is work."""
        self._idle_seconds = idle_seconds
        self._nursery, self._bounds, self._set_ups = Nursery(kind), bounds, set_ups
        self._work: SimpleQueue[_Work | None] = SimpleQueue()
        self.children: set[Child] = set()
        self.closed = False
        self._keepers = [threading.Thread(target=self._keep, name=f"child-{n}", daemon=True) for n in range(workers)]
        for keeper in self._keepers:
            keeper.start()

    def put(self, work: _Work) -> None:
        """Queue a task; a closed pool does nothing more."""
        if self.closed:
            work.future.cancel()
        else:
            self._work.put(work)

    def close(self) -> None:
        """Kill the children, end the keepers, and cancel what waits."""
        for child in tuple(self.children):
            child.kill()
        while (work := self._next_waiting()) is not None:
            work.future.cancel()
        for _ in self._keepers:
            self._work.put(None)
        for keeper in self._keepers:
            keeper.join()
        self._nursery.close()

    def _next_waiting(self) -> _Work | None:
        try:
            return self._work.get_nowait()
        except Empty:
            return None

    def _keep(self) -> None:
        """Keep one child: give it task after task, replace it when it is dead or spent, end it when it is idle."""
        child: Child | None = None
        awake = False
        while True:
            try:
                work = self._work.get(timeout=self._idle_seconds if awake else None)
            except Empty:
                self._rest(child)
                child, awake = None, False
                continue
            if work is None:
                break
            child, awake = self._do(work, child), True
            del work  # it may be large, and the next one may come much later
        if child is not None:
            self._stop(child)

    def _do(self, work: _Work, child: Child | None) -> Child | None:
        """Run a task in the child, or in a new one; return the child if it can take another task."""
        if self.closed or not work.future.set_running_or_notify_cancel():
            work.future.cancel()
            return child
        try:
            set_ups = self._set_ups()
            if child is not None and (child.set_ups is not set_ups or child.has_ended):
                self._stop(child)
                child = None
            child = child or self._start(set_ups)
            work.future.set_result(work.done_by(child))
        except Exception as error:  # noqa: BLE001  # whoever waits for the task gets it, and the keeper goes on
            work.future.set_exception(error)
        if child is not None and (child.is_spent or self.closed):
            self._stop(child)
            return None
        return child

    def _start(self, set_ups: SetUps) -> Child:
        child = Child(self._nursery, self._bounds, set_ups)
        self.children.add(child)
        return child

    def _rest(self, child: Child | None) -> None:
        """End a child that is idle, and, when it was the last, the process that children of its kind come from."""
        if child is not None:
            self._stop(child)
        self._nursery.rest()

    def _stop(self, child: Child) -> None:
        self.children.discard(child)
        child.stop()


class Task(Generic[T]):
    """A task that a child runs."""

    def __init__(self, work: _Work) -> None:
        """Take what the keeper works on."""
        self._work = work

    def result(self) -> T:
        """Wait for what the function returns. Raises ChildDied, or Temporary when no child could be started."""
        try:
            found: T = self._work.future.result()
        except CancelledError as error:
            raise ChildDied("the task was cancelled, or the children were stopped") from error
        return found

    @property
    def done(self) -> bool:
        """Whether its result is there, or will never be."""
        return self._work.future.done()

    @property
    def seconds(self) -> float:
        """For how long a child was at it."""
        return self._work.seconds

    def when_done(self, call: Callable[[], object]) -> None:
        """Call this, from any thread, as soon as it is done."""
        self._work.future.add_done_callback(lambda _: call())

    def cancel(self) -> None:
        """See to it that no child works on it any more: nobody wants its result."""
        self._work.cancel()


class _Work:
    """A task on its way; ``future`` is set by the keeper whose child does it."""

    def __init__(self, task: Named[..., Any], arguments: tuple[Any, ...]) -> None:
        self.future: Future[Any] = Future()
        self._task, self._arguments = task, arguments
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._unwanted = False
        self.seconds = 0.0

    def done_by(self, child: Child) -> object:
        """Have a child do it; return what it returns."""
        with self._lock:
            if self._unwanted:
                raise CancelledError
            self._child = child
        began = time.monotonic()
        try:
            return child.run(self._task, self._arguments)
        finally:
            self.seconds = time.monotonic() - began
            with self._lock:
                self._child = None

    def cancel(self) -> None:
        """Take it from the queue, or kill the child that is busy with it."""
        self.future.cancel()
        with self._lock:
            self._unwanted = True
            if self._child is not None:
                self._child.kill()
