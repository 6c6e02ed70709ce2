"""Killable children for whatever reads a team's bytes: a child that hangs, bloats or dies costs one attempt."""

from __future__ import annotations

import multiprocessing
import resource
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pebble import ProcessExpired, ProcessPool

from mailbot.errors import Temporary

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

T = TypeVar("T")

SECONDS = 30.0
"""Wall clock of one task."""

MEMORY_BYTES = 2 * 1024**3
"""Address space of a child."""

TASKS_PER_CHILD = 500
"""A child is replaced after so many tasks, so that its CPU limit is never met by honest work."""

CPU_SECONDS = 3600
"""CPU time of a child over all its tasks."""


class ChildDied(Temporary):
    """The child that handled a mail was killed, ran out of time, or failed in our own code."""


class Sandbox:
    """A pool of children under resource limits; tasks are importable functions of picklable values."""

    def __init__(self, workers: int, *, set_up: Callable[..., None] | None = None, args: tuple[Any, ...] = ()) -> None:
        """Start lazily; ``set_up(*args)`` runs once in each child, after its limits are in force."""
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["mailbot.opening", "scoring.evaluate"])
        self._pool = ProcessPool(
            max_workers=workers, max_tasks=TASKS_PER_CHILD, initializer=_begin, initargs=(set_up, args), context=context
        )

    def submit(self, function: Callable[..., T], *args: Any) -> Task[T]:  # noqa: ANN401  # whatever the function takes
        """Hand a task to a child."""
        return Task(self._pool.schedule(function, args=args, timeout=SECONDS))

    def close(self) -> None:
        """Stop the children at once."""
        self._pool.stop()  # type: ignore[no-untyped-call]  # pebble leaves this one untyped
        self._pool.join()


class Task(Generic[T]):
    """A task under way in a child."""

    def __init__(self, future: Future[T]) -> None:
        """Wrap the pool's future."""
        self._future = future

    def result(self) -> T:
        """Wait for what the function returned. Raises ChildDied, with what it raised as its cause."""
        try:
            return self._future.result()
        except FutureTimeoutError as error:
            message = f"the child took longer than {SECONDS:g} seconds and was killed"
            raise ChildDied(message) from error
        except (ProcessExpired, CancelledError, OSError) as error:
            message = f"the child died: {error.__class__.__name__}: {error}"
            raise ChildDied(message) from error
        except Exception as error:
            message = f"the child failed: {error.__class__.__name__}: {error}"
            raise ChildDied(message) from error


def _begin(set_up: Callable[..., None] | None, args: tuple[Any, ...]) -> None:
    """Bring the limits into force, then prepare the child."""
    _limit(resource.RLIMIT_AS, MEMORY_BYTES)
    _limit(resource.RLIMIT_CPU, CPU_SECONDS)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)
    if set_up is not None:
        set_up(*args)


def _limit(kind: int, wanted: int) -> None:
    _, hard = resource.getrlimit(kind)
    ceiling = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(kind, (ceiling, ceiling))
