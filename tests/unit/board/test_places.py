"""What a board says of one team, and the chart of its weeks."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mailbot.board.build import build
from mailbot.board.page import drawing
from mailbot.board.rank_changes import places
from mailbot.letters import chart
from tests.unit.boards import AS_OF, rules, standing

if TYPE_CHECKING:
    from datetime import datetime

    from mailbot.board.model import Board
    from mailbot.board.rank_changes import Place

WEEK = timedelta(weeks=1)


def _board(week: int = 0, **scores: float) -> Board:
    """Return the board of a week on which each team has a score on SIQA-S."""
    as_of = AS_OF + week * WEEK
    return build([standing(team, "siqa-s", score) for team, score in scores.items()], rules(), as_of)


def _on_s(board: Board, published: list[Board], team: str) -> Place:
    """Return the team's place on SIQA-S."""
    (found,) = (place for place in places(board, published)[team] if place.table.key == "siqa-s")
    return found


def test_the_neighbours_are_the_nearest_with_another_rank() -> None:
    """Who shares a rank is no neighbour; baselines are none either."""
    board = _board(A=90, B=80.5, C=80.5, D=70)
    b, a, d = (_on_s(board, [], team) for team in "BAD")
    assert (b.rank, b.teams, b.shared) == (2, 4, 1)
    assert b.above is not None
    assert b.below is not None
    assert (b.above.team, b.gap_to(b.above), b.below.team) == ("A", 9.5, "D")
    assert (a.above, d.below) == (None, None)


def test_a_move_is_told_only_against_an_earlier_board() -> None:
    """Nothing moves on the first board; later a team has moved, or is new, since the last weekly one."""
    first, second = _board(0, A=90, B=80), _board(1, A=81, B=85, C=70)
    assert (_on_s(first, [first, second], "A").move, _on_s(first, [], "A").is_new) == (None, False)
    found = [(p.move, p.is_new) for p in (_on_s(second, [first, second], team) for team in "ABC")]
    assert found == [(-1, False), (1, False), (None, True)]


def test_the_trend_is_this_board_and_those_before() -> None:
    """The scores are those that were published, in order of time, whatever order they come in."""
    weeks = [_board(week, A=60 + week) for week in range(9)]
    found = _on_s(weeks[7], weeks[::-1], "A")
    assert [score for _, score in found.trend] == [60, 61, 62, 63, 64, 65, 66, 67]
    assert [score for _, score in found.recent] == [62, 63, 64, 65, 66, 67]


def test_a_smaller_error_is_the_better_one() -> None:
    """The gap of a table where less is better is the same length."""
    board = _board(A=90, B=80)
    turned = replace(board, tables=tuple(replace(t, higher_is_better=False) for t in board.tables))
    place = _on_s(turned, [], "B")
    assert place.above is not None
    assert place.gap_to(place.above) == 10


def test_the_chart_is_a_small_picture_and_always_the_same() -> None:
    """Thirty weeks of three lines stay below 15 KB; no date and no program's name is in the file."""
    from PIL import Image  # noqa: PLC0415  # slow to load

    points: list[tuple[datetime, float]] = [(AS_OF + week * WEEK, 60 + week % 7) for week in range(30)]
    above = [(instant, score + 3.5) for instant, score in points[10:]]
    lines = [points, points[3:], above]
    drawn = chart.chart(lines)
    with Image.open(io.BytesIO(drawn)) as picture:
        assert (picture.format, picture.size, set(picture.info)) == ("PNG", (940, 340), set())
    assert len(drawn) < 15_000
    assert chart.chart(lines) == drawn


def test_no_colour_of_a_chart_is_lost() -> None:
    """Five lines, the thin ones behind them and the axis: each keeps its colour in the small palette."""
    from PIL import Image, ImageColor  # noqa: PLC0415  # slow to load

    lines = [[(AS_OF + week * WEEK, 60 + 5 * number + week % 3) for week in range(30)] for number in range(5)]
    with Image.open(io.BytesIO(chart.chart(lines))) as picture:
        counts = {colour: count for count, colour in picture.convert("RGB").getcolors(1 << 16) or []}
    wanted = [chart.GRID, chart.AXIS, chart.LABEL, *(look.colour for look in chart.STYLES)]
    assert [colour for colour in wanted if counts.get(ImageColor.getrgb(colour), 0) < 100] == []


def test_a_chart_of_equal_scores_or_instants_can_be_drawn() -> None:
    """A line that never moves, a single board beside a line, negative scores and those of seven figures."""
    for scores in ([50, 50], [-0.5, 0.25], [1_234_567, 1_334_567]):
        assert chart.chart([[(AS_OF, scores[0]), (AS_OF + WEEK, scores[1])], [(AS_OF, scores[0])]])
    assert chart.chart([[(AS_OF, 1), (AS_OF, 2)]])


@pytest.mark.parametrize(
    ("ends", "told"),
    [
        ((99.977, 100.003), ["99.980", "99.985", "99.990", "99.995", "100.000"]),
        ((-1.2, 1.3), ["\N{MINUS SIGN}1.0", "\N{MINUS SIGN}0.5", "0.0", "0.5", "1.0"]),
        ((0, 90), ["0", "20", "40", "60", "80"]),
        ((61, 66.5), ["61", "62", "63", "64", "65", "66"]),
        ((1_234_000, 1_300_000), ["1240000", "1260000", "1280000", "1300000"]),
    ],
)
def test_scores_close_together_are_told_whole(ends: tuple[float, float], told: list[str]) -> None:
    """The axis says 99.99, not -0.002 with +9.999e1 in a corner; no more decimals than its steps need."""
    assert [text for _, text in drawing.ticks(*ends)] == told


def test_labels_of_weeks_that_lie_unevenly_do_not_touch() -> None:
    """After a long silence the weeks before it share one label's room; the last board always has its own."""
    instants = [AS_OF + week * WEEK for week in (0, 1, 2, 30)]
    assert chart.apart(instants) == [instants[3], instants[2]]
    even = [AS_OF + week * WEEK for week in range(6)]
    assert chart.apart(even) == even[::-1]
