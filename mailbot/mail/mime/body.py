"""The text of a mail, made inert."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from mailbot.mail.mime.text import text_of
from mailbot.mail.mime.transfer import decode_start
from scoring.text import inert, printable

if TYPE_CHECKING:
    from mailbot.mail.mime.parts import Part


LENGTH = 4000
"""Characters of the text that are kept."""

_READ = 64 * 1024  # bytes of a text that are looked at

_TOKEN = re.compile(r"<(/?)([a-z!][a-z0-9]{0,10})[^<>]*>|([^<]+|<)", re.IGNORECASE)

_HIDDEN = ("head", "style", "script", "title")

_BREAKS = ("br", "div", "p", "tr", "li", "h1", "h2", "h3", "table", "blockquote")


def is_body(part: Part) -> bool:
    """Whether a part is what a person reads, not a file: text or HTML without a name, not sent as an attachment."""
    return part.content_type in ("text/plain", "text/html") and not part.name and part.disposition != "attachment"


def source(part: Part, data: bytes) -> str:
    """Return the beginning of a body part as it was written, HTML with its tags, from its bytes in the mail."""
    text = decode_start(data[: 2 * _READ], part.encoding, _READ)
    return text_of(text, part.parameters.get("charset", ""), part.headers.charset)


def readable(text: str, content_type: str) -> str:
    """Return a body as inert text of at most `LENGTH` characters, lines kept, HTML without its tags."""
    text = _without_tags(text) if content_type == "text/html" else text
    lines = (printable(line.rstrip(), limit=LENGTH) for line in text[: 2 * LENGTH].strip().splitlines())
    return "\n".join(lines)[:LENGTH].rstrip()


_LAYOUT = """
b blockquote br code dd div dl dt em h1 h2 h3 h4 h5 h6 hr i li ol p pre s small span strong sub sup table tbody td
tfoot th thead tr u ul
"""

_SHOWN = frozenset(_LAYOUT.split())
"""What stays of HTML that is shown: layout, without a single attribute."""

_EMPTY = frozenset({"br", "hr"})

_LEFT_OUT = frozenset(
    {"head", "iframe", "noscript", "object", "script", "style", "svg", "template", "textarea", "title"}
)
"""What is left out with all that stands in it."""


class _Cleaner(HTMLParser):
    """Keeps the texts and a few tags: no attribute, so no link, picture, script or style is left."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.kept: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, _: object) -> None:
        """Keep a tag that is only layout."""
        self._hidden += tag in _LEFT_OUT
        if tag in _SHOWN and not self._hidden:
            self.kept.append(f"<{tag}>")
        elif tag == "img" and not self._hidden:
            self.kept.append("[picture]")

    def handle_startendtag(self, tag: str, attributes: object) -> None:
        """Take ``<br/>`` as what it opens: it hides nothing."""
        if tag not in _LEFT_OUT:
            self.handle_starttag(tag, attributes)

    def handle_endtag(self, tag: str) -> None:
        """Close what was kept."""
        if tag in _LEFT_OUT:
            self._hidden = max(self._hidden - 1, 0)
        elif tag in _SHOWN - _EMPTY and not self._hidden:
            self.kept.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        """Keep text, escaped."""
        if not self._hidden:
            self.kept.append(html.escape(inert(data)))


_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_DECLARATION = re.compile(r"<[!?][^<>]*>")
_UNCLOSED = re.compile(r"<(?![^<>]*>)")
"""What begins like a tag, and does not end before the next one begins."""
_ATTRIBUTES = re.compile(r"(</?[a-z][^\s/<>]*+)[^<>]*?(/?>)", re.IGNORECASE)


def shown(source: str) -> str:
    """Return HTML that is safe to show: its text and its layout; nothing in it runs, leads anywhere or is fetched.

    The parser gets closed tags without attributes: for the end of a quotation, or of a tag, it would search all that
    follows, again and again.
    """
    whole = _DECLARATION.sub("", _COMMENT.sub("", source[:_READ]))
    cleaner = _Cleaner()
    cleaner.feed(_ATTRIBUTES.sub(r"\1\2", _UNCLOSED.sub("&lt;", whole)))
    cleaner.close()
    return "".join(cleaner.kept)


def _without_tags(source: str) -> str:
    kept: list[str] = []
    hidden = ""
    for closing, name, words in _TOKEN.findall(source):
        tag = name.lower()
        if tag in _HIDDEN and not hidden and not closing:
            hidden = tag
        elif tag == hidden and closing:
            hidden = ""
        elif not hidden:
            kept.append("\n" if tag in _BREAKS else " ".join(words.split("\n")))
    lines = html.unescape("".join(kept)).replace("\xa0", " ").splitlines()
    return "\n".join(line.strip() for line in lines if line.strip())
