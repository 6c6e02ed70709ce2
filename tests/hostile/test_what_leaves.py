"""What leaves is inert: whatever a team calls itself, its method, its file or its subject, no output does anything."""

from __future__ import annotations

import base64
import csv
import email
import html
import html.parser
import io
import json
import re
import unicodedata
from dataclasses import dataclass
from email.policy import default
from typing import TYPE_CHECKING

import openpyxl
import pytest

from tests.command import mailbot
from tests.hostile.nasty import is_inert
from tests.hostile.state import answered, lay_out
from tests.hostile.watch import watched

if TYPE_CHECKING:
    from pathlib import Path

NASTY = (
    '=HYPERLINK("https://evil.example","won")',
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\uff1d1+1",
    "\t=1+1",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</td></tr></table><h1>won",
    "javascript:alert(1)",
    "&lt;b&gt;&#60;i&#62;",
    "a\r\nBcc: evil@evil.example\r\n\r\nbody",
    "a\nX-Mailbot-Loop: no",
    "\x1b[2J\x1b]0;owned\x07",
    "\x9b31mred",
    "nul\x00nul",
    "\u202egnp.nosj",
    "\u2066left\u2069",
    "\u2028line\u2029paragraph",
    "soft\u00adhyphen\u200bzero\ufeff",
    "{{ 7*7 }}{% raw %}{# x #}",
    "${7*7}#{7*7}%s%n",
    "[bold red]x[/bold red]",
    "'; drop table mails; --",
    "../../etc/passwd",
    "CON.json",
    "x" * 5000,
    "\u0430\u0300" * 200,
    "=?utf-8?q?=0d=0aBcc:_evil=40evil.example?=",
    "🏆 1st place",
    "%0d%0aSet-Cookie:x",
    "=" * 40,
)
SMUGGLED = "=?utf-8?q?=0d=0aBcc:_evil=40evil.example?="
ALLOWED_TAGS = {
    *("html", "head", "meta", "title", "body", "div", "p", "span", "table", "thead", "tbody", "tr", "td", "th"),
    *("strong", "ol", "ul", "li", "br", "pre", "code", "a", "h1", "h2"),
}
FIELDS = {
    *("From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted", "MIME-Version"),
    *("X-Auto-Response-Suppress", "X-Mailbot-Loop", "X-Mailbot-Audit"),
    *("Content-Type", "Content-Transfer-Encoding", "Content-Language"),
}
ROWS = [{"id": n, "perception": 1 + n / 3, "knowledge": 5 - n / 2} for n in range(1, 9)]


@dataclass(frozen=True, kw_only=True)
class Left:
    """Everything that left a mailbot."""

    replies: list[bytes]
    published: Path
    #: What the commands and the journal printed.
    printed: dict[str, str]


def _mail(number: int, text: str, *, refused: bool) -> bytes:
    """Return a mail in which everything a team can choose is ``text``."""
    method = text if number % 2 else [text]
    rows = [{**row, "id": text, text: text} for row in ROWS] if refused else ROWS
    value = {"team": f"Team {number}", "method": method, "track": "S", text: text, "predictions": rows}
    shown = base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()
    raw = text.encode("utf-8", "surrogatepass").replace(b"\r", b"").replace(b"\n", b"\n ")
    percent = "".join(f"%{byte:02x}" for byte in text.encode("utf-8", "surrogatepass"))[:6000]
    head = (
        f"From: =?utf-8?b?{shown[:3000]}?= <team{number}@peepers.example>\r\nDate: {number}\r\n"
        f"Subject: =?utf-8?b?{shown}?= - =?utf-8?b?{shown}?=\r\nMessage-ID: <{number}-{refused}{SMUGGLED}>\r\n"
        f"References: <1@client.example> <{SMUGGLED}@client.example>\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    ).encode() + raw
    part = (
        "\r\n--b\r\nContent-Type: application/json\r\n"
        f"Content-Disposition: attachment; filename*=utf-8''{percent}.json\r\n\r\n"
    ).encode() + json.dumps(value).encode()
    return head + part + b"\r\n--b--\r\n"


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Left:
    """Let a team for each nasty text submit it in every place, a file that is scored and one that is not."""
    work = lay_out(tmp_path_factory.mktemp("leaves"))
    with (work / "teams.csv").open("w", encoding="utf-8", newline="") as file:
        rows = [(text, f"team{number}@peepers.example") for number, text in enumerate(NASTY)]
        named = [row for row in rows if "\0" not in row[0]]  # a roster with NUL characters is refused as a whole
        csv.writer(file).writerows([("team", "address"), *named, *((f"Team {n}", a) for n, (_, a) in enumerate(rows))])
    paths = []
    for number, text in enumerate(NASTY):
        for refused in (False, True):
            paths.append(f"{number:02}-{refused}.eml")
            (work / paths[-1]).write_bytes(_mail(number, text, refused=refused))
    done = watched("ingest", *paths, "--json", folder=work)
    printed = {"ingest": done.out, "ingest's journal": done.err}
    told = mailbot("publish", folder=work)
    printed |= {"publish": told.out, "publish's journal": told.err}
    for command in ("submissions list", "outbox list", "teams list", "board", "submissions show S-000001"):
        told = mailbot(*command.split(), folder=work)
        printed |= {command: told.out, f"{command}'s journal": told.err}
    return Left(replies=answered(work), published=work / "state" / "published", printed=printed)


class _Tags(html.parser.HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.links: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag, where it leads, and what it would run."""
        self.tags.append(tag)
        self.links += [
            value or "" for name, value in attrs if name in {"href", "src", "action", "formaction", "srcset"}
        ]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


def _tags(text: str) -> _Tags:
    found = _Tags()
    found.feed(text)
    found.close()
    return found


def test_every_team_was_answered(left: Left) -> None:
    """There is something to look at: a reply for each mail of each team that the roster took."""
    assert len(left.replies) == 2 * len(NASTY)


def test_replies_have_our_fields_and_no_others(left: Left) -> None:
    """No text of a team becomes a field of its reply, nor a second recipient."""
    for raw in left.replies:
        head = raw.partition(b"\r\n\r\n")[0].decode("ascii")
        assert {line.partition(":")[0] for line in head.split("\r\n") if line[0] not in " \t"} <= FIELDS
        reply = email.message_from_bytes(raw, policy=default)
        assert re.fullmatch(r"team\d+@peepers\.example", reply["To"])
        assert is_inert(reply["Subject"])
        assert len(reply["Subject"]) < 300
        assert max(map(len, raw.splitlines())) <= 998
        assert raw.isascii()


def test_reply_texts_are_inert(left: Left) -> None:
    """Neither text nor HTML holds a control or direction character, and the HTML has our tags alone."""
    for raw in left.replies:
        reply = email.message_from_bytes(raw, policy=default)
        plain, rich = reply.get_body(("plain",)), reply.get_body(("html",))
        assert plain is not None
        assert rich is not None
        for body in (plain, rich):
            assert is_inert(body.get_content().replace("\r\n", "\n"))
        found = _tags(rich.get_content())
        assert set(found.tags) <= {*ALLOWED_TAGS, "style"}
        assert found.tags.count("style") == 1  # our own, for dark mail programs and narrow screens
        assert found.handlers == []
        assert set(found.links) <= {"https://siqa.example/board"}


def test_the_page_is_inert(left: Left) -> None:
    """The page has the one script it has without any team, no handler, and no link that a team chose."""
    text = (left.published / "page" / "index.html").read_text(encoding="utf-8")
    found = _tags(text)
    assert is_inert(text)
    assert found.tags.count("script") == 1
    assert not {"img", "iframe", "object", "embed", "form", "base"} & set(found.tags)
    assert found.handlers == []
    assert all(link.startswith(("#", "https://siqa")) or ".example" not in link for link in found.links)
    assert "alert(1)" in html.unescape(text)


def test_the_csv_runs_no_formula(left: Left) -> None:
    """No cell of the CSV begins as a formula does, but for numbers."""
    rows = list(csv.reader(io.StringIO((left.published / "board.csv").read_text(encoding="utf-8"))))
    assert len(rows) > len(NASTY)
    for cell in (cell for row in rows for cell in row):
        assert is_inert(cell)
        assert not re.match(r"[=+\-@\t\r|%]", unicodedata.normalize("NFKC", cell)) or re.fullmatch(r"-?[\d.]+", cell)


def test_the_workbook_runs_no_formula(left: Left) -> None:
    """No cell of the XLSX is a formula or a link."""
    book = openpyxl.load_workbook(left.published / "board.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert len(cells) > len(NASTY)
    for cell in cells:
        assert cell.data_type != "f"
        assert cell.hyperlink is None
        assert not isinstance(cell.value, str) or is_inert(cell.value)


def test_the_json_is_inert(left: Left) -> None:
    """Every text in the JSON is inert once read."""
    texts: list[str] = []
    json.loads(
        (left.published / "board.json").read_text(encoding="utf-8"), object_hook=lambda found: _gather(found, texts)
    )
    assert len(texts) > len(NASTY)
    assert all(map(is_inert, texts))


def _gather(found: dict[str, object], texts: list[str]) -> dict[str, object]:
    texts += [value for value in (*found, *found.values()) if isinstance(value, str)]
    return found


def test_nothing_printed_moves_a_terminal(left: Left) -> None:
    """Journal and listings hold no control or direction character."""
    assert "Team 1" in left.printed["submissions list"]
    for command, text in left.printed.items():
        assert is_inert(text), (command, ascii(text))
