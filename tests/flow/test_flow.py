"""Every folder here is a story: mails go in, the real commands run, and replies and ledger are as written down.

A story NN-name holds ``in/*.eml``, taken in the order of their names, and ``expected/``: ``ledger.json``
with what the commands list, and ``reply-N.txt`` for each mail that the SMTP server got. A config.toml or teams.csv of
its own stands in for the one in ``base``. After a deliberate change, ``MAILBOT_FLOW_ACCEPT=1`` writes ``expected``
anew: read the difference before you commit it. ``MAILBOT_TEST_LEDGER=postgresql`` plays all on that engine.
"""

from __future__ import annotations

import email
import html
import json
import os
import re
import shutil
from email.policy import default
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mailbot.config import load
from mailbot.ledger import Ledger, outbox
from tests.command import mailbot
from tests.servers.postgres import chosen_database

if TYPE_CHECKING:
    from email.message import EmailMessage

    from tests.servers.postgres import Postgres
    from tests.servers.smtp_sink import Sent, SmtpSink

HERE = Path(__file__).parent
STORIES = sorted(path.name for path in HERE.iterdir() if path.name[0].isdigit())
SHOWN_FIELDS = ("From", "To", "Subject", "In-Reply-To", "References")
NOW = ("created_at", "due_at", "sent_at")
OURS = re.compile(r"mailbot\.[0-9a-f]{32}@")
CODE = re.compile(r"\[[MT]-\d+ [0-9a-f]{32}\]")
ACCEPT = "MAILBOT_FLOW_ACCEPT" in os.environ


@pytest.mark.parametrize("name", STORIES)
def test_story(name: str, tmp_path: Path, smtp_sink: SmtpSink) -> None:
    """The mails of a story are answered and recorded as its folder says."""
    _play(HERE / name, tmp_path / "work", smtp_sink, chosen_database())


@pytest.mark.parametrize("name", [name for name in STORIES if name[:2] in {"05", "16", "19"}])
def test_a_few_on_postgresql(name: str, tmp_path: Path, smtp_sink: SmtpSink, postgres: Postgres) -> None:
    """The same, where the ledger is on PostgreSQL; `make test-long` plays every story there."""
    _play(HERE / name, tmp_path / "work", smtp_sink, postgres.database())


def _play(story: Path, work: Path, smtp_sink: SmtpSink, database: str) -> None:
    _set_up(story, work, smtp_sink.port, database)
    told = {"mails": _ingest(story, work)}
    mailbot("send", folder=work)
    told |= {what: mailbot(what, "list", "--json", folder=work).json for what in ("submissions", "outbox")}
    replies = {f"reply-{n}.txt": _shown(sent) for n, sent in enumerate(smtp_sink.sent, 1)}
    ledger = json.dumps(_scrubbed(told), ensure_ascii=False, indent=1)
    found = replies | {"ledger.json": OURS.sub("mailbot.<id>@", ledger) + "\n"}
    if ACCEPT:
        _write(story / "expected", found)
    assert found == {path.name: path.read_text(encoding="utf-8") for path in (story / "expected").iterdir()}


def _set_up(story: Path, work: Path, smtp_port: int, database: str) -> None:
    """Lay out a folder with the config, roster and labels of a story; the ledger is on SQLite without a database."""
    shutil.copytree(HERE / "base", work)
    for path in story.glob("*.*"):
        shutil.copy(path, work)
    config = work / "config.toml"
    text = config.read_text(encoding="utf-8").replace("{smtp_port}", str(smtp_port))
    config.write_text((f'ledger_url = "{database}"\n' if database else "") + text, encoding="utf-8")


def _ingest(story: Path, work: Path) -> list[dict[str, Any]]:
    """Take the mails by as few commands as can be; ``{reply N}`` is that reply's Message-ID, ``{code N}`` its code."""
    rows: list[dict[str, Any]] = []
    waiting: list[str] = []
    for path in sorted((story / "in").glob("*.eml")):
        raw = path.read_text(encoding="utf-8")
        if "{reply" in raw:
            rows += mailbot("ingest", *waiting, "--json", folder=work).json
            raw, waiting = _with_ids(raw, work), []
        (work / path.name).write_text(raw, encoding="utf-8")
        waiting.append(path.name)
    return [*rows, *mailbot("ingest", *waiting, "--json", folder=work).json]


def _with_ids(raw: str, work: Path) -> str:
    """Put the Message-IDs of the replies so far into a mail."""
    listed = mailbot("outbox", "list", "--json", folder=work).json
    raw = re.sub(r"\{reply (\d+)\}", lambda found: str(listed[int(found[1]) - 1]["message_id"]), raw)
    return re.sub(r"\{code (\d+)\}", lambda found: _code(work, int(found[1])), raw)


def _code(work: Path, number: int) -> str:
    """Return the code in the subject of a reply, which no listing shows."""
    ledger = Ledger(load.load(work / "config.toml").ledger)
    with ledger.read() as tx:
        found = CODE.search(outbox.listing(tx)[number - 1].subject)
    ledger.close()
    assert found is not None
    return found[0]


def _shown(sent: Sent) -> str:
    """Return a reply as its reader sees it, and hold it to what every reply must be."""
    reply = email.message_from_bytes(sent.content, policy=default)
    plain, rich = reply.get_body(("plain",)), reply.get_body(("html",))
    assert plain is not None
    text = plain.get_content()
    assert rich is not None or reply["Auto-Submitted"] == "auto-generated"
    assert rich is None or text.splitlines()[0] in html.unescape(rich.get_content())
    _hold_to_the_rules(sent, reply)
    fields = [f"{name}: {reply[name]}" for name in SHOWN_FIELDS if name in reply]
    return _anytime("\n".join([*fields, "", text]).replace("\r\n", "\n"))


def _hold_to_the_rules(sent: Sent, reply: EmailMessage) -> None:
    """Hold a reply to what every automatic answer must be (RFC 3834, section 3; RFC 5322, section 2.1.1)."""
    assert sent.sender == "submissions@siqa.example"
    assert sent.recipients == (reply["To"],)
    assert reply["Auto-Submitted"] in ("auto-replied", "auto-generated")  # a note to a new member answers nothing
    assert re.fullmatch(r"<mailbot\.[0-9a-f]{32}@siqa\.example>", reply["Message-ID"])
    assert max(map(len, sent.content.splitlines())) <= 998
    assert sent.content.isascii()


def _anytime(text: str) -> str:
    """Put a word in the place of what differs from day to day, and from release to release."""
    text = re.sub(r"(?<= mailbot=)\S+", "<version>", OURS.sub("mailbot.<id>@", text))
    text = re.sub(r"(?<=must reach us before )[^.]*\.", "<instant>.", CODE.sub("[<code>]", text))
    text = re.sub("(?<=请确保您的回复在 )[^。]*。", "<instant>。", text)
    text = re.sub(r"mbk[a-z2-7]{26}", "<key>", text)
    text = re.sub(r"(?<![0-9a-f])\d+-[0-9a-f]{64}", "<entry>", text)
    text = re.sub("(?<=排行榜发布时间\N{FULLWIDTH COLON}).*。", "<instant>。", text)
    return re.sub(r"(?<=leaderboard is published on ).*\.", "<instant>.", text)


def _scrubbed(value: Any) -> Any:  # noqa: ANN401  # any JSON
    """Put a word in the place of what differs from run to run, and round what may differ between machines."""
    if isinstance(value, dict):
        return {key: "<instant>" if key in NOW and item else _scrubbed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_scrubbed(item) for item in value]
    return round(value, 10) if isinstance(value, float) else value  # the last bits may differ from one CPU to another


def _write(folder: Path, files: dict[str, str]) -> None:
    """Write what is expected from now on."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def test_stories_are_numbered() -> None:
    """Stories have numbers of their own, without a gap."""
    assert [int(name[:2]) for name in STORIES] == list(range(1, len(STORIES) + 1))
