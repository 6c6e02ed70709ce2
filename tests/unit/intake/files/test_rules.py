"""Names of teams, quota, phases, and files that name another team."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.config.calendar import Allowance, Moment, Phase, Quota, neighbours
from mailbot.intake.files.rules import hold_to_team, of_other_phase, status
from mailbot.mail.languages import CHINESE, told_in
from mailbot.model import Status, name_key
from scoring.model import Evaluation, Note, Problem

NOW = datetime(2026, 3, 12, 8, tzinfo=UTC)
DAY = timedelta(days=1)
QUOTA = Quota(per_week=2, week_starts=Moment(weekday=2, at=time(0)), zone=ZoneInfo("Asia/Shanghai"))
GOOD = Evaluation(track="siqa-s", score=50.0, metrics={"x": 1.0})
BAD = Evaluation(track="siqa-s", problems=(Problem(code="missing-ids", count=1, message="One id is missing."),))

names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)


@given(names)
def test_a_key_is_its_own_key(name: str) -> None:
    """What makes a name unique is the same once it is taken."""
    assert name_key(name_key(name)) == name_key(name)


@given(names, st.sampled_from([" ", "  ", "\t", "\u3000", "\u00a0"]))
def test_spelling_makes_no_other_team(name: str, blank: str) -> None:
    """White space around a name, and the form of its characters, make no other team."""
    key = name_key(name)
    assert name_key(f"{blank}{name}{blank}") == key
    assert name_key(unicodedata.normalize("NFC", name)) == key
    assert name_key(unicodedata.normalize("NFKC", name)) == key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Pixel Peepers", "PIXEL  peepers"),
        ("Straße", "STRASSE"),
        ("Ｔｅａｍ１", "team1"),  # noqa: RUF001  # full-width letters are the point
        ("ﬁne", "FINE"),
        ("é", "e\u0301"),
        ("ΣΑΣ", "σας"),
    ],
)
def test_look_alikes_are_one_team(one: str, other: str) -> None:
    """Case, width, ligatures and composition do not tell two teams apart."""
    assert name_key(one) == name_key(other)


def test_different_names_are_different_teams() -> None:
    """Words, accents and order do."""
    found = {name_key(name) for name in ("Team A", "Team B", "TeamA", "A Team", "Teäm A", "视觉小组", "视觉 小组")}
    assert len(found) == 7


@pytest.mark.parametrize(
    ("evaluation", "is_open", "used", "expected"),
    [
        (GOOD, True, 0, Status.ACCEPTED),
        (GOOD, True, 1, Status.ACCEPTED),
        (GOOD, True, 2, Status.OVER_QUOTA),
        (GOOD, True, 9, Status.OVER_QUOTA),
        (BAD, True, 0, Status.REFUSED),
        (BAD, True, 2, Status.REFUSED),
        (GOOD, False, 0, Status.CLOSED),
        (BAD, False, 2, Status.CLOSED),
    ],
)
def test_the_phase_is_asked_first_then_the_file_then_the_quota(
    evaluation: Evaluation, *, is_open: bool, used: int, expected: Status
) -> None:
    """A refused file costs no quota, however much of it is used; nothing is accepted outside a phase."""
    assert status(evaluation, is_open=is_open, used=used, quota=QUOTA) is expected


def test_a_week_is_the_challenges_week() -> None:
    """Thursday 8:00 UTC lies in the week that began on Wednesday in Shanghai."""
    start, end = QUOTA.week(NOW)
    assert start.isoformat() == "2026-03-11T00:00:00+08:00"
    assert end.isoformat() == "2026-03-18T00:00:00+08:00"


@pytest.mark.parametrize(("used", "left"), [(0, 2), (1, 1), (2, 0), (3, 0)])
def test_what_is_left_is_never_negative(used: int, left: int) -> None:
    """A quota that was lowered during the week leaves nothing, not less."""
    assert Allowance(per_week=2, used=used, renews_at=NOW).left == left


# --- the team that a file names --------------------------------------------------------------


@pytest.mark.parametrize("said", [None, "Pixel Peepers", "pixel  PEEPERS"])
@pytest.mark.parametrize("registered", [True, False])
def test_a_file_may_name_its_own_team_or_none(said: str | None, *, registered: bool) -> None:
    """The sender's own team, however it is written, and no team at all change nothing."""
    evaluation = Evaluation(track="siqa-s", team=said, score=50.0)
    assert hold_to_team(evaluation, "Pixel Peepers", said_is_registered=registered) is evaluation


def test_another_registered_team_is_a_problem() -> None:
    """A file in the name of another registered team is not scored, whatever else is wrong with it."""
    found = hold_to_team(
        Evaluation(track="siqa-s", team="Münster", score=50.0, metrics={"x": 1.0}), "Peepers", said_is_registered=True
    )
    assert (found.ok, found.score, dict(found.metrics)) == (False, None, {})
    assert [problem.code for problem in found.problems] == ["another-team"]
    assert "'Münster'" in found.problems[0].message
    assert "'Peepers'" in found.problems[0].message
    both = hold_to_team(
        Evaluation(track="siqa-s", team="Münster", problems=BAD.problems), "Peepers", said_is_registered=True
    )
    assert [problem.code for problem in both.problems] == ["missing-ids", "another-team"]


def test_any_other_name_is_a_note() -> None:
    """A name that nobody has is told, and the file counts for the sender."""
    one = Note(code="extra-fields", count=1, message="Fields ignored: x.")
    evaluation = Evaluation(track="siqa-s", team="The Peepers", score=50.0, notes=(one,))
    found = hold_to_team(evaluation, "Peepers", said_is_registered=False)
    assert (found.score, [note.code for note in found.notes]) == (50.0, ["extra-fields", "team-differs"])


def test_a_hostile_name_is_made_inert() -> None:
    """Control characters and endless names do not reach the reply."""
    team = "x\r\nBcc: all\x1b[31m" + "y" * 5000
    found = hold_to_team(Evaluation(track="siqa-s", team=team, score=50.0), "Peepers", said_is_registered=False)
    message = found.notes[0].message
    assert message.isprintable()
    assert len(message) < 500


# --- between phases --------------------------------------------------------------------------

FIRST = Phase(name="first", opens=NOW - 9 * DAY, closes=NOW - 5 * DAY)
SECOND = Phase(name="second", opens=NOW - 4 * DAY, closes=NOW - DAY)
THIRD = Phase(name="third", opens=NOW + DAY, closes=NOW + 3 * DAY)
LAST = Phase(name="last", opens=NOW + 4 * DAY, closes=None)


def test_the_nearest_phases_are_told() -> None:
    """Between phases, the one that closed last and the one that opens next are told, in whatever order they stand."""
    assert neighbours([LAST, FIRST, THIRD, SECOND], NOW) == (SECOND, THIRD)
    assert neighbours([THIRD, LAST], NOW) == (None, THIRD)
    assert neighbours([FIRST], NOW) == (FIRST, None)
    assert neighbours([], NOW) == (None, None)


def test_the_closing_instant_is_closed() -> None:
    """A mail of the very instant of closing is told of that phase."""
    phase = Phase(name="x", opens=None, closes=NOW)
    assert neighbours([phase], NOW) == (phase, None)


def test_a_file_of_another_phase_is_told_so_in_place_of_each_item_it_lacks() -> None:
    """In Chinese too; what else is wrong stays."""
    lacks = Problem(code="missing-ids", count=300, message="300 of our 300 ids are missing; your file has 300 rows.")
    other = Problem(code="team-type", count=1, message="The team is no text.")
    found = of_other_phase(Evaluation(track="siqa-s", problems=(lacks, other)), "validation", "test")
    assert [each.code for each in found.problems] == ["other-phase", "team-type"]
    message = found.problems[0].message
    assert message == "These are the items of the validation phase, which is over; the test phase has other items."
    told = told_in(CHINESE, message)
    assert "validation" in told
    assert "phase" not in told
