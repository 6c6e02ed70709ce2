"""The desk in Chinese: of the words of ours that a screen, a form, an effect or an answer shows, none is English."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
import requests

from mailbot.desk.acts import ACTS
from tests.contest.desk import HOSTILE
from tests.contest.test_desk import paths

if TYPE_CHECKING:
    from tests.contest.desk import Browser, Open

WITHOUT_END = frozenset({"input", "meta", "link", "br", "img"})

KEPT = frozenset({"code", "pre", "script", "style", "textarea"})
"""What a program wrote or wants to have, and mails: as they are."""

DATA = (HOSTILE, "Scientific Image Quality Assessment Challenge", "The file contains no rows", "key, dmarc, dkim, none")
"""What a team wrote or reads, names, and words of the config."""

SENTENCE = re.compile(r"[A-Za-z][A-Za-z'-]+(?:[ ,]+[A-Za-z][A-Za-z'-]+){2,}")


class Shown(HTMLParser):
    """The texts of a page, those of ``KEPT`` left out, and the labels that are read out."""

    def __init__(self, page: str) -> None:
        """Read a page."""
        super().__init__()
        self._within: list[str] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Go into an element; what is read out of it is a text."""
        if tag not in WITHOUT_END:
            self._within.append(tag)
        self.texts += [
            value for name, value in attrs if name in {"aria-label", "title", "alt", "placeholder"} and value
        ]

    def handle_endtag(self, tag: str) -> None:
        """Leave an element, and those in it that have no end of their own."""
        while self._within and self._within.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        if not KEPT.intersection(self._within):
            self.texts.append(data)


def english(page: str) -> list[str]:
    """Return the runs of three or more English words that a page shows."""
    found = []
    for text in Shown(page).texts:
        for own in DATA:
            text = text.replace(own, "…")  # noqa: PLW2901  # of one text
        found += SENTENCE.findall(text)
    return found


@pytest.fixture
def browser(opened: Open) -> Browser:
    """Give an organizer who reads Chinese."""
    made = opened.login()
    made.post("/language", {"language": "zh"})
    return made


def test_what_counts_as_english() -> None:
    """Three words in a row outside of code; a name, an id and a path are none."""
    assert english("<p>No mail <b>here</b> is sent now.</p>") == ["is sent now"]
    assert english("<p>将寄出 <code>mailbot run as ever</code> Ada S-000001</p><br><i aria-label='Read this out'>") == [
        "Read this out"
    ]


def test_no_screen_shows_an_english_sentence(browser: Browser) -> None:
    """The table of routes is walked."""
    shown = {path: english(page.text) for path in paths()
             if "html" in (page := browser.get(path)).headers["content-type"]
             and path not in {"/board/page/index.html", "/mails/M-000001/html"}}  # fmt: skip
    assert {path: found for path, found in shown.items() if found} == {}


FORMS: dict[str, dict[str, str]] = {
    "publish": {"letters": "yes"}, "publish-final": {"winners": "yes"},
    "extend": {"phase": "submission", "team": "all", "until": "2027-01-01T12:00", "tell": "yes"},
    "announce": {"to": "all", "subject": "关于", "text": "各位好"},
    "void-items": {"track": "siqa-s", "items": "1 2"}, "rescore": {"tell": "yes"},
    "assign-mail": {"mail": "M-000002", "team": "Beryl"}, "approve-mail": {"mail": "M-000002"},
    "retry-mail": {"mail": "M-000001"}, "drop-mail": {"mail": "M-000001"}, "resend": {"reply": "R-000001"},
    "retry-reply": {"reply": "R-000001"}, "forget-team": {"team": "Amber"},
    "answer-mail": {"mail": "M-000001", "subject": "答", "text": "好"},
    "invite": {"name": "Ben", "role": "reader"}, "decline": {"which": "0" * 16}, "accept": {"receipt": "S-000001"},
    "hide-submission": {"receipt": "S-000001"}, "disqualify-submission": {"receipt": "S-000001"},
    "reinstate-submission": {"receipt": "S-000001"},
    "select": {"receipts": "S-1"}, "rule": {"receipt": "S-000001", "verdict": "accepted"},
    "add-team": {"team": "Cyan", "addresses": "cyan@example.org"},
    "remove-address": {"team": "Amber", "address": "amber@example.org"},
    "set-leader": {"team": "Amber", "address": "amber@example.org"},
    "rename-team": {"team": "Amber", "name": "Ambra"}, "merge-teams": {"team": "Amber", "into": "Beryl"},
    "team-key": {"team": "Amber"}, "grant": {"team": "Amber", "track": "siqa-s", "more": "2"},
    "disqualify-team": {"team": "Amber", "tell": "yes"}, "hide-team": {"team": "Amber"},
    "reinstate-team": {"team": "Amber"}, "item-statistics": {"track": "siqa-s"},
    "submission-items": {"receipt": "S-000001"}, "show-out": {"name": "Ada"},
    "backup": {"folder": "/nowhere/at/all"}, "export": {"folder": "here"},
    "use-labels": {"track": "siqa-s", "version": "ab"}, "add-labels": {"track": "siqa-s"}, "import-teams": {},
    "try-file": {"track": "siqa-s"}, "check-up": {}, "verify": {}, "withdraw-board": {"date": "2026-03-02"},
}  # fmt: skip


def _files(name: str) -> dict[str, tuple[str, bytes]]:
    """Return a file for an act that wants one."""
    return {
        "add-labels": {"file": ("l.json", b'{"predictions": []}')},
        "import-teams": {"file": ("t.csv", b"team,email\nDove,dove@example.org\nAmber,amber2@example.org\n")},
        "try-file": {"file": ("s.json", b'{"predictions": []}')},
    }.get(name, {})


def test_no_act_says_an_english_sentence_before_it_is_done(browser: Browser) -> None:
    """Each is looked at, or refused; letters and mails are as the teams get them."""
    assert set(FORMS) == set(ACTS)
    shown = {
        name: english(browser.post(f"/act/{name}", fields | {"why": "理由", "step": "look"}, _files(name)))
        for name, fields in FORMS.items()
    }
    assert {name: found for name, found in shown.items() if found} == {}


@pytest.mark.parametrize(
    "name",
    [
        "hide-submission",
        "rename-team",
        "grant",
        "team-key",
        "invite",
        "add-team",
        "check-up",
        "assign-mail",
        "rescore",
        "publish",
        "withdraw-board",
    ],
)
def test_what_was_done_is_said_in_chinese(opened: Open, browser: Browser, name: str) -> None:
    """Of short acts and of long ones."""
    fields = FORMS[name]
    if name == "withdraw-board":
        browser.act("publish")
        fields = {"date": f"{opened.clock.instant:%Y-%m-%d}"}
    _, done = browser.act(name, None, why="理由", **fields)
    assert 'class="notice good"' in done
    assert english(done) == []


def test_the_door_speaks_the_browsers_language(opened: Open) -> None:
    """Nobody has chosen one before they are in; what was chosen goes before what the browser says."""
    says = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}
    assert 'lang="zh-Hans"' in requests.get(f"{opened.address}/login", headers=says, timeout=60).text
    assert 'lang="en"' in requests.get(f"{opened.address}/login", timeout=60).text
    browser = opened.login()
    browser.post("/language", {"language": "en"})
    assert 'lang="en"' in browser.get("/", headers=says).text
