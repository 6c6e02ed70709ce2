"""Letters that organizers write by command: shown first, sent once, to nobody who is not meant."""

from __future__ import annotations

import email
from email.policy import default
from typing import TYPE_CHECKING

import pytest

from mailbot.ledger import mails, outbox, teams
from mailbot.mail import teamkey
from tests.command import mailbot
from tests.contest.contest import START, Clock, contest, mail, send_all, take

if TYPE_CHECKING:
    from pathlib import Path

AMBER, BERYL = "amber@example.org", "beryl@example.org"
WHY = ("--why", "two accounts of one person")
FILE = "news.txt"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a contest in which Amber and Beryl sent a file each, and a letter to them all."""
    with contest(tmp_path, Clock()) as wired:
        for number, sender in enumerate((AMBER, BERYL)):
            take(wired, mail(sender, shift=number / 5), START)
        send_all(wired)
    (tmp_path / FILE).write_text("Subject: The test set\nDear teams,\n\nthe test set is out.\n")
    return tmp_path


def _letters(folder: Path, kind: str) -> dict[str, str]:
    """Return the text of each letter of a kind by its recipient."""
    with contest(folder, Clock()) as wired, wired.ledger.read() as tx:
        rows = [row for row in outbox.listing(tx) if row.kind == kind]
    found = {}
    for row in rows:
        body = email.message_from_bytes(row.message, policy=default).get_body(("plain",))
        assert body is not None
        assert row.recipient not in found
        found[row.recipient] = f"{row.subject}\n{body.get_content()}".replace("\r\n", "\n")
    return found


def _announce(folder: Path, *to: str, code: int = 0) -> str:
    words = [word for name in to for word in ("--to", name)]
    done = mailbot("announce", FILE, *words, "--yes", folder=folder, code=code)
    return done.out + done.err


def test_an_announcement_goes_to_each_team_once(folder: Path) -> None:
    """It is shown; without a terminal it wants --yes; a second call, and one after a rebuild, writes to nobody."""
    refused = mailbot("announce", FILE, "--to", "all", folder=folder, code=2)
    assert "the test set is out." in refused.out
    assert "To 2 team(s): Amber, Beryl" in refused.out
    assert _letters(folder, "announcement") == {}
    assert "1 letter(s) queued" in _announce(folder, "Beryl")
    assert "not to Beryl: it got this letter already" in _announce(folder, "all")
    found = _letters(folder, "announcement")
    assert set(found) == {AMBER, BERYL}
    assert found[AMBER].startswith("[SIQA] The test set\nDear teams,\n\nthe test set is out.\n\n-- \n")
    assert "“letters off”" in found[AMBER]
    assert "it got this letter already" in _announce(folder, "all")
    (entry, _) = mailbot("audit", "list", "--kind", "letters-written", "--json", folder=folder).json
    assert (entry["subject"], entry["detail"]["teams"]) == ("announcement", ["Beryl"])


def test_who_gets_no_announcement_is_named(folder: Path) -> None:
    """Disqualified teams, those without letters, and those whose address takes none; by name they are written to."""
    mailbot("teams", "letters", "Amber", "off", folder=folder)
    with contest(folder, Clock()) as wired, wired.ledger.write("test") as tx:
        teams.mark_bouncing(tx, BERYL, START)
    said = _announce(folder, "all")
    assert "not to Amber: its letters are off" in said
    assert "not to Beryl: no address of it takes mail" in said
    _announce(folder, "amber")
    assert set(_letters(folder, "announcement")) == {AMBER}
    assert "no team is named 'Citrine'" in _announce(folder, "Citrine", code=2)


@pytest.mark.parametrize("data", [b"", b"Subject: x\n", "Subject: Füße\nx".encode("latin-1"), b"no subject\n"])
def test_a_file_that_is_no_letter_is_refused(folder: Path, data: bytes) -> None:
    """With what it lacks."""
    (folder / FILE).write_bytes(data)
    assert FILE in _announce(folder, "all", code=2)


def test_a_team_is_told_of_its_disqualification_in_the_organizers_words(folder: Path) -> None:
    """When asked; the draft can be edited; the list marks the team, and reinstating takes it back."""
    mailbot("teams", "disqualify", "Amber", *WHY, "--draft", "draft.txt", folder=folder)
    draft = (folder / "draft.txt").read_text()
    assert "two accounts of one person" in draft
    (folder / "draft.txt").write_text(draft.replace("Hello Amber", "Dear Amber"))
    told = mailbot("teams", "disqualify", "Amber", *WHY, "--tell", "--letter", "draft.txt", folder=folder, code=2)
    assert "Dear Amber" in told.out
    assert [row["excluded"] for row in mailbot("teams", "list", "--json", folder=folder).json] == [None, None]
    mailbot("teams", "disqualify", "Amber", *WHY, "--tell", "--letter", "draft.txt", "--yes", folder=folder)
    (text,) = _letters(folder, "disqualified").values()
    assert text.startswith("[SIQA] Your team was disqualified\nDear Amber,")
    assert [row["excluded"] for row in mailbot("teams", "list", "--json", folder=folder).json] == ["disqualified", None]
    mailbot("teams", "reinstate", "Amber", *WHY, folder=folder)
    assert mailbot("teams", "list", "--json", folder=folder).json[0]["excluded"] is None


def test_each_disqualification_is_told(folder: Path) -> None:
    """Once; after a reinstatement the next one is told too, in the same words, and by an edited letter as well."""
    tell = ("teams", "disqualify", "Amber", *WHY, "--tell", "--yes")
    (folder / "draft.txt").write_text("Subject: Out\n\nDear Amber, you are out.\n")
    said = [mailbot(*tell, "--letter", "draft.txt", folder=folder).out for _ in range(2)]
    assert ["1 letter(s) queued" in each for each in said] == [True, False]
    assert "Final results" not in mailbot("teams", "reinstate", "Amber", *WHY, folder=folder).out
    assert "1 letter(s) queued" in mailbot(*tell, folder=folder).out
    assert "it was told already" in mailbot(*tell, folder=folder).out
    mailbot("teams", "reinstate", "Amber", *WHY, folder=folder)
    mailbot("teams", "rename", "Amber", "Ambar", *WHY, "--yes", folder=folder)
    tell = ("teams", "disqualify", "Ambar", *tell[3:])
    assert "1 letter(s) queued" in mailbot(*tell, folder=folder).out


def test_final_results_that_change_and_change_back_are_told_each_time(folder: Path) -> None:
    """The last letter that a winner has says which place it has."""
    tell = ("publish", "--final", "--yes")
    mailbot(*tell, folder=folder)
    mailbot("teams", "hide", "Amber", *WHY, folder=folder)
    said = mailbot(*tell, folder=folder).out
    assert "1 letter(s) to winners" in said  # Beryl is first now
    assert "not to Amber: an award was announced to it, and it has none now" in said
    assert "Final results are published without it" in mailbot("teams", "reinstate", "Amber", *WHY, folder=folder).out
    assert "1 letter(s) to winners" in mailbot(*tell, folder=folder).out  # and second again; Amber was told its place
    assert "letter(s) to winners" not in mailbot(*tell, folder=folder).out
    with contest(folder, Clock()) as wired, wired.ledger.read() as tx:
        told = [(row.recipient, row.message) for row in outbox.listing(tx) if row.kind == "award"]
    beryl = [b"First place" in message for recipient, message in told if recipient == BERYL]
    assert beryl == [False, True, False]
    replaces = [b"replaces the one" in b" ".join(message.split()) for recipient, message in told if recipient == BERYL]
    assert replaces == [False, True, True]  # else it has two letters that say two places
    assert not any(b"replaces the one" in b" ".join(message.split()) for to, message in told if to == AMBER)
    assert len(told) == len(beryl) + 1


def test_winners_are_written_to_with_the_final_results(folder: Path) -> None:
    """The letters are shown before anything is published, and each goes out once; then no weekly letters follow."""
    refused = mailbot("publish", "--final", folder=folder, code=2)
    assert "First place: SIQA-S" in refused.out
    assert _letters(folder, "award") == {}
    assert not (folder / "state/published/board.json").exists()
    mailbot("publish", "--final", "--yes", folder=folder)
    found = _letters(folder, "award")
    assert set(found) == {AMBER, BERYL}
    assert "  First place: SIQA-S" in found[AMBER]
    assert "Your team is invited" in found[BERYL]
    assert "letter(s) to winners" not in mailbot("publish", "--final", "--yes", folder=folder).out
    clock = Clock()
    with contest(folder, clock) as wired:
        clock.pass_by(days=365)
        while wired.weekly.step() or wired.letter_queue.step():
            pass
    assert _letters(folder, "standing") == {}


def test_a_place_is_named_in_the_teams_language(folder: Path) -> None:
    """A default name is; one that the organizers wrote is told as they wrote it."""
    with contest(folder, Clock()) as wired, wired.ledger.write("test") as tx:
        for team in teams.everyone(tx):
            teams.want_language(tx, team.id, "zh")
    config = folder / "config.toml"
    config.write_text(config.read_text() + '\n[awards]\nplaces = ["The golden lens", "Second place"]\n')
    mailbot("publish", "--final", "--yes", folder=folder)
    found = _letters(folder, "award")
    assert "  The golden lens：SIQA-S" in found[AMBER]  # noqa: RUF001  # the stops of Chinese
    assert "  第二名：SIQA-S" in found[BERYL]  # noqa: RUF001  # the stops of Chinese


def test_imported_teams_are_welcomed_once_with_a_key_that_works(folder: Path) -> None:
    """When asked, after a look at the letter, which shows no key; the key proves who sent a mail."""
    data = "Team name\tEmail Address\nCitrine\tc@example.org\nDiamond\td@example.org\n"
    (folder / "form.csv").write_bytes(data.encode("utf-16"))
    columns = ("--columns", 'team="Team name",address="Email Address"')
    shown = mailbot("teams", "import", "form.csv", *columns, "--welcome", folder=folder, code=2)
    assert "Citrine" in shown.out
    assert "mbk" not in shown.out
    assert _letters(folder, "welcome") == {}
    said = mailbot("teams", "import", "form.csv", *columns, "--welcome", "--yes", folder=folder).out
    assert "2 welcome(s) queued." in said
    assert "mbk" not in said
    found = _letters(folder, "welcome")
    assert found["c@example.org"].startswith(
        "[SIQA] Your team is registered\nHello Citrine,\n\nyour team is registered."
    )
    keys = {address: teamkey.found(text) for address, text in found.items()}
    assert [len(each) for each in keys.values()] == [1, 1]
    assert keys["c@example.org"] != keys["d@example.org"]
    again = mailbot("teams", "import", "form.csv", *columns, "--welcome", "--yes", folder=folder).out
    assert "it was welcomed already" in again
    raw = mail("c@example.org", subject=f"[SIQA Submission] x [key {keys['c@example.org'][0]}]")
    with contest(folder, Clock()) as wired:
        take(wired, raw, START)
        with wired.ledger.read() as tx:
            assert [row.auth for row in mails.listing(tx)][-1] == "key"
