"""What a daemon and its child tell each other, as MessagePack.

Nothing in it runs when it is read, and whoever reads says of which types it must be. How much memory that takes is
bounded beforehand: :func:`check` counts what a message holds, as a byte of MessagePack can become a hundred of Python.
"""

from __future__ import annotations

import struct
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec

T = TypeVar("T")

MOST_ITEMS = 50_000
"""Values in one answer, keys included: a mail of a thousand files has fewer."""

TEXT_BYTES = 2 * 1024 * 1024
"""Of all text in one answer: each of its bytes can take four in memory. Files are no text."""

_LONGEST_ERROR, _LONGEST_TRACE = 2_000, 40_000


class Request(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """A task, with its arguments."""

    task: str
    arguments: Any


class Received(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """A request, of which the task's name says how the arguments are read."""

    task: str
    arguments: msgspec.Raw


class Given(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """What came of a task in the child."""

    value: Any = None
    #: What it raised, as ``ValueError: why``; "" when it returned.
    error: str = ""
    trace: str = ""
    #: The most bytes of memory that the child has had so far.
    peak: int = 0


class Answer(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """The same as its parent reads it; the value is read by its type afterwards."""

    value: msgspec.Raw
    error: Annotated[str, msgspec.Meta(max_length=_LONGEST_ERROR)]
    trace: Annotated[str, msgspec.Meta(max_length=_LONGEST_TRACE)]
    peak: Annotated[int, msgspec.Meta(ge=0)]


class Broken(ValueError):  # noqa: N818  # as Temporary and Permanent
    """A message is not what it must be."""


_encoder = msgspec.msgpack.Encoder()
_answers = msgspec.msgpack.Decoder(Answer)
_requests = msgspec.msgpack.Decoder(Received)


def pack(message: Request | Given) -> bytes:
    """Write a message. Raises TypeError, ValueError or OverflowError for what cannot cross the wall."""
    return _encoder.encode(message)


def answer(data: bytes | bytearray) -> Answer:
    """Read a child's answer but for its value. Raises Broken."""
    check(data)
    return read(_answers, data)


def request(data: bytes | bytearray) -> Received:
    """Read a request but for its arguments. Raises Broken."""
    return read(_requests, data)


def read(decoder: msgspec.msgpack.Decoder[T], data: bytes | bytearray | msgspec.Raw) -> T:
    """Read what must be of the decoder's type. Raises Broken."""
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Broken(f"{error.__class__.__name__}: {error}") from error


# --- how much a message holds --------------------------------------------------------------------


class _Form(NamedTuple):
    """What follows a first byte, for sure and for each one of the length that it states."""

    #: How the length is written; None where the first byte says it all.
    length: struct.Struct | None = None
    #: How many bytes follow, values within, and bytes of text.
    sure: tuple[int, int, int] = (0, 0, 0)
    each: tuple[int, int, int] = (0, 0, 0)


def _forms() -> dict[int, _Form]:
    """Return the forms of values by their first byte (https://github.com/msgpack/msgpack/blob/master/spec.md).

    Extensions, of which a reader could make something of its own, are left out.
    """
    small = {first: _Form() for first in (*range(0x80), *range(0xE0, 0x100), 0xC0, 0xC2, 0xC3)}
    numbers = {first: _Form(sure=(size, 0, 0)) for firsts, size in _NUMBERS.items() for first in firsts}
    maps = {0x80 + n: _Form(sure=(0, 2 * n, 0)) for n in range(16)}
    arrays = {0x90 + n: _Form(sure=(0, n, 0)) for n in range(16)}
    texts = {0xA0 + n: _Form(sure=(n, 0, n)) for n in range(32)}
    long = {
        first: _Form(struct.Struct(form), each=each)
        for each, firsts in _LONG.items()
        for first, form in zip(firsts, _LENGTHS[-len(firsts) :], strict=True)
    }
    return small | numbers | maps | arrays | texts | long


_NUMBERS = {(0xCC, 0xD0): 1, (0xCD, 0xD1): 2, (0xCA, 0xCE, 0xD2): 4, (0xCB, 0xCF, 0xD3): 8}
_LENGTHS = (">B", ">H", ">I")
_LONG = {
    (1, 0, 0): (0xC4, 0xC5, 0xC6),  # bytes
    (1, 0, 1): (0xD9, 0xDA, 0xDB),  # text
    (0, 1, 0): (0xDC, 0xDD),  # arrays
    (0, 2, 0): (0xDE, 0xDF),  # maps: as many keys as values
}
_FORMS = _forms()


def check(data: bytes | bytearray) -> None:
    """Walk over a message without making anything of it. Raises Broken when it is cut or holds too much."""
    place, due, seen, text = 0, 1, 0, 0
    try:
        while due:
            place, inner, letters = _step(data, place)
            due += inner - 1
            seen, text = seen + 1, text + letters
            if seen + due > MOST_ITEMS or text > TEXT_BYTES:
                raise Broken(f"more than {MOST_ITEMS:,} values or {TEXT_BYTES:,} bytes of text")
    except (IndexError, struct.error) as error:
        raise Broken("it is cut") from error
    except KeyError as error:
        raise Broken("it contains something that is not a value") from error
    if place != len(data):
        raise Broken(f"it has {place:,} bytes, not {len(data):,}")


def _step(data: bytes | bytearray, place: int) -> tuple[int, int, int]:
    """Return where the value at a place ends, how many values it holds, and how many bytes of text it is."""
    form = _FORMS[data[place]]
    (size, values, text), place = form.sure, place + 1
    if form.length is None:
        return place + size, values, text
    (length,) = form.length.unpack_from(data, place)
    size, values, text = (length * each for each in form.each)
    return place + form.length.size + size, values, text
