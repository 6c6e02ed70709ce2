"""The handbook builds without a warning, names every command and key, and asks nothing of another host."""

from __future__ import annotations

import html
import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mailbot.cli import man
from mailbot.cli.common import EXIT_CODES
from mailbot.config.schema import Config
from mailbot.ledger.trail.kinds import MEANINGS
from mailbot.model import AuthLevel, MailState, Outcome, ReplyState, Status
from mailbot.transport.alerts import SUBJECTS
from tests.flow.test_json_shapes import NOT_HERE
from tests.flow.test_json_shapes import commands as with_json
from tests.test_docs import commands
from tests.unit.catalogue import codes

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[1]
FETCHED = re.compile(r"""(?:<(?:script|img|iframe)[^>]+src|<link[^>]+rel="(?!canonical)[^>]+href)=["'](?:https?:)?//""")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build it with `make docs`, elsewhere: a dead link, an orphan or a broken table is an error."""
    folder = tmp_path_factory.mktemp("handbook")
    command = (
        "make",
        "--no-print-directory",
        "--assume-old=.venv/ready",
        "docs",
        f"HANDBOOK={folder / 'site'}",
        f"DOCTREES={folder / 'doctrees'}",
    )
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return folder / "site"


def text_of(site: Path, prefix: str) -> str:
    """Return the text of the pages of the reference that begin so."""
    pages = sorted((site / "reference").glob(f"{prefix}*.html"))
    return "\n".join(re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8")) for page in pages)


def test_the_reference_has_every_command(site: Path) -> None:
    """Each under a heading of its own."""
    text = text_of(site, "commands-")
    assert [command for command in commands() if not re.search(rf"^{command}¶?", text, re.MULTILINE)] == []


def test_the_reference_has_every_section_and_key_of_the_config(site: Path) -> None:
    """A key that config.example.toml forgets would be missing here."""
    for name, field in Config.model_fields.items():
        page = site / "reference" / f"config-{name.replace('_', '-')}.html"
        keys = getattr(field.annotation, "model_fields", {})
        text = page.read_text(encoding="utf-8") if page.exists() else text_of(site, "config-top")
        assert [key for key in keys if f">{key}<" not in text] == []


def test_the_reference_has_what_the_code_says(site: Path) -> None:
    """Words of listings, alerts, metrics and exit codes are made from it, none is missing."""
    words = [*MailState, *Outcome, *AuthLevel, *Status, *ReplyState]
    assert [word for word in words if word not in text_of(site, "words")] == []
    told = text_of(site, "alerts")
    assert [part for part, wrong in SUBJECTS.items() if part not in told or wrong.partition("'")[0] not in told] == []
    named = set(re.findall(r"mailbot_\w+", text_of(site, "prometheus")))
    alerts = (ROOT / "docs/examples/alerts.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"mailbot_\w+", alerts)) <= named
    assert len(named) >= 11
    assert all(f"{code}" in text_of(site, "exit-codes") for code in EXIT_CODES)


def test_the_reference_has_every_audit_kind_and_every_shape(site: Path) -> None:
    """Each kind with its sentence; each command that prints JSON with its fields."""
    page = html.unescape(text_of(site, "audit")).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    assert [kind for kind, told in MEANINGS.items() if f"{kind}\n{told}" not in page] == []
    shapes = json.loads((ROOT / "docs/site/shapes.json").read_text(encoding="utf-8"))
    assert [name for name in shapes if name not in text_of(site, "json")] == []
    assert {f"mailbot {name} --json" for name in set(with_json()) - NOT_HERE} - set(shapes) == set()


def test_every_code_of_a_problem_is_explained() -> None:
    """docs/scoring/problems.md has each code that a reply may tell."""
    page = (ROOT / "docs/scoring/problems.md").read_text(encoding="utf-8")
    assert sorted(code for code in codes() if f"`{code}`" not in page) == []


def test_no_page_asks_another_host(site: Path) -> None:
    """Scripts, styles, fonts and the search index lie beside the pages."""
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 30
    assert [page.name for page in pages if FETCHED.search(page.read_text(encoding="utf-8"))] == []
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert not re.search(r"(?:@import|url\()\s*[\"']?(?:https?:)?//", styles)


def test_the_search_finds_a_key(site: Path) -> None:
    """The index is built."""
    assert "checks_per_day" in (site / "searchindex.js").read_text(encoding="utf-8")


SEARCHES = {
    "no-answer": ("team got no answer", "missing receipt"),
    "how-to/wrong-label": ("wrong label", "preview correction", "void item", "broken image"),
    "how-to/late-file": ("late mail", "file after deadline"),
    "how-to/texts": ("change text", "edit wording"),
    "how-to/deadline": ("extend deadline", "postpone"),
    "how-to/paper": ("table for paper", "latex"),
    "how-to/quota": ("change quota", "submissions per week"),
    "how-to/own-metric": ("own metric", "custom score"),
    "how-to/password": ("password changed", "app password"),
    "how-to/old-mails": ("mails already in inbox", "old mails"),
    "how-to/move": ("move to another server", "new machine"),
    "how-to/original-file": ("original mail", "download submission"),
    "how-to/announce": ("write to all teams", "announcement"),
    "how-to/dispute": ("dispute", "appeal"),
    "how-to/team-address": ("change address", "add member"),
    "how-to/pause": ("pause", "maintenance"),
    "how-to/monitor": ("monitoring", "alert"),
    "how-to/backup": ("restore backup", "backup"),
    "how-to/withdraw": ("withdraw submission", "remove submission"),
    "how-to/private-test-set": ("hide scores", "private leaderboard"),
    "how-to/language": ("chinese", "translate"),
    "how-to/forget": ("delete personal data", "gdpr"),
    "how-to/ties": ("tie", "equal scores"),
    "how-to/end": ("final results", "contest over"),
}
"""Questions that people came with, by the page that answers them, as they type them into the search."""


ASK = "words => { document.getElementById('search-results').replaceChildren(); Search.performSearch(words) }"
"""What the page does with the words in its address: to load it, and the index, for each question takes most of it."""

FIRST = "links => links.slice(0, 3).map(link => link.getAttribute('href'))"


def test_each_question_is_found_by_the_search(site: Path, chromium: Browser) -> None:
    """The page that answers is among the first three; the list of questions names it too."""
    listed = (ROOT / "docs/questions.md").read_text(encoding="utf-8")
    assert [page for page in SEARCHES if f"({page}.md" not in listed] == []
    shown = chromium.new_page()
    shown.goto((site / "search.html").as_uri())
    missed = {}
    for page, asked in SEARCHES.items():
        for words in asked:
            shown.evaluate(ASK, words)
            shown.get_by_text(re.compile("Search finished|did not match")).wait_for()
            links = shown.locator("#search-results ul.search > li > a").evaluate_all(FIRST)
            first = [str(link).partition(".html")[0] for link in links]
            if page not in first:
                missed[words] = first
    shown.close()
    assert missed == {}


def test_the_command_says_where_it_lies(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`mailbot docs --where` prints an address that a browser takes."""
    monkeypatch.setattr(man, "HANDBOOK", site / "index.html")
    man.docs(where=True)
    assert capsys.readouterr().out.strip() == (site / "index.html").as_uri()
