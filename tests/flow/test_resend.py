"""A mail is sent once more by command; who typed it stands in the trail; a kind that no entry has is refused."""

from __future__ import annotations

import email
import getpass
import os
from typing import TYPE_CHECKING

import pytest

from mailbot.ledger import outbox, teams
from tests.command import mailbot
from tests.contest.contest import START, Clock, contest, mail, send_all, take

if TYPE_CHECKING:
    from pathlib import Path

WHY = ("--why", "the address was mistyped")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a contest in which Amber, of two addresses, got a receipt that came back."""
    with contest(tmp_path, Clock()) as wired:
        take(wired, mail("amber@example.org"), START)
        send_all(wired)
        with wired.ledger.write("test") as tx:
            teams.mark_bouncing(tx, "amber@example.org", START)
    mailbot("teams", "add", "Amber", "second@example.org", folder=tmp_path)
    return tmp_path


def _outbox(folder: Path) -> list[outbox.OutgoingRow]:
    with contest(folder, Clock()) as wired, wired.ledger.read() as tx:
        return outbox.listing(tx)


def test_a_receipt_goes_to_another_address_of_its_team(folder: Path) -> None:
    """As a mail of its own: the same words, another recipient and Message-ID; the trail says who, why, no address."""
    (listed,) = [row for row in mailbot("teams", "list", "--json", folder=folder).json if row["team"] == "Amber"]
    assert listed["take_no_mail"] == ["amber@example.org"]
    said = mailbot("outbox", "resend", "--yes", "R-1", "--to", "second@example.org", *WHY, folder=folder).out
    assert "Queued as R-000002" in said
    first, again = _outbox(folder)
    assert (first.state, again.state, again.recipient) == ("sent", "queued", "second@example.org")
    old, new = (email.message_from_bytes(row.message) for row in (first, again))
    assert new["To"] == "second@example.org"
    assert new["Message-ID"] == again.message_id != first.message_id
    assert new["In-Reply-To"] == old["In-Reply-To"]
    assert [part.get_payload() for part in new.walk()][1:] == [part.get_payload() for part in old.walk()][1:]
    (entry,) = mailbot("audit", "list", "--kind", "reply-resent", "--json", folder=folder).json
    assert (entry["subject"], entry["detail"]["to"], entry["actor"]) == ("R-000001", "Amber", _me())
    assert "@" not in str(entry["detail"])
    mailbot("outbox", "resend", "--yes", "R-1", "--to", "second@example.org", *WHY, folder=folder)
    assert len({row.message_id for row in _outbox(folder)}) == 3
    mailbot("rebuild", "--from-spool", folder=folder)
    assert [row.kind for row in _outbox(folder)] == ["reply"]


@pytest.mark.parametrize("to", ["beryl@example.org", "stranger@example.com", "nobody"])
def test_nobody_else_is_written_to(folder: Path, to: str) -> None:
    """Neither another team nor a stranger."""
    assert mailbot("outbox", "resend", "R-1", "--to", to, *WHY, folder=folder, code=2).err
    assert len(_outbox(folder)) == 1


def test_a_mail_with_a_key_goes_nowhere_else(folder: Path) -> None:
    """A code or a key is for the address that it was written to."""
    with contest(folder, Clock()) as wired, wired.ledger.write("test") as tx:
        key = "mbk" + "a" * 26
        message = f"To: amber@example.org\nSubject: welcome\nMessage-ID: <1@x>\n\nYour key is {key}.\n".encode()
        amber = teams.by_address(tx, ["amber@example.org"])["amber@example.org"]
        outbox.add(
            tx, kind="test", recipient="amber@example.org", subject="welcome", message_id="<1@x>", message=message,
            now=START, team_id=amber.id, key="test",
        )  # fmt: skip
    told = mailbot("outbox", "resend", "R-2", "--to", "second@example.org", *WHY, folder=folder, code=2).err
    assert "holds a code or a key" in told
    mailbot("outbox", "resend", "--yes", "R-2", *WHY, folder=folder)


def test_a_kind_that_no_entry_has_is_refused(folder: Path) -> None:
    """With those that were meant."""
    told = mailbot("audit", "list", "--kind", "reply-send", folder=folder, code=2).err
    assert "reply-sent" in told
    assert mailbot("audit", "list", "--kind", "quota-granted", "--json", folder=folder).json == []


def _me() -> str:
    return os.environ.get("SUDO_USER") or getpass.getuser()


@pytest.mark.parametrize(
    ("sudo", "operator", "actor"), [("ada", "grace", "ada"), ("", "grace", "grace"), ("root", "", "root")]
)
def test_root_is_a_person(folder: Path, sudo: str, operator: str, actor: str) -> None:
    """The one whom sudo names, else the operator of the config; without either and without a terminal just root."""
    config = folder / "config.toml"
    config.write_text((f'operator = "{operator}"\n' if operator else "") + config.read_text())
    as_root = {"LOGNAME": "root", "SUDO_USER": sudo}
    mailbot("teams", "letters", "Amber", "off", folder=folder, environment=as_root)
    (entry,) = mailbot("audit", "list", "--kind", "team-letters", "--json", folder=folder).json
    assert entry["actor"] == actor
