"""An organizer accepts by hand what the rules did not: late, over the quota, or refused by labels that were wrong."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mailbot import flow
from mailbot.config import load
from mailbot.ledger import outbox
from mailbot.operations import rebuild
from tests.command import mailbot
from tests.contest.contest import START, Clock, contest, mail, take, write_config
from tests.unit.services import in_process

if TYPE_CHECKING:
    from pathlib import Path

WHY = ("--why", "the mail server was down")
CLOSED: dict[str, Any] = {"[phases]": {"name": "test", "closes": (START - timedelta(hours=1)).isoformat()}}


def _status(folder: Path) -> list[tuple[str, str | None, bool]]:
    rows = mailbot("submissions", "list", "--json", folder=folder).json
    return [(row["status"], row["phase"], row["score"] is not None) for row in rows]


def _rebuilt(folder: Path) -> None:
    config = load.load(folder / "config.toml")
    (config.state / "ledger.db").unlink()
    assert rebuild.rebuild(config, from_mailbox=False).differences == []


def test_a_late_file_is_accepted_with_its_arrival(tmp_path: Path) -> None:
    """It counts in the phase it came too late for, the team hears of it once, and a rebuild knows it."""
    with contest(tmp_path, Clock(), **CLOSED) as wired:
        take(wired, mail("amber@example.org"), START)
    assert _status(tmp_path) == [("closed", None, False)]
    said = mailbot("submissions", "accept", "--yes", "S-1", *WHY, folder=tmp_path).out
    assert "S-000001 of Amber (closed), phase 'test'" in said
    assert _status(tmp_path) == [("accepted", "test", True)]
    with contest(tmp_path, Clock(), **CLOSED) as wired, wired.ledger.read() as tx:
        (letter,) = [row for row in outbox.listing(tx) if row.kind == "accepted"]
        assert letter.recipient == "amber@example.org"
        text = letter.message.decode()
        assert "Score: 100.00" in text
        assert "the mail server was down" in text
        board = wired.weekly.board(START + timedelta(days=1))
        assert [row.team for row in board.tables[0].rows if not row.baseline] == ["Amber"]
    assert "is not a refused submission" in mailbot("submissions", "accept", "S-1", *WHY, folder=tmp_path, code=2).err
    _rebuilt(tmp_path)
    assert _status(tmp_path) == [("accepted", "test", True)]


def _serve(folder: Path, *raws: bytes) -> None:
    """Let mails arrive, a minute apart, at the contest of the folder as it is configured."""
    with flow.working(load.load(folder / "config.toml"), clock=Clock()) as wired:
        for number, raw in enumerate(raws):
            take(in_process(wired), raw, START + timedelta(minutes=number))


def test_what_was_over_the_quota_is_accepted(tmp_path: Path) -> None:
    """It is scored from its file in the spool."""
    path = write_config(tmp_path)
    path.write_text(path.read_text().replace("per_week = 50", "per_week = 1"))
    _serve(tmp_path, mail("amber@example.org"), mail("amber@example.org", shift=0.2))
    assert [status for status, *_ in _status(tmp_path)] == ["accepted", "over-quota"]
    mailbot("submissions", "accept", "--yes", "S-2", *WHY, folder=tmp_path)
    assert [status for status, *_ in _status(tmp_path)] == ["accepted", "accepted"]


def test_what_was_refused_by_wrong_labels_is_accepted_once_they_are_right(tmp_path: Path) -> None:
    """As long as it cannot be scored, its mistakes are named and nothing changes."""
    write_config(tmp_path)
    right = json.loads((tmp_path / "labels.json").read_text())["predictions"]
    (tmp_path / "right.json").write_text(json.dumps({"predictions": right}))
    (tmp_path / "labels.json").write_text(json.dumps({"predictions": right[:-1]}))
    _serve(tmp_path, mail("amber@example.org"))
    assert [status for status, *_ in _status(tmp_path)] == ["refused"]
    assert "S-000001 cannot be scored: " in mailbot("submissions", "accept", "S-1", *WHY, folder=tmp_path, code=2).err
    assert [status for status, *_ in _status(tmp_path)] == ["refused"]
    said = mailbot(
        "truth", "add", "--yes", "right.json", "--items", "--why", "an item was missing", folder=tmp_path
    ).out
    assert "S-000001: accepted now, as of their arrival" in said
    assert _status(tmp_path) == [("accepted", "submission", True)]
