"""A board and those before it as worksheets: cells, number formats, widths and tints. Pure.

What a participant wrote is guarded, besides being written RAW: who downloads the sheet as CSV is safe too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from mailbot.board.build import AUDIT_RULE, score_heading
from mailbot.board.exports import guarded
from mailbot.board.rank_changes import present_phase
from mailbot.config.calendar import next_after, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from mailbot.board.model import Board, Row, Table
    from mailbot.config.board import Heading
    from mailbot.config.calendar import Moment

Cell: TypeAlias = str | int | float
"""What a cell holds; "" is an empty one."""

SERIAL_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001  # a wall clock without a zone, as a sheet has them
"""Day 0 of a sheet's dates (Google Sheets API, DateTimeRenderOption)."""

LONGEST_TEXT = 1000
"""A cell takes 50,000 characters; so much of a text is enough for anyone."""

INSTANT, DAY, WHOLE = "yyyy-mm-dd hh:mm", "yyyy-mm-dd", "0"


class Tint(StrEnum):
    """How a row stands out."""

    FIRST = "first"  # gold
    SECOND = "second"  # silver
    THIRD = "third"  # bronze
    BASELINE = "baseline"  # grey


PODIUM = {1: Tint.FIRST, 2: Tint.SECOND, 3: Tint.THIRD}


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a worksheet."""

    title: str
    #: In pixels.
    width: int
    #: Pattern of its numbers (Google Sheets API, number formats); "" for text.
    pattern: str = ""


@dataclass(frozen=True, kw_only=True)
class Page:
    """One worksheet."""

    #: Tells it from the others for good, whatever its title.
    key: str
    title: str
    columns: tuple[Column, ...]
    #: Below the header, each as long as ``columns``.
    rows: tuple[tuple[Cell, ...], ...]
    #: One for each row; None where it does not stand out.
    tints: tuple[Tint | None, ...]

    @property
    def cells(self) -> list[list[Cell]]:
        """All cells, the header first and at least one row below it: a sheet cannot be all header."""
        blank = [""] * len(self.columns)
        return [[column.title for column in self.columns], *(map(list, self.rows) if self.rows else [blank])]


@dataclass(frozen=True, kw_only=True)
class Published:
    """A board as the ledger kept it."""

    board: Board
    published_at: datetime
    #: Whether it was due at its instant, and not published by hand in between.
    weekly: bool


def pages(boards: Sequence[Published], publish_at: Moment, zone: ZoneInfo) -> tuple[Page, ...]:
    """Return the worksheets that show the last of ``boards``: its tables, the history, and how it was made.

    Final results stay, whatever is published after them but other final results; the history is of the weeks alone.
    Where phases have boards of their own, all is of the present one.
    """
    phase = present_phase([one.board for one in boards])
    boards = [one for one in boards if one.board.phase == phase]
    last = next((one for one in reversed(boards) if one.board.final), boards[-1])
    tables = (_table(table, last.board.as_of) for table in last.board.tables)
    weeks = by_week((one for one in boards if not one.board.final), publish_at, zone)
    return (*tables, _history(weeks), _about(last, zone))


def by_week(boards: Iterable[Published], publish_at: Moment, zone: ZoneInfo) -> dict[datetime, Board]:
    """Return the board that stands for each week, oldest first: the weekly one, else the last published by hand.

    A week is named by the instant at which its board is due, so a board by hand counts towards the next one.
    """
    found: dict[datetime, Published] = {}
    for one in boards:
        as_of = one.board.as_of.astimezone(zone)
        week = as_of if one.weekly else next_after(publish_at, zone, as_of)
        if one.weekly or not (week in found and found[week].weekly):
            found[week] = one
    return {week: found[week].board for week in sorted(found)}


# --- tables ----------------------------------------------------------------------------------


def _table(table: Table, as_of: datetime) -> Page:
    """Lay out one ranking; what no row has gets no column."""
    score = score_heading(table)
    made: list[tuple[Column, list[Cell]]] = [
        (Column(title="Rank", width=70, pattern=WHOLE), [row.rank or "baseline" for row in table.rows]),
        (Column(title="Team", width=220), [_text(row.team) for row in table.rows]),
        (Column(title="Method", width=280), [_text(row.method) for row in table.rows]),
        *((_numbers(heading), [_or_blank(row.cells[heading.key]) for row in table.rows]) for heading in table.headings),
        (_numbers(score), [row.score for row in table.rows]),
        (Column(title="± (95 %)", width=90, pattern=f'"± "{_decimals(score)}'), [_half(row) for row in table.rows]),
        (Column(title="Tie group", width=90), [_text(row.group) for row in table.rows]),
        (Column(title=f"Date ({as_of.tzinfo})", width=170, pattern=INSTANT), [_date(row) for row in table.rows]),
        (Column(title="Submissions", width=110, pattern=WHOLE), [_or_blank(row.submissions) for row in table.rows]),
        (Column(title="Receipt", width=100), [_text(row.receipt) for row in table.rows]),
    ]
    kept = [(column, cells) for column, cells in made if column.title not in MAY_LACK or any(c != "" for c in cells)]
    return Page(
        key=f"table {table.key}",
        title=guarded(table.title),
        columns=tuple(column for column, _ in kept),
        rows=tuple(zip(*(cells for _, cells in kept), strict=True)),
        tints=tuple(Tint.BASELINE if row.baseline else PODIUM.get(row.rank or 0) for row in table.rows),
    )


MAY_LACK = frozenset({"± (95 %)", "Tie group", "Receipt"})
"""Columns that are left out where no row has anything in them."""


def _numbers(heading: Heading) -> Column:
    return Column(title=guarded(heading.title), width=max(100, 9 * len(heading.title)), pattern=_decimals(heading))


def _decimals(heading: Heading) -> str:
    return f"0.{'0' * heading.decimals}" if heading.decimals else WHOLE


def _half(row: Row) -> Cell:
    """Return half the width of a row's interval."""
    return round((row.interval[1] - row.interval[0]) / 2, 6) if row.interval else ""


def _date(row: Row) -> Cell:
    return serial(row.date) if row.date else ""


def serial(instant: datetime) -> float:
    """Return the wall clock of ``instant`` as a sheet keeps it: days since the end of 1899, to the second."""
    return round((instant.replace(tzinfo=None, microsecond=0) - SERIAL_ZERO).total_seconds() / 86_400, 6)


def _or_blank(value: float | None) -> Cell:
    return "" if value is None else value


def _text(text: str) -> str:
    return guarded(text)[:LONGEST_TEXT]


# --- history ---------------------------------------------------------------------------------


def _history(weeks: Mapping[datetime, Board]) -> Page:
    """Lay out a row per team and week: rank and scores of the first table of each week's board."""
    headings: dict[str, Heading] = {}
    boards = list(weeks.values())
    for board in reversed(boards):  # the columns as they are now, then those of old
        headings |= {h.key: h for h in board.tables[0].headings if h.key not in headings}
    rows = [
        _week(week, row, headings)
        for week, board in weeks.items()
        for row in board.tables[0].rows
        if row.rank is not None
    ]
    score = score_heading(boards[-1].tables[0])
    columns = (
        Column(title="Week to", width=110, pattern=DAY),
        Column(title="Rank", width=70, pattern=WHOLE),
        Column(title="Team", width=220),
        *(_numbers(heading) for heading in headings.values()),
        _numbers(score),
    )
    return Page(key="history", title="History", columns=columns, rows=tuple(rows), tints=(None,) * len(rows))


def _week(week: datetime, row: Row, headings: Mapping[str, Heading]) -> tuple[Cell, ...]:
    day = int(serial(week))
    return (day, row.rank or "", _text(row.team), *(_or_blank(row.cells.get(key)) for key in headings), row.score)


# --- about -----------------------------------------------------------------------------------


def _about(published: Published, zone: ZoneInfo) -> Page:
    """Say how the board was made: when, by which formulas and rules, from which truth, and where the trail ends."""
    board = published.board
    pairs = [
        ("Challenge", board.challenge),
        *([("Phase", board.phase)] if board.phase else []),
        ("Final results as of" if board.final else "Board as of", shown(board.as_of, zone)),
        ("Updated at", shown(published.published_at, zone)),
        *((f"{table.title} score", table.formula) for table in board.tables),
        *(("Rule", rule) for rule in board.rules if not rule.startswith(AUDIT_RULE)),
        *((f"Truth of {t.title}, SHA-256", board.truths[t.key]) for t in board.tables if t.key in board.truths),
        *(("Audit trail", rule) for rule in board.rules if rule.startswith(AUDIT_RULE)),
        ("Written by", "mailbot, with each board; what you add to these sheets is lost, sheets of your own stay."),
    ]
    rows = tuple((_text(name), _text(value)) for name, value in pairs)
    columns = (Column(title="About", width=240), Column(title="This leaderboard", width=820))
    return Page(key="about", title="About", columns=columns, rows=rows, tints=(None,) * len(rows))
