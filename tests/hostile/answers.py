"""What a child that was taken over may answer in place of a message: pickles, and what grows when it is decoded."""

from __future__ import annotations

import os
import pickle
import struct
import time
from typing import TYPE_CHECKING, NoReturn

from mailbot.system.children import wire
from mailbot.system.children.named import Kind
from scoring.model import (
    Evaluated,  # the type of an answer is read at run time
    Evaluation,
)
from tests.hostile.killers import channel

if TYPE_CHECKING:
    from collections.abc import Callable

KIND = Kind(__name__)
MIB = 1024 * 1024


def array(count: int, item: bytes) -> bytes:
    """Return an array of one item, so many times."""
    return b"\xdd" + struct.pack(">I", count) + item * count


def answered(value: bytes) -> bytes:
    """Return an answer with a value that is given as bytes of MessagePack."""
    return b"\x94" + value + b"\xa0\xa0\x00"


HUGE = 4 * MIB
_VALUES = {
    "millions of empty texts": array(HUGE - 64, b"\xa0"),
    "millions of lists": array(HUGE - 64, b"\x90"),
    "lists within lists": b"\x91" * (HUGE - 64) + b"\xc0",
    "millions of numbers": array(HUGE // 9 - 9, b"\xcb" + bytes(8)),
    "a text with one wide letter": b"\xdb" + struct.pack(">I", HUGE - 64) + "😀".encode() + b"a" * (HUGE - 68),
    "a long file": b"\xc6" + struct.pack(">I", HUGE - 64) + bytes(HUGE - 64),
    "an array that says it is endless": b"\xdd\xff\xff\xff\xff" + b"\xa0" * (HUGE - 64),
    "a map that says it is endless": b"\xdf\xff\xff\xff\xff" + b"\xa0" * (HUGE - 64),
    "a file that says it is endless": b"\xc6\xff\xff\xff\xff" + bytes(HUGE - 64),
    "as many values as there may be": array(wire.MOST_ITEMS - 20, b"\xa1x"),
}

BOMBS = {name: answered(value) for name, value in _VALUES.items()} | {
    "an error of 4 MiB": b"\x94\xc0\xdb" + struct.pack(">I", HUGE - 64) + b"x" * (HUGE - 64) + b"\xa0\x00"
}
"""Answers of 4 MiB at most that make much of little."""


class _Calls:
    """A pickle of it calls a function where it is read."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        """Take what is called."""
        self._reduced = (function, arguments)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        """Say what is called."""
        return self._reduced


def pickles(marker: str) -> dict[str, bytes]:
    """Return pickles by what they do where they are read: make a folder, or set attributes of our classes."""
    named = b"\x8c" + bytes([len("scoring.model")]) + b"scoring.model"
    made = pickle.dumps(_Calls(os.mkdir, marker))
    return {
        "a pickle that calls": made,
        "an old pickle that calls": pickle.dumps(_Calls(os.mkdir, marker), protocol=0),
        "BUILD on a class": b"cscoring.model\nEvaluation\n(N}S'ok'\nI01\nstb.",
        "BUILD by a dotted name": b"\x80\x04" + named + b"\x8c\x12Problem.__init__.x\x93.",
        "BUILD on an instance": pickle.dumps(Evaluation(track=None)).replace(b"problems", b"problemz"),
        "a pickle as the value of an answer": answered(b"\xc4" + bytes([len(made)]) + made),
        "a pickle as an extension": answered(b"\xc7" + bytes([len(made)]) + b"\x01" + made),
    }


@KIND.task
def says(data: bytes) -> Evaluated | None:
    """Answer these bytes."""
    _write(data)


@KIND.task
def bursts(bomb: str) -> Evaluated | None:
    """Answer one of the bombs."""
    _write(BOMBS[bomb])


@KIND.task
def claims(size: int) -> Evaluated | None:
    """Say that an answer of so many bytes follows, and write without end."""
    os.write(channel(), struct.pack(">Q", size))
    while True:
        os.write(channel(), bytes(MIB))


@KIND.task
def fine(value: int) -> int:
    """Do no harm."""
    return value


def _write(data: bytes) -> NoReturn:
    os.write(channel(), struct.pack(">Q", len(data)) + data)
    while True:
        time.sleep(3600)
