"""Links to files in cloud stores: big attachments go there, and mailbot follows no link."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

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
