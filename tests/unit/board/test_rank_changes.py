"""Ranks gained and lost between two boards."""

from __future__ import annotations

from datetime import timedelta

from mailbot.board.build import build
from mailbot.board.rank_changes import previous_board, rank_changes
from tests.unit.boards import AS_OF, rules, standing

WEEK = timedelta(weeks=1)


def test_up_down_same_and_new() -> None:
    """Ranks gained are positive, lost negative, kept 0; a team without a rank before has none to compare with."""
    then = build([standing(t, "siqa-s", s) for t, s in (("a", 9), ("b", 8), ("c", 7), ("gone", 1))], rules(), AS_OF)
    now = build([standing(t, "siqa-s", s) for t, s in (("b", 9), ("a", 8), ("c", 7), ("new", 6))], rules(), AS_OF)
    found = rank_changes(then, now)
    assert [found["siqa-s", team] for team in ("a", "b", "c", "new")] == [-1, 1, 0, None]
    assert ("siqa-s", "gone") not in found


def test_each_table_has_its_own_moves() -> None:
    """A team may climb on one track while it falls on the other."""
    then = build([standing("a", "siqa-s", 2), standing("b", "siqa-s", 1), standing("b", "siqa-u", 50)], rules(), AS_OF)
    now = build([standing("a", "siqa-s", 1), standing("b", "siqa-s", 2), standing("a", "siqa-u", 60)], rules(), AS_OF)
    found = rank_changes(then, now)
    assert (found["siqa-s", "a"], found["siqa-u", "a"], found["overall", "a"]) == (-1, None, 1)


def test_shared_ranks_count_as_shown() -> None:
    """Two teams that come to share the first rank moved to rank 1, both."""
    then = build([standing("a", "siqa-s", 2), standing("b", "siqa-s", 1)], rules(), AS_OF)
    now = build([standing("a", "siqa-s", 2), standing("b", "siqa-s", 2)], rules(), AS_OF)
    assert [rank_changes(then, now)["siqa-s", team] for team in ("a", "b")] == [0, 1]


def test_baselines_never_move() -> None:
    """A baseline has no rank, so it is not among the moves."""
    board = build([standing("a", "siqa-s", 2)], rules(), AS_OF)
    assert {team for _table, team in rank_changes(board, board)} == {"a"}


def test_first_board_has_none() -> None:
    """Without an earlier board every team is new."""
    board = build([standing("a", "siqa-s", 2)], rules(), AS_OF)
    assert set(rank_changes(None, board).values()) == {None}


def test_the_board_before() -> None:
    """The board before an instant is the latest that is older; of two of one instant the one published later."""
    first, second = (build([], rules(), AS_OF + n * WEEK) for n in range(2))
    again = build([standing("a", "siqa-s", 2)], rules(), AS_OF + WEEK)
    assert previous_board([second, first], AS_OF) is None
    assert previous_board([second, first], AS_OF + WEEK) is first
    assert previous_board([first, second, again], AS_OF + 2 * WEEK) is again
