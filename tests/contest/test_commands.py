"""doctor, stuck, audit, backup, restore and rebuild, as an organizer types them."""

from __future__ import annotations

import shutil
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from tests.command import mailbot
from tests.contest.contest import mail, write_config

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a contest of which two mails were taken; nobody changes it."""
    folder = tmp_path_factory.mktemp("taken")
    write_config(folder)
    for number, sender in enumerate(("amber@example.org", "beryl@example.org")):
        (folder / f"{number}.eml").write_bytes(mail(sender, shift=number / 5))
    mailbot("ingest", "0.eml", "1.eml", folder=folder)
    return folder


@pytest.fixture
def folder(taken: Path, tmp_path: Path) -> Path:
    """Return a copy of it."""
    return shutil.copytree(taken, tmp_path, dirs_exist_ok=True)


def change(folder: Path, statement: str) -> None:
    """Change the ledger behind mailbot's back."""
    with sqlite3.connect(folder / "state/ledger.db") as connection:
        connection.execute(statement)
    connection.close()


def doctor(folder: Path, code: int = 0) -> dict[str, dict[str, Any]]:
    """Return the doctor's findings by part."""
    return {row["part"]: row for row in mailbot("doctor", "--json", folder=folder, code=code).json}


def test_the_doctor_finds_a_healthy_contest_green(folder: Path) -> None:
    """Nothing is wrong; but a config that takes any mail is worth a look, and so is one without mail servers."""
    found = doctor(folder)
    identity, servers = found.pop("identity"), found.pop("mail servers")
    assert {row["level"] for row in found.values()} == {"green"}
    assert (identity["level"], "identity.require" in identity["fix"]) == ("yellow", True)
    assert (servers["level"], "[smtp]" in servers["fix"]) == ("yellow", True)


def test_the_doctor_finds_bytes_that_are_gone(folder: Path) -> None:
    """A mail whose bytes are missing is red, with its fix."""
    next((folder / "state/spool").rglob("*.eml")).unlink()
    found = doctor(folder, code=1)["mails"]
    assert found["level"] == "red"
    assert "rebuild --from-mailbox" in found["fix"]


def test_a_changed_trail_is_found(folder: Path) -> None:
    """`audit verify` and the doctor name the first entry that was changed."""
    assert mailbot("audit", "verify", "--json", folder=folder).json[0]["ok"]
    change(folder, "UPDATE events SET detail = replace(detail, 'scored', 'refused') WHERE kind = 'mail-recorded'")
    verdict = mailbot("audit", "verify", "--json", folder=folder, code=1).json[0]
    assert not verdict["ok"]
    assert verdict["first_broken"]
    assert doctor(folder, code=1)["audit trail"]["level"] == "red"


def test_a_mail_set_aside_is_listed_shown_retried_and_dropped(folder: Path) -> None:
    """The organizer sees the reason, tries again, and settles it with a reason of his own."""
    change(
        folder,
        "UPDATE mails SET state = 'set-aside', reason = 'it broke', trace = 'line 7' WHERE id = 2",
    )
    assert [row["mail"] for row in mailbot("stuck", "list", "--json", folder=folder).json] == ["M-000002"]
    shown = mailbot("stuck", "show", "M-2", folder=folder).out
    assert "it broke" in shown
    assert "line 7" in shown
    assert doctor(folder)["set aside"]["level"] == "yellow"
    mailbot("stuck", "retry", "--yes", "2", "--why", "fixed", folder=folder)
    assert mailbot("stuck", "list", "--json", folder=folder).json == []
    change(folder, "UPDATE mails SET state = 'set-aside' WHERE id = 2")
    mailbot("stuck", "drop", "--yes", "2", "--why", "spam", folder=folder)
    assert mailbot("mails", "list", "--json", folder=folder).json[1]["outcome"] == "dropped"
    assert mailbot("audit", "verify", "--json", folder=folder).json[0]["ok"]


def test_only_a_mail_that_was_set_aside_can_be_dropped(folder: Path) -> None:
    """A recorded mail is not touched, and the error says why."""
    assert "was not set aside" in mailbot("stuck", "drop", "1", "--why", "x", folder=folder, code=2).err


def test_backup_verify_restore_and_rebuild_by_hand(folder: Path) -> None:
    """The ledger thrown away comes back from a backup, and from the spool, with the same board."""
    board = mailbot("board", "--json", folder=folder).out
    mailbot("backup", "copy", folder=folder)
    mailbot("restore", "copy", "--verify", folder=folder)
    (folder / "state").rename(folder / "lost")
    mailbot("restore", "copy", folder=folder)
    assert mailbot("board", "--json", folder=folder).out == board
    mailbot("rebuild", "--from-spool", folder=folder)
    assert mailbot("board", "--json", folder=folder).out == board
    assert list((folder / "state").glob("ledger.db.before-*"))


def test_rebuild_wants_to_know_from_what(folder: Path) -> None:
    """Neither and both are mistakes that are named."""
    for flags in ((), ("--from-spool", "--from-mailbox")):
        assert "say --from-spool or --from-mailbox" in mailbot("rebuild", *flags, folder=folder, code=2).err


def test_letters_are_switched_per_team_and_stay_so_after_a_rebuild(folder: Path) -> None:
    """The switch stands in the listing and in the audit trail; a team that is not there is named."""

    def wanted() -> dict[str, bool]:
        return {row["team"]: row["letters"] for row in mailbot("teams", "list", "--json", folder=folder).json}

    assert "no team is named" in mailbot("teams", "letters", "Garnet", "off", folder=folder, code=2).err
    assert "Amber are off" in mailbot("teams", "letters", "AMBER", "off", folder=folder).out
    assert wanted() == {"Amber": False, "Beryl": True}
    mailbot("rebuild", "--from-spool", folder=folder)
    assert wanted() == {"Amber": False, "Beryl": True}
    mailbot("teams", "letters", "Amber", "on", folder=folder)
    assert wanted() == {"Amber": True, "Beryl": True}
