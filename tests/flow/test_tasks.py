"""The table of docs/tasks.md is walked as an organizer walks it: real commands on a real mailbox, with every undo.

Each row runs every command that the table names, with its options, and tells which mails went out because of it.
"""

from __future__ import annotations

import email
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import TYPE_CHECKING

from tests.command import mailbot
from tests.contest.contest import ITEMS, mail

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers.dovecot import Mailbox
    from tests.servers.smtp_sink import SmtpSink

TABLE = Path(__file__).parents[2] / "docs" / "tasks.md"
AMBER, BERYL, CITRINE, SECOND = (f"{name}@example.org" for name in ("amber", "beryl", "citrine", "second"))
STRANGER, CHAIR = "ada@home.example", "chair@example.net"
WHY = ("--why", "the committee decided so")
ENDS = (datetime.now(UTC) + timedelta(days=30)).replace(microsecond=0)
FAR = f"{datetime.now(UTC) + timedelta(days=3):%a} 12:00".lower()
"""The week begins, and its board is due, on none of the days on which the test can run."""

RECEIPT, SCORED = "Re: [SIQA Submission] x - y", "[SIQA] Your score was recalculated"
WELCOME, NEWS, MOVED = "[SIQA] Your team is registered", "[SIQA] We begin", "[SIQA] The deadline was moved"
AWARD = "[SIQA] Congratulations: the final results"

CALL = re.compile(r"mailbot((?: [a-z][a-z-]*)+)")
OPTION = re.compile(r"--[a-z-]+")


def _documented() -> dict[int, set[tuple[str, frozenset[str]]]]:
    """Return, by the number of a row, the commands of its second and last columns, each with its options."""
    found = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if begins := re.match(r"\| (\d+)\. ", line):
            _, command, _, _, undo = line.strip("| ").split(" | ")
            found[int(begins[1])] = {_call(text) for text in re.findall(r"`(mailbot [^`]+)`", f"{command} {undo}")}
    return found


def _call(text: str) -> tuple[str, frozenset[str]]:
    words = CALL.match(text)
    assert words is not None
    return words[1].strip(), frozenset(OPTION.findall(text))


@dataclass
class Walk:
    """A contest, and what was typed and sent in it."""

    folder: Path
    mailbox: Mailbox
    sink: SmtpSink
    typed: list[tuple[str, frozenset[str]]] = field(default_factory=list)
    #: Whether the mailbox was looked into.
    is_begun: bool = False
    _seen: int = 0

    def __call__(self, *words: str, code: int = 0) -> str:
        """Type a command; return what it says."""
        self.typed.append(_call(" ".join(["mailbot", *words])))
        done = mailbot(*words, folder=self.folder, code=code)
        return done.out + done.err

    def asked(self, *words: str) -> str:
        """Type a command that cannot be undone: it shows first, changes nothing, and with --yes it does it."""
        shown = self(*words, code=2)
        assert "cannot be undone" in shown
        assert self.sent() == Counter()
        self(*words, "--yes")
        return shown

    def submit(self, sender: str, *, shift: float) -> None:
        """Let a team's mail arrive and be answered."""
        self.mailbox.deliver(mail(sender, shift=shift, Message_ID=f"<{shift}@example.org>"), sender=sender)
        mailbot("once", folder=self.folder)

    def sent(self) -> Counter[tuple[str, str]]:
        """Send what waits; return recipient and subject of each mail since the last time."""
        if self.is_begun:
            mailbot("once", folder=self.folder)
        new = self.sink.sent[self._seen :]
        self._seen += len(new)
        return Counter(
            (each.recipients[0], str(email.message_from_bytes(each.content, policy=default)["Subject"])) for each in new
        )

    def last(self, what: str, name: str) -> str:
        """Return what the newest row of a listing has under a name."""
        return str(mailbot(what, "list", "--json", folder=self.folder).json[-1][name])


def test_the_table_is_walked(tmp_path: Path, mailbox: Mailbox, smtp_sink: SmtpSink) -> None:
    """No row lacks a command that it names, and no mail goes out that the row does not tell of."""
    walk = Walk(tmp_path / "siqa", mailbox, smtp_sink)
    tmp_path.joinpath("siqa").mkdir()
    documented = _documented()
    assert documented.keys() == ROWS.keys()
    for number, row in ROWS.items():
        walk.typed.clear()
        expected = row(walk)
        assert (number, walk.sent()) == (number, Counter(expected))
        lacking = {call for call in documented[number] if not any(_covers(typed, call) for typed in walk.typed)}
        assert (number, lacking) == (number, set())


def _covers(typed: tuple[str, frozenset[str]], call: tuple[str, frozenset[str]]) -> bool:
    return f"{typed[0]} ".startswith(f"{call[0]} ") and typed[1] >= call[1]


Told = list[tuple[str, str]]


def _begin(walk: Walk) -> Told:
    """Make the folder, and be told what is still to be fixed."""
    walk("init", ".", "--yes", "--address", walk.mailbox.user, "--organizer", CHAIR, "--contact", CHAIR)
    rows = [{"id": i, "perception": i * 1.5 % 5, "knowledge": i * 2.5 % 5} for i in range(1, ITEMS + 1)]
    (walk.folder / "labels.json").write_text(json.dumps({"predictions": rows}))
    rows[2]["perception"], rows[3]["perception"] = rows[3]["perception"], rows[2]["perception"]
    (walk.folder / "new.json").write_text(json.dumps({"predictions": rows}))
    server = walk.mailbox.server
    (walk.folder / "password").write_text(f"{server.password}\n")
    (walk.folder / "teams.csv").write_text("team,address\n")
    (walk.folder / "config.toml").write_text(f"""\
preset = "siqa"
workers = 1
[challenge]
address = "{walk.mailbox.user}"
organizers = ["{CHAIR}"]
contact = "{CHAIR}"
[imap]
host = "127.0.0.1"
port = {server.imaps_port}
user = "{walk.mailbox.user}"
password_file = "password"
ca_file = "{server.certificates.ca}"
[smtp]
host = "127.0.0.1"
port = {walk.sink.port}
security = "none"
[roster]
file = "teams.csv"
[quota]
per_week = 2
week_starts = "{FAR}"
[board]
publish_at = "{FAR}"
[[phases]]
name = "test"
closes = {ENDS.isoformat()}
[tracks.siqa-s]
labels = "labels.json"
""")
    assert "imap login" in walk("doctor", "--online")
    return []


def _start(walk: Walk) -> Told:
    """Leave alone what lay in the mailbox before."""
    walk.mailbox.append(mail(STRANGER, Message_ID="<old@example.org>"), when=datetime.now(UTC) - timedelta(days=365))
    assert STRANGER in walk("once", code=2)
    walk("once", "--yes")
    walk.is_begun = True
    return []


def _enter(walk: Walk) -> Told:
    """Import the teams as a form gives them, and take an address out again."""
    rows = ["Team name;Email Address", f"Amber;{AMBER}", f"Beryl;{BERYL}", f"Citrine;{CITRINE}", f"Citrine;{SECOND}"]
    (walk.folder / "form.csv").write_text("\r\n".join(rows), encoding="utf-16")
    columns = ("--columns", 'team="Team name",address="Email Address"')
    assert "cannot be undone" in walk("teams", "import", "form.csv", *columns, "--welcome", code=2)
    walk("teams", "import", "form.csv", *columns, "--welcome", "--yes")
    assert "welcomed already" in walk("teams", "import", "form.csv", *columns, "--welcome", "--yes")
    walk("teams", "remove-address", "Citrine", SECOND, *WHY, "--yes")
    return [(each, WELCOME) for each in (AMBER, BERYL, CITRINE)]


def _announce(walk: Walk) -> Told:
    """Write to all, once however often it is typed."""
    (walk.folder / "news.txt").write_text("Subject: We begin\n\nThe test set is out.\n")
    walk.asked("announce", "news.txt", "--to", "all")
    walk("announce", "news.txt", "--to", "all", "--yes")
    return [(each, NEWS) for each in (AMBER, BERYL, CITRINE)]


def _take_a_strangers(walk: Walk) -> Told:
    """Give a stranger's mail to its team; the stranger hears how to register, the organizers who it is."""
    for number, sender in enumerate((AMBER, BERYL, CITRINE, STRANGER), 1):
        walk.submit(sender, shift=number / 10)
    told = [*((each, RECEIPT) for each in (AMBER, BERYL, CITRINE, STRANGER))]
    told += [(CHAIR, "[mailbot] 1 mail(s) with files of unknown senders")]
    assert walk.sent() == Counter(told)
    assert STRANGER in walk("mails", "list", "--json")
    name = walk.last("mails", "mail")
    assert STRANGER in walk.asked("mails", "assign", name, "Beryl", *WHY)
    assert "is not a mail from an unknown sender" in walk("mails", "assign", name, "Amber", *WHY, "--yes", code=2)
    assert walk.sent() == Counter([(BERYL, RECEIPT)])
    walk("submissions", "hide", "S-4", *WHY)
    return []


def _release(walk: Walk) -> Told:
    """Approve a command whose sender nothing proves."""
    dispute = EmailMessage()
    dispute["From"], dispute["To"], dispute["Subject"] = AMBER, walk.mailbox.user, "dispute S-1: item 3"
    dispute["Message-ID"] = "<dispute@example.org>"
    dispute.set_content("")
    walk.mailbox.deliver(dispute.as_bytes(), sender=AMBER)
    ((asked, _),) = walk.sent()
    assert asked == AMBER
    name = walk.last("mails", "mail")
    assert name in walk("mails", "list", "--held", "--json")
    walk.asked("mails", "approve", name, *WHY)
    walk("submissions", "hide", "S-1", *WHY)
    walk("submissions", "reinstate", "S-1", *WHY)
    return [(AMBER, "Re: dispute S-1: item 3"), (CHAIR, "S-000001 of Amber is disputed")]


def _correct(walk: Walk) -> Told:
    """Correct labels, tell the teams, and go back."""
    first = mailbot("truth", "list", "--json", folder=walk.folder).json[0]["truth"]
    assert "After `mailbot rescore`" in walk("truth", "add", "new.json", *WHY)
    assert "4 submission(s) would be scored" in walk("rescore", "--dry-run")
    assert walk.asked("rescore", "--tell").count(SCORED) == 3
    assert walk.sent() == Counter((each, SCORED) for each in (AMBER, BERYL, CITRINE))
    assert "shows them at once" in " ".join(walk("truth", "use", first, *WHY).split())
    assert "0 submission(s) were scored" in walk("rescore")
    assert walk.sent() == Counter()
    walk("rescore", "--tell", "--yes")  # so that the last letter is true
    return [(each, SCORED) for each in (AMBER, BERYL, CITRINE)]


def _rule(walk: Walk) -> Told:
    """Reject a dispute, with the answer shown first."""
    assert "S-000001" in walk("disputes")
    walk.asked("rule", "S-1", "--reject", *WHY)
    walk("submissions", "hide", "S-1", *WHY)
    walk("submissions", "reinstate", "S-1", *WHY)
    return [(AMBER, "Your dispute about S-000001")]


def _accept(walk: Walk) -> Told:
    """Let a file count that was over the quota, and take that back."""
    walk.submit(AMBER, shift=0.5)
    walk.submit(AMBER, shift=0.6)
    assert walk.sent() == Counter([(AMBER, RECEIPT)] * 2)
    late = walk.last("submissions", "receipt")
    walk.asked("submissions", "accept", late, *WHY)
    walk("submissions", "hide", late, *WHY)
    return [(AMBER, f"[SIQA] {late}: Your submission was accepted")]


def _move(walk: Walk) -> Told:
    """Move a deadline and move it back; each time the teams are told the end that holds."""
    told = [(each, MOVED) for each in (AMBER, BERYL, CITRINE)]
    later, words = ENDS + timedelta(days=2), ("teams", "extend", "--all", "test")
    walk.asked(*words, "--until", later.isoformat(), *WHY, "--tell")
    assert walk.sent() == Counter(told)
    walk.asked(*words, "--until", ENDS.isoformat(), *WHY, "--tell")
    return told


def _grant(walk: Walk) -> Told:
    """Allow a file more this week."""
    walk.asked("teams", "grant", "Beryl", "siqa-s", *WHY)
    assert "siqa-x" in walk("teams", "grant", "Beryl", "siqa-x", *WHY, "--yes", code=2)
    return []


def _reach(walk: Walk) -> Told:
    """Send a receipt to another address of its team, let that lead, and take both back."""
    walk("teams", "list")
    walk("teams", "add", "Amber", SECOND, "--yes")
    receipt = next(
        row["reply"]
        for row in mailbot("outbox", "list", "--json", folder=walk.folder).json
        if (row["recipient"], row["subject"]) == (AMBER, RECEIPT)
    )
    assert BERYL in walk("outbox", "resend", receipt, "--to", BERYL, *WHY, "--yes", code=2)
    walk.asked("outbox", "resend", receipt, "--to", SECOND, *WHY)
    for leader in (SECOND, AMBER):
        walk("teams", "set-leader", "Amber", leader, *WHY, "--yes")
    walk("teams", "remove-address", "Amber", SECOND, *WHY, "--yes")
    return [(SECOND, RECEIPT)]


def _rename(walk: Walk) -> Told:
    """Rename a team there and back, and merge it with another; nobody is written to."""
    walk("teams", "rename", "Citrine", "Citron", *WHY, "--yes")
    walk("teams", "rename", "Citron", "Citrine", *WHY, "--yes")
    walk("teams", "add", "Topaz", SECOND, "--yes")
    walk.asked("teams", "merge", "Topaz", "Citrine", *WHY)
    return []


def _exclude(walk: Walk) -> Told:
    """Disqualify a team with a letter that was edited, take it back, and write that."""
    walk("teams", "disqualify", "Amber", *WHY, "--draft", "draft.txt")
    walk.asked("teams", "disqualify", "Amber", *WHY, "--tell", "--letter", "draft.txt")
    assert walk.sent() == Counter([(AMBER, "[SIQA] Your team was disqualified")])
    assert "disqualified" in walk("teams", "list")
    walk("teams", "reinstate", "Amber", *WHY)
    (walk.folder / "sorry.txt").write_text("Subject: You are back\n\nYour team counts again.\n")
    walk.asked("announce", "sorry.txt", "--to", "Amber")
    return [(AMBER, "[SIQA] You are back")]


def _look(walk: Walk) -> Told:
    """Look at boards, items and look-alikes; nothing changes."""
    before = mailbot("audit", "list", "--json", folder=walk.folder).json
    walk("board", "--as-of", f"{datetime.now(UTC):%Y-%m-%d}")
    walk("board", "--significance")
    walk("board", "--wide")
    assert "tabular" in walk("board", "--latex")
    walk("items")
    walk("similar")
    assert [row["kind"] for row in mailbot("audit", "list", "--json", folder=walk.folder).json[len(before) :]] in (
        [],
        ["likeness-found"],
    )
    return []


def _final(walk: Walk) -> Told:
    """Publish the final results, with the winners' letters shown first and sent once."""
    assert walk("publish", "--final", "--dry-run").count(AWARD) == 3
    assert "Phase “test” closes" in walk.asked("publish", "--final")
    walk("publish", "--final", "--yes")
    return [(each, AWARD) for each in (AMBER, BERYL, CITRINE)]


def _archive(walk: Walk) -> Told:
    """Keep all of it; a folder with something else in it is left alone."""
    walk("backup", "../backup")
    walk("export", "../export")
    assert "is not empty and no backup" in walk("backup", ".", code=2)
    return []


ROWS: dict[int, Callable[[Walk], Told]] = dict(
    enumerate(
        (
            _begin, _start, _enter, _announce, _take_a_strangers, _release, _correct, _rule, _accept, _move, _grant,
            _reach, _rename, _exclude, _look, _final, _archive,
        ),
        1,
    )
)  # fmt: skip
"""What is done in each row of the table, in its order, and what is written because of it."""
