"""Every page of the site in a real browser: accessible by axe-core, within its width, on keyboard and paper."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from mailbot.board import publish
from mailbot.board.build import build
from mailbot.board.weekly import sealed
from tests.unit import boards
from tests.unit.boards import AS_OF, crowd, rules, season, site_rules, standing, with_intervals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

AXE = Path(__file__).parents[2] / "build/axe/node_modules/axe-core/axe.min.js"
PAGES = (
    "index.html",
    "weeks/index.html",
    "weeks/2026-11-04/index.html",
    "final/index.html",
    "rules/index.html",
    "submit/index.html",
    "teams/index.html",
    "teams/zh/index.html",
)
HOSTILE = (
    "<img src=http://127.0.0.1:9/x onerror=document.title='owned'>",
    "w" * 200,
    "科" * 100,
    "a_" * 100,
    "\u05d0" * 60,
)
SCHEMES = ("light", "dark")
WIDTHS = (320, 390, 820, 1024, 1280)


@dataclass
class Visit:
    """A page open in the browser, and what it asked for and complained of."""

    page: Page
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@pytest.fixture(autouse=True)
def close_pages(chromium: Browser) -> Iterator[None]:
    """Close what a test opened."""
    yield
    for context in chromium.contexts:
        context.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a site of six weeks with final results."""
    past = [sealed(board, "5" * 64) for board in season(6)]
    final = replace(past[-1], final=True, as_of=AS_OF + timedelta(days=2))
    return publish.write(final, tmp_path_factory.mktemp("site"), site_rules(), past)[0].parent


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a site whose teams have names made to break it."""
    standings = [standing(name, track, 50, method=name) for name in HOSTILE for track in ("siqa-u", "siqa-s")]
    past = [with_intervals(build(standings, rules(), AS_OF - timedelta(weeks=n))) for n in (1, 0)]
    final = replace(past[-1], final=True, as_of=AS_OF + timedelta(days=2))
    return publish.write(final, tmp_path_factory.mktemp("hostile"), site_rules(), past)[0].parent


def visit(chromium: Browser, path: Path, *, width: int = 1280, scheme: str = "light") -> Visit:
    """Open a page from disk, without its policy where axe must run, and take down every request and complaint."""
    page = chromium.new_page(
        viewport={"width": width, "height": 900}, color_scheme="dark" if scheme == "dark" else "light"
    )
    seen = Visit(page)
    page.on("request", lambda request: seen.requests.append(request.url))
    page.on("console", lambda message: seen.errors.append(message.text))
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    page.goto(path.as_uri())
    return seen


def overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def violations(page: Page) -> list[str]:
    """Return what axe-core finds, best practices among it: each rule with the elements it is about."""
    assert AXE.is_file(), "axe-core is missing: `bash .ci/packages` fetches it"
    page.evaluate(AXE.read_text(encoding="utf-8"))  # by the debugger, which the page's policy does not bind
    found: list[dict[str, Any]] = page.evaluate("axe.run().then(result => result.violations)")
    return [f"{one['id']} ({one['impact']}): {[node['html'][:120] for node in one['nodes']]}" for one in found]


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(chromium: Browser, site: Path, name: str) -> None:
    """No rule of axe-core is broken on any page, light or dark, with every chart's numbers open."""
    page = visit(chromium, site / name).page
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert violations(page) == []


def test_axe_finds_nothing_on_small_screens(chromium: Browser, site: Path) -> None:
    """Cards are a table still."""
    page = visit(chromium, site / "index.html", width=390).page
    assert violations(page) == []
    page.set_viewport_size({"width": 800, "height": 900})
    assert violations(page) == []


@pytest.mark.parametrize("name", PAGES)
def test_no_page_scrolls_sideways(chromium: Browser, site: Path, hostile: Path, name: str) -> None:
    """No page is wider than its window, whatever the teams are called; nothing is asked for, nothing complained of."""
    seen = visit(chromium, site / name, width=WIDTHS[0])
    for folder in (site, hostile):
        path = folder / (name if (folder / name).exists() else "weeks/2026-11-18/index.html")
        if folder == hostile:
            seen.requests.clear()
            seen.page.goto(path.as_uri())
        for width in WIDTHS:
            seen.page.set_viewport_size({"width": width, "height": 900})
            assert overflow(seen.page) <= 0, (folder.name, width)
        shared = [(folder / "weeks/board.css").as_uri()] if path.parent.parent.name == "weeks" else []
        assert seen.requests == [path.as_uri(), *shared]
        assert seen.errors == []


def test_charts_follow_the_scheme(chromium: Browser, site: Path) -> None:
    """A line of a chart is dark on white and light on black."""
    colours = []
    for scheme in SCHEMES:
        page = visit(chromium, site / "index.html", scheme=scheme).page
        text = page.locator("#history-siqa-s svg text", has_text="Sparrowhawk").first
        colours.append(text.evaluate("text => getComputedStyle(text).fill"))
    assert colours == ["rgb(15, 102, 102)", "rgb(127, 202, 197)"]


def test_charts_can_be_read_on_a_phone(chromium: Browser, site: Path) -> None:
    """The words of a chart are at least 9 pixels tall at 390 pixels."""
    page = visit(chromium, site / "index.html", width=390).page
    widths = "svg => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width"
    scale = page.locator("#history-siqa-s svg").evaluate(widths)
    heights = "words => words.map(word => parseFloat(getComputedStyle(word).fontSize))"
    assert min(page.locator("#charts svg text").evaluate_all(heights)) * scale >= 9
    assert page.locator("#charts figure").count() == 7


def test_numbers_of_a_chart_open_from_the_keyboard(chromium: Browser, site: Path) -> None:
    """The summary is reached by the Tab key after the chart's place, and Enter opens the table."""
    page = visit(chromium, site / "index.html").page
    summary = page.locator("#history-overall summary")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#history-overall table")).to_be_visible()
    expect(page.get_by_role("img", name="Overall: score over time")).to_be_visible()


def test_the_first_tab_leads_past_the_navigation(chromium: Browser, site: Path) -> None:
    """Whoever uses the keyboard can skip what stands on every page."""
    page = visit(chromium, site / "rules/index.html").page
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    expect(page.get_by_role("link", name="To the content")).to_be_in_viewport()


def test_links_between_pages_work_from_disk(chromium: Browser, site: Path) -> None:
    """From the front page to every other and back, without a web server."""
    page = visit(chromium, site / "index.html").page
    for name in ("Past boards", "Wed 04 Nov 2026, 10:00", "Rules", "How to submit", "Final results", "Leaderboard"):
        page.get_by_role("link", name=name, exact=True).first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Scientific Image Quality Assessment Challenge")
    assert page.url == (site / "index.html").as_uri()


def test_finding_a_team_on_a_past_board(chromium: Browser, site: Path) -> None:
    """Past boards sort and find as the present one."""
    page = visit(chromium, site / "weeks/2026-11-18/index.html").page
    page.get_by_label("Find a team").fill("sparrow")
    expect(page.locator("#siqa-s tbody.teams tr:visible")).to_have_count(1)


def test_paper_has_no_controls_and_whole_charts(chromium: Browser, site: Path) -> None:
    """Printed, the navigation is gone and the charts are there, in black on white."""
    page = visit(chromium, site / "index.html", width=700, scheme="dark").page
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation")).to_have_count(0)
    expect(page.locator("summary").first).to_be_hidden()
    expect(page.get_by_role("img", name="SIQA-S: score over time")).to_be_visible()
    assert overflow(page) <= 0


def test_two_hundred_teams(chromium: Browser, tmp_path: Path) -> None:
    """A crowd is one page still, which sorts and finds, and is light enough for a phone."""
    past = [with_intervals(board) for board in season(2, crowd())]
    index = publish.write(past[-1], tmp_path, site_rules(), past[:-1])[0]
    page = visit(chromium, index, width=390).page
    assert overflow(page) <= 0
    rows = page.locator("#overall tbody.teams tr:visible")
    expect(rows).to_have_count(50)
    page.get_by_label("Find a team").fill("team-017")
    expect(rows).to_have_count(1)
    page.get_by_label("Find a team").fill("")
    expect(rows).to_have_count(50)
    assert violations(page) == []
    page.locator("#overall").get_by_role("button", name="Show all 200 teams").click()
    expect(rows).to_have_count(200)
    expect(rows.nth(50)).to_be_focused()
    assert index.stat().st_size < 300 * 1024
    assert boards.AS_OF.strftime("%d %b %Y") in page.inner_text(".updated")
