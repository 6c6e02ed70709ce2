"""A board's tables as the results page shows them: numbers as text, intervals as whiskers, moves, medals. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.board.build import score_heading

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mailbot.board.model import Board, Row, Table
    from mailbot.config.board import Heading

_MINUS = "\N{MINUS SIGN}"

MEDALS = {(1, 1): "gold", (2, 2): "silver", (3, 3): "bronze"}
"""A medal stands only where the rank is certain: the least and the greatest rank are the same."""


@dataclass(frozen=True, kw_only=True)
class Whisker:
    """An interval on the scale that all rows of a table share, in percent of its width."""

    low: float
    width: float
    at: float


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row as the page shows it."""

    row: Row
    #: Each number as shown, "" where there is none, and what sorting compares where that is not what is shown.
    cells: tuple[tuple[str, str | None], ...]
    score: str
    #: Length of the bar under the score: percent of the best score, or the other way around where less is better.
    bar: float
    #: The interval behind a space, as `` ± 0.42``, or its two arms where they differ; "" where it is unknown.
    spread: str
    #: The interval as ``92.57 to 93.41``, for those who hear the page.
    range: str
    whisker: Whisker | None
    #: The ranks that the row could have, as ``2–5``; "" where it is certain or unknown.
    could: str
    #: Day and clock of the arrival; "" for a baseline.
    day: str
    clock: str
    #: ``gold``, ``silver``, ``bronze`` or "".
    medal: str
    #: Ranks gained since the board before; None where there is nothing to compare with.
    move: int | None
    #: Whether the team has its first rank on a board that has one before it.
    new: bool


@dataclass(frozen=True, kw_only=True)
class View:
    """A table as the page shows it."""

    table: Table
    #: The columns of the table's own but for one that is the score once more.
    headings: tuple[Heading, ...]
    score_title: str
    teams: tuple[Line, ...]
    baselines: tuple[Line, ...]
    has_methods: bool
    has_intervals: bool
    has_groups: bool
    #: The best baseline that lies on the whiskers' scale, and where: percent of its width.
    mark: tuple[str, float] | None
    #: Number of columns shown.
    width: int


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What all rows of a table share."""

    table: Table
    #: The score's column.
    score: Heading
    #: The best score in it.
    best: float
    #: Ends of the whiskers' scale; None without intervals.
    scale: tuple[float, float] | None
    #: As :attr:`View.headings`.
    headings: tuple[Heading, ...]


def views(board: Board, moved: Mapping[tuple[str, str], int | None] | None) -> tuple[View, ...]:
    """Return the tables of ``board``; ``moved`` is what :func:`rank_changes` says, None at first."""
    return tuple(_view(table, moved) for table in board.tables)


def _view(table: Table, moved: Mapping[tuple[str, str], int | None] | None) -> View:
    scale, mark = _scale(table)
    score = score_heading(table)
    shown = tuple(each for each in table.headings if not _is_score(each, score, table))
    ground = Ground(table=table, score=score, best=_best(table), scale=scale, headings=shown)
    lines = [_line(row, ground, moved) for row in table.rows]
    has_methods = any(row.method for row in table.rows)
    has_groups = any(row.group for row in table.rows)
    return View(
        table=table,
        headings=shown,
        score_title=ground.score.title,
        teams=tuple(line for line in lines if not line.row.baseline),
        baselines=tuple(line for line in lines if line.row.baseline),
        has_methods=has_methods,
        has_intervals=scale is not None,
        has_groups=has_groups,
        mark=mark,
        width=len(shown) + 5 + has_methods + has_groups,
    )


def _is_score(heading: Heading, score: Heading, table: Table) -> bool:
    """Whether a column shows the score once more: its metric alone is the formula, and each row says the same."""
    metric, _, column = table.formula.removesuffix("; lower is better").partition(" of ")
    named = heading.title.casefold() == f"{column.replace('_', ' ')} {metric}".casefold() and bool(column)
    own = table.formula.startswith(f"{heading.key} by the organizers")
    cells = ((row.cells[heading.key], row.score) for row in table.rows)
    near = 10.0 ** -min(heading.decimals, score.decimals)
    return (named or own) and all(cell is not None and abs(cell - value) <= near for cell, value in cells)


def _scale(table: Table) -> tuple[tuple[float, float] | None, tuple[str, float] | None]:
    """Return the ends of the whiskers' scale, and the best baseline upon it; None, None without intervals.

    The scale spans all intervals, and the best baseline too where that makes it no more than half as long again.
    """
    ends = [end for row in table.rows for end in row.interval or ()]
    if not ends:
        return None, None
    low, high = min(ends), max(ends)
    best = next((row for row in table.rows if row.baseline), None)
    if best and max(high, best.score) - min(low, best.score) <= 1.5 * (high - low):
        scale = (min(low, best.score), max(high, best.score))
        return scale, (best.team, _percent(best.score, scale))
    return (low, high), None


def _percent(value: float, scale: tuple[float, float]) -> float:
    """Return where ``value`` lies on ``scale``, from 1 to 99 percent of its width: whiskers keep off the edges."""
    low, high = scale
    return round(1 + 98 * (value - low) / (high - low), 1) if high > low else 50.0


def _best(table: Table) -> float:
    """Return the best score of a table, a baseline's too; 0 where there is none."""
    return (max if table.higher_is_better else min)((row.score for row in table.rows), default=0.0)


def _line(row: Row, ground: Ground, moved: Mapping[tuple[str, str], int | None] | None) -> Line:
    table, score = ground.table, ground.score
    move = (moved or {}).get((table.key, row.team)) if row.rank is not None else None
    return Line(
        row=row,
        cells=tuple(_cell(row.cells[h.key], h.decimals) for h in ground.headings),
        score=number(row.score, score.decimals),
        bar=_bar(row.score, ground.best, higher_is_better=table.higher_is_better),
        spread=f" {spread(row, score.decimals)}".rstrip(),
        range=" to ".join(number(end, score.decimals) for end in row.interval or ()),
        whisker=_whisker(row, ground.scale),
        could=_could(row),
        day=f"{row.date:%Y-%m-%d}" if row.date else "",
        clock=f"{row.date:%H:%M}" if row.date else "",
        medal=MEDALS.get(row.ranks, "") if row.ranks and row.rank is not None else "",
        move=move,
        new=moved is not None and row.rank is not None and move is None,
    )


def _bar(score: float, best: float, *, higher_is_better: bool) -> float:
    """Return the length of a bar, from 0 to 100; the best score has the longest."""
    part, whole = (score, best) if higher_is_better else (best, score)
    if part == whole:
        return 100.0 if not higher_is_better or whole > 0 else 0.0
    return max(0.0, round(100 * part / whole, 1)) if whole > 0 else 0.0


def _whisker(row: Row, scale: tuple[float, float] | None) -> Whisker | None:
    if scale is None or row.interval is None:
        return None
    low, high = row.interval
    start = _percent(low, scale)
    return Whisker(low=start, width=round(_percent(high, scale) - start, 1), at=_percent(row.score, scale))


def _could(row: Row) -> str:
    if row.rank is None or row.ranks is None or row.ranks[0] == row.ranks[1]:
        return ""
    return f"{row.ranks[0]}–{row.ranks[1]}"


def spread(row: Row, decimals: int) -> str:
    """Say how far the interval of ``row`` reaches: ``± 0.42``, or both arms where they differ by more than rounding."""
    if row.interval is None:
        return ""
    down, up = (abs(row.score - end) for end in row.interval)
    if abs(up - down) < 1.5 * 10**-decimals:
        return f"\N{PLUS-MINUS SIGN} {max(up, down):.{decimals}f}"
    return f"{_MINUS}{down:.{decimals}f} +{up:.{decimals}f}"


def number(value: float, decimals: int) -> str:
    """Write ``value`` with so many decimals and, where it is negative, a minus sign."""
    return f"{value:.{decimals}f}".replace("-", _MINUS)


def _cell(value: float | None, decimals: int) -> tuple[str, str | None]:
    if value is None:
        return "", ""
    text = number(value, decimals)
    return text, repr(value) if _MINUS in text else None


def own_style(views: Sequence[View]) -> str:
    """Return the style of a page's own tables: the mark among the whiskers and, on a phone, the names of the numbers.

    On a phone each row is a card. A name stands once for each column, not in each cell. Keys and titles are escaped as
    CSS has it, and cannot end the element that holds them.
    """
    marks = [f"{_quoted(view.table.key)} {{ --mark: {view.mark[1]}%; }}\n" for view in views if view.mark]
    names = [
        f"{_quoted(view.table.key)} td:nth-child({place})::before {{ content: {_text(heading.title)}; "
        f'content: {_text(heading.title)} / ""; }}\n'
        for view in views
        for place, heading in enumerate(view.headings, 4 if view.has_methods else 3)
    ]
    return "".join(marks) + f"@media screen and (max-width: 48rem) {{\n{''.join(names)}}}\n"


def _quoted(key: str) -> str:
    return f"[id={_text(key)}]"


def _text(text: str) -> str:
    """Write a text as a string of CSS (CSS Syntax Level 3, 4.3.7)."""
    return '"' + "".join(sign if sign.isalnum() or sign in " -_.,()+/" else f"\\{ord(sign):x} " for sign in text) + '"'
