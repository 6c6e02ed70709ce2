"""What counts is decided: the rule, what teams select, what organizers disqualify, hide and reinstate."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from mailbot.config import load
from mailbot.errors import Permanent
from mailbot.evaluation.label_files import SECRET
from mailbot.ledger import rulings, submissions
from mailbot.model import Exclusion
from mailbot.operations import rebuild
from mailbot.system import safefile
from tests.command import mailbot
from tests.contest.contest import Clock, contest, mail, take, write_config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mailbot.service import Service

AMBER, BERYL = "amber@example.org", "beryl@example.org"
SHIFTS = (0.4, 0.05, 0.2)  # of Amber's three submissions: the second is the best


def entered(folder: Path, standing: str) -> Iterator[tuple[Service, Clock]]:
    """Give a contest that ranks by a rule, with three submissions of Amber's and one of Beryl's."""
    clock = Clock()
    with contest(folder, clock, board={"standing": standing}) as wired:
        for shift in SHIFTS:
            clock.pass_by(hours=1)
            take(wired, mail(AMBER, shift=shift), clock.instant)
        clock.pass_by(hours=1)
        take(wired, mail(BERYL, shift=0.3), clock.instant)
        clock.pass_by(hours=1)
        yield wired, clock


def counting(wired: Service, clock: Clock, *, final: bool = False) -> dict[str, str]:
    """Return the receipt that counts for each team, best first."""
    (table,) = wired.ranking.board(clock.instant, final=final).tables
    return {row.team: row.receipt for row in table.rows if not row.baseline}


@pytest.mark.parametrize(
    ("standing", "receipt"), [("latest", "S-000003"), ("best", "S-000002"), ("selected", "S-000002")]
)
def test_the_rule_says_which_submission_counts(tmp_path: Path, standing: str, receipt: str) -> None:
    """The latest, the best, or the best by default where a team selected nothing."""
    for wired, clock in entered(tmp_path, standing):
        assert counting(wired, clock)["Amber"] == receipt


def test_a_selection_counts_whatever_else_was_better(tmp_path: Path) -> None:
    """The best of those that were selected; a later selection takes the earlier one's place."""
    for wired, clock in entered(tmp_path, "selected"):
        with wired.ledger.write("ruling") as tx:
            rulings.select(tx, [1, 3], clock())
        assert counting(wired, clock)["Amber"] == "S-000003"
        with wired.ledger.write("ruling") as tx:
            rulings.select(tx, [1], clock())
        assert counting(wired, clock) == {"Beryl": "S-000004", "Amber": "S-000001"}


def test_without_a_selection_the_private_part_does_not_choose(tmp_path: Path) -> None:
    """On the final board the default is what looked best in public: choosing by the private score would flatter."""
    clock = Clock()
    safefile.replace(tmp_path / "state" / SECRET, b"5" * 64)  # the halves that it draws score differently
    with contest(tmp_path, clock, board={"standing": "selected"}, split={"public": 0.5}) as wired:
        for number in range(8):
            clock.pass_by(minutes=1)
            take(wired, mail(AMBER, shift=0.11 * (1 + number * 7 % 8)), clock.instant)
        clock.pass_by(hours=1)
        assert counting(wired, clock, final=True) == counting(wired, clock)
        public, final = (wired.ranking.board(clock.instant, final=part).tables[0].rows[0] for part in (False, True))
        assert public.score != final.score
        made = wired.weekly.publish(as_of=clock.instant, final=True)
        assert made.final
        assert made.tables[0].rows[0].score == final.score
        assert made.truths["siqa-s"] == wired.labels.final["siqa-s"].sha256
        assert any("private part" in rule for rule in made.rules)


@pytest.mark.parametrize("wanted", [[1, 2, 3], [1, 4], [99]], ids=["too-many", "two-teams", "unknown"])
def test_what_cannot_be_selected_is_refused(tmp_path: Path, wanted: list[int]) -> None:
    """At most two of a track, of one team, accepted."""
    for wired, clock in entered(tmp_path, "selected"):
        with pytest.raises(Permanent), wired.ledger.write("ruling") as tx:
            rulings.select(tx, wanted, clock())
        assert counting(wired, clock)["Amber"] == "S-000002"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a contest of which four mails were taken."""
    write_config(tmp_path)
    sent = [*((AMBER, shift) for shift in SHIFTS), (BERYL, 0.3)]
    for number, (sender, shift) in enumerate(sent):
        (tmp_path / f"{number}.eml").write_bytes(mail(sender, shift=shift))
    mailbot("ingest", *(f"{number}.eml" for number in range(len(sent))), folder=tmp_path)
    return tmp_path


def on_board(folder: Path) -> dict[str, str]:
    """Return the receipt that counts for each team, as the command shows it."""
    rows = mailbot("board", "--json", folder=folder).json
    return {row["team"]: row["receipt"] for row in rows if not row["baseline"]}


def listed(folder: Path) -> dict[str, Any]:
    """Return what was decided of each submission."""
    return {row["receipt"]: row["ruling"] for row in mailbot("submissions", "list", "--json", folder=folder).json}


def test_a_disqualified_submission_gives_way_to_the_one_before(folder: Path) -> None:
    """It keeps its score in the list, with the reason; reinstated, it counts again."""
    assert on_board(folder)["Amber"] == "S-000003"
    mailbot("submissions", "disqualify", "S-3", "--why", "it was trained on the test items", folder=folder)
    assert on_board(folder)["Amber"] == "S-000002"
    (shown,) = mailbot("submissions", "show", "S-3", "--json", folder=folder).json
    assert (shown["ruling"], shown["why"]) == ("disqualified", "it was trained on the test items")
    assert shown["score"] is not None
    mailbot("submissions", "reinstate", "S-3", "--why", "it was not", folder=folder)
    assert on_board(folder)["Amber"] == "S-000003"
    assert "is not excluded" in mailbot("submissions", "reinstate", "S-3", "--why", "x", folder=folder, code=2).err


def test_the_file_of_a_submission_is_written_as_it_was_sent(folder: Path) -> None:
    """Byte for byte, and never over a file that exists."""
    mailbot("submissions", "show", "S-2", "--save", "kept.json", folder=folder)
    (shown,) = mailbot("submissions", "show", "S-2", "--json", folder=folder).json
    assert hashlib.sha256((folder / "kept.json").read_bytes()).hexdigest() == shown["sha256"]
    assert "kept.json" in mailbot("submissions", "show", "S-1", "--save", "kept.json", folder=folder, code=2).err
    assert hashlib.sha256((folder / "kept.json").read_bytes()).hexdigest() == shown["sha256"]
    assert "no submission S-99" in mailbot("submissions", "show", "S-99", "--save", "x.json", folder=folder, code=2).err


def test_a_hidden_team_is_on_no_board(folder: Path) -> None:
    """All of it counts for nothing until it is reinstated."""
    mailbot("teams", "hide", "amber", "--why", "we ask them how they did it", folder=folder)
    assert set(on_board(folder)) == {"Beryl"}
    assert listed(folder)["S-000001"] == "hidden"
    mailbot("teams", "reinstate", "Amber", "--why", "all is well", folder=folder)
    assert set(on_board(folder)) == {"Amber", "Beryl"}


def test_selecting_is_shown(folder: Path) -> None:
    """`submissions select` enters what a team asks for; like the reply to a mail, it says when that decides nothing."""
    told = mailbot("submissions", "select", "S-1", folder=folder).out
    assert listed(folder)["S-000001"] == "selected"
    assert 'decides nothing, as board.standing is "latest"' in told
    assert on_board(folder)["Amber"] == "S-000003"
    write_config(folder, board={"standing": "selected"})
    assert "decides" not in mailbot("submissions", "select", "S-1", folder=folder).out
    assert on_board(folder)["Amber"] == "S-000001"


def test_decisions_come_back_with_a_rebuilt_ledger(folder: Path) -> None:
    """The audit trail carries them out again."""
    mailbot("submissions", "disqualify", "S-3", "--why", "a", folder=folder)
    mailbot("submissions", "hide", "S-2", "--why", "b", folder=folder)
    mailbot("submissions", "reinstate", "S-2", "--why", "c", folder=folder)
    mailbot("submissions", "select", "S-1", folder=folder)
    mailbot("teams", "disqualify", "Beryl", "--why", "d", folder=folder)
    before, board = listed(folder), on_board(folder)
    config = load.load(folder / "config.toml")
    (config.state / "ledger.db").unlink()
    rebuild.rebuild(config, from_mailbox=False)
    assert listed(folder) == before
    assert on_board(folder) == board == {"Amber": "S-000002"}


def test_what_was_decided_of_many_is_what_was_decided_of_each(tmp_path: Path) -> None:
    """A listing asks once for all submissions, and is told the same as of each."""
    for wired, clock in entered(tmp_path, "selected"):
        with wired.ledger.write("ruling") as tx:
            rulings.select(tx, [1, 3], clock())
            rulings.exclude(tx, 3, Exclusion.DISQUALIFIED, "it was trained on the test items", clock())
            rulings.exclude_team(tx, "Beryl", Exclusion.HIDDEN, "we ask them how they did it", clock())
            rows = submissions.listing(tx)
            found = rulings.of_each(tx, rows)
            assert found == {row.id: rulings.of(tx, team_id=row.team_id, submission_id=row.id) for row in rows}
        assert [found[row.id][0] for row in rows] == ["selected", None, "disqualified", "hidden"]
