"""Addresses leave, leaders change, teams are renamed and merged by command; a rebuild has all of it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.command import mailbot
from tests.contest.contest import START, Clock, contest, mail, take

if TYPE_CHECKING:
    from pathlib import Path

WHY = ("--why", "they asked for it")
AMBER, BERYL, SECOND = "amber@example.org", "beryl@example.org", "second@example.org"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a contest of Amber, of two addresses, and Beryl, who sent a file each."""
    with contest(tmp_path, Clock()) as wired:
        for number, sender in enumerate((AMBER, BERYL)):
            take(wired, mail(sender, shift=number / 5), START)
    mailbot("teams", "add", "Amber", SECOND, folder=tmp_path)
    return tmp_path


def _teams(folder: Path) -> dict[str, list[str]]:
    """Return the addresses of each team, after the roster file was read anew."""
    mailbot("teams", "sync", folder=folder)
    return {row["team"]: row["addresses"] for row in mailbot("teams", "list", "--json", folder=folder).json}


def _board(folder: Path) -> list[Any]:
    rows = mailbot("board", "--json", folder=folder).json
    return [(row["rank"], row["team"], row["submissions"]) for row in rows if not row["baseline"]]


def _same_after_a_rebuild(folder: Path) -> None:
    before = (_teams(folder), _board(folder))
    mailbot("rebuild", "--from-spool", folder=folder)
    assert (_teams(folder), _board(folder)) == before
    assert mailbot("audit", "verify", "--json", folder=folder).json[0]["ok"]


def test_an_address_leaves_and_another_one_leads(folder: Path) -> None:
    """The roster file brings nobody back; the command that is named does; the trail holds no address."""
    said = mailbot("teams", "set-leader", "amber", SECOND, *WHY, folder=folder).out
    assert f"mailbot teams set-leader Amber {AMBER} --why" in said
    assert _teams(folder)["Amber"] == [SECOND, AMBER]
    said = mailbot("teams", "remove-address", "Amber", AMBER, *WHY, folder=folder).out
    assert f"mailbot teams add Amber {AMBER}" in said
    assert "No mail is sent." in said
    assert _teams(folder)["Amber"] == [SECOND]
    assert "only address" in mailbot("teams", "remove-address", "Amber", SECOND, *WHY, folder=folder, code=2).err
    assert "is not on Amber" in mailbot("teams", "set-leader", "Amber", BERYL, *WHY, folder=folder, code=2).err
    trail = mailbot("audit", "list", "--subject", "Amber", folder=folder).out
    assert "team-left" in trail
    assert "@" not in trail
    _same_after_a_rebuild(folder)
    mailbot("teams", "add", "Amber", AMBER, folder=folder)
    assert _teams(folder)["Amber"] == [SECOND, AMBER]


def test_a_team_is_renamed_there_and_back(folder: Path) -> None:
    """The board has the new name, the roster file that still has the old one makes no second team, nor a mistake."""
    said = mailbot("teams", "rename", "Amber", "Äther und Söhne", *WHY, folder=folder).out
    assert "mailbot teams rename 'Äther und Söhne' Amber --why" in said
    assert _teams(folder) == {"Äther und Söhne": [AMBER, SECOND], "Beryl": [BERYL]}
    assert {team for _, team, _ in _board(folder)} == {"Äther und Söhne", "Beryl"}
    _same_after_a_rebuild(folder)
    for new, told in (("Beryl", "`mailbot teams merge`"), ("=1", "begin"), ("Ѕiqa", "")):  # noqa: RUF001  # Cyrillic
        assert told in mailbot("teams", "rename", "Äther und Söhne", new, *WHY, folder=folder, code=2).err
    mailbot("teams", "rename", "Äther und Söhne", "Amber", *WHY, folder=folder)
    assert _teams(folder) == {"Amber": [AMBER, SECOND], "Beryl": [BERYL]}


def test_two_teams_become_one_for_good(folder: Path) -> None:
    """Without a terminal it wants --yes; submissions, mails and addresses are the other's, whose leader goes on."""
    refused = mailbot("teams", "merge", "Amber", "Beryl", *WHY, folder=folder, code=2)
    assert "cannot be undone" in refused.err
    assert "gets 1 of Amber" in refused.out
    assert "only a backup made before" in refused.out
    counts = [line for line in refused.out.splitlines() if "counts then for Beryl on" in line]
    assert len(counts) == 1
    moves = {tuple(line.split()[1:4]) for line in refused.out.splitlines() if line.startswith("siqa-s ")}
    assert moves == {("Amber", "1", "–"), ("Beryl", "2", "1")}
    mailbot("teams", "disqualify", "Amber", *WHY, folder=folder)
    told = mailbot("teams", "merge", "Amber", "Beryl", *WHY, "--yes", folder=folder, code=2).err
    assert "Amber is disqualified" in told
    mailbot("teams", "reinstate", "Amber", *WHY, folder=folder)
    done = mailbot("teams", "merge", "Amber", "Beryl", *WHY, "--yes", folder=folder).out
    assert counts[0] in done
    shown = mailbot("board", "--json", folder=folder).json
    assert {row["receipt"] for row in shown if row["team"] == "Beryl" and row["receipt"]} == {counts[0].split()[0]}
    assert _teams(folder) == {"Beryl": [BERYL, AMBER, SECOND]}
    assert [(team, count) for _, team, count in _board(folder)] == [("Beryl", 2)]
    assert {row["team"] for row in mailbot("mails", "list", "--json", folder=folder).json} == {"Beryl"}
    _same_after_a_rebuild(folder)


def test_a_team_that_was_renamed_is_forgotten_under_all_its_names(folder: Path) -> None:
    """A board of before that has the old name bears the pseudonym, too."""
    mailbot("publish", folder=folder)
    mailbot("teams", "rename", "Amber", "Citrine", *WHY, folder=folder)
    mailbot("publish", folder=folder)
    (folder / "teams.csv").write_text(f"team,address\nBeryl,{BERYL}\n")
    with contest(folder, Clock()) as wired, wired.ledger.write("test") as tx:
        tx.exec_driver_sql("UPDATE outbox SET state = 'sent', sent_at = created_at")
    (folder / "teams.csv").write_text(f"team,address\nBeryl,{BERYL}\n")
    mailbot("forget", "Citrine", *WHY, "--yes", folder=folder)
    kept = "\n".join(path.read_text() for path in (folder / "state/published").rglob("*.json"))
    assert "Former team" in kept
    assert "Amber" not in kept
    assert "Citrine" not in kept
