"""The page as text: its policy, what it names, and that no team can write into it."""

from __future__ import annotations

import base64
import hashlib
import re
from html import unescape
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from jinja2 import UndefinedError

from mailbot.board.build import build
from mailbot.board.page.site import site
from mailbot.config.board import Heading, TrackRules
from mailbot.errors import Permanent
from mailbot.mail.languages import folder
from mailbot.mail.templates import environment
from scoring.model import Column, Kind, Track
from tests.unit import boards
from tests.unit.boards import AS_OF, front, rules, site_rules, standing

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></script><b>",
    "=cmd|' /C calc'!A0",
    "{{ 7 * 7 }}",
    "abc\u202egpj.exe",
    "w" * 200,
    "科学图像质量评价" * 12,
)


INSIDE = ("board.", "index.html", "weeks/", "rules/", "submit/", "final/", "feed.xml")


class Collector(HTMLParser):
    """Keeps every tag with its attributes, and the text of style and script."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inline: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Keep the text of a style or script."""
        if self.cdata_elem:
            self.inline[self.cdata_elem] = self.inline.get(self.cdata_elem, "") + data


@pytest.fixture(scope="module")
def html() -> str:
    """Return the page of the dozen teams."""
    return front(boards.board())


def test_policy_allows_exactly_the_style_and_script_inside(html: str) -> None:
    """The hashes in the policy are those of the two elements, and all else is forbidden."""
    found = Collector(html)
    policy = next(a["content"] for t, a in found.tags if a.get("http-equiv") == "Content-Security-Policy")
    hashes = {
        kind: base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for kind, text in found.inline.items()
    }
    assert policy is not None
    assert policy.split("; ")[:3] == [
        "default-src 'none'",
        f"style-src 'sha256-{hashes['style']}'",
        f"script-src 'sha256-{hashes['script']}'",
    ]


def test_page_refers_to_nothing_outside(html: str) -> None:
    """Every link leads into the page or to a file beside it; no attribute holds style or script."""
    for _, attributes in Collector(html).tags:
        assert not [name for name in attributes if name == "style" or name.startswith("on") or name == "src"]
        link = attributes.get("href")
        assert link is None or link.startswith(("#", "data:", *INSIDE)), link
    assert "@import" not in html
    assert not re.search(r"url\((?!#)|(?<!www\.w3\.org)https?://(?!www\.w3\.org/2000/svg)", html)


def test_page_tells_what_the_board_holds(html: str) -> None:
    """Titles, formulas, rules, the instant with its zone, short truth hashes and baselines are on the page."""
    for text in (
        "Updated <time",
        "Wed 25 Nov 2026, 10:00 (Asia/Shanghai, UTC+08:00)",
        "Mean over perception and knowledge",
        "equal scores share a rank (1, 1, 3)",
        "<code title=" + f'"{"a3f9" * 16}"' + ">a3f9a3f9a3f9</code>",
        "Baselines, not ranked",
        "HyperIQA (trained)",
        "71.97",
        "0.9135",
    ):
        assert text in html, text


def test_page_takes_its_words_from_the_board() -> None:
    """Another challenge's page says nothing of this one's."""
    other = rules(
        challenge="Bird Calls 2027",
        tracks=(TrackRules(name="calls", title="Calls", formula="F1", headings=()),),
        baselines=(),
        truths={},
        rules=(),
    )
    calls = Track(name="calls", title="Calls", letters=("C",), columns=(Column(name="x", kind=Kind.NUMBER),), terms=())
    told = site_rules(name="Bird Calls 2027", short_name="Calls", subject_tag="Calls", tracks={"calls": calls})
    text = site([build([standing("t", "calls", 3)], other, AS_OF)], told)["index.html"].decode()
    assert "Bird Calls 2027" in text
    assert "siqa" not in text.lower()
    assert "Truth of" not in text


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_inert(name: str) -> None:
    """A name is shown as it reads and adds no element; what would turn the text round is gone."""
    tame = front(build([standing("t" * len(name), "siqa-s", 1, method="t" * len(name))], rules(), AS_OF))
    text = front(build([standing(name, "siqa-s", 1, method=name)], rules(), AS_OF))
    plain, hostile = ([tag for tag, _ in Collector(one).tags if tag != "wbr"] for one in (tame, text))
    assert hostile == plain
    assert "\u202e" not in text
    shown = re.search(r"<td>1<th>(?:<bdi>)?(.*?)(?:</bdi>)?<td>", text)
    assert shown
    assert unescape(shown[1].replace("<wbr>", "")) == name.replace("\u202e", "")


def test_a_title_cannot_leave_the_style_it_stands_in() -> None:
    """On a phone the style names the numbers; whatever a title holds is a string there, and adds no element."""
    title = '"; } </style><script>alert(1)</script> \\ 准确率\n%'
    track = TrackRules(name="1.a", title="T", formula="F", headings=(Heading(key="k", title=title, decimals=2),))
    made = standing("t", "1.a", 3, metrics={"k": 1.0})
    text = front(build([made], rules(tracks=(track,), baselines=(), truths={}), AS_OF))
    style = Collector(text).inline["style"].rpartition("@media")[2]
    assert style.count('"') == 8  # of the table's id, of the title twice, of what is spoken
    assert "script>" not in style
    assert "\\22 \\3b  \\7d  \\3c /style" in style
    assert "准确率" in style


def test_empty_board_says_so() -> None:
    """Before the first submission each table says that no team has a score."""
    text = front(build([], rules(baselines=()), AS_OF))
    assert text.count("No team has a score here yet.") == 3


def test_table_without_methods_has_no_empty_column() -> None:
    """Where no row has a method the column is left out, and lines across the table span what is left."""
    text = front(build([standing("t", "siqa-s", 1, method="")], rules(), AS_OF))
    section = text[text.index('<section id="siqa-s"') :]
    assert "Method" not in section
    assert section.count('<th scope="col"') == 9
    assert 'colspan="9"' in section


def test_negative_numbers_have_a_minus_sign_and_sort_as_numbers() -> None:
    """A negative correlation shows a minus sign, while sorting compares the plain number."""
    made = standing("t", "siqa-s", 0, metrics={"perception_srcc": -0.25})
    text = front(build([made], rules(), AS_OF))
    assert 'data-value="-0.25">\N{MINUS SIGN}0.2500<' in text


# --- colours ---------------------------------------------------------------------------------


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#rrggbb`` (WCAG 2.2)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_colours_reach_wcag_aa(scheme: int) -> None:
    """Text has a contrast of 4.5 on every ground it stands on, bars and borders of 3 (WCAG 2.2, 1.4.3 and 1.4.11)."""
    css = (folder() / "page" / "board.css").read_text(encoding="utf-8")
    schemes = [dict(re.findall(r"--(\w+): (#\w{6});", block)) for block in re.findall(r":root {(.*?)}", css, re.DOTALL)]
    colours = schemes[0] | schemes[scheme]
    grounds = [colours[name] for name in ("paper", "sheet", "faint")]
    assert min(contrast(colours[name], on) for name in ("ink", "soft", "accent") for on in grounds) >= 4.5
    assert min(contrast(colours[name], colours["sheet"]) for name in ("part", "still")) >= 3
    assert min(contrast(colours[f"c{n}"], colours["sheet"]) for n in range(10)) >= 4.5
    assert min(contrast(colours["disc"], colours[medal]) for medal in ("gold", "silver", "bronze")) >= 4.5


# --- the environment -------------------------------------------------------------------------


def test_html_is_escaped_and_text_is_not() -> None:
    """A template's name decides: ``.html.j2`` escapes, ``.txt.j2`` does not, and a bare string does."""
    escapes = environment().autoescape
    assert callable(escapes)
    assert [escapes(name) for name in ("a.html.j2", "a.html", "a.txt.j2", "a.txt", None)] == [
        True,
        True,
        False,
        False,
        True,
    ]


def test_installation_without_templates_says_where_it_looked(tmp_path: Path) -> None:
    """Templates are taken from the package first, then from the checkout; without any the places are named."""
    package = tmp_path / "mailbot"
    with pytest.raises(Permanent, match="looked in"):
        folder(package)
    for place in (tmp_path / "templates", tmp_path / "mailbot" / "templates"):
        place.mkdir(parents=True)
        assert folder(package) == place


def test_undefined_name_is_an_error() -> None:
    """A template that asks for what it was not given fails instead of printing nothing."""
    with pytest.raises(UndefinedError):
        environment().from_string("{{ nothing }}").render()
