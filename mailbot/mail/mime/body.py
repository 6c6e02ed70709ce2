"""The text of a mail, made inert, and links to cloud stores in it."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from mailbot.mail.mime.params import disposition, file_name, media_type, parameters
from mailbot.mail.mime.text import text_of
from mailbot.mail.mime.transfer import decode_start
from scoring.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mailbot.mail.mime.parts import Part


LENGTH = 4000
"""Characters of the text that are kept."""

_READ = 64 * 1024  # bytes of a text that are looked at

_TOKEN = re.compile(r"<(/?)([a-z!][a-z0-9]{0,10})[^<>]*>|([^<]+|<)", re.IGNORECASE)

_HIDDEN = ("head", "style", "script", "title")

_BREAKS = ("br", "div", "p", "tr", "li", "h1", "h2", "h3", "table", "blockquote")


def is_body(part: Part) -> bool:
    """Whether a part is what a person reads, not a file: text or HTML without a name, not sent as an attachment."""
    readable = media_type(part.headers) in ("text/plain", "text/html")
    return readable and not file_name(part.headers) and disposition(part.headers) != "attachment"


def source(raw: bytes, part: Part) -> str:
    """Return the beginning of a body part as it was written, HTML with its tags."""
    encoding = part.headers.text("content-transfer-encoding")
    data = decode_start(raw[part.start : min(part.end, part.start + 2 * _READ)], encoding, _READ)
    return text_of(data, parameters(part.headers.text("content-type")).get("charset", ""))


def readable(text: str, content_type: str) -> str:
    """Return a body as inert text of at most `LENGTH` characters, lines kept, HTML without its tags."""
    text = _without_tags(text) if content_type == "text/html" else text
    lines = (printable(line.rstrip(), limit=LENGTH) for line in text[: 2 * LENGTH].strip().splitlines())
    return "\n".join(lines)[:LENGTH].rstrip()


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


_STORES = (
    # The name that a reply says, the links to it, and whether mail programs put them there for a file too big to attach
    ("QQ Mail", r"mail\.qq\.com/(?:cgi-bin/)?ftn", True),
    ("NetEase Mail", r"(?:mail|dashi)\.(?:163|126)\.com/(?:large|html/cloud)", True),
    ("iCloud", r"icloud\.com/attachment", True),
    ("Google Drive", r"drive\.google\.com/[^\s\"'<>]{1,200}usp=drive_web", True),
    ("Google Drive", r"(?:drive|docs)\.google\.com/", False),
    ("OneDrive", r"1drv\.ms/|[a-z0-9-]{1,40}\.sharepoint\.com/:", True),
    ("OneDrive", r"onedrive\.live\.com/|[a-z0-9-]{1,40}\.sharepoint\.com/", False),
    ("WeTransfer", r"wetransfer\.com/downloads/|we\.tl/", True),
    ("Dropbox", r"dropbox\.com/", False),
    ("Baidu Pan", r"pan\.baidu\.com/", False),
    ("Aliyun Drive", r"(?:alipan|aliyundrive)\.com/", False),
    ("CowTransfer", r"cowtransfer\.com/", False),
    ("WPS", r"kdocs\.cn/", False),
    ("Weiyun", r"weiyun\.com/", False),
)

_LINK = re.compile(
    r"https?://[a-z0-9.-]{0,80}\b(?:" + "|".join(f"({pattern})" for _, pattern, _ in _STORES) + ")", re.IGNORECASE
)

_QUOTED = re.compile(
    r"^(?:>|-{3,} ?(?:original|forwarded|原始邮件)|_{20,}\r?$)|<blockquote|gmail_quote", re.IGNORECASE | re.MULTILINE
)


def stores(texts: Iterable[str], *, beside_a_file: bool) -> list[str]:
    """Return the name of the store of each link in the texts, plain or HTML.

    Beside a file that is taken only what a mail program puts in place of an attachment counts, and not in quoted mails:
    a signature may link to a paper's code anywhere.
    """
    kept = (_unquoted(text) if beside_a_file else text for text in texts)
    found = (_STORES[(link.lastindex or 1) - 1] for text in kept for link in _LINK.finditer(text))
    return [name for name, _, in_place_of_a_file in found if in_place_of_a_file or not beside_a_file]


def _unquoted(text: str) -> str:
    quoted = _QUOTED.search(text)
    return text[: quoted.start()] if quoted else text
