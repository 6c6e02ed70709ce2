"""Letters take whatever name a team bears: in HTML it is text, in both languages, whoever's name it is."""

from __future__ import annotations

import email
import re
from dataclasses import replace
from datetime import timedelta
from email.policy import default
from typing import TYPE_CHECKING, Literal

import pytest

from mailbot.board.build import build
from mailbot.board.rank_changes import places
from mailbot.config.calendar import Matter, Window
from mailbot.letters import chart
from mailbot.letters.letter import Addressee, Letters
from mailbot.mail.languages import CHINESE, ENGLISH
from mailbot.model import Team
from tests.unit.boards import AS_OF, rules, standing
from tests.unit.services import Clock, served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailbot.mail.envelope import Outgoing

HOSTILE = ("<img src=x onerror=alert(1)> 100%s", "A&B %(rank)s <b>", "“quoted\" 'name'")


WINDOWS = (
    Window(matter=Matter.DATE, name="Camera-ready paper", closes=AS_OF + timedelta(days=40)),
    Window(matter=Matter.PHASE, name="test", closes=AS_OF + timedelta(days=2)),
    Window(matter=Matter.ENTRIES, name="code", closes=AS_OF + timedelta(days=3)),
    Window(matter=Matter.ENTRIES, name="paper", opens=AS_OF + timedelta(days=4), closes=AS_OF + timedelta(hours=200)),
    Window(matter=Matter.PHASE, name="warm-up", closes=AS_OF),
    Window(matter=Matter.DATE, name="Kick-off", closes=AS_OF - timedelta(days=9)),
    Window(matter=Matter.REGISTRATION, name="registration", closes=AS_OF + timedelta(days=1)),
)


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Letters]:
    """Return what writes letters of a contest."""
    with served(tmp_path_factory.mktemp("letters"), Clock()) as wired:
        yield Letters(challenge=replace(wired.challenge, windows=WINDOWS))


def _named(name: str) -> list[Window]:
    """Return a window of each kind that teams are reminded of, with a name that is not ours."""
    return [Window(matter=one, name=name, closes=AS_OF + timedelta(days=1)) for one in (Matter.PHASE, Matter.ENTRIES)]


def _plain(letter: Outgoing, kind: Literal["plain", "html"] = "plain") -> str:
    body = email.message_from_bytes(letter.message, policy=default).get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def _rich(letter: Outgoing) -> str:
    return _plain(letter, "html")


@pytest.mark.parametrize("language", [ENGLISH, CHINESE])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_inert(letters: Letters, name: str, language: str) -> None:
    """The reader's own, and that of the team above or below."""
    boards = [
        build([standing(name, "siqa-s", 80 + n), standing("Other", "siqa-s", 60)], rules(), AS_OF - timedelta(weeks=n))
        for n in (1, 0)
    ]
    for reader in (name, "Other"):
        team = Team(id=1, name=reader, addresses=("a@example.org",))
        addressee = Addressee(team=team, recipient="a@example.org", allowances={}, language=language)
        html = _rich(letters.standing(addressee, places(boards[1], boards)[reader], boards[1], key="k", now=AS_OF))
        html += "".join(_rich(letters.reminder(addressee, one, key="k", now=AS_OF)) for one in _named(name))
        assert "<img src=x" not in html
        assert "<b>" not in html
        assert "&amp;lt;" not in html
        assert f'href="mailto:{letters.challenge.address}"' in html


def _addressee(language: str = ENGLISH) -> Addressee:
    team = Team(id=1, name="Amber", addresses=("a@example.org",))
    return Addressee(team=team, recipient="a@example.org", allowances={}, language=language)


def _standing(letters: Letters, language: str = ENGLISH) -> Outgoing:
    board = build([standing("Amber", "siqa-s", 80)], rules(), AS_OF)
    return letters.standing(_addressee(language), places(board, [board])["Amber"], board, key="k", now=AS_OF)


def test_a_letter_tells_every_deadline_that_is_ahead(letters: Letters) -> None:
    """Phases, what is handed in besides, and the dates of the page, the next first; registration is behind a team."""
    told = _plain(_standing(letters)).partition("Deadlines\n")[2].partition("What counts")[0].split("\n")
    assert [line.strip() for line in told[:12]] == [
        'Phase "test" closes in 2 days',
        "Fri 27 Nov 2026, 10:00 (Asia/Shanghai, UTC+08:00)",
        "Thu 26 Nov 2026, 14:00 AoE (UTC-12:00)",
        'Submission of "code" closes in 3 days',
        "Sat 28 Nov 2026, 10:00 (Asia/Shanghai, UTC+08:00)",
        "Fri 27 Nov 2026, 14:00 AoE (UTC-12:00)",
        'Submission of "paper" closes in 8 days',
        "Thu 03 Dec 2026, 18:00 (Asia/Shanghai, UTC+08:00)",
        "Wed 02 Dec 2026, 22:00 AoE (UTC-12:00)",
        "Camera-ready paper in 40 days",
        "Mon 04 Jan 2027, 10:00 (Asia/Shanghai, UTC+08:00)",
        "Sun 03 Jan 2027, 14:00 AoE (UTC-12:00)",
    ]
    assert [line for line in told[12:] if line.strip()] == []
    assert "Submission of “paper” closes in 8 days" in _rich(_standing(letters))
    chinese = _plain(_standing(letters, CHINESE))
    assert '"code" 的提交将于 3 天后截止' in chinese
    assert "Camera-ready paper 将于 40 天后到来" in chinese
    assert chinese.startswith("总榜：第 1 名")  # noqa: RUF001  # the stops of Chinese
    assert "Overall" not in chinese + _rich(_standing(letters, CHINESE))


@pytest.mark.parametrize(("language", "overall"), [(ENGLISH, "Overall"), (CHINESE, "总榜")])
def test_the_legend_of_the_chart_is_in_the_letters_language(letters: Letters, language: str, overall: str) -> None:
    """It is text above the picture: a sign in the colour of each line, and what the line is called."""
    weeks = [
        build([standing("Amber", track, 80 + n) for track in ("siqa-s", "siqa-u")], rules(), AS_OF - timedelta(weeks=n))
        for n in (1, 0)
    ]
    found = places(weeks[1], weeks)["Amber"]
    html = _rich(letters.standing(_addressee(language), found, weeks[1], key="k", now=AS_OF))
    legend = html.partition("<img")[0].rpartition("<div")[2]
    assert re.findall(r"color:(#\w+)\">(.)</span> ([^<]+)</span>", legend) == [
        (look.colour, look.sign, overall if place.table.key == "overall" else place.table.title)
        for look, place in zip(chart.STYLES, found, strict=False)
    ]
    assert len(found) == 3


def test_a_reminder_of_a_paper_tells_how_to_hand_it_in(letters: Letters) -> None:
    """What is asked for is no result file, and its subject names the kind."""
    (paper,) = (one for one in WINDOWS if one.name == "paper")
    letter = letters.reminder(_addressee(), paper, key="k", now=AS_OF)
    assert letter.subject == '[SIQA] Submission of "paper" closes in 8 days: 03 Dec 2026'
    told = " ".join(_plain(letter).split())
    assert "it is accepted until Thu 03 Dec 2026, 18:00 (Asia/Shanghai, UTC+08:00)" in told
    assert f"Mail it to {letters.challenge.address} with the kind in the subject, for example [SIQA paper]." in told
    assert "result file" not in told
    further = told.partition("Further deadlines")[2]
    assert 'Phase "test"' in further
    assert '"paper"' not in further


@pytest.mark.parametrize(
    ("left", "told", "chinese"),
    [
        (timedelta(hours=1), "closes in 1 hour:", "1 小时后截止"),
        (timedelta(minutes=59), "closes in 55 minutes:", "55 分钟后截止"),
        (timedelta(minutes=10), "closes in 10 minutes:", "10 分钟后截止"),
        (timedelta(minutes=4), "closes in less than 5 minutes:", "5 分钟内截止"),
    ],
)
def test_minutes_count_in_the_last_hour(letters: Letters, left: timedelta, told: str, chinese: str) -> None:
    """They are rounded down: nobody is promised more time than there is."""
    window = Window(matter=Matter.PHASE, name="test", closes=AS_OF + left)
    assert told in letters.reminder(_addressee(), window, key="k", now=AS_OF).subject
    assert chinese in letters.reminder(_addressee(CHINESE), window, key="k", now=AS_OF).subject


def test_a_reminder_names_the_phase_that_opens_next(letters: Letters) -> None:
    """The nearest of those after it, and when; a paper and the last phase have none."""
    closes = AS_OF + timedelta(days=1)
    first, *_, last = phases = [
        Window(matter=Matter.PHASE, name=name, opens=closes + timedelta(days=n - 1), closes=closes + timedelta(days=n))
        for n, name in enumerate(("validation", "test", "encore"))
    ]
    ours = Letters(challenge=replace(letters.challenge, windows=[*phases, *WINDOWS]))
    letter = ours.reminder(_addressee(), first, key="k", now=AS_OF)
    opens = "opens on Thu 26 Nov 2026, 10:00 (Asia/Shanghai, UTC+08:00)."
    assert f'The next phase, "test", {opens}' in " ".join(_plain(letter).split())
    assert f"The next phase, “test”, {opens}" in _rich(letter)
    assert f"The next phase, “test”, {opens}" in _rich(_standing(ours))  # the first of them opens at this instant
    assert f'The next phase, "test", {opens}' in " ".join(_plain(_standing(ours)).split())
    assert "next phase" not in _plain(_standing(letters)) + _rich(_standing(letters))
    opening = Letters(challenge=replace(letters.challenge, windows=[replace(first, opens=AS_OF)]))
    assert "next phase" not in _plain(_standing(opening))
    for window in (last, WINDOWS[2]):
        assert "next phase" not in _plain(ours.reminder(_addressee(), window, key="k", now=AS_OF))
