"""Evaluations on a cluster: what :class:`mailbot.system.sandbox.Sandbox` does on this host, done by workers elsewhere.

A cluster that is away makes tasks wait; after ``compute.patience`` they are done at home, if the config says so. A
sample of what workers answer is computed at home again: where the two differ, the organizers are told, and home holds.
"""

from __future__ import annotations

import secrets
import threading
import time
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from mailbot.compute import worker
from mailbot.compute.client import SPARE_BYTES, Away, Way
from mailbot.errors import Temporary
from mailbot.system import journal
from mailbot.system.children import wire
from mailbot.system.sandbox import ChildDied, OutOfTime

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mailbot.config.servers import ComputeSection
    from mailbot.system.children.named import Bounds, Kind, Named
    from mailbot.system.children.process import SetUps
    from mailbot.system.sandbox import Sandbox

RETRY_SECONDS = 2.0
"""So long a task waits before it asks again for a cluster that is away."""

TOLD_AFTER_SECONDS = 60.0
"""A cluster that is away for longer is told of."""

ROUNDS = 2
"""Of so many daemons and commands the cluster may have all tasks that each gives it at once: they wait in turn."""

START_SECONDS = 15.0
"""So much longer than its child's a task may take: a worker may have to start one, and to give it labels."""

_DICE = secrets.SystemRandom()  # no worker may know which of its answers are computed again

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What became of tasks so far, and who does them."""

    scheduler: str
    #: How many there are; None while the cluster is away.
    workers: int | None
    in_flight: int
    done: int
    #: Done at home, as the cluster was away.
    at_home: int
    #: Mean seconds of those that workers did.
    mean: float
    #: Computed twice, and of these with another result.
    sampled: int
    differing: int


class Cluster:
    """Hands tasks to the workers of a Dask cluster."""

    def __init__(
        self, settings: ComputeSection, home: Sandbox, bounds_of: Mapping[Kind, Bounds], set_ups: Mapping[Kind, SetUps]
    ) -> None:
        """Use the cluster of these settings, and the children of this host where it is away."""
        longest = max(each.answer_bytes for each in bounds_of.values()) + wire.TEXT_BYTES + SPARE_BYTES
        self.way, self._settings, self._home = Way(settings, longest), settings, home
        self._bounds_of, self._held = dict(bounds_of), {kind: worker.held(each) for kind, each in set_ups.items()}
        self._threads = ThreadPoolExecutor(settings.in_flight, thread_name_prefix="cluster")
        self._stopped, self._counting = threading.Event(), threading.Lock()
        self._away_since: float | None = None
        self._counts = dict.fromkeys(("begun", "ended", "done", "at_home", "sampled", "differing"), 0)
        self._seconds = 0.0
        self._shared: dict[int, tuple[object, bytes]] = {}
        #: What the organizers are to be told; "" when all is well.
        self.trouble = ""

    @property
    def counts(self) -> Counts:
        """What became of tasks so far."""
        with self._counting:
            found = dict(self._counts)
            mean = self._seconds / found["done"] if found["done"] else 0.0
        return Counts(
            scheduler=self._settings.scheduler, workers=self.way.known_workers,
            in_flight=found["begun"] - found["ended"], done=found["done"], at_home=found["at_home"], mean=mean,
            sampled=found["sampled"], differing=found["differing"],
        )  # fmt: skip

    @property
    def workers(self) -> int:
        """How many tasks are under way at once, as far as there are workers for them."""
        return self._settings.in_flight

    def submit(self, task: Named[P, T], *args: P.args, **kwargs: P.kwargs) -> Sent[T]:
        """Hand a task to a worker; see Sandbox."""
        if kwargs:
            raise TypeError("the arguments of a task stand in their order")
        sent: Sent[T] = Sent()
        self._count("begun")
        self._threads.submit(self._do, task, args, sent)
        return sent

    def set_up(self, kind: Kind, set_ups: SetUps) -> None:
        """Let the next tasks of a kind be done by children that are set up like this."""
        self._held[kind] = worker.held(set_ups)

    def close(self) -> None:
        """Take back what is under way: whoever waits for it gets ChildDied, and the ledger says what is undone."""
        self._stopped.set()
        self.way.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _do(self, task: Named[..., Any], arguments: tuple[Any, ...], sent: Sent[Any]) -> None:
        try:
            if not sent.future.set_running_or_notify_cancel():
                return
            sent.future.set_result(self._done(task, arguments, sent))
        except BaseException as error:  # noqa: BLE001  # whoever waits for the task gets it
            sent.future.set_exception(error)
        finally:
            self._count("ended")

    def _done(self, task: Named[..., Any], arguments: tuple[Any, ...], sent: Sent[Any]) -> object:
        ordered = worker.order(task, arguments, self._bounds_of[task.kind])
        shared, first_failed = self._shared_of(task, arguments), None
        while not self._stopped.is_set() and not sent.unwanted.is_set():
            try:
                found = self._run(task, ordered, shared, sent)
            except Away as error:
                first_failed = first_failed or time.monotonic()
                if self._is_out_of_patience(error, first_failed):
                    self._count("at_home")
                    return self._home.submit(task, *arguments).result()
                sent.unwanted.wait(RETRY_SECONDS)
                continue
            self._is_back(sent.seconds)
            return self._held_to(task, arguments, found)
        raise CancelledError

    def once(self, task: Named[P, T], *args: P.args, **_: P.kwargs) -> T:
        """Have a worker do a task now, and nobody else. Raises Away, and ChildDied."""
        ordered = worker.order(task, args, self._bounds_of[task.kind])
        found: T = self._run(task, ordered, self._shared_of(task, args), Sent())
        return found

    def _run(self, task: Named[..., Any], ordered: bytes, shared: bytes, sent: Sent[Any]) -> Any:  # noqa: ANN401  # as the task says
        """Have a worker do a task, and note for how long it was at it. Raises Away, and ChildDied."""
        first, bounds, began = self._held.get(task.kind, worker.held(())), self._bounds_of[task.kind], time.monotonic()
        others = ROUNDS * self._settings.in_flight / (self.way.known_workers or 1)
        most = (1 + others) * (bounds.seconds + START_SECONDS)
        data = self.way.run(ordered, first, shared, self._stopped, most_seconds=most)
        told, found = _read(task, data, bounds)
        sent.seconds = min(max(0.0, told), time.monotonic() - began)
        return found

    def _shared_of(self, task: Named[..., Any], arguments: tuple[Any, ...]) -> bytes:
        """Return the argument that other tasks have too as bytes; it is packed once for as long as it is in use."""
        if task.shared_at is None:
            return b""
        given = arguments[task.shared_at]
        with self._counting:
            kept = self._shared.pop(id(given), None)
            if kept is None:
                kept = given, worker.packed(given)
            self._shared[id(given)] = kept
            if len(self._shared) > worker.MOST_KEPT:
                del self._shared[next(iter(self._shared))]
        return kept[1]

    def _is_out_of_patience(self, error: Away, since_for_task: float) -> bool:
        """Note that the cluster is away; whether the task is to be done at home. Raises Temporary when it never is.

        A task is waited for as long as the cluster is away, or as long as it fails where others do not.
        """
        with self._counting:
            now = time.monotonic()
            is_new = self._away_since is None
            since = self._away_since = now if self._away_since is None else self._away_since
            if now - since > TOLD_AFTER_SECONDS:
                self.trouble = str(error)
        if is_new:
            journal.trouble("cluster-away", why=str(error))
        if now - min(since, since_for_task) < self._settings.patience.total_seconds():
            return False
        if not self._settings.fallback:
            raise Temporary(str(error))
        return True

    def _is_back(self, seconds: float) -> None:
        with self._counting:
            was_away, self._away_since = self._away_since is not None, None
            self._counts["done"] += 1
            self._seconds += seconds
            if was_away:
                self.trouble = ""
        if was_away:
            journal.event("cluster-back")

    def _held_to(self, task: Named[..., Any], arguments: tuple[Any, ...], found: object) -> object:
        """Return what a worker found; of a sample what this host finds, which is told where it differs."""
        if _DICE.random() >= self._settings.sample:
            return found
        ours = self._home.submit(task, *arguments).result()
        self._count("sampled")
        if wire.pack(wire.Given(value=ours)) != wire.pack(wire.Given(value=found)):
            self._count("differing")
            self.trouble = (
                "A worker found another result than this host. Trust no score of the cluster until you know why."
            )
            journal.trouble("cluster-differs", task=task.name)
        return ours

    def _count(self, what: str) -> None:
        with self._counting:
            self._counts[what] += 1


def _read(task: Named[..., Any], data: bytes, bounds: Bounds) -> tuple[float, Any]:
    """Return for how long a worker says that it was at a task, and its answer, read as a child's is.

    Raises ChildDied, and Away for what no child would answer.
    """
    try:
        seconds, told = worker.parted(data)
        if len(told) > bounds.answer_bytes + wire.TEXT_BYTES:
            raise wire.Broken("it is too long")
        answer = wire.answer(told)
        if not answer.error:
            return seconds, wire.read(task.answer, answer.value)
    except ValueError as error:
        raise Away(f"a worker of the cluster answered what cannot be read: {error}") from error
    if answer.trace == worker.NOT_STARTED:
        raise Away(f"a worker of the cluster could not do a task: {answer.error}")
    raise (OutOfTime if answer.trace == worker.OUT_OF_TIME else ChildDied)(answer.error)


class Sent(Generic[T]):
    """A task that a worker is given; what :class:`mailbot.system.sandbox.Task` is at home."""

    def __init__(self) -> None:
        """Nothing has begun yet."""
        self.future: Future[T] = Future()
        self.unwanted = threading.Event()
        #: For how long a worker was at it.
        self.seconds = 0.0

    def result(self) -> T:
        """Wait for what the function returns. Raises ChildDied, or Temporary when the cluster is away."""
        try:
            return self.future.result()
        except CancelledError as error:
            raise ChildDied("the task was cancelled, or the cluster was left") from error

    @property
    def done(self) -> bool:
        """Whether its result is there, or will never be."""
        return self.future.done()

    def when_done(self, call: Callable[[], object]) -> None:
        """Call this, from any thread, as soon as it is done."""
        self.future.add_done_callback(lambda _: call())

    def cancel(self) -> None:
        """See to it that nobody waits for it any more."""
        self.unwanted.set()
        self.future.cancel()
