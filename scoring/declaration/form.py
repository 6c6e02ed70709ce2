"""Plain data, as TOML gives it, read key by key; every mistake is gathered under its key.

Standard library only.
"""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """One thing that is wrong with a declaration."""

    #: Where it is, as ``columns.0.metrics``.
    key: str
    #: What is wrong and what is allowed there.
    message: str

    def __str__(self) -> str:
        """Return both on one line."""
        return f"{self.key}: {self.message}"


class DeclarationError(ValueError):
    """A declaration cannot be used; :attr:`mistakes` says all that is wrong with it."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        """Keep the mistakes; the text of the exception is theirs."""
        self.mistakes = tuple(mistakes)
        super().__init__("; ".join(map(str, self.mistakes)))


class Form:
    """A mapping of plain data that is being read. What is wrong is noted; what is read then is a stand-in."""

    def __init__(self, given: Mapping[str, object], mistakes: list[Mistake], place: str = "") -> None:
        """Read ``given``; ``place`` is its key in the whole, and ``mistakes`` gathers what is wrong."""
        self.given, self.mistakes, self._place = given, mistakes, place

    def wrong(self, key: str, message: str) -> None:
        """Note a mistake under a key."""
        self.mistakes.append(Mistake(key=f"{self._place}{key}", message=message))

    def only(self, known: Iterable[str]) -> None:
        """Note every key that is none of the known ones, with the nearest."""
        names = sorted(known)
        for key in (str(key) for key in self.given if key not in names):
            near = difflib.get_close_matches(key, names, 1)
            hint = f'did you mean "{near[0]}"?' if near else f"known here: {', '.join(names)}"
            self.wrong(key, f"unknown key; {hint}")

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text, stripped; without a default it must be there."""
        value = self.given.get(key, default)
        if isinstance(value, str) and (default is not None or value.strip()):
            return value.strip()
        self.wrong(key, "must be text" if key in self.given else "missing; it must be set")
        return default or ""

    def texts(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return a list of texts, each stripped and not empty."""
        value = self.given.get(key, default)
        if isinstance(value, list | tuple) and all(isinstance(each, str) and each.strip() for each in value):
            return tuple(each.strip() for each in value)
        self.wrong(key, 'must be a list of texts, as ["one", "two"]')
        return ()

    def number(self, key: str) -> float | None:
        """Return a finite number; None where there is none."""
        value = self.given.get(key)
        if value is None or is_number(value):
            return None if value is None else float(str(value))
        self.wrong(key, "must be a finite number")
        return None

    def forms(self, key: str, example: str) -> list[Form]:
        """Return each mapping of a list that must not be empty; ``example`` shows how to write one."""
        value = self.given.get(key)
        if isinstance(value, list | tuple) and value and all(isinstance(each, dict) for each in value):
            return [Form(each, self.mistakes, f"{self._place}{key}.{n}.") for n, each in enumerate(value)]
        self.wrong(key, f"must be a list of at least one table, as {example}")
        return []

    def once(self, key: str, names: Iterable[str], what: str) -> None:
        """Note each name that is there twice."""
        seen: set[str] = set()
        for name in names:
            if name in seen:
                self.wrong(key, f'the {what} "{name}" is there twice')
            seen.add(name)


def is_number(value: object) -> bool:
    """Whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
