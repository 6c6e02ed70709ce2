"""Mails of unknown senders are shown, assigned to a team, or taken up when their address joins one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mailbot.config import load
from mailbot.ledger import outbox
from mailbot.operations import rebuild
from tests.command import mailbot
from tests.contest.contest import Clock, contest, mail, take

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.service import Service

STRANGER = "ada@home.example"


def _work(wired: Service) -> None:
    while wired.intake.step():
        pass


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a contest in which somebody on no team has sent a result file."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        take(wired, mail(STRANGER, subject="[SIQA Submission] my first"), clock.instant)
    return tmp_path


def _receipts(folder: Path) -> list[tuple[str, str]]:
    rows = mailbot("submissions", "list", "--json", folder=folder).json
    return [(row["team"], row["arrived_at"][:10]) for row in rows]


def _rebuilt(folder: Path) -> None:
    config = load.load(folder / "config.toml")
    (config.state / "ledger.db").unlink()
    assert rebuild.rebuild(config, from_mailbox=False).differences == []


def test_the_list_says_who_wrote_and_what(folder: Path) -> None:
    """Without it nobody could tell whose mail an unknown one is."""
    (row,) = mailbot("mails", "list", "--json", folder=folder).json
    assert (row["from"], row["subject"], row["team"]) == (STRANGER, "[SIQA Submission] my first", None)


def test_an_organizer_gives_a_mail_to_a_team(folder: Path) -> None:
    """It counts from its arrival, the team is answered at its own address, and a rebuild knows it."""
    mailbot("mails", "assign", "--yes", "M-1", "amber", "--why", "her private address", folder=folder)
    clock = Clock()
    clock.pass_by(days=2)
    with contest(folder, clock) as wired:
        _work(wired)
        with wired.ledger.read() as tx:
            (reply,) = [row for row in outbox.listing(tx) if row.kind == "reply"]
        assert reply.recipient == "amber@example.org"
    assert _receipts(folder) == [("Amber", "2026-04-13")]
    told = mailbot("mails", "assign", "M-1", "Amber", "--why", "again", folder=folder, code=2).err
    assert "not a mail from an unknown sender" in told
    assert "there is no team" in mailbot("mails", "assign", "M-1", "Nix", "--why", "x", folder=folder, code=2).err
    _rebuilt(folder)
    assert _receipts(folder) == [("Amber", "2026-04-13")]


def test_what_waits_is_taken_up_when_its_address_joins(folder: Path) -> None:
    """As of its arrival; the setting turns it off."""
    mailbot("teams", "add", "Ada", STRANGER, "--yes", folder=folder)
    with contest(folder, Clock()) as wired:
        _work(wired)
    assert _receipts(folder) == [("Ada", "2026-04-13")]
    _rebuilt(folder)
    assert _receipts(folder) == [("Ada", "2026-04-13")]


def test_it_is_not_taken_up_where_the_config_says_so(folder: Path) -> None:
    """Then the organizer assigns what is to count."""
    with (folder / "config.toml").open() as file:
        text = file.read().replace("[roster]\n", "[roster]\ntake_waiting = false\n")
    (folder / "config.toml").write_text(text)
    mailbot("teams", "add", "Ada", STRANGER, folder=folder)
    (row,) = mailbot("mails", "list", "--json", folder=folder).json
    assert row["state"] == "recorded"
