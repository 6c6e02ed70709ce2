"""`mailbot forget`: nothing personal of the team is left on the host, and its scores stay."""

from __future__ import annotations

import json
from datetime import timedelta
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest

from mailbot import flow
from mailbot.config import load
from mailbot.errors import Permanent
from mailbot.ledger import Ledger, boards, erasure, events, submissions, teams
from mailbot.operations import backup, forget, rebuild, verify
from tests.command import mailbot
from tests.contest.contest import START, Clock, contest, mail, send_all, take
from tests.unit.services import in_process

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


AMBER, BERYL = "amber@example.org", "beryl@example.org"
LATER = START + timedelta(hours=1)


def played(folder: Path, clock: Clock) -> None:
    """Let two teams be scored, one of them write a question, a stranger's bounce come in, and a board be out."""
    with contest(folder, clock) as wired:
        question = EmailMessage()
        question["From"], question["Subject"] = AMBER, "A question"
        question.set_content("secret plans of ours")
        bounce = EmailMessage()
        bounce["From"], bounce["Auto-Submitted"] = "postmaster@elsewhere.example", "auto-replied"
        bounce.set_content(f"{AMBER} is away")
        own = mail(AMBER).replace(b"s.json", b"our-own-name.json")
        for raw in (own, mail(BERYL, shift=0.1), question.as_bytes(), bounce.as_bytes()):
            take(wired, raw, START)
        wired.weekly.publish(as_of=LATER)
        send_all(wired)


def strangers(folder: Path, clock: Clock, raws: Iterable[bytes]) -> None:
    """Let mails of nobody come in and be answered."""
    with contest(folder, clock) as wired:
        for raw in raws:
            take(wired, raw, START)
        send_all(wired)


def _forget(folder: Path, clock: Clock) -> forget.Forgotten:
    """Take the team out of the roster file, and forget it."""
    configured = load.load(folder / "config.toml")
    (folder / "teams.csv").write_text(f"team,address\nBeryl,{BERYL}\n")
    with flow.working(configured, clock=clock) as wired:
        return forget.forget(in_process(wired), "amber", "they asked us to")


def _holding(folder: Path, word: str) -> list[str]:
    """Return the files below a folder that hold a word, whatever its case; the trail apart."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != "acts.jsonl")
    return [str(path) for path in found if word.casefold().encode() in path.read_bytes().lower()]


def test_nothing_personal_is_left(tmp_path: Path) -> None:
    """No file of the state folder holds an address, a word or a file name of theirs; the trail holds their name."""
    played(tmp_path, clock := Clock())
    assert all(_holding(tmp_path / "state", word) for word in ("Amber", AMBER))
    done = _forget(tmp_path, clock)
    assert (done.mails, done.boards, done.addresses) == (3, 1, (AMBER,))
    for word in (AMBER, "secret plans", "our-own-name"):
        assert _holding(tmp_path / "state", word) == [], word
    named = [path for path in _holding(tmp_path / "state", "amber") if not path.endswith("ledger.db")]
    assert named == [], "but for the trail, which is in the ledger too"
    trail = (tmp_path / "state/acts.jsonl").read_text()
    assert AMBER not in trail
    assert '"kind": "team-forgotten"' in trail


def test_its_scores_stay_under_a_pseudonym(tmp_path: Path) -> None:
    """On new boards, on published ones, and when all is scored anew; the other team is as it was."""
    played(tmp_path, clock := Clock())
    pseudonym = _forget(tmp_path, clock).pseudonym
    with flow.working(load.load(tmp_path / "config.toml"), clock=clock) as wired:
        (table,) = [one for one in wired.weekly.board(LATER).tables if one.key == "siqa-s"]
        assert [(row.rank, row.team) for row in table.rows if not row.baseline] == [(1, pseudonym), (2, "Beryl")]
        with wired.ledger.read() as tx:
            published = json.loads(boards.listing(tx)[0].board)
            rows = submissions.listing(tx)
            assert (events.first_broken(tx), teams.with_name(tx, "Amber")) == (None, None)
        assert {row["team"] for one in published["tables"] for row in one["rows"]} >= {pseudonym, "Beryl"}
        assert (rows[0].method, rows[0].file_name, rows[0].status) == ("", "S-000001.json", "accepted")
        counts = wired.reconciliation.count()
        assert (counts.ok, counts.without_bytes, counts.dropped) == (True, 0, 3)
        with pytest.raises(Permanent, match="was dropped because its team was forgotten on 2026-04-13"):
            verify.verify(wired, rows[0].id)
        assert verify.verify(wired, rows[1].id).ok
    assert "Amber" not in (tmp_path / "state/published/page/index.html").read_text()


def test_a_backup_forgets_too(tmp_path: Path) -> None:
    """The same backup folder, brought up to date, holds nothing of theirs; it restores, and is no loss."""
    played(tmp_path, clock := Clock())
    state, copy = tmp_path / "state", tmp_path / "copy"
    for step in (lambda: None, lambda: _forget(tmp_path, clock)):
        step()
        ledger = Ledger(f"sqlite:///{state / 'ledger.db'}")
        backup.back_up(ledger, state, copy)
        ledger.close()
    assert _holding(copy, AMBER) == []
    backup.restore(copy, tmp_path / "new/state")
    assert len(list((tmp_path / "new/state/spool").rglob("*.dropped"))) == 3


def test_what_would_undo_it_is_refused(tmp_path: Path) -> None:
    """A roster file that names the team, work under way, an unknown name; and no rebuild brings the mails back."""
    played(tmp_path, clock := Clock())
    with contest(tmp_path, clock) as wired:
        with pytest.raises(Permanent, match=r"teams\.csv still names Amber: take its lines out first"):
            forget.forget(wired, "Amber", "why")
        with pytest.raises(Permanent, match="no team is named 'Ambre'"):
            forget.forget(wired, "Ambre", "why")
        take(wired, mail(AMBER, shift=0.2), START)
        with pytest.raises(Permanent, match="1 mails and replies are not finished"):
            forget.forget(wired, "Amber", "why")
        send_all(wired)
    _forget(tmp_path, clock)
    config = load.load(tmp_path / "config.toml")
    for from_mailbox in (False, True):
        with pytest.raises(Permanent, match=r"team was forgotten.*restore a backup"):
            rebuild.rebuild(config, from_mailbox=from_mailbox)


def test_the_command_says_what_is_left_to_do(tmp_path: Path) -> None:
    """It asks on a terminal only, and names what mailbot does not reach."""
    played(tmp_path, Clock())
    (tmp_path / "teams.csv").write_text(f"team,address\nBeryl,{BERYL}\n")
    done = mailbot("forget", "Amber", "--yes", folder=tmp_path)
    assert f"delete the mails from and to {AMBER}" in done.out
    assert "and those of others whose subject begins with its name" in done.out
    assert "no team is named 'Amber'" in mailbot("forget", "Amber", "--why", "x", "-y", folder=tmp_path, code=2).err


def test_corrected_labels_still_change_its_scores(tmp_path: Path) -> None:
    """What it predicted is kept without its mails."""
    played(tmp_path, clock := Clock())
    _forget(tmp_path, clock)
    mailbot("truth", "void", "3", "--why", "a broken image", folder=tmp_path)
    changes = mailbot("rescore", "--json", folder=tmp_path).json
    assert changes["submissions"] == 2


PRIVATE = "amber.private@mail.example"


@pytest.mark.parametrize(
    ("raw", "left"),
    [
        (mail(PRIVATE, subject="[SIQA Submission] Amber - X"), False),
        (mail(PRIVATE, subject="Re: [SIQA Submission]  AMBER"), False),
        (mail(PRIVATE, subject="our file"), True),
        (mail(PRIVATE, subject="[SIQA Submission] Amber-Lab - X"), True),
        (mail(PRIVATE, subject="[SIQA Submission] Ambergris - X"), True),
        (mail(PRIVATE, subject="A question about Amber"), True),
    ],
    ids=["at its place", "another case", "no name", "another team's", "a longer word", "in passing"],
)
def test_what_a_stranger_sent_for_the_team_goes(tmp_path: Path, raw: bytes, *, left: bool) -> None:
    """A member wrote from a private address: the mail goes, and whom we answered; that of others stays."""
    played(tmp_path, clock := Clock())
    strangers(tmp_path, clock, [raw])
    done = _forget(tmp_path, clock)
    assert done.mails == (3 if left else 4)
    assert bool(_holding(tmp_path / "state/spool", PRIVATE)) is left
    assert bool(_holding(tmp_path / "state", PRIVATE)) is left
    assert done.doubtful == (("M-000005",) if b"Amber" in raw and b"Ambergris" not in raw and left else ())


def test_a_team_is_forgotten_once(tmp_path: Path) -> None:
    """Again is refused, with nothing in the trail; the page is written anew, in case the first one died before it."""
    played(tmp_path, clock := Clock())
    pseudonym = _forget(tmp_path, clock).pseudonym
    board = tmp_path / "state/published/board.csv"
    board.unlink()
    done = mailbot("forget", pseudonym, "--why", "x", "--yes", folder=tmp_path, code=2)
    assert done.err.strip() == (
        "mailbot: Former team 1 was forgotten already: only the published files were regenerated"
    )
    assert done.out == ""
    assert (tmp_path / "state/acts.jsonl").read_text().count('"kind": "team-forgotten"') == 1
    assert pseudonym in board.read_text()


def test_only_mails_that_were_there_are_counted(tmp_path: Path) -> None:
    """What retention has dropped is not dropped again, and is not brought back by a rebuild either."""
    played(tmp_path, clock := Clock())
    with contest(tmp_path, clock) as wired:
        with wired.ledger.read() as tx:
            digest = erasure.of_team(tx, 1)[0]
        wired.spool.drop(digest, "dropped by retention on 2026-06-01")
    assert _forget(tmp_path, clock).mails == 2
    note = (tmp_path / f"state/spool/{digest[:2]}/{digest}.dropped").read_text()
    assert note.startswith("dropped because its team was forgotten")


@pytest.mark.parametrize("moment", ["before", "made"])
def test_killed_in_the_middle_the_same_command_goes_on(tmp_path: Path, moment: str) -> None:
    """The files are gone and the ledger does not know it yet: called again, it ends as if nothing had happened."""
    played(tmp_path, Clock())
    (tmp_path / "teams.csv").write_text(f"team,address\nBeryl,{BERYL}\n")
    command = ("forget", "amber", "--why", "they asked", "--yes")
    mailbot(*command, folder=tmp_path, code=-9, environment={"MAILBOT_CRASH_AT": f"commit.forget.{moment}"})
    mailbot(*command, folder=tmp_path)
    assert _holding(tmp_path / "state", AMBER) == []
    assert mailbot("audit", "verify", "--json", folder=tmp_path).json[0]["ok"]
