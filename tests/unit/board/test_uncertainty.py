"""How sure the rows of a board are, against the formulas of scoring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from mailbot import lazily
from mailbot.board.uncertainty import MOST_ROWS, pairs, sureness
from mailbot.config.board import OVERALL
from mailbot.model import Standing
from scoring.interval import difference, interval, standard_error
from scoring.scores.parts import labels_of, parts_of
from scoring.scores.scored import influence, scored
from tests.unit.scoring.cases import s_case, u_case
from tests.unit.services import NOW

if TYPE_CHECKING:
    from scoring.labels.truth import Truth
    from scoring.scores.scored import Laid

with lazily(__name__):  # collecting the tests needs none of it
    from scipy import stats

SKILLS = {"Ada": 0.9, "Bo": 0.89, "Cy": 0.3}


def standing(team: str, track: str, receipt: str, score: float) -> Standing:
    """Return a standing of a score."""
    return Standing(
        team=team,
        track=track,
        receipt=receipt,
        method="",
        score=score,
        metrics={},
        arrived_at=NOW,
        submissions=1,
    )


@pytest.fixture(scope="module")
def contest() -> tuple[list[Standing], dict[str, Truth], dict[str, Laid]]:
    """Return the standings of three teams on both tracks (Cy has none on SIQA-U), the truths and what they predict."""
    standings, truths, laid = [], {}, {}
    for track, case in (("siqa-u", u_case), ("siqa-s", s_case)):
        truths[track] = case(1, skill=0.5)[1]
        for team, skill in SKILLS.items():
            if (team, track) != ("Cy", "siqa-u"):
                receipt = f"{team}/{track}"
                laid[receipt], _ = case(1, skill=skill)
                score = scored(laid[receipt], truths[track]).score
                standings.append(standing(team, track, receipt, score))
    return standings, truths, laid


def test_an_interval_is_that_of_the_score(contest: tuple[list[Standing], dict[str, Truth], dict[str, Laid]]) -> None:
    """1.96 standard errors from influences on both sides."""
    standings, truths, laid = contest
    found = sureness(*contest, overall=True)
    for one in standings:
        error = standard_error(influence(laid[one.receipt], truths[one.track]))
        assert found[one.track][one.team].interval == interval(one.score, error)


def test_groups_and_rank_intervals_follow_from_the_pairs(
    contest: tuple[list[Standing], dict[str, Truth], dict[str, Laid]],
) -> None:
    """Two of a kind share a letter and may swap; who is surely worse has another, and the last rank."""
    standings, truths, laid = contest
    found = sureness(*contest, overall=True)["siqa-s"]
    scores = {one.team: one.score for one in standings if one.track == "siqa-s"}
    influences = {team: influence(laid[f"{team}/siqa-s"], truths["siqa-s"]) for team in SKILLS}
    better, worse = sorted(("Ada", "Bo"), key=scores.__getitem__, reverse=True)
    pair = difference(scores[better], scores[worse], influences[better], influences[worse])
    assert (found[better].group, found["Cy"].group) == ("a", "b" if pair.p > 0.05 else "c")
    assert found[better].flip == pytest.approx(pair.flip, rel=1e-9)
    assert found["Cy"].ranks == (3, 3)
    assert found["Cy"].flip is None


def test_the_mean_of_the_tracks_has_the_errors_of_both(
    contest: tuple[list[Standing], dict[str, Truth], dict[str, Laid]],
) -> None:
    """The tracks have other items, so variances add; a missing track counts 0 and is sure of it."""
    standings, truths, laid = contest
    found = sureness(*contest, overall=True)[OVERALL]
    for team in SKILLS:
        own = [one for one in standings if one.team == team]
        squares = [standard_error(influence(laid[one.receipt], truths[one.track])) ** 2 for one in own]
        expected = interval(sum(one.score for one in own) / 2, sum(squares) ** 0.5 / 2)
        assert found[team].interval == pytest.approx(expected, rel=1e-12)


def test_without_columns_nothing_is_said(contest: tuple[list[Standing], dict[str, Truth], dict[str, Laid]]) -> None:
    """What is not known is not guessed."""
    standings, truths, _ = contest
    assert sureness(standings, truths, {}, overall=False) == {"siqa-u": {}, "siqa-s": {}}


def test_of_very_many_rows_the_best_are_compared() -> None:
    """All have intervals; groups are told of the best only, rank intervals of none."""
    laid, truth = s_case(1, n=40)
    standings = [standing(f"T{n}", "siqa-s", f"S-{n}", 90 - n / 10) for n in range(MOST_ROWS + 5)]
    found = sureness(standings, {"siqa-s": truth}, {one.receipt: laid for one in standings}, overall=False)["siqa-s"]
    assert len(found) == MOST_ROWS + 5
    assert found["T0"].group == "a"
    assert found[f"T{MOST_ROWS + 1}"].group == ""
    assert {sure.ranks for sure in found.values()} == {None}


def test_pairs_are_tested_as_scipy_does(contest: tuple[list[Standing], dict[str, Truth], dict[str, Laid]]) -> None:
    """On SIQA-U, a weighted mean of accuracies: a paired z-test over the groups."""
    standings, truths, laid = contest
    truth = truths["siqa-u"]
    (found,) = [one for one in pairs(standings, truths, laid, overall=True) if one.table == "siqa-u"]
    right = {
        team: (next(iter(laid[f"{team}/siqa-u"].values())) == next(iter(labels_of(truth).values()))) * 100.0
        for team in ("Ada", "Bo")
    }
    apart, weights = right[found.team] - right[found.other], truth.track.weights
    total, parts = sum(weights.values()), parts_of(truth).slices
    value = sum(weight / total * apart[parts[group]].mean() for group, weight in weights.items())
    squares = [(w / total) ** 2 * apart[parts[g]].var() / apart[parts[g]].size for g, w in weights.items()]
    assert found.value == pytest.approx(value)
    assert found.error == pytest.approx(np.sqrt(sum(squares)))
    assert found.p == found.adjusted == pytest.approx(2 * stats.norm.sf(value / np.sqrt(sum(squares))))


def test_all_pairs_of_a_table_are_adjusted_together(
    contest: tuple[list[Standing], dict[str, Truth], dict[str, Laid]],
) -> None:
    """Three pairs where there are three teams, the better one first; none is surer than by itself."""
    found = [one for one in pairs(*contest, overall=True) if one.table == OVERALL]
    assert [{one.team, one.other} for one in found] == [{"Ada", "Bo"}, {"Ada", "Cy"}, {"Bo", "Cy"}]
    assert all(one.value >= 0 for one in found)
    assert all(one.adjusted >= one.p for one in found)
    assert max(one.p for one in found) == max(one.adjusted for one in found)
