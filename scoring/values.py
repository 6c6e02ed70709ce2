"""One cell to one value: numbers by a strict grammar, choices as the official scorer compares them.

Standard library only.
"""

from __future__ import annotations

import math
import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeGuard

from scoring.model import RANGE
from scoring.table import ABSENT, Token
from scoring.text import printable, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What a number may look like as text; float() alone takes ``1_000``, ``nan`` and digits of any script.
ID = "id"
"""The id column, unless the track names another."""

NUMBER = re.compile(r"[+-]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:[eE][+-]?\d{1,6})?", re.ASCII)
WHOLE = re.compile(r"[+-]?\d{1,18}(?:\.0{1,6})?", re.ASCII)
EXACT = 2.0**53  # beyond it a float is not a certain integer
NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.ASCII | re.IGNORECASE)
NOTHING = frozenset({"", "null", "none", "na", "n/a", "-"})

#: A number with a comma for the point and no separators; what a comma means depends on the whole file.
COMMA = re.compile(r"([+-]?\d{1,400}),(\d{1,400}(?:[eE][+-]?\d{1,6})?)", re.ASCII)

#: Blanks that nobody sees and Python does not strip: zero width, direction marks, a byte order mark.
_UNSEEN = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"

#: What typesetting programs write for a minus sign.
_MINUS = str.maketrans("−﹣－–‒‑", "------")  # noqa: RUF001


class Fault(StrEnum):
    """Why a cell is no number; the value is the problem's code."""

    MISSING = "missing-values"  # empty, null, or the row lacks the field
    NOT_FINITE = "not-finite"  # NaN, an infinity, or too large for float64
    NOT_NUMBER = "not-a-number"  # text that is no decimal number, true, a list …
    OUT_OF_RANGE = "out-of-range"  # less or greater than the track takes


def number(cell: object, within: tuple[float, float] = RANGE) -> float | Fault:
    """Return the number in a cell, finite and from the least to the greatest, or why there is none."""
    if isinstance(cell, Token):
        return Fault.NOT_FINITE if _not_finite(cell.text) else Fault.OUT_OF_RANGE
    if cell is None or cell is ABSENT:
        return Fault.MISSING
    if isinstance(cell, str):
        return _text_number(_plain(cell), within)
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return _in_range(float(cell), within)
    return Fault.NOT_NUMBER


def whole(cell: object) -> int | None:
    """Return the integer in a cell: 7, 7.0, "7", "007"; None for true, 7.5, "7a" and all else."""
    if isinstance(cell, str):
        text = bare(cell)
        return int(text.partition(".")[0]) if WHOLE.fullmatch(text) else None
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() and abs(cell) < EXACT else None
    return cell if isinstance(cell, int) and not isinstance(cell, bool) else None


def bare(text: str) -> str:
    """Return text without the blanks around it, no-break and zero-width ones too."""
    stripped = text.strip()
    return stripped if stripped.isascii() else stripped.strip(_UNSEEN).strip()


def is_typeset(cell: object) -> bool:
    """Whether a cell is a number that has another character than ASCII's for its minus sign, as U+2212."""
    return isinstance(cell, str) and not cell.isascii() and bare(cell) != _plain(cell)


def with_point(cell: object) -> object:
    """Return a cell with its decimal comma as a point: ``1,8104`` as ``1.8104``; any other cell as it is."""
    found = COMMA.fullmatch(_plain(cell)) if isinstance(cell, str) else None
    return f"{found[1]}.{found[2]}" if found else cell


def _plain(text: str) -> str:
    """Return a number's text in ASCII, with the ASCII minus sign."""
    return bare(text) if text.isascii() else bare(text).translate(_MINUS)


def _not_finite(text: str) -> bool:
    return NOT_FINITE.fullmatch(text) is not None or not text.lstrip("-").isdigit()


def _text_number(text: str, within: tuple[float, float]) -> float | Fault:
    if NUMBER.fullmatch(text):
        return _in_range(float(text), within)
    if NOT_FINITE.fullmatch(text):
        return Fault.NOT_FINITE
    return Fault.MISSING if text.casefold() in NOTHING else Fault.NOT_NUMBER


def _in_range(value: float, within: tuple[float, float]) -> float | Fault:
    if not math.isfinite(value):
        return Fault.NOT_FINITE
    return value if within[0] <= value <= within[1] else Fault.OUT_OF_RANGE


# --- a whole column at once, where it is clean: None where one by one may say otherwise ---------

_DIGITS = re.compile("[0-9]+")
_OF_NUMBERS = re.compile("[0-9.+-]+")
_LONGEST_WHOLE = 18
_LONGEST = 300
"""A number of no more characters, and no exponent, is finite."""


def numbers(
    cells: Sequence[Any], within: tuple[float, float] = RANGE, known: set[type] | None = None
) -> list[float] | None:
    """Return what :func:`number` returns of each cell where all of them are numbers in range; None where in doubt.

    ``known`` are the types of the cells where these are known, and all numbers among them to be finite.
    """
    kinds = set(map(type, cells)) if known is None else known
    if kinds <= {int, float}:
        found = [*cells] if kinds == {float} else [*map(float, cells)]
    elif kinds == {str} and _OF_NUMBERS.fullmatch("".join(cells)) and max(map(len, cells)) <= _LONGEST:
        try:
            found = [*map(float, cells)]
        except ValueError:
            return None
    else:
        return None
    clean = found and within[0] <= min(found) and max(found) <= within[1]
    return found if clean and (known == {float} or math.isfinite(sum(found))) else None


def wholes(cells: Sequence[Any]) -> list[int] | None:
    """Return what :func:`whole` returns of each cell where all are integers or their digits; None where in doubt."""
    kinds = set(map(type, cells))
    if kinds == {int}:
        return [*cells]
    if kinds != {str} or not _DIGITS.fullmatch("".join(cells)):
        return None
    lengths = {*map(len, cells)}
    return [*map(int, cells)] if min(lengths) > 0 and max(lengths) <= _LONGEST_WHOLE else None


def words(cells: Sequence[Any]) -> list[str] | None:
    """Return the cells where all are words of ASCII without blanks; None where in doubt."""
    if set(map(type, cells)) != {str}:
        return None
    joined = "\n".join(cells)
    return [*cells] if joined.isascii() and joined.split() == [*cells] else None


def choices_in(cells: Sequence[Any], choices: tuple[str, ...]) -> list[str] | None:
    """Return what :func:`choice` returns of each cell where all of them are legal answers; None where in doubt."""
    if set(map(type, cells)) not in ({str}, {int}):
        return None
    known = {cell: choice(cell, choices) for cell in set(cells)}
    legal = {cell: answer for cell, answer in known.items() if answer is not None}
    return [legal[cell] for cell in cells] if len(legal) == len(known) else None


def choice(cell: object, choices: tuple[str, ...]) -> str | None:
    """Return the legal answer in a cell, None when it is none; compared stripped and in upper case, as officially.

    A whole number stands for its digits, for challenges whose classes are numbered.
    """
    numbered = isinstance(cell, int) and not isinstance(cell, bool)
    answer = bare(cell).upper() if isinstance(cell, str) else str(cell) if numbered else None
    return answer if answer in choices else None


def text(cell: object) -> str | None:
    """Return the text in a cell, "" where it is empty; None for what is none. A number stands for its digits."""
    if isinstance(cell, str):
        return cell.strip()
    if cell is None or cell is ABSENT:
        return ""
    if isinstance(cell, Token):
        return cell.text
    numeric = isinstance(cell, int | float) and not isinstance(cell, bool)
    return str(cell) if numeric else " ".join(cell) if _is_words(cell) else None


def _is_words(cell: object) -> TypeGuard[list[str]]:
    return isinstance(cell, list) and all(isinstance(each, str) for each in cell)


def group_word(cell: object) -> str:
    """Return a group's name as the tracks write it; the organizers' toolkit of SIQA has ``yes/no`` in places."""
    said = printable(cell, 40).lower().replace("_", "-").replace(" ", "-") if isinstance(cell, str) else ""
    return "yes-or-no" if said in ("yes/no", "yes-no", "yesno") else said


def shown(cell: object) -> str:
    """Return a cell for a message, short and inert."""
    if isinstance(cell, str):
        return quoted(cell) if cell.strip() else "empty"
    if isinstance(cell, Token):
        return printable(cell.text, 20)
    if cell is ABSENT:
        return "absent"
    if isinstance(cell, list | dict):
        return "a list" if isinstance(cell, list) else "an object"
    if cell is None or isinstance(cell, bool):
        return {None: "null", True: "true", False: "false"}[cell]
    return printable(str(cell), 40)
