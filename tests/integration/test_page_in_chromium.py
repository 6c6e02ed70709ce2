"""The page in a real browser: sorting, finding, both schemes, every width, no error, no request."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from mailbot.board import publish
from mailbot.board.build import build
from tests.unit import boards
from tests.unit.boards import AS_OF, rules, site_rules, standing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

WIDTHS = (320, 360, 390, 767, 769, 800, 1024, 1280, 1920)
HOSTILE = ("<img src=http://127.0.0.1:9/x onerror=document.title='owned'>", "w" * 200, "科" * 100, "=cmd|x", "a_" * 100)


@dataclass
class Visit:
    """A page open in the browser, and what it asked for and complained of."""

    page: Page
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def column(self, table: str, kind: str) -> list[str]:
        """Return the text of a column for the teams of a table, top to bottom."""
        headings = self.page.locator(f"#{table} thead th")
        place = headings.evaluate_all("(all, kind) => all.findIndex(one => one.classList.contains(kind))", kind)
        return self.page.locator(f"#{table} tbody.teams tr > :nth-child({place + 1})").all_inner_texts()

    def press(self, table: str, heading: str) -> str | None:
        """Press a heading and return the way it sorts now."""
        found = self.page.locator(f"#{table} thead th", has_text=re.compile(heading))
        found.get_by_role("button").click()
        return found.get_attribute("aria-sort")


@pytest.fixture(autouse=True)
def close_pages(chromium: Browser) -> Iterator[None]:
    """Close what a test opened."""
    yield
    for context in chromium.contexts:
        context.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the published page of the dozen teams."""
    return publish.write(boards.board(), tmp_path_factory.mktemp("site"), site_rules())[0]


def visit(chromium: Browser, site: Path, *, width: int = 1280, scheme: str = "light", script: bool = True) -> Visit:
    """Open the page from disk and take down every request and complaint."""
    page = chromium.new_page(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        java_script_enabled=script,
    )
    seen = Visit(page)
    page.on("request", lambda request: seen.requests.append(request.url))
    page.on("console", lambda message: seen.errors.append(message.text))
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    page.goto(site.as_uri())
    return seen


def overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def ground(page: Page) -> list[int]:
    """Return red, green and blue of the page's ground."""
    colour = str(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    return [int(n) for n in re.findall(r"\d+", colour)[:3]]


def test_page_asks_for_nothing_and_complains_of_nothing(chromium: Browser, site: Path) -> None:
    """The one request is the page itself, and the console stays empty through sorting and finding."""
    seen = visit(chromium, site)
    seen.press("siqa-s", "Final score")
    seen.page.get_by_label("Find a team").fill("helix")
    assert seen.requests == [site.as_uri()]
    assert seen.errors == []


def test_headings_sort_both_ways_and_say_so(chromium: Browser, site: Path) -> None:
    """A press on a number sorts from the greatest, the next from the least; only that heading carries aria-sort."""
    seen = visit(chromium, site)
    scores = [float(text) for text in seen.column("siqa-s", "score")]
    assert scores == sorted(scores, reverse=True)
    assert seen.press("siqa-s", "Final score") == "descending"
    assert seen.press("siqa-s", "Final score") == "ascending"
    assert [float(text) for text in seen.column("siqa-s", "score")] == sorted(scores)
    assert seen.page.locator("#siqa-s th[aria-sort]").count() == 1
    assert seen.press("siqa-s", "Rank") == "ascending"
    assert seen.column("siqa-s", "rank")[:3] == ["1", "2", "3"]


def test_names_sort_by_letter_and_dates_by_time(chromium: Browser, site: Path) -> None:
    """Text sorts from A without regard to case, dates from the latest."""
    seen = visit(chromium, site)
    assert seen.press("overall", "Team") == "ascending"
    assert seen.column("overall", "team")[:4] == ["CSQ", "DB_Team", "DoubleHelix", "Équipe Lumière"]
    assert seen.press("overall", "Arrived") == "descending"
    dates = seen.column("overall", "date")
    assert dates == sorted(dates, reverse=True)


def test_missing_scores_sort_last_both_ways(chromium: Browser, site: Path) -> None:
    """Teams without the track stand at the end, whichever way the column is sorted."""
    seen = visit(chromium, site)
    for way in ("descending", "ascending"):
        assert seen.press("overall", "SIQA-U") == way
        shown = seen.page.locator("#overall tbody.teams tr").evaluate_all(
            "rows => rows.map(row => row.cells[3].dataset.value)"
        )
        assert shown[-4:] == [""] * 4  # what a missing number is sorted by
        assert "" not in shown[:-4]


def test_baselines_stay_below_the_teams(chromium: Browser, site: Path) -> None:
    """Sorting orders the baselines among themselves, under their own line."""
    seen = visit(chromium, site)
    seen.press("siqa-s", "Final score")
    seen.press("siqa-s", "Final score")
    rows = seen.page.locator("#siqa-s tbody.baselines tr")
    assert rows.first.inner_text().strip() == "Baselines, not ranked"
    assert "NIQE" in rows.nth(1).inner_text()
    assert seen.page.locator("#siqa-s tbody.teams", has_text="NIQE").count() == 0


def test_headings_sort_from_the_keyboard(chromium: Browser, site: Path) -> None:
    """A heading is reached by focus and pressed by Enter."""
    seen = visit(chromium, site)
    heading = seen.page.locator("#siqa-u thead th", has_text="How ACC")
    heading.get_by_role("button").focus()
    seen.page.keyboard.press("Enter")
    expect(heading).to_have_attribute("aria-sort", "descending")


def test_finding_a_team_hides_the_others(chromium: Browser, site: Path) -> None:
    """Whatever the case, only teams whose name holds the text stay, and the number is told."""
    seen = visit(chromium, site)
    seen.page.get_by_label("Find a team").fill("CSQ")
    expect(seen.page.locator("#overall tbody.teams tr:visible")).to_have_count(2)
    expect(seen.page.get_by_role("status")).to_have_text("2 teams found")
    seen.page.get_by_label("Find a team").fill("zzz")
    assert (seen.page.get_by_role("status").bounding_box() or {"width": 0})["width"] > 50  # seen, not only heard
    expect(seen.page.get_by_role("status")).to_have_text("no teams found")
    seen.page.get_by_label("Find a team").fill("")
    expect(seen.page.locator("#overall tbody.teams tr:visible")).to_have_count(12)


def test_page_reads_without_script(chromium: Browser, site: Path) -> None:
    """Without script every row is there and no control that would do nothing."""
    seen = visit(chromium, site, script=False)
    expect(seen.page.locator("#overall tbody.teams tr:visible")).to_have_count(12)
    expect(seen.page.get_by_role("button")).to_have_count(0)
    expect(seen.page.get_by_role("searchbox")).to_have_count(0)


def test_dark_scheme_is_dark(chromium: Browser, site: Path) -> None:
    """The ground follows the reader's setting."""
    assert min(ground(visit(chromium, site).page)) > 240
    assert max(ground(visit(chromium, site, scheme="dark").page)) < 40


def widths(page: Page) -> Iterator[int]:
    """Make the window as wide as each of many, and yield the width."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        yield width


def test_page_never_scrolls_sideways(chromium: Browser, site: Path) -> None:
    """From 320 pixels up the page is no wider than the window; a wide table scrolls within its own region."""
    page = visit(chromium, site, width=WIDTHS[0]).page
    assert [width for width in widths(page) if overflow(page) > 0] == []


def test_hostile_names_neither_run_nor_widen(chromium: Browser, tmp_path: Path) -> None:
    """Names of 200 letters wrap, markup in a name stays text, and nothing is asked for."""
    standings = [standing(name, "siqa-s", 50, method=name) for name in HOSTILE]
    index = publish.write(build(standings, rules(), AS_OF), tmp_path, site_rules())[0]
    seen = visit(chromium, index, width=WIDTHS[0])
    for width in widths(seen.page):
        assert overflow(seen.page) <= 0, width
        expect(seen.page.locator("#siqa-s tbody th bdi", has_text="<img src=")).to_be_visible()
    assert seen.requests == [index.as_uri()]
    assert seen.errors == []
    assert seen.page.title().startswith("Leaderboard")


def test_phone_names_every_number(chromium: Browser, site: Path) -> None:
    """At phone width each row is a card: the name of a metric stands with its value, the table's roles stay."""
    page = visit(chromium, site, width=390).page
    labels = (
        page.locator("#siqa-s tbody.teams tr")
        .first.locator("td")
        .evaluate_all("cells => cells.map(cell => getComputedStyle(cell, '::before').content)")
    )
    assert [label for label in labels if "SRCC" in label] != []
    assert page.locator("#siqa-s").get_by_role("table").count() == 1
    assert page.locator("#siqa-s").get_by_role("columnheader").count() == 10
    assert page.locator("#siqa-s tbody.teams").get_by_role("rowheader").count() == 11


def test_links_lead_to_the_files_beside_the_page(chromium: Browser, site: Path) -> None:
    """Each file the page offers lies in the page's own folder."""
    links = (
        visit(chromium, site)
        .page.locator("footer a[download]")
        .evaluate_all("links => links.map(a => a.getAttribute('href'))")
    )
    assert links == ["board.csv", "board.xlsx", "board.json"]
    assert all((site.parent / link).is_file() for link in links)


def test_print_is_tables_without_controls(chromium: Browser, site: Path) -> None:
    """On paper as narrow as A4 the tables stand as tables, without navigation, black on white in any scheme."""
    page = visit(chromium, site, width=700, scheme="dark").page
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation")).to_be_hidden()
    assert ground(page) == [255, 255, 255]
    assert page.locator("#siqa-s tbody.teams tr").first.evaluate("row => getComputedStyle(row).display") == "table-row"
    assert overflow(page) <= 0
