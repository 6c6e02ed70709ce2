"""The Atom feed: well formed, complete by RFC 4287, its ids for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from defusedxml.ElementTree import fromstring

from mailbot.board.build import build
from mailbot.board.page.feed import ENTRIES, atom
from tests.unit.boards import AS_OF, rules, season, standing

if TYPE_CHECKING:
    from mailbot.board.model import Board

ATOM = "{http://www.w3.org/2005/Atom}"


def listed(boards: list[Board]) -> list[tuple[Board, str]]:
    """Give each board its folder."""
    return [(board, f"weeks/{board.as_of:%Y-%m-%d}/") for board in boards]


def ids(feed: bytes) -> list[str]:
    """Return the id of the feed, then of each entry."""
    root = fromstring(feed)
    return [part.findtext(f"{ATOM}id") or "" for part in (root, *root.iter(f"{ATOM}entry"))]


def test_it_has_what_the_standard_asks_for() -> None:
    """Feed and entries have id, title and updated; the feed an author and a link to itself, an entry to its page."""
    root = fromstring(atom(listed(season(3)), "https://example.org/"))
    entries = root.findall(f"{ATOM}entry")
    assert root.tag == f"{ATOM}feed"
    assert root.findtext(f"{ATOM}author/{ATOM}name")
    assert [link.get("href") for link in root.findall(f"{ATOM}link")] == [
        "https://example.org/feed.xml",
        "https://example.org/",
    ]
    assert all(part.findtext(f"{ATOM}{name}") for part in (root, *entries) for name in ("id", "title", "updated"))
    assert [link.get("href") for entry in entries for link in entry.findall(f"{ATOM}link")] == [
        f"https://example.org/weeks/2026-11-{day}/index.html" for day in (25, 18, 11)
    ]
    assert root.findtext(f"{ATOM}updated") == "2026-11-25T02:00:00Z"
    assert "1. Sparrowhawk 71.97, 2. DoubleHelix 70.42" in str(entries[0].findtext(f"{ATOM}summary"))


def test_an_entry_keeps_its_id() -> None:
    """More boards, another address: nothing changes the ids there were, and no two are the same."""
    boards = season(3)
    before, after = ids(atom(listed(boards[:2]), "")), ids(atom(listed(boards), "https://example.org/"))
    assert after[0] == before[0]
    assert after[2:] == before[1:]
    assert len(set(after)) == 4
    assert all(one.startswith("urn:uuid:") for one in after)


def test_only_the_latest_boards_stand_in_it() -> None:
    """A long season does not make a long feed."""
    root = fromstring(atom(listed(season(ENTRIES + 3)), ""))
    assert len(root.findall(f"{ATOM}entry")) == ENTRIES


def test_a_name_cannot_break_the_feed() -> None:
    """Markup in a name is text, and what XML cannot hold is replaced."""
    name = "</summary><script>&\ufffe]]>"
    feed = atom(listed([build([standing(name, "siqa-s", 1)], rules(), AS_OF)]), "")
    summary = fromstring(feed).findtext(f"{ATOM}entry/{ATOM}summary")
    assert "1. </summary><script>&\ufffd]]> 1.00" in str(summary)
