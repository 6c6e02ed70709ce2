"""Work that goes stage by stage while children do what takes long: several pieces at once, none holds others up."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from mailbot.system.sandbox import OutOfTime

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

T = TypeVar("T")


class Waitable(Protocol):
    """What a stage waits for."""

    @property
    def done(self) -> bool:
        """Whether waiting for it takes no time."""

    def when_done(self, call: Callable[[], object]) -> None:
        """Call this, from any thread, as soon as it is done."""


class Timed(Waitable, Protocol):
    """A task of a child, and how long it took."""

    @property
    def seconds(self) -> float:
        """For how long a child was at it."""

    def result(self) -> object:
        """Wait for it. Raises whatever failed."""

    def cancel(self) -> None:
        """Stop it: nobody wants its result."""


@dataclass(eq=False)
class UnderWay(Generic[T]):
    """A piece of work; each of its stages yields what the next one waits for."""

    what: T
    stages: Iterator[Waitable | None]
    waits_for: Waitable | None = None


def further(under_way: list[UnderWay[T]], advance: Callable[[UnderWay[T]], bool], seconds: float) -> bool:
    """Advance each piece whose child is done, drop those that ``advance`` says are finished; tell whether any was done.

    When there was none, wait until one is done, but no longer than so many seconds.
    """
    ready = [each for each in under_way if each.waits_for is None or each.waits_for.done]
    for each in ready:
        if not advance(each):
            under_way.remove(each)
    if under_way and not ready:
        finished = threading.Event()
        for each in under_way:
            if each.waits_for is not None:
                each.waits_for.when_done(finished.set)
        finished.wait(seconds)
    return bool(ready)


def few_at_a_time(
    begin: Iterable[Callable[[], Timed | None]], *, at_once: int, seconds: float
) -> Generator[Waitable | None, None, None]:
    """Begin tasks in order, so many at once, and wait for all; None is one with nothing to wait for.

    When one fails, the others are not begun, or stopped. Raises OutOfTime when all together take too many seconds.
    """
    started: list[Timed | None] = []
    taken = 0.0
    try:
        for place, start in enumerate(begin):
            if place >= at_once:
                taken += yield from _waited(started[place - at_once], seconds - taken)
            started.append(start())
        for task in started[-at_once:]:
            taken += yield from _waited(task, seconds - taken)
    except BaseException:
        for task in started:
            if task is not None:
                task.cancel()
        raise


def _waited(task: Timed | None, left: float) -> Generator[Waitable | None, None, float]:
    """Wait for a task; return for how long a child was at it. Raises OutOfTime, and what failed with it."""
    if task is None:
        return 0.0
    yield task
    task.result()
    if task.seconds > left:
        raise OutOfTime("its files took too long together")
    return task.seconds
