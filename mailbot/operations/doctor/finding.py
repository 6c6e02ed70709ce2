"""A finding of the doctor: one line of its table, with how to fix it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad a finding is."""

    GREEN = "green"  # as it should be
    YELLOW = "yellow"  # worth a look
    RED = "red"  # something does not work


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the doctor's table."""

    part: str
    level: Level
    detail: str
    #: What to do about it; "" when nothing is to be done.
    fix: str = ""


def green(part: str, detail: str) -> Finding:
    """Say that a part is as it should be."""
    return Finding(part=part, level=Level.GREEN, detail=detail)


def yellow(part: str, detail: str, fix: str) -> Finding:
    """Say that a part is worth a look."""
    return Finding(part=part, level=Level.YELLOW, detail=detail, fix=fix)


def red(part: str, detail: str, fix: str) -> Finding:
    """Say that a part does not work."""
    return Finding(part=part, level=Level.RED, detail=detail, fix=fix)
