"""The charts as SVG and as numbers: what is drawn, what is said, and that nothing foreign is in them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from defusedxml.ElementTree import fromstring

from mailbot.board.build import build
from mailbot.board.page import charts
from mailbot.board.page.charts import FOREST, TOP, shorten
from mailbot.board.page.drawing import apart
from tests.unit import boards
from tests.unit.boards import AS_OF, crowd, rules, season, standing, with_intervals

if TYPE_CHECKING:
    from mailbot.board.page.charts import Chart

HOSTILE = ("</text><script>alert(1)</script>", "$\\frac{a}{b}$", "@3", "科" * 60, "\u0301" * 40, "a\ufffeb")


@pytest.fixture(scope="module")
def drawn() -> dict[str, Chart]:
    """Return the charts of six weeks, by their keys."""
    past = season(6)
    return {chart.key: chart for chart in charts.all_of(past[-1], past)}


def test_what_is_drawn(drawn: dict[str, Chart]) -> None:
    """A history and the intervals of each table, and the two tracks against each other."""
    tables = ("overall", "siqa-u", "siqa-s")
    assert set(drawn) == {"scatter", *(f"{kind}-{table}" for kind in ("history", "intervals") for table in tables)}


def test_charts_hold_nothing_that_the_policy_forbids(drawn: dict[str, Chart]) -> None:
    """No style, script, link or picture; each colour is a variable of the page, or none."""
    for chart in drawn.values():
        for element in fromstring(str(chart.svg)).iter():
            assert element.tag in {
                "svg",
                "title",
                "desc",
                "g",
                "path",
                "text",
                "use",
                "defs",
                "clipPath",
                "rect",
                "circle",
            }
            assert not {"style", "xmlns"} & set(element.attrib)
            assert all(not name.startswith("on") for name in element.attrib)
            assert all(value.startswith("#") for name, value in element.attrib.items() if "href" in name)
            colours = {element.get("fill", "none"), element.get("stroke", "none")} - {"none"}
            assert all(colour.startswith("var(--") for colour in colours), colours


def test_charts_are_named_for_those_who_do_not_see_them(drawn: dict[str, Chart]) -> None:
    """A picture with a title and a description; its ids are its own on a page of many charts."""
    ids = [name for chart in drawn.values() for name in re.findall(r' id="([^"]+)"', str(chart.svg))]
    assert len(ids) == len(set(ids))
    for chart in drawn.values():
        root = fromstring(str(chart.svg))
        assert root.get("role") == "img"
        assert root.get("aria-labelledby") == f"chart-{chart.key}-title chart-{chart.key}-text"
        assert (root.findtext("title"), root.findtext("desc")) == (chart.title, chart.caption)
        assert set(re.findall(r"url\(#([^)]+)\)", str(chart.svg))) <= set(ids)


def test_words_are_text(drawn: dict[str, Chart]) -> None:
    """Names, dates and numbers can be read, searched and spoken; no placeholder is left."""
    words = [element.text for element in fromstring(str(drawn["history-siqa-s"].svg)).iter("text")]
    assert {"Sparrowhawk", "科学图像小组", "25 Nov", "InternVL3.5 (fine-tuned)"} <= set(words)
    assert not [word for chart in drawn.values() for word in re.findall(r">@\w+<", str(chart.svg))]


def test_numbers_stand_behind_each_chart(drawn: dict[str, Chart]) -> None:
    """The table holds what is drawn: a gap is a dash, the last column is today's score."""
    chart = drawn["history-siqa-s"]
    assert chart.headings[-1] == "25 Nov"
    assert chart.rows[0][0] == "Sparrowhawk"
    assert chart.rows[0][-1] == "92.99"
    assert "–" in {cell for row in chart.rows for cell in row}
    assert drawn["intervals-siqa-u"].rows[0] == ("Sparrowhawk", "50.95", "50.05", "51.85")


def test_a_chart_shows_as_many_as_can_be_read() -> None:
    """Of two hundred teams the first are drawn, and the sentence below says so."""
    past = [with_intervals(board) for board in season(3, crowd())]
    drawn = {chart.key: chart for chart in charts.all_of(past[-1], past)}
    assert len(drawn["history-siqa-s"].rows) == TOP
    assert len(drawn["intervals-siqa-s"].rows) == FOREST
    assert f"the first {FOREST} teams" in drawn["intervals-siqa-s"].caption
    assert max(len(str(chart.svg)) for chart in drawn.values()) < 30_000


def test_what_is_not_there_is_not_drawn() -> None:
    """One board has no history, no interval no whiskers, one track no scatter, no team no chart."""
    one = boards.board()
    assert [chart.key for chart in charts.all_of(one, [one])] == ["scatter"]
    single = build([standing("a", "siqa-s", 1)], rules(tracks=boards.TRACKS[1:]), AS_OF)
    assert charts.all_of(single, [single]) == ()
    empty = build([], rules(), AS_OF)
    assert charts.all_of(empty, [empty, empty]) == ()


def test_equal_scores_can_be_drawn() -> None:
    """A single score all along gives an axis all the same."""
    past = [with_intervals(build([standing("a", "siqa-s", 50)], rules(), one.as_of), half=0) for one in season(2)]
    assert {chart.key for chart in charts.all_of(past[-1], past)} >= {"history-siqa-s", "intervals-siqa-s"}


def test_scores_close_together_are_told_whole() -> None:
    """The axis says 99.99, not -0.005 with +9.999e1 in a corner."""
    weeks = [AS_OF + timedelta(weeks=week) for week in range(3)]
    past = [build([standing("a", "siqa-s", 99.98 + 0.01 * n)], rules(), week) for n, week in enumerate(weeks)]
    chart = next(chart for chart in charts.all_of(past[-1], past) if chart.key == "history-siqa-s")
    words = [element.text or "" for element in fromstring(str(chart.svg)).iter("text")]
    assert {word.rstrip("0") for word in words} >= {"99.98", "99.99", "100."}
    assert not [word for word in words if "e1" in word]


@pytest.mark.parametrize("name", HOSTILE, ids=["markup", "formula", "placeholder", "wide", "marks", "no-xml"])
def test_a_name_is_only_a_name(name: str) -> None:
    """Whatever a team calls itself stands in the chart as text."""
    standings = [standing(name, track, 50) for track in ("siqa-u", "siqa-s")]
    past = [with_intervals(build(standings, rules(), one.as_of)) for one in season(2)]
    for chart in charts.all_of(past[-1], past):
        words = [element.text or "" for element in fromstring(str(chart.svg)).iter("text")]
        assert shorten(past[-1].tables[0].rows[0].team).replace("\ufffe", "\ufffd") in words


def test_long_names_are_cut_by_their_width() -> None:
    """Sixteen signs fit, eight Chinese ones, ten of the broadest letters; a shorter name stays whole."""
    assert shorten("HDU_VisionGroup") == "HDU_VisionGroup"
    assert shorten("w" * 40) == "w" * 10 + "…"
    assert shorten("a" * 40) == "a" * 16 + "…"
    assert shorten("科" * 40) == "科" * 8 + "…"


def test_words_keep_apart() -> None:
    """Places move no more than needed, stay within the ends and in their order."""
    assert apart([5, 50, 90], 0, 100, 10) == [5, 50, 90]
    assert apart([50, 50, 50], 0, 100, 10) == [50, 60, 70]
    assert apart([100, 99, 0], 0, 100, 10) == [100, 90, 0]
    assert apart([7] * 5, 0, 20, 10) == [0, 5, 10, 15, 20]
    assert apart([], 0, 100, 10) == []


def test_a_team_has_one_colour_in_all_charts() -> None:
    """That of its place on the whole board; teams further down take what is left, so that no two share one."""
    first = list("ABCDEFGHIJ")
    assert charts.colours(first, first) == list(range(10))
    assert charts.colours(["X", "B", "A", "Y"], first) == [2, 1, 0, 3]
    assert charts.colours(list("KLMNOPQRST"), first) == list(range(10))
    assert charts.colours(["K", "A"], []) == [0, 1]
