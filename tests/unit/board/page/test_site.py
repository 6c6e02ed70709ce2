"""The site as a whole: its files, its addresses, what each page tells, and that links lead somewhere."""

from __future__ import annotations

import json
import posixpath
import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from mailbot.board.build import build
from mailbot.board.codec import board_as_json, board_from_json
from mailbot.board.page.site import editions, site
from mailbot.board.page.tables import spread
from mailbot.errors import Permanent
from tests.unit import boards
from tests.unit.boards import AS_OF, front, rules, season, site_rules, standing, with_intervals

WEEKS = 6


class Links(HTMLParser):
    """Keeps where a page's links lead, and its ids."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.hrefs: list[str] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a link and an id."""
        found = {name: value or "" for name, value in attrs}
        self.hrefs += [found["href"]] if tag in {"a", "link"} and "href" in found else []
        self.ids += [found["id"]] if "id" in found else []


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """Return the site of six weeks, the last of which is final too."""
    past = season(WEEKS)
    return site([*past, replace(past[-1], final=True, as_of=AS_OF + timedelta(days=2))], site_rules())


def text(files: dict[str, bytes], name: str) -> str:
    """Return a page as words: tags gone, white space squeezed."""
    bare = re.sub(r"<wbr>|</?bdi>", "", files[name].decode())
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", bare, flags=re.DOTALL).split())


def test_every_week_keeps_its_address(files: dict[str, bytes]) -> None:
    """Each board has a folder named by its day, with the page and the data of that board."""
    folders = sorted({name.split("/")[1] for name in files if name.startswith("weeks/2")})
    days = [(AS_OF - timedelta(weeks=n)).strftime("%Y-%m-%d") for n in range(WEEKS)]
    assert folders == sorted([*days, "2026-11-27"])
    for folder in folders:
        held = board_from_json(json.loads(files[f"weeks/{folder}/board.json"]))
        assert f"{held.as_of:%Y-%m-%d}" == folder
        assert f"{held.as_of:%d %b %Y}" in text(files, f"weeks/{folder}/index.html")


def test_a_second_board_of_a_day_takes_no_address_away() -> None:
    """The first of a day has the day; the next adds its minute, and one of the same minute a number."""
    board = boards.board()
    same_day = [board, *(replace(board, as_of=AS_OF + timedelta(hours=4, seconds=n)) for n in range(3))]
    assert [edition.address for edition in editions(same_day)] == [
        "2026-11-25",
        "2026-11-25-1400",
        "2026-11-25-1400-2",
        "2026-11-25-1400-3",
    ]


def test_a_late_board_changes_nothing_of_those_before() -> None:
    """A board published later for an earlier instant stands in its place; the front page stays that of the latest."""
    first, second, third = season(3)
    before, after = (editions(one) for one in ([first, third], [first, third, second]))
    assert [edition.address for edition in before] == [after[0].address, after[2].address]
    assert after[2].previous is second
    assert site([first, third, second], site_rules())["board.json"] == site([first, third], site_rules())["board.json"]


def test_the_same_boards_give_the_same_bytes(files: dict[str, bytes]) -> None:
    """The site is a function of the boards and the rules: through JSON and back, nothing changes, charts included."""
    past = [board_from_json(json.loads(json.dumps(board_as_json(board)))) for board in season(WEEKS)]
    again = site([*past, replace(past[-1], final=True, as_of=AS_OF + timedelta(days=2))], site_rules())
    assert {name for name in files if files[name] != again.get(name)} == set()
    assert set(again) == set(files)


def test_every_link_leads_to_a_file_or_a_place(files: dict[str, bytes]) -> None:
    """No link of any page is dead; none leads outside, but for the one that opens a mail."""
    pages = {name: Links(data.decode()) for name, data in files.items() if name.endswith(".html")}
    dead = []
    for name, found in pages.items():
        assert len(found.ids) == len(set(found.ids)), name
        for href in found.hrefs:
            path, _, place = href.partition("#")
            if path.startswith(("data:", "mailto:")):
                continue
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
            if target not in files or (place and place not in pages[target].ids):
                dead.append((name, href))
    assert dead == []


def test_without_a_board_there_is_no_site() -> None:
    """The front page needs a board."""
    with pytest.raises(Permanent, match="publish one first"):
        site([], site_rules())


# --- the front page --------------------------------------------------------------------------


def test_moves_since_the_week_before() -> None:
    """A team that rose has an arrow up and the words for it; one without a rank before is new; the date is told."""
    then = build([standing("a", "siqa-s", 1), standing("b", "siqa-s", 2)], rules(), AS_OF - timedelta(weeks=1))
    now = build([standing(t, "siqa-s", s) for t, s in (("a", 3), ("b", 2), ("c", 1))], rules(), AS_OF)
    shown = front(then, now)
    section = shown[shown.index('<section id="siqa-s"') :]
    assert "<tr class=first><td>1 <i class=up>1</i><th>a<" in section
    assert "<tr><td>2 <i class=down>1</i><th>b<" in section
    assert "<tr><td>3 <i>new</i><th>c<" in section
    signs = re.findall(r"\.(up|down)::before {.*?content: \"(.)\" / \"(.*?)\"", shown)
    assert signs == [("up", "▲", "up "), ("down", "▼", "down ")]
    assert "gained and lost since Wed 18 Nov 2026" in section
    assert "<i" not in front(now).partition("<main")[2]


def test_medals_only_where_the_rank_is_certain() -> None:
    """Gold needs the ranks (1, 1); a first place that another team could have has no medal."""
    standings = [standing(t, "siqa-s", s) for t, s in (("a", 90), ("b", 50), ("c", 49.9), ("d", 10))]
    board = with_intervals(build(standings, rules(), AS_OF))
    shown = front(board)
    section = shown[shown.index('<section id="siqa-s"') :]
    assert section.count('<b class=gold>1</b><span class="unseen"> gold medal</span>') == 1
    assert "silver" not in section
    assert "bronze" not in section
    assert "Tie group, ranks" in section
    assert " <small>2–3</small>" in section
    assert "<b class" not in front(build(standings, rules(), AS_OF))


def test_intervals_are_whiskers_and_words() -> None:
    """Each interval is drawn on the table's one scale and said in words; without any, bars stand as before."""
    shown = front(with_intervals(boards.board()))
    assert shown.count('<svg aria-label="') == 12 + 8 + 11
    assert '<small> ± 0.90</small><svg aria-label="92.09 to 93.89"><rect x=' in shown
    assert "the dashed line is InternVL3.5 (fine-tuned)" in shown
    assert '<svg class="bar"' not in shown
    assert '<svg aria-label="' not in front(boards.board())


@pytest.mark.parametrize(
    ("interval", "said"),
    [((9.5, 10.5), "± 0.50"), ((9.58, 10.5), "\N{MINUS SIGN}0.42 +0.50"), (None, "")],
    ids=["even", "uneven", "unknown"],
)
def test_how_far_an_interval_reaches(interval: tuple[float, float] | None, said: str) -> None:
    """One number where both arms are the same as shown, else both."""
    row = boards.board().tables[0].rows[0]
    assert spread(replace(row, score=10, interval=interval), 2) == said


def test_final_results_are_announced(files: dict[str, bytes]) -> None:
    """The front page keeps the last ordinary board and leads to the final results, which every page links to."""
    assert "Wed 25 Nov 2026" in text(files, "index.html")
    assert "The challenge is over: the final results are out." in text(files, "index.html")
    assert all(b"final/index.html" in data for name, data in files.items() if name.endswith(".html"))
    assert b"final/" not in site(season(2), site_rules())["index.html"]
    here = re.compile(r'href="([^"]+)" aria-current="page"')
    assert here.findall(files["final/index.html"].decode()) == ["../final/index.html"]
    assert here.findall(files["index.html"].decode()) == ["index.html"]
    assert here.findall(files["weeks/2026-11-18/index.html"].decode()) == []


# --- the other pages -------------------------------------------------------------------------


def test_awards_go_by_rank_and_track(files: dict[str, bytes]) -> None:
    """Each track has its places; the top teams of both are invited, each once."""
    shown = text(files, "final/index.html")
    assert "SIQA-U First place Sparrowhawk 50.95 · qwen3-vl-32b-sft Second place leiting_lab 49.85" in shown
    assert "SIQA-S First place Sparrowhawk 92.99 · SIQA-MT Second place DoubleHelix 91.25" in shown
    assert "Invited to write a paper: Sparrowhawk leiting_lab DoubleHelix Overall" in shown


def test_a_shared_rank_shares_its_award() -> None:
    """Two firsts are both first, and nobody is second."""
    standings = [standing(t, "siqa-s", s) for t, s in (("a", 90), ("b", 90), ("c", 50))]
    shown = text(site([replace(build(standings, rules(), AS_OF), final=True)], site_rules()), "final/index.html")
    assert "First place a 90.00 · m First place b 90.00 · m Invited" in shown


def test_rules_tell_dates_on_both_clocks(files: dict[str, bytes]) -> None:
    """Every date has its zone and the same instant Anywhere on Earth, in order."""
    shown = text(files, "rules/index.html")
    here, aoe = "Sun 27 Dec 2026, 00:00 (Asia/Shanghai, UTC+08:00)", "Sat 26 Dec 2026, 04:00 AoE (UTC-12:00)"
    closes = shown.index(f"Phase test closes {here} {aoe}")
    paper = shown.index("Paper deadline Sun 10 Jan 2027, 07:59 (Asia/Shanghai, UTC+08:00) Sat 09 Jan 2027, 11:59 AoE")
    assert shown.index("Phase test opens") < closes < paper


def test_rules_tell_quota_formulas_and_format(files: dict[str, bytes]) -> None:
    """The quota, each formula, and an example that is a file of the track."""
    shown = text(files, "rules/index.html")
    assert "A team may have 2 submissions accepted per track and week. The week starts Wednesday 00:00" in shown
    assert "100 (0.2 acc(yes-or-no) + 0.3 acc(what) + 0.5 acc(how))" in shown
    examples = re.findall(r"as JSON\"><code>(.*?)</code>", files["rules/index.html"].decode(), re.DOTALL)
    parsed = [json.loads(one.replace("&#34;", '"')) for one in examples]
    assert [one["track"] for one in parsed] == ["U", "S"]
    assert parsed[1]["predictions"][0] == {"id": 1, "perception": 3.52, "knowledge": 4.1}
    assert "id,perception,knowledge 1,3.52,4.1" in shown
    assert "Overall Combined = (SIQA-U + SIQA-S) / 2" in shown
    assert "part of the items" not in shown


def test_rules_tell_of_a_split_and_of_one_table_nothing() -> None:
    """Teams know beforehand that other items decide; a challenge of one track has no table over all."""
    shown = text(site(season(1), site_rules(is_split=True, overall="")), "rules/index.html")
    assert "weekly boards are by a part of the items" in shown
    assert "Overall" not in shown.partition("Submissions")[2]


def test_submit_page_opens_a_mail(files: dict[str, bytes]) -> None:
    """The link bears the address and the subject as RFC 6068 writes them."""
    link = next(href for href in Links(files["submit/index.html"].decode()).hrefs if href.startswith("mailto:"))
    assert unquote(urlsplit(link).path) == "submissions@example.org"
    assert parse_qs(urlsplit(link).query) == {"subject": ["[SIQA Submission] Team - Method"]}


def test_submit_page_says_until_when(files: dict[str, bytes]) -> None:
    """On both clocks; the phase is named where there are several."""
    here, aoe = "Sun 27 Dec 2026, 00:00 (Asia/Shanghai, UTC+08:00)", "Sat 26 Dec 2026, 04:00 AoE (UTC-12:00)"
    assert f"Until {here} , which is {aoe} Size" in text(files, "submit/index.html").replace(f"{here},", f"{here} ,")


def test_archive_names_every_board_latest_first(files: dict[str, bytes]) -> None:
    """Each board stands with its first team of each table; the final one is marked."""
    shown = text(files, "weeks/index.html")
    assert shown.index("Fri 27 Nov 2026, 10:00 final") < shown.index("Wed 25 Nov 2026") < shown.index("Wed 21 Oct 2026")
    assert "Sparrowhawk 71.97 Sparrowhawk 50.95 Sparrowhawk 92.99" in shown


def test_the_list_of_received_files_is_offered() -> None:
    """Once there is one it lies in the site, and the rules lead to it."""
    files = site(season(1), site_rules(), b"phase,receipt\n")
    assert files["receipts.csv"] == b"phase,receipt\n"
    assert "../receipts.csv" in Links(files["rules/index.html"].decode()).hrefs
    assert not [name for name, data in site(season(1), site_rules()).items() if b"receipts.csv" in data]


def test_address_of_the_site_leads_the_feed() -> None:
    """Where the site's address is known the feed's links are whole."""
    feed = site(season(2), site_rules(url="https://example.org/siqa/"))["feed.xml"].decode()
    assert 'href="https://example.org/siqa/weeks/2026-11-25/index.html"' in feed
