"""Standings to a board: ranks, rounding, the table over all tracks, baselines, JSON and back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.board.build import build, one_line, score_heading
from mailbot.board.codec import board_as_json, board_from_json, rows_as_json
from mailbot.config.board import OVERALL, Baseline, Heading, TrackRules
from mailbot.errors import ConfigError, Permanent
from tests.unit import boards
from tests.unit.boards import AS_OF, OPENED, rules, standing

if TYPE_CHECKING:
    from mailbot.board.model import Board, Table
    from mailbot.model import Standing


def table(board: Board, key: str) -> Table:
    """Return the table named ``key``."""
    return next(one for one in board.tables if one.key == key)


def build_s(*scores: float) -> Table:
    """Return SIQA-S with a team for each score, which arrived an hour apart."""
    teams = [
        standing(f"team{n}", "siqa-s", score, arrived_at=OPENED + timedelta(hours=n)) for n, score in enumerate(scores)
    ]
    return table(build(teams, rules(baselines=()), AS_OF), "siqa-s")


def test_published_scores_come_out_as_published() -> None:
    """223/380, 293/350 and 110/390 with .9135/.9253 and .9282/.9527 show as 50.95, 92.99 and 71.97."""
    first = boards.board().tables[0].rows[0]
    assert (first.rank, first.team, first.score) == (1, "Sparrowhawk", 71.97)
    assert first.cells == {"siqa-u": 50.95, "siqa-s": 92.99}


def test_tables_stand_in_the_order_of_the_contest() -> None:
    """Overall comes first, then the tracks as the config orders them."""
    assert [one.key for one in boards.board().tables] == [OVERALL, "siqa-u", "siqa-s"]


def test_equal_scores_share_a_rank_and_the_next_is_skipped() -> None:
    """Ranks run 1, 1, 3, and the earlier arrival stands first among equals."""
    rows = build_s(50.0, 90.001, 90.0).rows
    assert [(row.rank, row.team) for row in rows] == [(1, "team1"), (1, "team2"), (3, "team0")]


def test_scores_that_show_alike_rank_alike() -> None:
    """A difference that rounding hides gives no rank: the earlier one stands first although its score is lower."""
    rows = build_s(71.966, 71.974).rows
    assert [(row.rank, row.team, row.score) for row in rows] == [(1, "team0", 71.97), (1, "team1", 71.97)]


def test_name_decides_between_equals_of_one_instant() -> None:
    """Two teams with one score and one arrival stand in the order of their names."""
    made = build([standing("zebra", "siqa-s", 1), standing("aardvark", "siqa-s", 1)], rules(baselines=()), AS_OF)
    assert [row.team for row in table(made, "siqa-s").rows] == ["aardvark", "zebra"]


def test_missing_track_counts_zero_and_shows_nothing() -> None:
    """A team on one of two tracks has half its score overall, and no cell for the other."""
    row = build([standing("solo", "siqa-s", 88.25)], rules(baselines=()), AS_OF).tables[0].rows[0]
    assert row.score == 44.12
    assert row.cells == {"siqa-u": None, "siqa-s": 88.25}


def test_combined_is_the_mean_of_unrounded_scores() -> None:
    """Scores 49.574 and 91.254 combine to 70.41 (70.414), although their rounded forms give 70.41 and 70.42 apart."""
    two = [standing("t", "siqa-u", 49.5790), standing("t", "siqa-s", 91.2540)]
    assert build(two, rules(), AS_OF).tables[0].rows[0].score == round((49.5790 + 91.2540) / 2, 2)
    low = [standing("t", "siqa-u", 0.014), standing("t", "siqa-s", 0.014)]
    assert build(low, rules(), AS_OF).tables[0].rows[0].score == 0.01


@pytest.mark.parametrize(("u", "s", "expected"), [("A", "B", "A / B"), ("A", "A", "A"), ("", "B", "B"), ("A", "", "A")])
def test_overall_names_both_methods_when_they_differ(u: str, s: str, expected: str) -> None:
    """Overall's method is ``U-method / S-method``, or the one that serves both."""
    two = [standing("t", "siqa-s", 1, method=s), standing("t", "siqa-u", 1, method=u)]
    assert build(two, rules(), AS_OF).tables[0].rows[0].method == expected


def test_overall_is_dated_by_the_last_submission_and_counts_all() -> None:
    """A team's overall row has the later of its arrivals and the sum of its submissions."""
    later = OPENED + timedelta(days=2)
    two = [
        standing("t", "siqa-u", 1, arrived_at=later, submissions=3),
        standing("t", "siqa-s", 1, arrived_at=OPENED, submissions=2),
    ]
    row = build(two, rules(), AS_OF).tables[0].rows[0]
    assert (row.date, row.submissions) == (later, 5)


def test_dates_are_on_the_clock_of_the_board() -> None:
    """An arrival in UTC shows in the challenge's zone."""
    row = build([standing("t", "siqa-s", 1, arrived_at=datetime(2026, 11, 20, 20, 0, tzinfo=UTC))], rules(), AS_OF)
    date = table(row, "siqa-s").rows[0].date
    assert date is not None
    assert date.isoformat() == "2026-11-21T04:00:00+08:00"


def test_baselines_stand_below_the_teams_unranked() -> None:
    """A baseline has neither rank, date nor count, stands last, the best first, and takes no team's rank."""
    rows = table(boards.board(), "siqa-s").rows
    assert [row.baseline for row in rows] == [False] * 11 + [True] * 6
    assert all((row.rank, row.date, row.submissions) == (None, None, None) for row in rows if row.baseline)
    assert [row.team for row in rows if row.baseline][:2] == ["InternVL3.5 (fine-tuned)", "HyperIQA (trained)"]
    assert rows[11].score == 89.75
    assert rows[0].rank == 1


def test_baseline_is_on_overall_only_with_every_track() -> None:
    """What was never run on a track has no combined score."""
    both = (Baseline(team="gpt", track="siqa-u", score=42.79), Baseline(team="gpt", track="siqa-s", score=77.57))
    half = (Baseline(team="NIQE", track="siqa-s", score=35.92),)
    rows = build([], rules(baselines=both + half), AS_OF).tables[0].rows
    assert [(row.team, row.score, row.baseline) for row in rows] == [("gpt", 60.18, True)]


def test_correlations_have_four_decimals_and_accuracies_two() -> None:
    """Each metric is rounded by its own heading; one that is missing is None."""
    made = standing("t", "siqa-s", 1, metrics={"perception_srcc": 0.123456})
    cells = table(build([made], rules(), AS_OF), "siqa-s").rows[0].cells
    assert cells["perception_srcc"] == 0.1235
    assert cells["perception_plcc"] is None


def test_negative_zero_is_zero() -> None:
    """A correlation that rounds to zero from below shows without a sign."""
    made = standing("t", "siqa-s", 0, metrics={"perception_srcc": -0.00001})
    assert str(table(build([made], rules(), AS_OF), "siqa-s").rows[0].cells["perception_srcc"]) == "0.0"


def test_single_track_has_no_overall() -> None:
    """A challenge of one track has one table."""
    board = build(boards.dozen(), rules(tracks=boards.TRACKS[1:]), AS_OF)
    assert [one.key for one in board.tables] == ["siqa-s"]
    assert len([row for row in board.tables[0].rows if not row.baseline]) == 11


def test_empty_board_still_has_its_tables() -> None:
    """Before the first submission the board shows the baselines alone."""
    assert [len(one.rows) for one in build([], rules(), AS_OF).tables] == [0, 0, 6]


def test_board_states_how_it_rounds_and_ranks() -> None:
    """The first rule printed tells the decimals, as the config has them."""
    assert "rounded to 3 decimals and ranked as shown" in build([], rules(decimals=3), AS_OF).rules[0]


def test_score_column_has_the_decimals_of_its_scores() -> None:
    """Three decimals in the config give a score column of three, and two are the least."""
    made = [standing("t", "siqa-s", 71.96649)]
    assert score_heading(build(made, rules(decimals=3, baselines=()), AS_OF).tables[1]).decimals == 2
    assert score_heading(build(made, rules(decimals=3, baselines=()), AS_OF).tables[2]).decimals == 3


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_undefined_score_is_our_trouble(value: float) -> None:
    """A score or metric that is not a finite number never reaches a board."""
    with pytest.raises(Permanent, match="S-000001"):
        build([standing("t", "siqa-s", value)], rules(), AS_OF)
    with pytest.raises(Permanent, match="S-000001"):
        build([standing("t", "siqa-s", 1, metrics={"perception_srcc": value})], rules(), AS_OF)


def test_two_standings_of_a_team_on_a_track_are_our_trouble() -> None:
    """Which of two counts is not the board's to say."""
    with pytest.raises(Permanent, match="More than one"):
        build([standing("t", "siqa-s", 1), standing("t", "siqa-s", 2)], rules(), AS_OF)


def test_instant_without_zone_is_our_trouble() -> None:
    """A board knows the zone it is read in."""
    with pytest.raises(Permanent, match="zone"):
        build([], rules(), AS_OF.replace(tzinfo=None))


def test_rules_that_would_mix_columns_are_refused() -> None:
    """Tracks of one name, a track named overall, and a metric named score are mistakes in the config."""
    odd = TrackRules(name="x", title="X", formula="", headings=(Heading(key="score", title="Score", decimals=2),))
    for tracks in ((boards.TRACKS[0],) * 2, (replace(boards.TRACKS[0], name=OVERALL),), (odd,), ()):
        with pytest.raises(ConfigError):
            rules(tracks=tracks)


def test_names_are_made_inert() -> None:
    """Line breaks, controls and direction overrides do not reach a board; letters of every script do."""
    assert one_line(" a\tb\r\nc\x00\u2028d ") == "a b c d"
    assert one_line("safe\u202etxt.exe\u200b\ud800") == "safetxt.exe"
    assert one_line("科学图像 e\u0301 👩\u200d🔬") == "科学图像 \xe9 👩\u200d🔬"


# --- properties ------------------------------------------------------------------------------

_SCORES = st.floats(0, 100) | st.sampled_from([50.0, 50.004, 50.005, 50.006])
_STANDINGS = st.lists(
    st.builds(
        standing,
        st.sampled_from("abcdefgh"),
        st.sampled_from(["siqa-u", "siqa-s"]),
        _SCORES,
        arrived_at=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 - timezones= gives the zone
    ),
    max_size=16,
    unique_by=lambda one: (one.team, one.track),
)


@given(_STANDINGS)
def test_rank_is_one_more_than_the_number_of_better_teams(standings: list[Standing]) -> None:
    """In every table the rank follows from the rounded scores alone, and rows stand by score, arrival, name."""
    for one in build(standings, rules(), AS_OF).tables:
        ranked = [row for row in one.rows if not row.baseline]
        for row in ranked:
            assert row.rank == 1 + sum(other.score > row.score for other in ranked)
            assert row.score == round(row.score, 2)
        for above, below in pairwise(ranked):
            assert above.date is not None
            assert below.date is not None
            assert (-above.score, above.date, above.team) < (-below.score, below.date, below.team)


@given(_STANDINGS, st.randoms(use_true_random=False))
def test_order_of_standings_does_not_matter(standings: list[Standing], random: object) -> None:
    """The board is a function of the set of standings."""
    shuffled = sorted(standings, key=lambda _: random.random())  # type: ignore[attr-defined]  # hypothesis gives a Random
    assert build(standings, rules(), AS_OF) == build(shuffled, rules(), AS_OF)


@given(_STANDINGS)
def test_board_survives_json(standings: list[Standing]) -> None:
    """Through JSON text and back a board is the same, its zone included."""
    board = build(standings, rules(), AS_OF)
    again = board_from_json(json.loads(json.dumps(board_as_json(board), allow_nan=False)))
    assert again == board
    assert again.as_of.tzinfo == board.as_of.tzinfo


# --- JSON ------------------------------------------------------------------------------------


def test_zone_without_name_survives_json_as_offset() -> None:
    """A board in a plain offset keeps the offset."""
    board = build(boards.dozen(), rules(), AS_OF.astimezone(UTC))
    again = board_from_json(board_as_json(board))
    assert again == board
    assert again.as_of.isoformat() == "2026-11-25T02:00:00+00:00"


def test_newer_form_is_not_misread() -> None:
    """A board written by a newer mailbot is refused by name of its format."""
    with pytest.raises(Permanent, match="format 1, not 2"):
        board_from_json({**board_as_json(boards.board()), "format": 2})


def test_rows_are_flat_and_name_their_table() -> None:
    """A row tells its table, its metrics under their own names, and instants with offset."""
    rows = rows_as_json(boards.board())
    assert rows[0] == {
        "table": "overall",
        "rank": 1,
        "team": "Sparrowhawk",
        "method": "qwen3-vl-32b-sft / SIQA-MT",
        "siqa-u": 50.95,
        "siqa-s": 92.99,
        "score": 71.97,
        "low": None,
        "high": None,
        "group": "",
        "date": "2026-11-18T09:12:30+08:00",
        "submissions": 2,
        "receipt": "",
        "baseline": False,
    }
    assert rows[-1]["team"] == "NIQE (zero-shot)"
    assert (rows[-1]["rank"], rows[-1]["date"], rows[-1]["perception_srcc"]) == (None, None, 0.345)
