"""No act that cannot be undone happens unasked: without a terminal each wants --yes, and shows its mails."""

from __future__ import annotations

import json
import shutil
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest

from mailbot.identity import confirmation
from mailbot.ledger import Ledger, boards, events, mails, outbox
from mailbot.model import Outcome
from mailbot.operations import ingest, truths
from tests.command import mailbot
from tests.contest.contest import ITEMS, START, Clock, contest, mail, take
from tests.unit.cli.test_undo import CHANGING, OWN_WORK, undo

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.service import Service

AMBER, BERYL, STRANGER = "amber@example.org", "beryl@example.org", "ada@home.example"
REFUSED = 2
WHY = ("--why", "the committee decided so")
PHASE = {"name": "test", "closes": "2099-04-30T00:00:00+08:00", "per_week": 1}

ASKS = {
    "announce": ("announce", "letter.txt", "--to", "all"),
    "audit seal": ("audit", "seal", *WHY),
    "board withdraw": ("board", "withdraw", "2026-04-13", *WHY),
    "forget": ("forget", "Amber", *WHY),
    "letters": ("letters",),
    "mails approve": ("mails", "approve", "M-7", *WHY),
    "mails assign": ("mails", "assign", "M-3", "Beryl", *WHY),
    "outbox resend": ("outbox", "resend", "R-1", *WHY),
    "outbox retry": ("outbox", "retry", "R-2", *WHY),
    "publish": ("publish", "--letters"),
    "rescore": ("rescore", "--tell"),
    "rule": ("rule", "S-1", "--reject", *WHY),
    "stuck drop": ("stuck", "drop", "M-8", *WHY),
    "stuck retry": ("stuck", "retry", "M-8", *WHY),
    "submissions accept": ("submissions", "accept", "S-3", *WHY),
    "teams add": ("teams", "add", "Beryl", STRANGER),
    "teams disqualify": ("teams", "disqualify", "Amber", *WHY, "--tell"),
    "teams extend": ("teams", "extend", "--all", "test", "--until", "2099-05-01T00:00:00+08:00", *WHY, "--tell"),
    "teams grant": ("teams", "grant", "Amber", "siqa-s", *WHY),
    "teams import": ("teams", "import", "new.csv", "--welcome"),
    "teams key": ("teams", "key", "Amber"),
    "teams merge": ("teams", "merge", "Amber", "Beryl", *WHY),
    "truth add": ("truth", "add", "third.json", *WHY),
    "truth use": ("truth", "use", "{first}", *WHY),
    "truth void": ("truth", "void", "3", *WHY),
}
"""Of each command that has no inverse, or not for its letters, a call that cannot be undone."""

LATER = {"teams import"}
"""They enter the teams first, which can be undone, and ask about the welcome."""

SHOWN = {
    "announce": "We begin.",
    "letters": "Subject: [SIQA] Leaderboard of",
    "outbox resend": "SIQA-S accepted with score",
    "outbox retry": "SIQA-S accepted with score",
    "publish": "Subject: [SIQA] Leaderboard of",
    "rescore": "Your score was recalculated",
    "rule": "Your dispute about S-000001",
    "submissions accept": "Your submission was accepted",
    "teams disqualify": "Subject: [SIQA]",
    "teams extend": "The deadline was moved",
    "teams import": "Your team is registered",
}
"""Of each command that writes mails of its own, a piece of the mail that it shows."""

NAMED = {
    "mails approve": "dispute S-1",
    "mails assign": STRANGER,
    "stuck retry": "M-000008",
    "teams add": "M-000003",
    "truth add": "S-000004",
    "truth use": "S-000004",
    "truth void": "S-000004",
}
"""Of each command after which mails are answered as they come, what says which."""


def test_every_command_without_an_inverse_is_here() -> None:
    """A new one does not go untried; an own scorer's `truth scorer` asks by the same function as `truth add`."""
    assert {name for name in CHANGING if "none" in undo(name)} - OWN_WORK - {"truth scorer"} == ASKS.keys()


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a contest in which each of these commands has something to do."""
    folder = tmp_path_factory.mktemp("story")
    clock = Clock()
    with contest(folder, clock, **{"[phases]": PHASE}) as wired:
        _arrive(wired, clock)
        clock.pass_by(minutes=1)
        wired.weekly.publish(as_of=clock(), letters=True)
        _labels_change(wired, folder, clock)
    (folder / "letter.txt").write_text("Subject: News\n\nWe begin.\n")
    (folder / "new.csv").write_text("team,address\nCitrine,citrine@example.org\n")
    return folder


def _arrive(wired: Service, clock: Clock) -> None:
    """Let mails come of every kind that waits for an organizer."""
    for number, sender in enumerate((AMBER, BERYL, STRANGER, BERYL), 1):  # the last one is over the quota: S-3
        take(wired, mail(sender, shift=number / 5, Message_ID=f"<{number}@example.org>"), START)
    take(wired, _without_an_item(), START)  # S-4
    for raw in (_dispute("item 3"), _dispute("item 4")):
        take(wired, raw, START)
    ingest.enter(wired, mail(BERYL, Message_ID="<last@example.org>"), START)
    with wired.ledger.write("test") as tx:
        assert [row.id for row in mails.listing(tx) if row.outcome is Outcome.HELD] == [6, 7]
        assert confirmation.approve(tx, 6, why=WHY[1], now=clock())
        assert mails.claim(tx, now=clock(), limit=1, only=[8])
        mails.set_aside(tx, 8, reason="our code could not handle it")
        while (row := outbox.claim(tx, clock())) and row.id < REFUSED:
            outbox.sent(tx, row.id, clock())
        outbox.give_up(tx, REFUSED, error="the server said no")
    while wired.intake.step():
        pass


def _without_an_item() -> bytes:
    """Return a mail with a file in which an item is missing."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = BERYL, "submissions@example.test", "[SIQA Submission] b"
    message.set_content("")
    rows = [{"id": i, "perception": i % 4 + 1.0, "knowledge": i % 5 + 1.0} for i in range(1, ITEMS)]
    data = json.dumps({"track": "S", "predictions": rows}).encode()
    message.add_attachment(data, maintype="application", subtype="json", filename="b.json")
    return message.as_bytes()


def _dispute(about: str) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = AMBER, "submissions@example.test", f"dispute S-1: {about}"
    message.set_content("")
    return message.as_bytes()


def _labels_change(wired: Service, folder: Path, clock: Clock) -> None:
    """Make other labels the active ones without a rescore, and leave a file with still others."""
    rows = json.loads((folder / "labels.json").read_text())["predictions"]
    for name, (one, other) in {"second": (2, 3), "third": (4, 5)}.items():
        rows[one]["perception"], rows[other]["perception"] = rows[other]["perception"], rows[one]["perception"]
        (folder / f"{name}.json").write_text(json.dumps({"predictions": rows}))
    clock.pass_by(minutes=1)
    made = truths.from_file(wired, folder / "second.json", None)
    wired.labels.choose(made, WHY[1], clock(), stage=wired.config.stage_named(None, clock()).key)


@pytest.fixture
def folder(story: Path, tmp_path: Path) -> Path:
    """Return a copy of it."""
    return shutil.copytree(story, tmp_path, dirs_exist_ok=True)


def _all(folder: Path) -> dict[str, object]:
    """Return all that a command could have changed for good."""
    ledger = Ledger(f"sqlite:///{folder / 'state' / 'ledger.db'}")
    with ledger.read() as tx:
        found = {
            "entries": [entry.kind for entry in events.listing(tx)],
            "outbox": [(row.name, row.state) for row in outbox.listing(tx)],
            "mails": [(row.name, row.state, row.outcome) for row in mails.listing(tx)],
            "boards": [row.withdrawn for row in boards.listing(tx, withdrawn=True)],
        }
    ledger.close()
    return found


def _call(folder: Path, name: str) -> list[str]:
    """Return the words of a call."""
    words = ASKS[name]
    if "{first}" not in words:
        return list(words)
    first = next(row["truth"] for row in mailbot("truth", "list", "--json", folder=folder).json)
    return [word.format(first=first) for word in words]


@pytest.mark.parametrize("name", sorted(ASKS))
def test_nothing_happens_unasked(folder: Path, name: str) -> None:
    """The command says so, shows what it would send, and changes nothing."""
    if name == "publish":
        mailbot("rescore", folder=folder)
    before = _all(folder)
    done = mailbot(*_call(folder, name), folder=folder, code=2)
    assert "cannot be undone" in done.err
    assert SHOWN.get(name, NAMED.get(name, "")) in done.out
    after = _all(folder)
    if name in LATER:
        assert after["outbox"] == before["outbox"]
    else:
        assert after == before
