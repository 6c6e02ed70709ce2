"""The desk in a real browser: every screen accessible by axe-core, within its width, in both schemes and languages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from mailbot.desk.desk import Desk
from mailbot.desk.door import Role
from mailbot.desk.walls import MOST_BYTES
from mailbot.ledger import disputes, rulings
from tests.contest.contest import Clock, contest, mail, take
from tests.contest.desk import AMBER, HOSTILE, STRANGER, Open, served
from tests.integration.organizers import Seat, do, go, log_in, look
from tests.integration.test_site_in_chromium import overflow, violations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

SCREENS = (
    "/", "/mails", "/mails/M-000001", "/mails/M-000002", "/teams", "/teams/T-000001", "/submissions",
    "/submissions/S-000001", "/labels", "/disputes", "/board", "/board/now", "/dates", "/letters",
    "/letters/R-000001", "/log", "/submissions/S-000001/with/S-000001", "/people", "/find?words=amber",
)  # fmt: skip

FORMS = (
    "/act/add-labels", "/act/extend", "/act/disqualify-team?team=Amber", "/act/invite",
    "/act/check-up", "/act/rule?receipt=S-000001",
)  # fmt: skip
"""Forms are made by one template: these have each kind of field."""

WIDTHS = (1280, 820, 390, 320)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """Give a contest with a scored mail, a stranger's with a hostile subject, a dispute and a published board."""
    clock, folder = Clock(), tmp_path_factory.mktemp("world")
    with contest(folder, clock, board={"standing": "latest"}) as wired:
        take(wired, mail(AMBER, shift=0.4), clock.instant)
        take(wired, mail(STRANGER, shift=0.1, subject=HOSTILE), clock.instant)
        clock.pass_by(hours=1)
        take(wired, mail(AMBER, subject="dispute S-000001"), clock.instant)
        wired.weekly.publish(as_of=clock.instant)
        desk = Desk(path=folder / "config.toml", clock=clock)
        with served(desk) as address:
            yield Open(desk=desk, address=address, wired=wired, clock=clock)


@pytest.fixture(scope="module")
def seat(chromium: Browser, world: Open) -> Iterator[Seat]:
    """Give one organizer's browser to all tests of this module."""
    taken = Seat.take(chromium, world.desk, world.address)
    yield taken
    taken.context.close()


@pytest.mark.parametrize("path", [*SCREENS, *FORMS])
def test_every_screen_is_accessible_and_within_its_width(seat: Seat, world: Open, path: str) -> None:
    """axe-core finds nothing, wide and light, narrow and dark; nothing scrolls sideways, nothing is complained of."""
    page, seat.errors[:] = seat.page, []
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    page.emulate_media(color_scheme="light")
    page.goto(f"{world.address}{path}")
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert overflow(page) <= 0, width
    assert violations(page) == []
    assert seat.errors == []


def test_keys_move_search_and_help(seat: Seat, world: Open) -> None:
    """`j` and `k` walk the rows, Enter opens one, `/` goes to the search, `?` lists the keys."""
    page = seat.page
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{world.address}/mails")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator("tr.here")).to_have_count(1)
    page.keyboard.press("/")
    expect(page.locator("[data-search]")).to_be_focused()
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/mails/M-\d{6}$"))
    assert seat.errors == []


def test_the_first_screen_hears_of_a_mail_as_it_comes(seat: Seat, world: Open) -> None:
    """By an event of the server, without a reload."""
    page = seat.page
    page.goto(f"{world.address}/")
    take(world.wired, mail("late@elsewhere.example", shift=0.2), world.clock.instant)
    expect(page.locator("#live")).to_contain_text("late@elsewhere.example")
    assert seat.errors == []


def test_a_link_that_is_being_pressed_stays(seat: Seat, world: Open) -> None:
    """What comes while the button is down waits until it is up: the click leads where it was meant to."""
    page = seat.page
    page.goto(f"{world.address}/")
    link = page.locator("#live").get_by_role("link", name=re.compile("^M-")).first
    link.hover()
    page.mouse.down()
    with page.expect_response(f"{world.address}/"):
        page.evaluate("document.body.dispatchEvent(new Event('news'))")
    page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    with page.expect_navigation(url=re.compile(r"/mails/M-\d{6}$")):
        page.mouse.up()
    page.goto(f"{world.address}/")
    with page.expect_response(f"{world.address}/"):
        page.evaluate("document.body.dispatchEvent(new Event('news'))")
    assert seat.errors == []


def test_the_letter_of_a_frame_runs_nothing(seat: Seat, world: Open) -> None:
    """The results page is shown in a frame of its own origin, where no script runs."""
    page = seat.page
    page.goto(f"{world.address}/board/page/index.html")
    assert page.evaluate("self.origin") == "null"
    seat.errors.clear()  # the page's own script, which the policy blocks, is named on the console


def test_the_html_of_a_mail_has_our_style(seat: Seat, world: Open) -> None:
    """Its frame is given the style sheet, which goes to no other origin; and nothing of it runs."""
    page = seat.page
    page.goto(f"{world.address}/mails/M-000002/html")
    assert page.evaluate("document.styleSheets[0].cssRules.length") > 0
    assert seat.errors == []


def _hide(seat: Seat, world: Open, *, why: str = "two accounts") -> None:
    """Come from a team's screen to what hiding it does."""
    seat.page.goto(f"{world.address}/teams")
    go(seat.page, "Beryl", "Hide")
    look(seat.page, Reason=why)
    expect(seat.page.locator("section.effect")).to_be_focused()


def test_back_leads_to_the_screen_before_the_act_and_two_clicks_are_one_act(seat: Seat, world: Open) -> None:
    """A form is answered within its page: going back asks for nothing to be sent again."""
    page, seat.errors[:] = seat.page, []
    before = world.last().id
    _hide(seat, world)
    page.locator("button.go").dblclick()
    expect(page.get_by_role("status")).to_contain_text("Beryl is hidden")
    page.go_back()
    expect(page).to_have_url(re.compile(r"/teams/T-\d{6}$"))
    page.go_forward()
    expect(page.get_by_role("button", name="Show what it does")).to_be_visible()
    assert world.last().id == before + 1
    page.goto(f"{world.address}/act/reinstate-team?team=Beryl")
    look(page, Reason="they are two people")
    assert "counts again" in do(page)
    assert seat.errors == []


def test_what_was_typed_outlives_a_mistake_and_the_session(chromium: Browser, world: Open) -> None:
    """The text of a letter stays in its form, until somebody has logged in again and sends it."""
    seat = Seat.take(chromium, world.desk, world.address, "Dora")
    page = seat.page
    page.goto(f"{world.address}/act/remove-address?team=Amber")
    page.get_by_label("Address of the team").fill("nobody@example.org")
    page.get_by_label("Reason").fill("the server was down")
    page.get_by_role("button", name="Show what it does").click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_label("Reason")).to_have_value("the server was down")
    page.goto(f"{world.address}/act/announce")
    page.get_by_label("Subject").fill("Dates")
    page.get_by_label("Text").fill("What took twenty minutes")
    world.desk.door.show_out("Dora")
    page.get_by_role("button", name="Show what it does").click()
    expect(page.get_by_role("alert")).to_contain_text("Your session has ended")
    other = seat.context.new_page()
    log_in(other, f"{world.address}/login?key={world.desk.door.invite('Dora', Role.ORGANIZER)}")
    page.get_by_role("button", name="Show what it does").click()
    expect(page.get_by_role("alert")).to_contain_text("This form is from an earlier session")
    page.get_by_role("button", name="Show what it does").click()
    expect(page.locator("section.effect")).to_contain_text("What took twenty minutes")
    expect(page.get_by_text("has ended")).to_have_count(0)
    seat.context.close()


def test_what_was_typed_outlives_a_file_that_is_too_long_and_our_own_failures(
    seat: Seat, world: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong stands above the form, which stays as it is."""
    page = seat.page
    (tmp_path / "long.csv").write_bytes(bytes(MOST_BYTES + 1))
    page.goto(f"{world.address}/act/import-teams")
    page.set_input_files("input[type=file]", tmp_path / "long.csv")
    page.get_by_label("Reason").fill("they asked")
    page.get_by_role("button", name="Show what it does").click()
    told = page.locator("#told").get_by_text(re.compile("choose a smaller file|file is too large"))
    expect(told).to_be_visible()  # the desk's answer, or the browser's when it is hung up on
    expect(page.get_by_label("Reason")).to_have_value("they asked")
    page.goto(f"{world.address}/act/hide-team?team=Amber")
    page.get_by_label("Reason").fill("they asked")
    monkeypatch.setattr(rulings, "excluded_teams", lambda _: 1 // 0)
    page.get_by_role("button", name="Show what it does").click()
    expect(page.locator("#told")).to_contain_text("Our code failed: ZeroDivisionError")
    expect(page.get_by_label("Reason")).to_have_value("they asked")
    seat.errors.clear()  # the browser names each refusal on its console


def test_a_page_that_cannot_be_made_anew_stays(seat: Seat, world: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Today says that it is as it was, until the desk can read again; the board says why there is none."""
    page, cut = seat.page, seat.page.get_by_text("this page is as it was")
    page.goto(f"{world.address}/")
    with monkeypatch.context() as broken:
        broken.setattr("mailbot.desk.screens.contest.compared", lambda *_: 1 // 0)
        broken.setattr(disputes, "waiting", lambda _: 1 // 0)
        page.evaluate("document.body.dispatchEvent(new Event('news'))")
        expect(cut).to_be_visible()
        expect(page.get_by_role("heading", name="Last mails")).to_be_visible()
        page.goto(f"{world.address}/board")
        expect(page.locator("#trouble")).to_contain_text("Our code failed")
    page.goto(f"{world.address}/")
    page.evaluate("document.querySelector('[data-cut]').hidden = false")
    page.evaluate("document.body.dispatchEvent(new Event('news'))")
    expect(cut).to_be_hidden()
    seat.errors.clear()  # as above


def test_the_key_of_the_search_leads_somewhere_from_every_screen(seat: Seat, world: Open) -> None:
    """To the list's own search where it has one, else to the one of the whole contest."""
    page = seat.page
    page.goto(f"{world.address}/labels")
    page.keyboard.press("/")
    page.keyboard.type("s-1")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/submissions/S-000001$"))
