"""A track of which the smaller score is the better one: its charts, medals and awards, whose best are the smallest."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from defusedxml.ElementTree import fromstring

from mailbot.board.build import build
from mailbot.board.page import charts, tables
from mailbot.board.page.awards import honours
from mailbot.board.page.charts import NAMED
from mailbot.board.page.rules import Awards
from mailbot.board.uncertainty import pairs, sureness
from scoring.declaration.declare import track_from
from scoring.scores.scored import scored
from tests.unit.boards import AS_OF, TRACKS, rules, standing, with_intervals
from tests.unit.scoring.cases import truth_of

if TYPE_CHECKING:
    from mailbot.board.model import Board
    from mailbot.model import Standing
    from scoring.labels.truth import Truth
    from scoring.scores.scored import Laid

TEAMS = [f"Team {number:02d}" for number in range(NAMED + 4)]
"""In the order of their errors, the smallest first."""


def errors(names: list[str] = TEAMS, *tracks: str) -> Board:
    """Return a board of two tracks of errors in units of their own, or of those named, without an overall table."""
    made = [replace(track, higher_is_better=track.name not in (tracks or ("siqa-u", "siqa-s"))) for track in TRACKS]
    standings = [
        standing(team, track.name, (0.5 + 0.1 * place) * unit if not track.higher_is_better else 90.0 - place)
        for track, unit in zip(made, (1.0, 40.0), strict=True)
        for place, team in enumerate(names)
    ]
    return build(standings, rules(tracks=tuple(made), baselines=(), overall_formula=None), AS_OF)


@pytest.mark.parametrize("tracks", [("siqa-u", "siqa-s"), ("siqa-s",)], ids=["both", "one"])
def test_the_charts_name_the_teams_that_err_least(tracks: tuple[str, ...]) -> None:
    """In the scatter the best are named; histories and intervals begin with the best, and say what is better."""
    board = with_intervals(errors(TEAMS, *tracks))
    before = replace(board, as_of=AS_OF - timedelta(weeks=1))
    drawn = {chart.key: chart for chart in charts.all_of(board, [before, board])}
    words = {element.text for element in fromstring(str(drawn["scatter"].svg)).iter("text")}
    assert words & set(TEAMS) == set(TEAMS[:NAMED])
    for kind in ("history", "intervals"):
        chart = drawn[f"{kind}-siqa-s"]
        assert [row[0] for row in chart.rows][:3] == TEAMS[:3]
        assert chart.caption.endswith("Lower is better.")
        assert ("Lower" in drawn[f"{kind}-siqa-u"].caption) == ("siqa-u" in tracks)


def test_the_longest_bar_is_that_of_the_smallest_error() -> None:
    """Whose half has half of it."""
    (_, view) = tables.views(errors(), None)
    assert [line.row.team for line in view.teams] == TEAMS
    assert view.teams[0].bar == 100
    assert view.teams[5].bar == pytest.approx(50)


def test_awards_go_to_the_smallest_errors() -> None:
    """The first places, and those who are invited."""
    found = honours(errors(), Awards(places=("First", "Second"), invited=3, invitation="Come:"))
    assert [(one.place, one.row.team) for one in found.tracks[0][1]] == [("First", TEAMS[0]), ("Second", TEAMS[1])]
    assert found.invited == tuple(TEAMS[:3])


def test_gold_is_for_the_smallest_error_where_that_is_certain() -> None:
    """Four teams whose RMSE lie far apart: their ranks are sure, and the better one of a pair comes first."""
    standings, truths, laid = rmse_contest()
    sure = sureness(standings, truths, laid, overall=False)["depth"]
    assert [sure[team].ranks for team in TEAMS[:4]] == [(1, 1), (2, 2), (3, 3), (4, 4)]
    first = pairs(standings, truths, laid, overall=False)[0]
    assert (first.team, first.other) == (TEAMS[0], TEAMS[1])
    board = errors(TEAMS[:4])
    rows = tuple(replace(row, ranks=sure[row.team].ranks) for row in board.tables[0].rows)
    view = tables.views(replace(board, tables=(replace(board.tables[0], rows=rows),)), None)[0]
    assert [(line.row.team, line.medal) for line in view.teams][:3] == [
        (TEAMS[0], "gold"), (TEAMS[1], "silver"), (TEAMS[2], "bronze"),
    ]  # fmt: skip


def rmse_contest() -> tuple[list[Standing], dict[str, Truth], dict[str, Laid]]:
    """Return the standings of four teams, the worst first, by the RMSE of a column; their truth, and their values."""
    column = {"name": "depth", "metrics": ["rmse"]}
    draw = np.random.default_rng(1)
    labels = draw.normal(size=300)
    truth = truth_of(track_from({"name": "depth", "columns": [column]}), {"depth": tuple(labels.tolist())})
    laid: dict[str, Laid] = {
        team: {"depth": labels + (1 + 2 * place) * draw.normal(size=300)} for place, team in enumerate(TEAMS[:4])
    }
    standings = [standing(team, "depth", scored(laid[team], truth).score, receipt=team) for team in TEAMS[3::-1]]
    return standings, {"depth": truth}, laid
