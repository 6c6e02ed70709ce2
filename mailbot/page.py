"""A board as one HTML file that needs nothing else: no request, no font, no script from elsewhere.

The style and the script stand inside the page; a policy in its head allows exactly these two, by their hashes (W3C,
Content Security Policy Level 3), so that nothing a participant writes can run or load anything, from disk or a server.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from markupsafe import Markup

from mailbot import instants
from mailbot.board import score_heading
from mailbot.templates import environment

if TYPE_CHECKING:
    from datetime import datetime

    from mailbot.model import Board, Row, Table

_MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A number as the page shows it."""

    title: str
    #: As shown; "" where there is none.
    text: str
    #: What sorting compares; "" where there is none, which sorts last.
    value: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row as the page shows it."""

    row: Row
    cells: tuple[Cell, ...]
    score: Cell
    #: Length of the bar under the score: percent of the best score, or the other way around where less is better.
    bar: float


@dataclass(frozen=True, kw_only=True)
class View:
    """A table as the page shows it."""

    table: Table
    score_title: str
    teams: tuple[Line, ...]
    baselines: tuple[Line, ...]
    has_methods: bool
    #: Number of columns shown.
    width: int


def render(board: Board) -> str:
    """Return the page of ``board``: HTML that opens from disk and from any web server."""
    style, script = _source("page/board.css"), _source("page/board.js")
    return (
        environment()
        .get_template("page/index.html.j2")
        .render(
            board=board,
            views=[_view(table) for table in board.tables],
            updated=_updated(board.as_of),
            zone=str(board.as_of.tzinfo),
            style=Markup(style),  # noqa: S704 - our own file, and the policy holds its hash
            script=Markup(script),  # noqa: S704 - our own file, and the policy holds its hash
            policy=_policy(style, script),
            breakable=_breakable,
        )
    )


def _view(table: Table) -> View:
    best = (max if table.higher_is_better else min)((row.score for row in table.rows), default=0.0)
    lines = [_line(row, table, best) for row in table.rows]
    has_methods = any(row.method for row in table.rows)
    return View(
        table=table,
        score_title=score_heading(table).title,
        teams=tuple(line for line in lines if not line.row.baseline),
        baselines=tuple(line for line in lines if line.row.baseline),
        has_methods=has_methods,
        width=len(table.headings) + (6 if has_methods else 5),
    )


def _line(row: Row, table: Table, best: float) -> Line:
    score = score_heading(table)
    return Line(
        row=row,
        cells=tuple(_cell(h.title, row.cells[h.key], h.decimals) for h in table.headings),
        score=_cell(score.title, row.score, score.decimals),
        bar=_bar(row.score, best, higher_is_better=table.higher_is_better),
    )


def _bar(score: float, best: float, *, higher_is_better: bool) -> float:
    """Return the length of a bar, from 0 to 100; the best score has the longest."""
    part, whole = (score, best) if higher_is_better else (best, score)
    if part == whole:
        return 100.0 if not higher_is_better or whole > 0 else 0.0
    return max(0.0, round(100 * part / whole, 1)) if whole > 0 else 0.0


def _cell(title: str, value: float | None, decimals: int) -> Cell:
    if value is None:
        return Cell(title=title, text="", value="")
    return Cell(title=title, text=f"{value:.{decimals}f}".replace("-", _MINUS), value=repr(value))


def _breakable(text: str) -> Markup:
    """Let a long name break after the signs that join its parts; what is copied from the page stays the same."""
    return Markup("<wbr>").join(re.split(r"(?<=[_/.+-])(?=.)", text))


def _updated(instant: datetime) -> str:
    """Say when the board was made, with the zone's name where it is known."""
    if isinstance(instant.tzinfo, ZoneInfo):
        return instants.shown(instant, instant.tzinfo)
    return f"{instant:%a %d %b %Y, %H:%M} ({instant.tzinfo})"


def _policy(style: str, script: str) -> str:
    """Allow this style and this script, pictures inside the page, and nothing else."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hash(source: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}"


def _source(name: str) -> str:
    """Return a template's text as it is, without rendering."""
    env = environment()
    if env.loader is None:
        raise AssertionError("templates.environment() always has a loader")
    return env.loader.get_source(env, name)[0]
