"""The desk in a real browser: every screen accessible by axe-core, within its width, in both schemes and languages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from mailbot.desk.desk import Desk
from tests.contest.contest import Clock, contest, mail, take
from tests.contest.desk import AMBER, HOSTILE, STRANGER, Open, served
from tests.integration.organizers import Seat
from tests.integration.test_site_in_chromium import overflow, violations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

SCREENS = (
    "/", "/mails", "/mails/M-000001", "/mails/M-000002", "/teams", "/teams/T-000001", "/submissions",
    "/submissions/S-000001", "/labels", "/disputes", "/board", "/board/now", "/dates", "/letters",
    "/letters/R-000001", "/log", "/submissions/S-000001/with/S-000001",
)  # fmt: skip

FORMS = ("/act/add-labels", "/act/extend", "/act/disqualify-team?team=Amber", "/act/invite")
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
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/mails/M-\d{6}$"))
    assert seat.errors == []


def test_the_first_screen_hears_of_a_mail_as_it_comes(seat: Seat, world: Open) -> None:
    """By an event of the server, without a reload."""
    page = seat.page
    page.goto(f"{world.address}/")
    page.wait_for_timeout(2500)  # until the stream knows the newest mail
    take(world.wired, mail("late@elsewhere.example", shift=0.2), world.clock.instant)
    expect(page.locator("#live")).to_contain_text("late@elsewhere.example", timeout=30_000)
    assert seat.errors == []


def test_the_letter_of_a_frame_runs_nothing(seat: Seat, world: Open) -> None:
    """The results page is shown in a frame of its own origin, where no script runs."""
    page = seat.page
    page.goto(f"{world.address}/board/page")
    assert page.evaluate("self.origin") == "null"
    seat.errors.clear()  # the page's own script, which the policy blocks, is named on the console
