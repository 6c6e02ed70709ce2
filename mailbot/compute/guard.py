"""What of Dask is taken out of mailbot's process, or bounded in it, before it connects to a scheduler.

The functions that would read a pickle are replaced, messages may hold plain MessagePack only, they are not
decompressed, and none may be longer than the longest answer.
"""

from __future__ import annotations

import asyncio
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

from mailbot.errors import Temporary

if TYPE_CHECKING:
    from collections.abc import Iterable

PLAIN = ["msgpack", "error"]
"""Of what kinds the parts of a message may be."""


def guard(longest: int, seconds: float) -> None:
    """Take out of this process whatever of Dask would read a pickle, or more bytes than these. Raises Temporary.

    To connect takes no more than so many seconds.
    """
    families = import_module("distributed.protocol.serialize").families  # the package has a function of that name
    for name in families.keys() - set(PLAIN):
        families[name] = (families[name][0], _unread, *families[name][2:])
    for module, name, instead in (
        ("protocol.pickle", "loads", _refused),
        ("protocol.core", "decompress", _as_they_are),
        ("protocol.serialize", "decompress", _as_they_are),
        ("client", "connect", partial(_connect_in_time, seconds)),
        ("core", "connect", partial(_connect_in_time, seconds)),
        ("client", "loads", _refused),
        ("client", "pickle", _NoPickle),
        ("client", "clean_exception", _not_told),
        ("core", "clean_exception", _not_told),
        ("comm.tcp", "host_array", partial(_room, longest)),
        ("comm.tcp", "unpack_frames", partial(_frames, longest)),
    ):
        place = import_module(f"distributed.{module}")
        if not hasattr(place, name):
            raise Temporary(f"this version of Dask is not known: its distributed.{module} has no {name}")
        setattr(place, name, instead)


async def _connect_in_time(seconds: float, *given: object, **named: object) -> Any:  # noqa: ANN401  # as above
    """Connect as Dask does, which waits without end for the first word of the other side."""
    connect: Any = import_module("distributed.comm.core").connect
    return await asyncio.wait_for(connect(*given, **named), seconds)


def _unread(*_: object) -> None:
    """Stand for whatever a worker sent that is not plain; mostly what its function raised."""


def _refused(*_: object, **__: object) -> NoReturn:
    raise ValueError("mailbot reads no pickle")


def _as_they_are(header: dict[str, Any], frames: Iterable[Any]) -> list[Any]:
    """Return the parts of a message that is not compressed. Raises ValueError."""
    if any(header["compression"]):
        raise ValueError("mailbot reads nothing compressed: a small message could become a large one")
    return list(frames)


class _NoPickle:
    """Stands where Dask's client expects the module ``pickle``."""

    loads = staticmethod(_refused)


def _not_told(*_: object, **__: object) -> tuple[type[Exception], Exception, None]:
    """Stand for what a worker or the scheduler raised: it was pickled."""
    return OSError, OSError("it failed on the cluster; the log of the worker or the scheduler says why"), None


def _room(longest: int, size: int) -> memoryview:
    """Return room for bytes that the other side says are coming. Raises ValueError."""
    if size > longest:
        raise ValueError(f"a message of {size} bytes is not read")
    return memoryview(bytearray(size))


def _frames(longest: int, data: memoryview, *, partial: bool) -> tuple[list[memoryview], list[int]]:
    """Return the parts of a message that came, and the lengths of those that are coming. Raises ValueError."""
    found: list[memoryview]
    coming: list[int]
    found, coming = import_module("distributed.protocol.utils").unpack_frames(data, partial=partial)
    if sum(coming) > longest:
        raise ValueError(f"a message of {sum(coming)} bytes is not read")
    return found, coming
