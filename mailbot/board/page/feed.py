"""The boards as an Atom feed (RFC 4287), so that a reader or a program hears of each new one. Pure."""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5
from xml.etree import ElementTree as ET

from mailbot.board.build import score_heading
from mailbot.board.page.html import when

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailbot.board.model import Board, Table

ENTRIES = 20
"""So many boards stand in the feed, the latest first."""

BEST = 5
"""So many teams of each table stand in an entry."""

_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'
_ATOM = "http://www.w3.org/2005/Atom"
_SPACE = uuid5(NAMESPACE_URL, "tag:mailbot,2026:boards")  # the root of all our ids; never to be changed
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, section 2.2


def atom(boards: Sequence[tuple[Board, str]], url: str) -> bytes:
    """Return the feed of ``boards``, which come by their instant, each with its folder below ``url``.

    The ids are made of the challenge's name and the folders alone, so an entry keeps its id for good, wherever the site
    moves, and the feed has its own of its first board. Where ``url`` is "" the links are relative (RFC 4287 allows it).
    """
    latest, _folder = boards[-1]
    feed = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": "en"})
    _text(feed, "id", _id("feed", *boards[0]))
    _text(feed, "title", f"{latest.challenge}: leaderboard")
    _text(feed, "updated", _instant(latest))
    _text(ET.SubElement(feed, "author"), "name", f"Organizers of the {latest.challenge}")
    ET.SubElement(feed, "link", {"rel": "self", "type": "application/atom+xml", "href": f"{url}feed.xml"})
    ET.SubElement(feed, "link", {"rel": "alternate", "type": "text/html", "href": url or "index.html"})
    for board, folder in boards[: -ENTRIES - 1 : -1]:
        _entry(feed, board, folder, url)
    ET.indent(feed)
    return f"{_DECLARATION}{ET.tostring(feed, encoding='unicode')}\n".encode()


def _entry(feed: ET.Element, board: Board, folder: str, url: str) -> None:
    entry = ET.SubElement(feed, "entry")
    _text(entry, "id", _id("board", board, folder))
    phase = f", {board.phase} phase" if board.phase else ""
    _text(entry, "title", f"{'Final results' if board.final else 'Leaderboard'} of {when(board.as_of)}{phase}")
    _text(entry, "updated", _instant(board))
    _text(entry, "published", _instant(board))
    ET.SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": f"{url}{folder}index.html"})
    _text(entry, "summary", "\n".join(map(_best, board.tables)))


def _best(table: Table) -> str:
    """Name the first teams of a table, on one line."""
    decimals = score_heading(table).decimals
    ranked = [row for row in table.rows if row.rank is not None]
    best = ", ".join(f"{row.rank}. {row.team} {row.score:.{decimals}f}" for row in ranked[:BEST])
    more = f" and {len(ranked) - BEST} more" if len(ranked) > BEST else ""
    return f"{table.title}: {best or 'no team has a score yet'}{more}"


def _id(kind: str, board: Board, folder: str) -> str:
    """Return a name-based UUID (RFC 9562, version 5) as a URN."""
    return uuid5(_SPACE, f"{kind} {board.challenge} {folder}").urn


def _instant(board: Board) -> str:
    """Write the board's instant as RFC 3339, in UTC."""
    return board.as_of.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _text(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
