"""The charts of the results page: from boards to SVG that stands inside the page, and the numbers behind each.

A chart shows only as many teams as can be told apart; the rest is in the tables.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from mailbot.board.build import score_heading
from mailbot.board.page import drawing
from mailbot.board.page.tables import number
from mailbot.config.board import OVERALL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailbot.board.model import Board, Row, Table

TOP = 10
"""So many teams have a line of their own in the history."""

FOREST = 20
"""So many teams stand among the intervals."""

NAMED = 8
"""So many teams are named in the scatter of two tracks."""

_CELLS = 16
_BROAD = frozenset("mwMW@%&")


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A picture, and the numbers in it as a table, where no other table of the page has them."""

    #: Unique on the page.
    key: str
    title: str
    #: What the picture shows, in a sentence or two; printed below it.
    caption: str
    svg: Markup
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def all_of(board: Board, past: Sequence[Board]) -> tuple[Chart, ...]:
    """Return the charts of ``board``; ``past`` are the boards up to it, oldest first, itself among them."""
    overall = [table for table in board.tables if table.key == OVERALL]
    tracks = [table for table in board.tables if table.key != OVERALL]
    first = [row.team for row in _ranked(board.tables[0])[:TOP]] if board.tables else []
    made = [*(history(table, past, first) for table in overall), scatter(board)]
    made += [chart for table in tracks for chart in (intervals(table), history(table, past, first))]
    made += [intervals(table) for table in overall]
    return tuple(chart for chart in made if chart is not None)


def history(table: Table, past: Sequence[Board], first: Sequence[str]) -> Chart | None:
    """Show how the scores of the first teams came about; None before the second board.

    ``first`` are the first teams of the whole board: each has the same colour in all charts.
    """
    weeks = [(board, _by_team(board, table.key)) for board in past]
    top = _ranked(table)[:TOP]
    if len(weeks) < 2 or not top:  # noqa: PLR2004  # one board is no history
        return None
    decimals = score_heading(table).decimals
    lines = [[rows[row.team].score if row.team in rows else None for _board, rows in weeks] for row in top]
    dates = [board.as_of for board, _rows in weeks]
    who = f"the first {len(top)} teams of today" if len(top) > 1 else "the first team of today"
    text = f"Scores of {who} on {len(weeks)} boards"
    first_day, last_day = (f"{date:%d %b %Y}" for date in (dates[0], dates[-1]))
    days = f"{first_day} to {last_day}" if first_day != last_day else f"all of {first_day}"
    caption = f"{text}, {days}.{_direction(table)}"
    named = [(shorten(row.team), line) for row, line in zip(top, lines, strict=True)]
    return _chart(
        f"history-{table.key}",
        f"{table.title}: score over time",
        caption,
        drawing.history(dates, named, _baselines(table), colours([row.team for row in top], first)),
        headings=("Team", *(f"{date:%d %b}" if first_day != last_day else f"{date:%H:%M}" for date in dates)),
        rows=tuple(
            (row.team, *("–" if v is None else number(v, decimals) for v in line))
            for row, line in zip(top, lines, strict=True)
        ),
    )


def colours(teams: Sequence[str], first: Sequence[str]) -> list[int]:
    """Return the number of each team's colour: its place among ``first``, and what is left for the others."""
    own = {team: place for place, team in enumerate(first)}
    left = iter(sorted(set(range(TOP)) - {own[team] for team in teams if team in own}))
    return [own[team] if team in own else next(left) for team in teams]


def intervals(table: Table) -> Chart | None:
    """Show the intervals of the first teams below one another; None where there are none."""
    top = [row for row in _ranked(table) if row.interval][:FOREST]
    if not top:
        return None
    decimals = score_heading(table).decimals
    baselines = _baselines(table)
    drawn, height = drawing.intervals([(shorten(row.team), _ends(row), row.score) for row in top], baselines)
    who = "all teams" if len(top) == len(_ranked(table)) else f"the first {len(top)} teams"
    dashed = "; dashed lines are baselines" if baselines else ""
    return _chart(
        f"intervals-{table.key}",
        f"{table.title}: this week's intervals",
        f"Score and 95 % interval of {who}, best on top{dashed}.{_direction(table)}",
        drawn,
        height=height,
        headings=("Team", "Score", "From", "To"),
        rows=tuple((row.team, *(number(v, decimals) for v in (row.score, *_ends(row)))) for row in top),
    )


def scatter(board: Board) -> Chart | None:
    """Show the teams' scores on one track against those on the other; None unless there are two and teams on both."""
    tracks = [table for table in board.tables if table.key != OVERALL]
    if len(tracks) != 2:  # noqa: PLR2004  # across and up
        return None
    across, up = tracks
    other = {(row.team, row.baseline): row for row in up.rows}
    pairs = [(row, other[row.team, row.baseline]) for row in across.rows if (row.team, row.baseline) in other]
    teams = [pair for pair in pairs if not pair[0].baseline]
    if not teams:
        return None
    teams.sort(key=partial(_merit, falls=all(table.higher_is_better for table in tracks)))
    lone = [pair for pair in pairs if pair[0].baseline]
    dots, squares = ([(shorten(one.team), (one.score, two.score)) for one, two in each] for each in (teams, lone))
    decimals = [score_heading(table).decimals for table in tracks]
    explained = "; open squares are baselines" if lone else ""
    named = f"; the {NAMED} best are named" if len(teams) > NAMED else ""
    told = any(table.key == OVERALL for table in board.tables)  # by the first table, which has both scores
    return _chart(
        "scatter",
        f"{across.title} against {up.title}",
        f"Each dot is one of the {len(teams)} teams with a score on both tracks{named}{explained}.",
        drawing.scatter(dots, NAMED, squares, (across.title, up.title)),
        headings=("Team", across.title, up.title),
        rows=tuple(
            (pair[0].team, *(number(row.score, n) for row, n in zip(pair, decimals, strict=True)))
            for pair in ([] if told else pairs)
        ),
    )


def _merit(pair: tuple[Row, Row], *, falls: bool) -> float:
    """Return what two rows of a team are sorted by, the best first; errors have units of their own, so ranks are added.

    With ``falls`` the greater score is the better one on both tracks.
    """
    one, two = pair
    return -(one.score + two.score) if falls else (one.rank or 0) + (two.rank or 0)


def _direction(table: Table) -> str:
    return "" if table.higher_is_better else " Lower is better."


def shorten(name: str, cells: int = _CELLS) -> str:
    """Cut a name to what fits beside a chart; a wide sign, as a Chinese one, takes two cells."""
    taken = 0.0
    for place, sign in enumerate(name):
        taken += _width(sign)
        if taken > cells:
            return f"{name[:place].rstrip()}…"
    return name


def _width(sign: str) -> float:
    """Return about how many cells a sign takes."""
    if unicodedata.combining(sign):
        return 0
    if unicodedata.east_asian_width(sign) in "WF":
        return 2
    return 1.5 if sign in _BROAD else 1


def _chart(key: str, title: str, caption: str, inside: str, *, height: float = drawing.HEIGHT, **table: Any) -> Chart:  # noqa: ANN401  # its headings and rows
    drawn = drawing.picture(inside, key=f"chart-{key}", title=title, description=caption, height=height)
    return Chart(key=key, title=title, caption=caption, svg=Markup(drawn), **table)  # noqa: S704 - drawing escapes all words


def _by_team(board: Board, key: str) -> dict[str, Row]:
    """Return the ranked rows of a board's table by team; none where it has no such table."""
    return {row.team: row for table in board.tables if table.key == key for row in _ranked(table)}


def _ranked(table: Table) -> list[Row]:
    return [row for row in table.rows if row.rank is not None]


def _baselines(table: Table) -> list[tuple[str, float]]:
    return [(shorten(row.team, 26), row.score) for row in table.rows if row.baseline]


def _ends(row: Row) -> tuple[float, float]:
    return row.interval or (row.score, row.score)
