"""What one task of a child may take."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What one task may take."""

    #: By the wall clock.
    seconds: float = 30.0
    #: Of processor time.
    cpu_seconds: int = 20
    #: Of address space, for the whole child.
    memory_bytes: int = 1024 * MIB
    #: Of its answer: a child must not be able to fill the daemon's memory.
    answer_bytes: int = 64 * MIB
