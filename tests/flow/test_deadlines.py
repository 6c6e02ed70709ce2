"""A deadline is moved by command, for one team or for all: in the trail, on the page, and in letters when asked."""

from __future__ import annotations

import email
import time
from datetime import datetime, timedelta
from email import policy
from typing import TYPE_CHECKING, Any

from mailbot import flow
from mailbot.config import load
from mailbot.daemon import status
from mailbot.ledger import outbox
from mailbot.operations import deadlines, rebuild
from mailbot.system import lock
from tests.command import mailbot
from tests.contest.contest import START, Clock, contest, mail, take

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.service import Service

WHY = ("--why", "the network was down")
PHASE: dict[str, Any] = {"[phases]": {"name": "test", "closes": START.isoformat()}}
LATER = START + timedelta(hours=12)
UNTIL = ("--until", LATER.isoformat())


def _take(folder: Path, *senders: str, at: datetime) -> list[tuple[str, str, str | None]]:
    """Let each sender's file arrive at an instant; return team, status and phase of all submissions."""
    with contest(folder, Clock(at), **PHASE) as wired:
        for sender in senders:
            take(wired, mail(sender), at)
    rows = mailbot("submissions", "list", "--json", folder=folder).json
    return [(row["team"], row["status"], row["phase"]) for row in rows]


def _begun(folder: Path) -> None:
    with contest(folder, Clock(), **PHASE):
        pass


def test_one_team_gets_more_time(tmp_path: Path) -> None:
    """Its file is taken in the phase that closed, until the instant; another team's is late; a rebuild agrees."""
    _begun(tmp_path)
    said = mailbot("teams", "extend", "--yes", "amber", "test", *UNTIL, *WHY, folder=tmp_path).out
    assert "for Amber; it would close" in said
    late = START + timedelta(hours=1)
    taken = [("Amber", "accepted", "test"), ("Beryl", "closed", None)]
    assert _take(tmp_path, "amber@example.org", "beryl@example.org", at=late) == taken
    config = load.load(tmp_path / "config.toml")
    (config.state / "ledger.db").unlink()
    assert rebuild.rebuild(config, from_mailbox=False).differences == []
    assert _take(tmp_path, at=late) == taken
    assert _take(tmp_path, "amber@example.org", at=LATER)[-1] == ("Amber", "closed", None)


def test_all_teams_get_more_time_and_are_told(tmp_path: Path) -> None:
    """Phase, board rules and letters follow; a running daemon is asked to reload; an earlier instant moves it back."""
    _begun(tmp_path)
    before = time.time() - 1
    said = mailbot("teams", "extend", "--yes", "--all", "test", *UNTIL, *WHY, "--tell", folder=tmp_path).out
    assert "2 letter(s) would be sent" in said
    assert lock.reload_asked_since(tmp_path / "state", before)
    with flow.opened(load.load(tmp_path / "config.toml")) as wired:
        assert [phase.closes for phase in wired.challenge.phases] == [LATER]
        with wired.ledger.read() as tx:
            letters = [row for row in outbox.listing(tx) if row.kind == "extended"]
            assert status.look(tx, load.load(tmp_path / "config.toml"), now=START).deadline == LATER
        assert [row.recipient for row in letters] == ["amber@example.org", "beryl@example.org"]
        assert "the network was down" in letters[0].message.decode()
        assert any("04:00" in rule for rule in wired.weekly.board(START).rules)  # 12 hours later, in Shanghai
    assert "earlier" not in said
    assert "earlier than" not in letters[0].message.decode()
    less = ("--until", (START + timedelta(hours=6)).isoformat())
    said = mailbot("teams", "extend", "--yes", "--all", "test", *less, *WHY, "--tell", folder=tmp_path).out
    assert "That is earlier than before" in said
    with flow.opened(load.load(tmp_path / "config.toml")) as wired, wired.ledger.read() as tx:
        told = [row.message.decode() for row in outbox.listing(tx) if row.kind == "extended"][2:]
    assert [
        "This is earlier than the end before: Tue 14 Apr 2026, 04:00" in " ".join(each.split()) for each in told
    ] == [
        True,
        True,
    ]
    mailbot("teams", "extend", "--yes", "--all", "test", "--until", START.isoformat(), *WHY, folder=tmp_path)
    with flow.opened(load.load(tmp_path / "config.toml")) as wired:
        assert [phase.closes for phase in wired.challenge.phases] == [START]


def test_a_deadline_that_goes_back_and_forth_is_told_each_time(tmp_path: Path) -> None:
    """The last letter that a team has names the end that holds; the same command twice writes once."""
    with contest(tmp_path, Clock(), **PHASE) as wired:
        told = []
        for until in (LATER, START, START, LATER):
            move = deadlines.look(wired, "test", until, team="Amber")
            shown = deadlines.letters(wired, move, WHY[1])
            assert deadlines.carry_out(wired, move, WHY[1], tell=True) == len(shown)
            told.append(len(shown))
        with wired.ledger.read() as tx:
            letters = [row.message.decode() for row in outbox.listing(tx) if row.kind == "extended"]
    assert told == [1, 1, 0, 1]
    assert all("closes later" not in each and "was moved" in each for each in letters)


def test_each_team_is_told_the_end_that_is_its_own(tmp_path: Path) -> None:
    """For all and for one, there and back: the last letter of each team names the end that holds for it."""
    latest = LATER + timedelta(days=1)
    with contest(tmp_path, Clock(), **PHASE) as wired:
        for until, team, told in (
            (LATER, None, ["amber", "beryl"]),
            (START, None, ["amber", "beryl"]),
            (LATER, "Amber", ["amber"]),  # an earlier letter said so, but not the last one
            (latest, "Amber", ["amber"]),
            (LATER, None, ["beryl"]),  # Amber has more time than that
        ):
            move = deadlines.look(wired, "test", until, team=team)
            found = [row.recipient.partition("@")[0] for row in deadlines.letters(wired, move, WHY[1])]
            assert found == told
            assert deadlines.carry_out(wired, move, WHY[1], tell=True) == len(told)


def test_a_team_with_more_time_is_reminded_of_its_own_end(tmp_path: Path) -> None:
    """In every letter: the reminder before the end of the others, and the standing after a board."""
    clock, closes = Clock(), START + timedelta(days=8)
    with contest(tmp_path, clock, **{"[phases]": {"name": "test", "closes": closes.isoformat()}}) as wired:
        for sender in ("amber@example.org", "beryl@example.org"):
            take(wired, mail(sender, Message_ID=f"<{sender}>"), START)
        own = deadlines.look(wired, "test", closes + timedelta(days=3), team="Amber")
        deadlines.carry_out(wired, own, WHY[1], tell=False)
        clock.pass_by(days=2, hours=1)
        while wired.weekly.step() or wired.letter_queue.step():
            pass
        with wired.ledger.read() as tx:
            told = {(row.kind, row.recipient): row.message for row in outbox.listing(tx)}
    for kind in ("reminder", "standing"):
        assert b"24 Apr 2026" in told[kind, "amber@example.org"]
        assert b"21 Apr 2026" not in told[kind, "amber@example.org"]
        assert b"21 Apr 2026" in told[kind, "beryl@example.org"]


def test_a_reply_names_the_end_that_is_the_teams_own(tmp_path: Path) -> None:
    """To a refused file, and to a mail without one; before the end of the others, and after it."""
    clock, closes = Clock(), START + timedelta(days=8)
    with contest(tmp_path, clock, **{"[phases]": {"name": "test", "closes": closes.isoformat()}}) as wired:
        own = deadlines.look(wired, "test", closes + timedelta(days=3), team="Amber")
        deadlines.carry_out(wired, own, WHY[1], tell=False)
        teams = ("amber@example.org", "beryl@example.org")
        for sender in teams:
            _ask(wired, sender)
        told = [_last_reply(wired, sender, number) for number in (-2, -1) for sender in teams]
        clock.instant = closes + timedelta(days=1)
        for sender in teams:
            _ask(wired, sender)
        late = [_last_reply(wired, sender, number) for number in (-2, -1) for sender in teams]
        _write(wired, "amber@example.org", "status")
        status = _last_reply(wired, "amber@example.org")
    refused, others_refused, asked, others_asked = told
    assert "Correct the file and send it again before Fri 24 Apr 2026" in refused
    assert "Correct the file and send it again before Tue 21 Apr 2026" in others_refused
    assert "Send it before Fri 24 Apr 2026" in asked
    assert "Send it before Tue 21 Apr 2026" in others_asked
    refused, others_refused, asked, others_asked = late
    assert "Correct the file and send it again before Fri 24 Apr 2026" in refused
    assert "The phase closed on Tue 21 Apr 2026" in others_refused
    assert "Send it before Fri 24 Apr 2026" in asked
    assert "Send it before" not in others_asked
    assert "no phase is open" not in status


def _ask(wired: Service, sender: str) -> None:
    """Let a team send a file with a mistake, and then a mail without a file."""
    take(wired, mail(sender, shift=float("nan")), wired.clock())
    _write(wired, sender, "[SIQA Submission] mine")


def _write(wired: Service, sender: str, subject: str) -> None:
    """Let a team send a mail without a file."""
    fields = f"From: {sender}\nTo: submissions@example.test\nSubject: {subject}\n"
    take(wired, f"{fields}\nHere it is, at {wired.clock()}.\n".encode(), wired.clock())


def _last_reply(wired: Service, to: str, number: int = -1) -> str:
    """Return the text of a reply to an address, unwrapped; the last one unless another is asked for."""
    with wired.ledger.read() as tx:
        rows = [row for row in outbox.listing(tx) if row.recipient == to]
    body = email.message_from_bytes(rows[number].message, policy=policy.default).get_body(("plain",))
    assert body is not None
    return " ".join(str(body.get_content()).split())


def test_a_team_keeps_its_time_under_another_name(tmp_path: Path) -> None:
    """Renamed, merged into another one, and when it is moved back under the new name."""
    _begun(tmp_path)
    late, amber = START + timedelta(hours=1), ("teams", "extend", "--yes")
    mailbot(*amber, "Amber", "test", *UNTIL, *WHY, folder=tmp_path)
    mailbot("teams", "rename", "Amber", "Ambar", *WHY, "--yes", folder=tmp_path)
    assert _take(tmp_path, "amber@example.org", at=late)[-1] == ("Ambar", "accepted", "test")
    mailbot(*amber, "Ambar", "test", "--until", START.isoformat(), *WHY, folder=tmp_path)
    assert _take(tmp_path, "amber@example.org", at=late + timedelta(minutes=1))[-1] == ("Ambar", "closed", None)
    mailbot(*amber, "Ambar", "test", *UNTIL, *WHY, folder=tmp_path)
    mailbot("teams", "merge", "Ambar", "Beryl", *WHY, "--yes", folder=tmp_path)
    with contest(tmp_path, Clock(late + timedelta(minutes=2)), **PHASE) as wired:
        take(wired, mail("beryl@example.org", shift=0.2), wired.clock())
    assert _take(tmp_path, at=late)[-1] == ("Beryl", "accepted", "test")


def test_an_end_that_would_not_hold_is_refused(tmp_path: Path) -> None:
    """One before the config's, and for one team one before all teams': nobody is told what is not so."""
    _begun(tmp_path)
    sooner = ("--until", (START - timedelta(hours=1)).isoformat())
    refused = mailbot("teams", "extend", "--yes", "--all", "test", *sooner, *WHY, "--tell", folder=tmp_path, code=2)
    assert "`closes` in the config says Mon 13 Apr 2026, 16:00" in refused.err
    mailbot("teams", "extend", "--yes", "--all", "test", *UNTIL, *WHY, folder=tmp_path)
    back = ("--until", START.isoformat())
    refused = mailbot("teams", "extend", "--yes", "Amber", "test", *back, *WHY, "--tell", folder=tmp_path, code=2)
    assert "it closes Tue 14 Apr 2026, 04:00 (Asia/Shanghai, UTC+08:00) for all" in refused.err


def test_what_cannot_be_moved_is_said(tmp_path: Path) -> None:
    """An unknown phase or team, an instant without an offset, and neither a team nor all."""
    _begun(tmp_path)
    for words, told in (
        (("--all", "nix", *UNTIL), "there is no phase 'nix' in the config; it has test"),
        (("Nix", "test", *UNTIL), "no team is named 'Nix'"),
        (("--all", "test", "--until", "2026-04-27T12:00:00"), "with its offset"),
        (("test", *UNTIL), "mailbot teams extend TEAM PHASE"),
    ):
        assert told in mailbot("teams", "extend", *words, *WHY, folder=tmp_path, code=2).err
