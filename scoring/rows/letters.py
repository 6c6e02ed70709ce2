"""A column of choices to answers: letters as officially compared, and what people and models write around them.

A file of which most answers are no letters has a mistake in its format and is refused: a score near 0 would say
something else. Standard library only.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scoring.model import Note, Problem
from scoring.rows.ids import in_order
from scoring.text import counted, listed
from scoring.values import bare, choice, choices_in, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scoring.model import Column
    from scoring.rows.ids import Match
    from scoring.table import Table

MOST_ODD = 0.5
"""If a greater share of a column is no bare letter, its format is looked at."""

MOST_UNREADABLE = 0.1
"""If then a greater share cannot be read at all, the file is refused."""

LONGEST = 80
"""No longer answer is looked into for a letter."""

_WORD = r"(?:the\s+)?(?:correct\s+|final\s+|right\s+)*(?:answer|option|choice|ans)|正确答案|答案|选项|选择|选"

#: A letter by itself, but for brackets, quotation marks, a full stop, or a word before it that says what it is.
_WRAPPED = re.compile(
    rf"(?:(?:{_WORD})\s*(?:is|are|是|为)?\s*[:：=]?\s*)?"  # noqa: RUF001
    r"[\s\"'`*_(\[{<（【「“‘]*(?:\\boxed\s*\{)?"  # noqa: RUF001
    r"(?P<answer>[^\W_]{1,40})"
    r"[\s\"'`*_)\]}>）】」”’.,:;。．、：；]*",  # noqa: RUF001
    re.IGNORECASE,
)
_PIECE = re.compile(r"[^\W_]+")


@dataclass(frozen=True, kw_only=True)
class Read:
    """A column of choices as read."""

    #: In label order; None for what is no legal answer.
    answers: Sequence[str | None]
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()


def unwrapped(cell: object, choices: tuple[str, ...]) -> str | None:
    """Return the legal answer in a cell that holds nothing else of weight: ``(B)``, ``B.``, ``Answer: B``."""
    if not isinstance(cell, str) or len(cell) > LONGEST:
        return None
    found = _WRAPPED.fullmatch(" ".join(bare(cell).split()))
    return choice(found["answer"], choices) if found else None


def answers(table: Table, name: str, column: Column, match: Match) -> Read:
    """Read a column; what is no answer is None and counted in a note, as the official scorer counts it wrong."""
    if match.is_whole and (clean := choices_in(table.cells[name], column.choices)):
        return Read(answers=in_order([*clean], match.rows))
    cells = [None if row is None else table.cells[name][row] for row in match.rows]
    plain = [choice(cell, column.choices) for cell in cells]
    there = [row is not None for row in match.rows]
    found = [
        unwrapped(cell, column.choices) if answer is None else answer for cell, answer in zip(cells, plain, strict=True)
    ]
    odd = [cell for cell, answer, is_there in zip(cells, plain, there, strict=True) if is_there and answer is None]
    illegal = [cell for cell, answer, is_there in zip(cells, found, there, strict=True) if is_there and answer is None]
    given = sum(there)
    if len(odd) > MOST_ODD * given and len(illegal) > MOST_UNREADABLE * given:
        return Read(answers=found, problems=(_unreadable(odd, given, name, column),))
    wrapped = [cell for cell, old, new in zip(cells, plain, found, strict=True) if old is None and new is not None]
    return Read(answers=found, notes=(*_wrapped_note(wrapped), *_illegal_note(illegal, column)))


def _wrapped_note(wrapped: Sequence[object]) -> Iterable[Note]:
    if wrapped:
        count = counted(len(wrapped), "answer is", "answers are")
        message = f"{count} no letter alone, as {shown(wrapped[0])}; the letter in it was read."
        yield Note(code="wrapped-letters", count=len(wrapped), message=message)


def _illegal_note(illegal: Sequence[object], column: Column) -> Iterable[Note]:
    if illegal:
        counted_wrong = f"{counted(len(illegal), 'answer is', 'answers are')} {_no_choice(column)} and counted as wrong"
        message = f"{counted_wrong}, for example {shown(illegal[0])}."
        yield Note(code="illegal-letters", count=len(illegal), message=message)


def _unreadable(odd: Sequence[object], given: int, name: str, column: Column) -> Problem:
    """Refuse a column, with the two commonest forms of what stands in it."""
    forms: dict[str, list[object]] = defaultdict(list)
    for cell in odd:
        forms[_form(cell, column)].append(cell)
    commonest = sorted(forms.values(), key=len, reverse=True)[:2]
    examples = tuple(f"{shown(_commonest(cells))} ({len(cells):,})" for cells in commonest)
    message = (
        f"{len(odd):,} of {counted(given, 'value')} of {name} {'is' if len(odd) == 1 else 'are'} {_no_choice(column)},"
        f" most often {' and '.join(examples)}. Write {_only(column)}."
    )
    return Problem(code="unreadable-answers", count=len(odd), examples=examples, message=message)


def _form(cell: object, column: Column) -> str:
    """Return the form of an answer: which letter it holds and which words stand around it do not matter."""
    if not isinstance(cell, str):
        return shown(cell)
    pieces = _PIECE.sub(lambda piece: "?" if choice(piece[0], column.choices) else "word", bare(cell)[:LONGEST])
    return re.sub(r"word(?:\W+word)+", "word", pieces)


def _commonest(cells: Sequence[object]) -> object:
    """Return the cell that occurs most often; of equals the first."""
    times = Counter(map(shown, cells))
    return max(cells, key=lambda cell: times[shown(cell)])


def _is_letters(column: Column) -> bool:
    return all(len(each) == 1 and each.isalpha() for each in column.choices)


def _only(column: Column) -> str:
    """Return what to write instead."""
    if _is_letters(column):
        return f'one letter {column.choices[0]} to {column.choices[-1]} and nothing else, as "{column.choices[0]}"'
    return f'one of {listed(column.choices)} and nothing else, as "{column.choices[0]}"'


def _no_choice(column: Column) -> str:
    """``no letter A to D``, or ``none of CAT, DOG``."""
    if _is_letters(column):
        return f"no letter {column.choices[0]} to {column.choices[-1]}"
    return f"none of {listed(column.choices)}"
