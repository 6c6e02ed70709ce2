"""Six weeks of a challenge on a clock that the test sets: mails come, the daemon's steps are taken, letters go out."""

from __future__ import annotations

import email
import io
import json
import re
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP, default
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, cast

from mailbot import flow
from mailbot.config import load
from mailbot.evaluation import tasks
from mailbot.operations.ingest import enter
from tests.servers.sheets import BOOK
from tests.unit.services import Clock, Here, keyed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailbot.demo.book import Worksheet
    from mailbot.service import Service
    from mailbot.system.sandbox import Sandbox
    from tests.servers.sheets import StrictSheets
    from tests.servers.smtp_sink import Sent, SmtpSink

LABELS = Path(__file__).parents[2] / "flow" / "base" / "labels"

TEAMS = {
    "Pixel Peepers": "ada@peepers.example",
    "Münster Vision": "carl@muenster.example",
    "墨子图像组": "li.na@mozi.example",
    "Late Larks": "lou@larks.example",
}

CONFIG = """\
preset = "siqa"
[challenge]
address = "submissions@siqa.example"
organizers = ["chair@siqa.example"]
page_url = "https://siqa.example/board"
[imap]
host = "127.0.0.1"
[smtp]
host = "127.0.0.1"
port = {port}
security = "none"
[roster]
file = "teams.csv"
[sheet]
spreadsheet = "https://docs.google.com/spreadsheets/d/{book}/edit"
credentials_file = "sheet.json"
[[phases]]
name = "test"
closes = 2026-04-20T00:00:00+08:00
[tracks.siqa-u]
labels = "labels/answer-u.json"
[tracks.siqa-s]
labels = "labels/answer-s.json"
"""

#: Who does not write in English is not written to in English either.
WORDS = {"墨子图像组": "您好，请查收附件中的结果文件，谢谢！"}  # noqa: RUF001  # the stops of Chinese

BASELINES = ("NIQE", "Q-Align", "CLIP-IQA", "HyperIQA", "InternVL")
LARGEST_LETTER, LARGEST_CHART = 40_000, 15_000


def shanghai(text: str) -> datetime:
    """Read ``04-08 10:00`` on the challenge's clock."""
    return datetime.fromisoformat(f"2026-{text.replace(' ', 'T')}+08:00").astimezone(UTC)


@dataclass
class Contest:
    """A folder, a clock, and what the SMTP server has taken so far."""

    folder: Path
    sink: SmtpSink
    google: StrictSheets
    clock: Clock = field(default_factory=lambda: Clock(shanghai("03-12 09:00")))
    _mails: int = 0
    _told: int = 0

    def begin(self) -> None:
        """Lay out config, roster and labels."""
        shutil.copytree(LABELS, self.folder / "labels")
        (self.folder / "config.toml").write_text(CONFIG.format(port=self.sink.port, book=BOOK), encoding="utf-8")
        (self.folder / "sheet.json").write_bytes(self.google.key)
        roster = "".join(f"{team},{address}\n" for team, address in TEAMS.items())
        (self.folder / "teams.csv").write_text(f"team,address\n{roster}", encoding="utf-8")

    @contextmanager
    def running(self) -> Iterator[Service]:
        """Have mailbot run; between two such blocks it is down."""
        with flow.opened(load.load(self.folder / "config.toml"), clock=self.clock) as made:

            def hold() -> None:
                tasks.hold(tasks.told(made.labels))

            made.labels.changed = hold
            hold()
            yield replace(made, sandbox=cast("Sandbox", Here()))

    def submit(self, wired: Service, at: str, team: str, *, u: int | None = None, s: float | None = None) -> None:
        """Let a team's mail arrive: ``u`` answers to SIQA-U are wrong, ratings of SIQA-S are off by ``s`` per item."""
        self.clock.now = max(self.clock.now, shanghai(at))
        self._mails += 1
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"] = TEAMS[team], "submissions@siqa.example"
        mail["Subject"] = f"[SIQA Submission] {team} - net {self._mails}"
        mail["Message-ID"] = f"<{self._mails}@teams.example>"
        mail.set_content(WORDS.get(team, "Here are our results."))
        for track, rows in (("U", _answers(u)), ("S", _ratings(s))):
            if rows:
                data = json.dumps({"method": f"net {self._mails}", "track": track, "predictions": rows}).encode()
                mail.add_attachment(data, maintype="application", subtype="json", filename=f"{track}.json")
        enter(wired, mail.as_bytes(), shanghai(at))
        while wired.intake.step():
            pass

    def answer(self, wired: Service, at: str, team: str, text: str) -> None:
        """Let a team answer the last letter that it got, as a mail program does: with a new first line, and its key."""
        self.clock.now = max(self.clock.now, shanghai(at))
        letter = [email.message_from_bytes(sent.content, policy=default) for sent in self.sink.sent]
        last = [one for one in letter if one["To"] == TEAMS[team] and one["Auto-Submitted"] == "auto-generated"][-1]
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"], mail["Subject"] = TEAMS[team], last["From"], f"Re: {last['Subject']}"
        mail["Message-ID"] = f"<answer-{at.replace(' ', '-')}@teams.example>"
        mail["In-Reply-To"] = mail["References"] = last["Message-ID"]
        body = last.get_body(("plain",))
        quoted = "".join(f"> {line}\n" for line in str(body.get_content() if body else "").splitlines())
        mail.set_content(f"{text}\n\nOn {last['Date']}, SIQA wrote:\n{quoted}")
        enter(wired, keyed(wired, mail.as_bytes(), team), shanghai(at))
        while wired.intake.step():
            pass

    def pass_on(self, wired: Service, *instants: str) -> None:
        """Let time pass until each instant, and take whatever steps are due then, as the daemon's loops do."""
        for instant in instants:
            self.clock.now = shanghai(instant)
            while wired.weekly.step() or wired.letter_queue.step():
                pass
            sheet = wired.sheet(api=self.google.url)
            while sheet and sheet.step():
                pass
            with wired.sending() as sending:
                while sending.step():
                    pass

    def told(self) -> str:
        """Return what was sent since the last time: of replies the first line, letters whole."""
        new, self._told = self.sink.sent[self._told :], len(self.sink.sent)
        return "\n".join(_shown(sent) for sent in new)

    def cells(self) -> str:
        """Return the cells of the board as published, without the baselines."""
        lines = (self.folder / "state/published/board.csv").read_text(encoding="utf-8").splitlines()
        return "\n".join(line for line in lines if not line.endswith(",true"))

    def sheet(self) -> str:
        """Return the cells of the Google Sheet, worksheet by worksheet, without the baselines."""
        text = "\n".join(_worksheet(one) for one in self.google.book.worksheets.values() if one.values)
        return re.sub(r"(?<=this board, in )[0-9a-f]{64}", "<hash>", text)  # mails get other boundaries in each run

    def page(self) -> str:
        """Return what the page's tables say, without the baselines: a line for each team."""
        html = (self.folder / "state/published/page/index.html").read_text(encoding="utf-8")
        tables, row = html.partition('id="charts"')[0], r"<tr[^>]*>(.*?)(?=<tr|</tr>|</thead>|</tbody>)"
        rows = re.findall(row, tables, flags=re.DOTALL)
        lines = [" | ".join(filter(None, map(_words, re.split(r"<(?:td|th)", row)))) for row in rows]
        return "\n".join(line for line in lines if not line.startswith(("Baselines", *BASELINES)))


def _worksheet(sheet: Worksheet) -> str:
    rows, columns = sheet.size
    found = [[str(sheet.values.get((row, column), "")) for column in range(columns)] for row in range(rows)]
    lines = [" | ".join(cells) for cells in found if any(cells) and cells[0] != "baseline"]
    return "\n".join([f"[{sheet.title}]", *lines])


def _words(html: str) -> str:
    """Return the text in a piece of HTML, and what is said of a sign or picture in it."""
    html = re.sub(r"<i class=(up|down)>", r"\1 ", re.sub(r'<svg aria-label="(.*?)">', r", \1<svg>", html))
    return " ".join(unescape(re.sub(r"<svg.*?</svg>|<[^>]*>|^[^>]*>", " ", html, flags=re.DOTALL)).split())


def _answers(wrong: int | None) -> list[dict[str, object]]:
    """Return answers of which the first so many are wrong; none for None."""
    if wrong is None:
        return []
    labels = json.loads((LABELS / "answer-u.json").read_text())
    other = {"A": "B", "B": "A", "C": "A", "D": "A"}
    return [
        {"id": row["id"], "precision": other[row["answer"]] if n < wrong else row["answer"]}
        for n, row in enumerate(labels)
    ]


def _ratings(tilt: float | None) -> list[dict[str, object]]:
    """Return ratings that are the worse the greater ``tilt`` is; none for None."""
    if tilt is None:
        return []
    labels = json.loads((LABELS / "answer-s.json").read_text())
    return [
        {
            "id": row["id"],
            "perception": row["perception_rating"] - tilt * row["id"],
            "knowledge": row["knowledge_rating"] + tilt * (row["id"] % 3),
        }
        for row in labels
    ]


def _shown(sent: Sent) -> str:
    mail = email.message_from_bytes(sent.content, policy=default)
    text = mail.get_body(("plain",))
    assert text is not None
    body = str(text.get_content()).replace("\r\n", "\n").rstrip()
    if mail["Auto-Submitted"] != "auto-generated":
        return f"reply to {mail['To']}: {body.splitlines()[0]}\n"
    _hold_to_the_rules(sent, mail)
    fields = "\n".join(f"{name}: {mail[name]}" for name in ("Date", "To", "Subject"))
    picture = "a chart" if any(part.get_content_type() == "image/png" for part in mail.walk()) else "no chart"
    return f"{'=' * 72}\n{fields}\n({picture})\n\n{body}\n"


def _hold_to_the_rules(sent: Sent, mail: EmailMessage) -> None:
    """Hold a letter to what each must be: small, for one reader, in plain lines, with a picture that is one."""
    from PIL import Image  # noqa: PLC0415  # slow to load

    assert sent.recipients == (mail["To"],)
    assert "In-Reply-To" not in mail
    assert len(sent.content) < LARGEST_LETTER
    assert max(map(len, sent.content.splitlines())) <= 998
    for part in mail.walk():
        if part.get_content_type() == "image/png":
            data = part.get_content()
            with Image.open(io.BytesIO(data)) as picture:
                picture.verify()
                assert picture.size == (940, 340)
            assert len(data) < LARGEST_CHART
