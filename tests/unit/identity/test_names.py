"""Names of teams: safe by themselves, and never to be taken for another team's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mailbot.config.load import build
from mailbot.identity.names import LONGEST_NAME, Names, Reserved, tidy
from mailbot.identity.roster import enter, entry
from mailbot.ledger import teams
from mailbot.mail.languages import CHINESE, reason_in
from tests.unit.services import NOW, Clock, served


@pytest.mark.parametrize("name", ["Pixel Peepers", "墨子图像组", "Nguyễn Vision", "3D-Lab", "Σ-Team", "Déjà Vu", "R&D"])
def test_a_plain_name_stands_as_it_is(name: str) -> None:
    """Names in the scripts of the teams are taken."""
    assert tidy(name) == name


def test_white_space_is_squeezed() -> None:
    """Nobody sees how many spaces there are."""
    assert tidy("  Pixel \u3000 Peepers\n") == "Pixel Peepers"


REFUSED = {
    "empty": ("", "it is empty; write one"),
    "long": ("x" * (LONGEST_NAME + 1), "shorten it"),
    "escape": ("a\x1b[31mb", "invisible characters"),
    "bidi": ("a\u202eb", "invisible characters"),
    "zero-width": ("Al\u200bpha", "invisible characters"),
    "hangul-filler": ("\u3164", "invisible characters"),
    "braille-blank": ("A\u2800", "invisible characters"),
    "variation-selector": ("Pixel\ufe0f Peepers", "invisible characters"),
    "grapheme-joiner": ("Pi\u034fxel", "invisible characters"),
    "variation-supplement": ("Alpha\U000e0100", "invisible characters"),
    "unassigned": ("Alpha\ufff3", "invisible characters"),
    "private": ("a\ue000", "invisible characters"),
    "equals": ("=HYPERLINK(1)", "'=' for a formula; begin it with a letter or a digit"),
    "plus": ("+1", "for a formula"),
    "minus": ("-Team", "for a formula"),
    "at": ("@SUM(1)", "for a formula"),
    "full-width": ("\uff1d1+1", "'=' for a formula"),
    "no-letter": ("***", "no letter and no digit"),
    "tower": ("a" + "\u0336" * 3, "too many accents"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_name_that_plays_tricks_is_refused(case: str) -> None:
    """The refusal says why, and how to fix it."""
    name, why = REFUSED[case]
    with pytest.raises(ValueError, match="is not a team name: ") as refused:
        tidy(name)
    assert why in str(refused.value)
    assert re.findall("[a-z]+ [a-z]+", reason_in(CHINESE, str(refused.value))) == []


ALIKE = {
    "cyrillic": ("Pixel Peepers", "Рixel Рeepers"),  # noqa: RUF001  # Cyrillic letters are the point
    "greek": ("Oracle", "Οracle"),  # noqa: RUF001  # a Greek letter is the point
    "capital-i": ("Pixel", "PixeI"),
    "one": ("Alpha 1", "Alpha l"),
    "zero": ("Team O", "TEAM 0"),
    "rn": ("Modern", "Modem"),
    "mathematical": ("Alpha", "𝐀lρha"),  # noqa: RUF001  # letters that look like others are the point
    "space": ("DeepVision", "Deep Vision"),
    "ignorable": ("Alpha", "Al\u034fpha\ufe0f"),
    "quotes": ("Ada's", "Ada’s"),  # noqa: RUF001  # so is the other apostrophe
    "dash": ("Pixel Peepers", "Pixel-Peepers"),
    "stroke": ("Pixel Peepers", "Pixel_Peepers"),
    "stop": ("Pixel Peepers", "Pixel Peepers."),
    "brackets": ("墨子组", "「墨子组」"),
    "sign": ("Pixel Peepers", "Pixel Peepers™"),
    "note": ("Pixel Peepers", "Pixel Peepers²"),
    "tick": ("Pixel Peepers", "Pixel Peepers ✓"),
    "circled": ("Pixel Peepers", "Pixel Peepers\u20dd"),
    "line-below": ("Pixel Peepers", "P\u0332ixel Peepers"),
    "small-capital": ("Pixel Peepers", "ᴘixel Peepers"),
}


@pytest.mark.parametrize("case", ALIKE)
def test_a_look_alike_is_refused_and_named(case: str) -> None:
    """Whichever came first, the second is told whose name it looks like."""
    for first, second in (ALIKE[case], ALIKE[case][::-1]):
        fault = Names([first]).fault(second)
        assert fault is not None
        assert repr(first) in fault
        assert "choose one that can be told from it" in fault


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *(("Alpha", "Beta"), ("Team 2", "Team 3"), ("Alpha 1", "Alpha 2"), ("墨子组", "墨子队"), ("Resume", "Résumé")),
        *(("Team 10", "Team 1.0"), ("C", "C++"), ("🙂 Lab", "🐼 Lab")),
    ],
    ids=["words", "digits", "number", "chinese", "accents", "versions", "languages", "emojis"],
)
def test_names_that_can_be_told_apart_are_fine(one: str, other: str) -> None:
    """Other words, digits, characters and accents make another name."""
    assert Names([one]).fault(other) is None


def test_case_and_width_make_no_second_team() -> None:
    """A name that differs in case and width alone is the same team's, not a look-alike."""
    assert Names(["Pixel Peepers"]).fault("ＰＩＸＥＬ  peepers") is None  # noqa: RUF001  # full-width letters are the point


def test_a_look_alike_does_not_reach_the_roster(tmp_path: Path) -> None:
    """Neither beside a team that is registered nor beside one of the same file; the others of the file do."""
    new = [entry("Рixel Рeepers", ["m@x.example"]), entry("Neu", ["n@x.example"]), entry("Νeu", ["o@x.example"])]  # noqa: RUF001  # look-alikes
    with served(tmp_path, Clock()) as service:
        with service.ledger.write("test") as tx:
            mistakes = enter(tx, new, NOW, state=service.config.state)
        with service.ledger.read() as tx:
            names = [team.name for team in teams.everyone(tx)]
    assert names == ["Münster Vision", "Neu", "Pixel Peepers"]
    assert [mistake.partition(":")[0] for mistake in mistakes] == ["team 'Рixel Рeepers'", "team 'Νeu'"]  # noqa: RUF001  # look-alikes


RESERVED = Reserved.of(
    build(
        {
            "challenge": {"name": "Scientific Image Quality", "short_name": "SIQA", "address": "s@x.example"},
            "tracks": {"siqa-s": {"labels": "labels.json"}},
            "preset": "siqa",
        },
        base=Path(),
    )
)


CHALLENGES = ["SIQA", "The SIQA", "SIQA-S", "ЅIQA", "Scientific Image Quality", "The Team SIQA"]  # noqa: RUF001  # a Cyrillic letter is the point
WRITTEN_OTHERWISE = ["S.I.Q.A.", "S1QA", "SIQA 2026", "SIQA Challenge", "SIQA ®"]
ORGANIZERS = [
    "The organizers",
    "SIQA Organizers",
    "Organizing Committee of SIQA",
    "SIQA组委会",
    "Official SIQA",
    "0rganizers",
    "Baseline",
]


WRITTEN_OTHERWISE = ["S.I.Q.A.", "S1QA", "SIQA 2026", "SIQA Challenge", "SIQA ®"]


@pytest.mark.parametrize("name", [*CHALLENGES, *WRITTEN_OTHERWISE, *ORGANIZERS])
def test_a_name_for_the_organizers_is_reserved(name: str) -> None:
    """However it is written, alone or beside the challenge's name."""
    fault = Names([], RESERVED).fault(name)
    assert fault == "it could be taken for the organizers' own; choose another"
    assert reason_in(CHINESE, fault) != fault


@pytest.mark.parametrize(
    "name", ["SIQA Fans", "Image Quality", "Committee of Owls", "Team of the", "Officially Good", "图像组"]
)
def test_a_name_that_only_holds_such_a_word_is_fine(name: str) -> None:
    """A word more makes it a team's."""
    assert Names([], RESERVED).fault(name) is None
