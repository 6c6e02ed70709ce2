"""Links to cloud stores in the text of a mail, also those that a mail filter has put behind a link of its own."""

from __future__ import annotations

import base64
import html
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


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
    ("Tencent Docs", r"docs\.qq\.com/", False),
    ("Feishu", r"(?:feishu\.cn|larksuite\.com)/(?:file|drive|docx|base|sheets)", False),
    ("Quark", r"pan\.quark\.cn/", False),
    ("123pan", r"123(?:pan|684|865|912)\.com/", False),
    ("Lanzou", r"lanzou[a-z]?\.com/", False),
    ("Box", r"box\.com/(?:s|file|shared)/", False),
    ("MEGA", r"mega(?:\.co)?\.nz/", False),
    ("Yandex Disk", r"disk\.yandex\.[a-z]{2,3}/|yadi\.sk/", False),
    ("pCloud", r"pcloud\.link/", False),
    ("SwissTransfer", r"swisstransfer\.com/", False),
    ("Proton Drive", r"drive\.proton\.me/", False),
    ("Zoho WorkDrive", r"workdrive\.zoho\.[a-z.]{2,6}/", False),
    ("NetEase Mail", r"fs\.163\.com/", True),
    ("FileSender", r"filesender\.[a-z0-9.-]{1,80}/", True),
    ("file.io", r"file\.io/|transfer\.sh/|gofile\.io/", False),
    ("Nextcloud", r"/(?:index\.php/)?s/[A-Za-z0-9]{15}(?![A-Za-z0-9])", False),
    ("Seafile", r"/[fd]/[0-9a-f]{10,40}(?![0-9a-z])", False),
    ("AnyShare", r"/link/[0-9A-F]{32}(?![0-9A-Z])", False),
    ("a web server", r"/[^\s\"'<>?#]{1,300}\.(?:jsonl?|csv|tsv|gz|zip)(?![\w/.-])", False),
)

_STORE = re.compile(
    r"https?://[a-z0-9.-]{0,80}?\b(?:" + "|".join(f"({pattern})" for _, pattern, _ in _STORES) + ")", re.IGNORECASE
)

_LINK = re.compile(r"https?://[^\s\"'<>]{1,4000}", re.IGNORECASE)

_QUOTED = re.compile(
    r"^(?:>|-{3,} ?(?:original|forwarded|原始邮件)|_{20,}\r?$)|<blockquote|gmail_quote", re.IGNORECASE | re.MULTILINE
)


_SHOWN = 100  # characters of a link in a reply


class Link(NamedTuple):
    """A link to a store."""

    store: str
    #: Where it leads, without its scheme, shortened; "" unless a mail filter had hidden that.
    target: str


def stores(texts: Iterable[str], *, beside_a_file: bool) -> list[Link]:
    """Return the links to stores in the texts, plain or HTML.

    Beside a file that is taken only what a mail program puts in place of an attachment counts, and not in quoted mails:
    a signature may link to a paper's code anywhere.
    """
    kept = (_unquoted(text) if beside_a_file else text for text in texts)
    found = (_to_a_store(link[0], beside_a_file=beside_a_file) for text in kept for link in _LINK.finditer(text))
    return [link for link in found if link is not None]


def _to_a_store(link: str, *, beside_a_file: bool) -> Link | None:
    for number, target in enumerate(unguarded(link)):
        if found := _STORE.match(target):
            name, _, in_place_of_a_file = _STORES[(found.lastindex or 1) - 1]
            if in_place_of_a_file or not beside_a_file:
                return Link(store=name, target=target.partition("://")[2][:_SHOWN] if number else "")
    return None


_DEEP = 4  # filters behind one another
_INNER = re.compile(r"(?<=.)https?://?[^\s\"'<>]+", re.IGNORECASE | re.DOTALL)
_BASE64 = re.compile(r"aHR0c(?:HM6Ly|DovL)[A-Za-z0-9+/_-]+")
_DOMAIN = re.compile(r"[?&]domain=([a-z0-9.-]{4,253})", re.IGNORECASE)
_PROOFPOINT_2 = re.compile(r"https?://urldefense\.(?:proofpoint\.)?com/v2/url\?(?:.*&)?u=([^&]+)", re.IGNORECASE)
_PROOFPOINT_3 = re.compile(r"https?://urldefense\.[a-z.]+/v3/__(.+?)__;([\w-]*)(?:!|$)", re.IGNORECASE)
_RUNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_STARS = re.compile(r"\*(\*.)?", re.DOTALL)


def unguarded(link: str) -> Iterator[str]:
    """Yield a link, then what it leads to where it is that of a mail filter, and so on.

    Safe Links and most others hold the link in percent-encoding, some in base64. Proofpoint writes it in forms of its
    own; of Mimecast's links only the domain can be told.
    """
    link = html.unescape(link)
    for _ in range(_DEEP):
        yield link
        inner = _inside(link)
        if inner is None:
            return
        link = inner


def _inside(link: str) -> str | None:
    """Return the link that another one leads to, None when it leads nowhere else as far as can be told."""
    if found := _PROOFPOINT_2.match(link):
        return unquote(found[1].translate(str.maketrans("-_", "%/")))
    if found := _PROOFPOINT_3.match(link):
        return _without_stars(found[1], found[2])
    if found := _BASE64.search(link):
        letters = found[0][: len(found[0]) // 4 * 4]
        return base64.urlsafe_b64decode(letters.translate(str.maketrans("+/", "-_"))).decode("utf-8", "ignore")
    for field in link.partition("?")[2].split("&"):
        target = unquote(field.partition("=")[2])
        if _LINK.match(target):
            return target
    plain = unquote(link)
    if found := _INNER.search(plain) or _INNER.search(unquote(plain)):
        return found[0]
    domain = _DOMAIN.search(link)
    return f"https://{domain[1]}/" if domain else None


def _without_stars(link: str, letters: str) -> str:
    """Return a link of Proofpoint's third form with the characters back that it keeps apart, in base64.

    `*` stands for one of them, `**` and a letter for a run: A for two, B for three.
    """
    kept = iter(base64.urlsafe_b64decode(letters + "=" * (-len(letters) % 4)).decode("utf-8", "ignore"))

    def put_back(star: re.Match[str]) -> str:
        count = _RUNS.find(star[1][1]) + 2 if star[1] else 1
        return "".join(next(kept, "") for _ in range(count))

    return _STARS.sub(put_back, link)


def _unquoted(text: str) -> str:
    quoted = _QUOTED.search(text)
    return text[: quoted.start()] if quoted else text
