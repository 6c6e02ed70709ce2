"""Forms of the desk: what cannot be is said above the form, what was typed stays, and the effect is said in full."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

import pytest
import requests

from mailbot import flow
from mailbot.config import load
from mailbot.desk.acts.parts import Letter
from mailbot.desk.desk import Desk
from mailbot.desk.door import Role
from mailbot.ledger import events, outbox
from tests.contest.contest import Clock, mail, take, write_config
from tests.contest.desk import AMBER, Browser, Open, served
from tests.unit.services import in_process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BERYL = "beryl@example.org"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Open]:
    """Give a contest of two teams with one submission a week: Amber has a later one over it."""
    clock, path = Clock(), write_config(tmp_path, board={"standing": "best"})
    phase = '[[phases]]\nname = "test"\ncloses = 2026-05-10T00:00:00Z\n'
    path.write_text(path.read_text().replace("per_week = 50", "per_week = 1") + phase)
    with flow.working(load.load(path), clock=clock) as working:
        wired = in_process(working)
        take(wired, mail(AMBER, shift=0.4), clock.instant)
        take(wired, mail(BERYL, shift=0.3), clock.instant)
        clock.pass_by(hours=1)
        take(wired, mail(AMBER, shift=0.1), clock.instant)
        clock.pass_by(hours=1)
        desk = Desk(path=path, clock=clock)
        with served(desk) as address:
            yield Open(desk=desk, address=address, wired=wired, clock=clock)


def _kinds(opened: Open) -> list[str]:
    with opened.wired.ledger.read() as tx:
        return [entry.kind for entry in events.listing(tx)]


# --- what cannot be --------------------------------------------------------------------------
def test_what_cannot_be_is_said_above_the_form_which_keeps_what_was_typed(opened: Open) -> None:
    """A page with the mistake alone would lose the reason, and an option of a command names no field."""
    browser = opened.login()
    typed = {"team": "Amber", "address": "nobody@example.org", "why": "their host was down", "step": "look"}
    page = browser.post("/act/remove-address", typed)
    assert 'role="alert"' in page
    assert "their host was down</textarea>" in page
    assert 'value="nobody@example.org"' in page
    labels = {"track": "siqa-s", "why": "item 3 was wrong", "step": "look"}
    page = browser.post("/act/add-labels", labels, {"file": ("l.json", b'[{"id": 1,, ]')})
    assert "there is a comma" in page
    assert "item 3 was wrong</textarea>" in page


def test_a_form_of_an_earlier_session_keeps_what_was_typed_and_does_nothing(opened: Open) -> None:
    """Who had to log in again presses the button again; the token of another session does nothing."""
    browser, before = opened.login(), _kinds(opened)
    fields = {"csrf": "0" * 64, "team": "Amber", "why": "typed for twenty minutes", "step": "do", "seen": "x"}
    answer = browser.session.post(f"{opened.address}/act/hide-team", data=fields, timeout=60)
    assert answer.status_code == 403
    assert "from an earlier session" in answer.text
    assert "typed for twenty minutes</textarea>" in answer.text
    assert "What it does" not in answer.text
    assert _kinds(opened) == before


def test_a_session_that_ended_is_said_within_the_page(opened: Open) -> None:
    """A part that a page asks for is told apart from a page: the form stays, another part leads to the door."""
    within = {"HX-Request": "true"}
    answer = requests.post(f"{opened.address}/act/announce", headers=within, timeout=60)
    assert answer.status_code == 401
    assert (answer.headers["hx-retarget"], answer.headers["hx-reselect"]) == ("#told", "#trouble")
    assert 'id="trouble"' in answer.text
    assert "session has ended" in answer.text
    part = requests.get(f"{opened.address}/", headers=within, timeout=60)
    assert (part.headers["hx-redirect"], part.text) == ("/login", "")


def test_who_changed_the_form_is_not_told_that_others_did(opened: Open) -> None:
    """Both times the new effect is shown, and nothing is done."""
    browser = opened.login()
    fields = {"team": "Amber", "name": "Ambra", "why": "asked"}
    seen = browser.post("/act/rename-team", fields | {"step": "look"})
    kept = dict(re.findall(r'name="(seen|asked)" value="([0-9a-f]+)"', seen))
    changed = browser.post("/act/rename-team", fields | kept | {"name": "Ambar", "step": "do"})
    assert "You changed the form: this is what it does now." in changed
    browser.act("rename-team", None, team="Beryl", name="Ambra", why="meanwhile")
    assert "that is its name" in browser.post("/act/rename-team", {**fields, "name": "Amber", "step": "look"})
    assert "Ambra" in unescape(browser.post("/act/rename-team", fields | kept | {"step": "do"}))


# --- what is said before and after -----------------------------------------------------------
def test_an_acceptance_shows_its_letter_and_whose_place_changes(small: Open) -> None:
    """Before it is done; the board is as it was then."""
    browser = small.login()
    seen = browser.post("/act/accept", {"receipt": "S-000003", "why": "our clock was wrong", "step": "look"})
    assert "1 mail(s) would be sent" in seen
    assert "our clock was wrong" in re.findall(r'<pre class="text">(.*?)</pre>', seen, re.DOTALL)[-1]
    assert re.search(r"<td>siqa-s</td>\s*<td>Amber</td>", seen)
    assert "S-000003 · Amber" in seen
    assert "submission-accepted" not in _kinds(small)


@pytest.mark.parametrize(
    ("act", "fields"),
    [
        ("disqualify-team", {"team": "Amber"}),
        ("hide-team", {"team": "Amber"}),
        ("hide-submission", {"receipt": "S-000001"}),
        ("disqualify-submission", {"receipt": "S-000001"}),
    ],
)
def test_leaving_out_shows_which_ranks_change_and_so_does_the_return(
    small: Open, act: str, fields: dict[str, str]
) -> None:
    """The places of all, not of the one that goes."""
    browser, cell = small.login(), r"<td>siqa-s</td>\s*<td>Amber</td>\s*<td>(\d|–)</td>\s*<td>(\d|–)</td>"
    seen, done = browser.act(act, None, why="two accounts", **fields)
    gone = re.search(cell, seen)
    assert gone
    assert gone[2] == "–"
    assert "Take it back: Reinstate" in done
    back = "reinstate-team" if "team" in fields else "reinstate-submission"
    seen = browser.post(f"/act/{back}", fields | {"why": "they are two people", "step": "look"})
    assert re.search(cell, seen) is not None


def test_a_new_team_is_said_to_be_one(opened: Open) -> None:
    """A name with a slip would make a second team."""
    browser = opened.login()
    fields = {"addresses": "new@example.org", "why": "sign-up", "step": "look"}
    assert "Ambre is a new team" in browser.post("/act/add-team", fields | {"team": "Ambre"})
    assert "is a new team" not in browser.post("/act/add-team", fields | {"team": "Amber"})


def test_an_item_is_asked_for_by_its_id(opened: Open) -> None:
    """The disputed one, whether its answer is the label or not; one that is not there is said to be none."""
    browser = opened.login()
    fields = {"receipt": "S-000001", "why": "they dispute it"}
    _, done = browser.act("submission-items", None, items="3, 7", **fields)
    assert set(re.findall(r"<tr>\s*<td>(\d+)</td>", done)) == {"3", "7"}
    assert "there is no item 999999" in browser.act("submission-items", None, items="999999", **fields)[1]


def test_final_results_say_before_who_wins_and_who_proposed_cannot_confirm(opened: Open, tmp_path: Path) -> None:
    """Two people look at the same names; the one who proposed has no button that leads nowhere."""
    write_config(tmp_path, board={"standing": "latest"}, desk={"two": ["final"]})
    ada, ben = opened.login("Ada"), opened.login("Ben")
    seen, _ = ada.act("publish-final", None, **{"agree-early": "yes"})
    assert re.search(r"<td>Amber</td>\s*<td>First place</td>", seen)
    link = re.search(r"/act/publish-final\?proposal=[0-9a-f]{16}", ben.get("/").text)
    assert link
    own, other = ada.get(link[0]).text, ben.get(link[0]).text
    assert "You proposed it: another person confirms it." in own
    assert 'value="do"' not in own
    assert "First place" in other  # without a click: nothing is to be filled in
    assert 'value="do"' in other


def test_what_asks_for_nothing_shows_its_effect_at_once(opened: Open) -> None:
    """A form without a field would be a click for nothing."""
    browser = opened.login()
    for act in ("check-up", "verify"):
        assert "What it does" in browser.get(f"/act/{act}").text


# --- who is in, and where something is -------------------------------------------------------
def test_who_is_in_stands_on_a_screen_with_the_way_to_show_them_out(opened: Open) -> None:
    """By name, with what they may do; the link's words say how it is used from another machine."""
    ada = opened.login("Ada")
    seen, done = ada.act("invite", None, name="Ben", role="reader")
    assert "It can be undone: Show somebody out." in seen
    assert "ssh -L" in done
    page = ada.get("/people").text
    assert re.search(r"Ben</th><td>only look", page)
    assert "/act/show-out?name=Ben" in page
    assert "/act/" not in opened.login("Rea", Role.READER).get("/people").text


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("M-000001", "/mails/M-000001"),
        ("s-1", "/submissions/S-000001"),
        ("R1", "/letters/R-000001"),
        ("amber", "/teams/T-000001"),
    ],
)
def test_what_has_a_name_is_found_by_it(opened: Open, words: str, place: str) -> None:
    """From every screen."""
    assert _find(opened.login(), words).headers["location"] == place


def test_other_words_are_looked_for_in_the_mails(opened: Open) -> None:
    """Of senders and subjects."""
    page = _find(opened.login(), "SIQA Submission")
    assert page.status_code == 200
    assert "M-000001" in page.text


def _find(browser: Browser, words: str) -> requests.Response:
    return browser.get("/find", params={"words": words})


def _shown(page: str) -> dict[str, str]:
    """Return the letters that a page shows before they go: their texts by whom they go to."""
    found = re.findall(
        r'<details class="letter"[^>]*>.*?<span class="soft">to (.*?)</span>.*?<pre class="text">(.*?)</pre>',
        page,
        re.DOTALL,
    )
    return {to: unescape(text).strip() for to, text in found}


def _queued(opened: Open, kind: str) -> dict[str, str]:
    """Return the letters of a kind that were queued: their texts by whom they go to."""
    with opened.wired.ledger.read() as tx:
        rows = [row for row in outbox.listing(tx) if row.kind == kind]
    return {row.recipient: Letter.queued(row).text.strip() for row in rows}


def test_the_letters_of_a_deadline_go_out_as_they_were_shown(small: Open) -> None:
    """To each team, word for word; looking queues none."""
    browser = small.login()
    fields = {
        "phase": "test",
        "team": "all",
        "until": "2027-01-01T12:00",
        "tell": "yes",
        "why": "the server was down",
    }
    shown = _shown(browser.post("/act/extend", fields | {"step": "look"}))
    assert set(shown) == {AMBER, BERYL}
    assert all("the server was down" in text for text in shown.values())
    assert _queued(small, "extended") == {}
    browser.act("extend", None, **fields)
    assert _queued(small, "extended") == shown


def test_the_letters_of_a_rescore_go_out_as_they_were_shown(opened: Open) -> None:
    """To each team whose score changes, with the reason of the labels; looking queues none."""
    browser = opened.login()
    browser.act("void-items", None, track="siqa-s", items="1 2", why="two pictures were the same")
    shown = _shown(browser.post("/act/rescore", {"tell": "yes", "step": "look"}))
    assert set(shown) == {AMBER}
    assert "two pictures were the same" in " ".join(shown[AMBER].split())
    assert _queued(opened, "rescored") == {}
    browser.act("rescore", None, tell="yes")
    assert _queued(opened, "rescored") == shown
