"""What a worker of the cluster runs: a task in a child behind the same walls and limits as at home.

It comes with everything that it needs: the task's name, arguments and labels as MessagePack. A worker has no password,
ledger or spool; what a team sent is read in its child alone, which it kills.
"""

from __future__ import annotations

import hashlib
import struct
import threading
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any

import msgspec

from mailbot.errors import Temporary
from mailbot.system.children import wire
from mailbot.system.children.named import Bounds, load
from mailbot.system.sandbox import ChildDied, OutOfTime, Sandbox

if TYPE_CHECKING:
    from mailbot.system.children.named import Kind, Named
    from mailbot.system.children.process import SetUps

CHILDREN = 1
"""At work for each set of labels; Dask gives a worker as many tasks at once as it has threads, which wait in turn."""

NOT_STARTED = "not started"
"""What stands for the trace where no child could be started: that is no fault of the file."""

OUT_OF_TIME = "out of time"
"""What stands for the trace of a child that took too long."""

MOST_KEPT = 8
"""So many sets of labels are kept, the last that were asked for."""


class Held(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """What a child does first: tasks of its kind with their arguments."""

    tasks: tuple[tuple[str, msgspec.Raw], ...] = ()


class Order(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """A task as it is sent to a worker."""

    #: The module of its kind, and its name there.
    module: str
    task: str
    #: But for the one that comes apart, as other tasks have it too.
    arguments: list[msgspec.Raw]
    #: What it may take.
    bounds: Bounds


_SECONDS = struct.Struct(">d")
_orders, _helds = msgspec.msgpack.Decoder(Order), msgspec.msgpack.Decoder(Held)
_encoder = msgspec.msgpack.Encoder()
_kept: dict[tuple[str, Bounds, bytes], Sandbox] = {}
_keeping = threading.Lock()


def order(task: Named[..., Any], arguments: tuple[Any, ...], bounds: Bounds) -> bytes:
    """Return a task as bytes, without the argument that other tasks have too."""
    own = [packed(each) for place, each in enumerate(arguments) if place != task.shared_at]
    return _encoder.encode(Order(task.kind.module, task.name, list(map(msgspec.Raw, own)), bounds))


def packed(argument: object) -> bytes:
    """Return an argument as bytes."""
    return _encoder.encode(argument)


def held(set_ups: SetUps) -> bytes:
    """Return what children do first as bytes."""
    return _encoder.encode(Held(tuple((task.name, msgspec.Raw(_encoder.encode(given))) for task, given in set_ups)))


def run(ordered: bytes, first: bytes, shared: bytes, answer: str) -> None:
    """Run a task in a child, and leave under a name how long it took and what came of it: bytes and nothing else.

    ``first`` is what its child does first, and ``shared`` the argument that other tasks have too, if there is one.
    """
    began = time.monotonic()
    try:
        told = _answered(ordered, first, shared)
    except Exception as error:  # noqa: BLE001  # home reads no exception: they come pickled
        told = wire.pack(wire.Given(error=f"{error.__class__.__name__}: {error}"[:1000], trace=NOT_STARTED))
    import_module("distributed").Variable(answer).set(_SECONDS.pack(time.monotonic() - began) + told)


def parted(answer: bytes) -> tuple[float, bytes]:
    """Return how many seconds a worker says that it took, and what came of it as MessagePack. Raises Broken."""
    if len(answer) < _SECONDS.size:
        raise wire.Broken("it is cut")
    (seconds,) = _SECONDS.unpack_from(answer)
    return seconds, answer[_SECONDS.size :]


def _answered(ordered: bytes, first: bytes, shared: bytes) -> bytes:
    wanted = wire.read(_orders, ordered)
    kind = load(wanted.module)
    task = kind.tasks[wanted.task]
    arguments = list(wanted.arguments)
    if task.shared_at is not None:
        arguments.insert(task.shared_at, msgspec.Raw(shared))
    box = _sandbox(kind, wanted.bounds, first)
    try:
        found = box.submit(task, *wire.read(task.arguments, packed(arguments))).result()
    except ChildDied as died:
        return wire.pack(wire.Given(error=str(died)[:1000], trace=OUT_OF_TIME if isinstance(died, OutOfTime) else ""))
    except Temporary as error:
        return wire.pack(wire.Given(error=str(error)[:1000], trace=NOT_STARTED))
    return wire.pack(wire.Given(value=found))


def _sandbox(kind: Kind, bounds: Bounds, first: bytes) -> Sandbox:
    """Return the children that hold these labels, started when they are needed."""
    key = (kind.module, bounds, hashlib.sha256(first).digest())
    with _keeping:
        box = _kept.pop(key, None)
        if box is None:
            told = wire.read(_helds, first).tasks
            set_ups = tuple((kind.tasks[name], wire.read(kind.tasks[name].arguments, given)) for name, given in told)
            box = Sandbox(CHILDREN, bounds=bounds, set_ups={kind: set_ups})
        _kept[key] = box
        spare = [_kept.pop(next(iter(_kept))) for _ in range(len(_kept) - MOST_KEPT)]
    for old in spare:
        old.close()
    return box
