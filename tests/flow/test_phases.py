"""A validation phase, then a test phase with other items: labels, scores, boards and letters of each."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mailbot import flow
from mailbot.board.page.rules import Awards
from mailbot.board.sheet.worksheets import Published, pages
from mailbot.config import load
from mailbot.errors import ConfigError
from mailbot.evaluation import evaluator
from mailbot.ledger import events, outbox, quota, rulings, scores, submissions, teams
from mailbot.letters import written
from mailbot.operations import acceptance, ingest, rebuild, rescore, truths
from mailbot.operations import teams as changes
from mailbot.operations.doctor import board as doctor_board
from mailbot.operations.doctor import needs
from mailbot.operations.doctor.finding import Level
from tests.command import mailbot
from tests.contest.contest import START, Clock, take
from tests.flow.two_phases import END, SWITCH, TEST, VALIDATION, at, contest, labels, mail, received, write

if TYPE_CHECKING:
    from datetime import datetime

    from mailbot.service import Service

AMBER, BERYL = "amber@example.org", "beryl@example.org"
MINUTE = timedelta(minutes=1)
WHY = ("--why", "the network was down")


def _held(wired: Service) -> dict[str, str]:
    """Return the labels that children are given at their start now, by track."""
    ((_hold, (told,)),) = evaluator.set_ups(wired.labels)
    return {each.track.name: each.sha256 for each in told}


def _reply(wired: Service, number: int) -> str:
    with wired.ledger.read() as tx:
        return outbox.listing(tx)[number].message.decode()


def test_labels_switch_at_the_instant_by_the_arrival_of_a_mail(tmp_path: Path) -> None:
    """The children hold the present phase's labels alone; a mail that arrived before is scored by those of then."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        first, second = (wired.labels.of_stage(key).public["siqa-s"] for key in ("", "test"))
        assert (set(first.ids), set(second.ids)) == (set(VALIDATION), set(TEST))
        take(wired, mail(AMBER, VALIDATION), clock.instant)
        take(wired, mail(BERYL, TEST), clock.instant)
        assert _held(wired) == {"siqa-s": first.sha256}
        assert wired.weekly.next_at() == START + timedelta(days=2, hours=-6)
        assert [found.detail.partition(",")[0] for found in needs.coming(wired)] == [
            "those of 'test' are checked: 14 items"
        ]
        assert "other-phase" not in _reply(wired, 1)  # what comes is told to nobody
        at(clock, SWITCH + MINUTE)
        take(wired, mail(BERYL, VALIDATION, shift=0.1), SWITCH - MINUTE)
        assert _held(wired) == {"siqa-s": second.sha256}
        take(wired, mail(AMBER, TEST, shift=0.1), SWITCH)
        take(wired, mail(BERYL, VALIDATION, shift=0.2), SWITCH + MINUTE)
        told = _reply(wired, 4)
        assert "These are the items of the validation phase, which is over" in " ".join(told.split())
        assert "missing" not in told
        expected = [
            ("Amber", "accepted", "validation"),
            ("Beryl", "refused", "validation"),
            ("Beryl", "accepted", "validation"),
            ("Amber", "accepted", "test"),
            ("Beryl", "refused", "test"),
        ]
        assert received(wired) == expected
        with wired.ledger.read() as tx:
            found = [row.truth for number in (1, 3, 4) for row in scores.of_submission(tx, number)]
        assert found == [first.sha256, first.sha256, second.sha256]
        assert [row.team for row in wired.ranking.board(SWITCH).tables[0].rows if row.rank] == ["Amber", "Beryl"]
        assert [row.team for row in wired.ranking.board(clock()).tables[0].rows if row.rank] == ["Amber"]
    config = load.load(tmp_path / "config.toml")
    (config.state / "ledger.db").unlink()
    assert rebuild.rebuild(config, from_mailbox=False).differences == []
    with contest(tmp_path, clock) as wired:
        assert received(wired) == expected


def test_more_time_and_a_late_file_count_in_the_phase_of_their_items(tmp_path: Path) -> None:
    """A team that has more time may send the old items; those of another are accepted by an organizer alone."""
    clock = Clock()
    with contest(tmp_path, clock):
        pass
    until = ("--until", (SWITCH + timedelta(hours=3)).isoformat())
    mailbot("teams", "extend", "amber", "validation", *until, *WHY, folder=tmp_path)
    late = at(clock, SWITCH + timedelta(hours=1))
    with contest(tmp_path, clock) as wired:
        take(wired, mail(AMBER, VALIDATION), late)
        take(wired, mail(AMBER, TEST), late)
        take(wired, mail(BERYL, VALIDATION), late)
        assert received(wired) == [
            ("Amber", "accepted", "validation"), ("Amber", "accepted", "test"), ("Beryl", "refused", "test"),
        ]  # fmt: skip
        found = acceptance.look(wired, 3)
        acceptance.carry_out(wired, found, "the network was down")
        assert received(wired)[2] == ("Beryl", "accepted", "validation")
        lines = [" ".join(_reply(wired, number).replace("=\n", "").split()) for number in range(4)]
        over = "of the phase =E2=80=9Cvalidation=E2=80=9D was due already"
        assert [over in line for line in lines] == [True, False, False, True]  # her file, and his that was accepted
        assert ["The next leaderboard is" in line for line in lines] == [False, True, True, False]
        assert "Phase: validation" in lines[3]
        assert "`mailbot publish --phase validation` shows it" in acceptance.shown_by(wired, found)
        board = wired.ranking.board(late + MINUTE, stage=wired.challenge.stages[0])
        assert [row.team for row in board.tables[0].rows if row.rank] == ["Amber", "Beryl"]
    config = load.load(tmp_path / "config.toml")
    (config.state / "ledger.db").unlink()
    assert rebuild.rebuild(config, from_mailbox=False).differences == []


def test_a_phase_has_its_own_quota(tmp_path: Path) -> None:
    """What was sent in the phase before, in the same week, does not count for it."""
    clock = Clock(SWITCH - MINUTE)
    with contest(tmp_path, clock, per_week=1) as wired:
        take(wired, mail(AMBER, VALIDATION), clock.instant)
        at(clock, SWITCH + MINUTE)
        for shift in (0.1, 0.2):
            take(wired, mail(AMBER, TEST, shift=shift), clock.instant)
        assert [status for _, status, _ in received(wired)] == ["accepted", "accepted", "over-quota"]


def test_a_grant_counts_in_the_phase_in_which_it_is_given(tmp_path: Path) -> None:
    """Not in the one that opens in the same week; an older one, which names none, counts in all; a rebuild agrees."""
    clock = Clock()
    at(clock, SWITCH - MINUTE)
    with contest(tmp_path, clock) as wired, wired.ledger.write("test") as tx:
        _, has = changes.grant(tx, wired.challenge, "Amber", "siqa-s", more=2, why="x", now=clock())
        per_week = wired.challenge.quota.per_week
        assert has.per_week == per_week + 2
        assert changes.only_in(tx, wired.challenge, "Amber", clock()) == "validation"
    at(clock, SWITCH)
    assert _may_have(tmp_path, clock) == per_week
    with contest(tmp_path, clock) as wired, wired.ledger.write("test") as tx:
        amber = teams.registered(tx, "Amber")
        quota.grant(tx, wired.challenge.quota, amber, "siqa-s", more=1, why="before phases were kept", now=clock())
    assert _may_have(tmp_path, clock) == per_week + 1
    config = load.load(tmp_path / "config.toml")
    (config.state / "ledger.db").unlink()
    assert rebuild.rebuild(config, from_mailbox=False).differences == []
    assert _may_have(tmp_path, clock) == per_week + 1


def _may_have(folder: Path, clock: Clock) -> int:
    """Return how many submissions Amber may have accepted now, in this week and phase."""
    with contest(folder, clock) as wired, wired.ledger.read() as tx:
        amber, phase = changes.granting_in(tx, wired.challenge, "Amber", clock())
        rules, counted = wired.challenge.quota_of(phase), wired.challenge.counted_in(phase)
        return quota.allowance(tx, rules, team_id=amber.id, track="siqa-s", at=clock(), phases=counted).per_week


def test_labels_of_a_coming_phase_are_corrected_by_name(tmp_path: Path) -> None:
    """`truth` and `ids` take the phase; the present one's stay."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        present = _held(wired)
    mailbot("truth", "void", "101", "--phase", "test", "--why", "it is broken", folder=tmp_path)
    assert mailbot("ids", "--phase", "test", folder=tmp_path).out.count("\n") >= 1
    with contest(tmp_path, clock) as wired:
        assert _held(wired) == present
        assert (wired.labels.of_stage("test").public["siqa-s"].n, len(TEST)) == (13, 14)
    rows = mailbot("truth", "list", "--json", folder=tmp_path).json
    assert [(row["phase"], row["in_force"]) for row in rows] == [("validation", True), ("test", False), ("test", True)]


def test_labels_of_a_coming_phase_that_cannot_be_used_stop_the_start(tmp_path: Path) -> None:
    """They are loaded and checked from the first start on, and told by the key that names them."""
    config = load.load(write(tmp_path))
    (tmp_path / "test.json").write_text('{"predictions": []}')
    with pytest.raises(ConfigError, match=r"phases\.test\.labels\.siqa-s: "), flow.opened(config):
        pass


def test_a_mail_server_ahead_of_us_opens_no_phase(tmp_path: Path) -> None:
    """A mail dated after the switch waits until our own clock is there; its labels are in no child before."""
    clock = Clock(SWITCH - MINUTE)
    with contest(tmp_path, clock) as wired:
        take(wired, mail(AMBER, TEST), SWITCH + MINUTE)
        assert received(wired) == []
        at(clock, SWITCH + MINUTE)
        while wired.intake.step():
            pass
        assert received(wired) == [("Amber", "accepted", "test")]
        with wired.ledger.read() as tx:
            assert len(submissions.listing(tx)) == 1
    assert END > SWITCH


def _published(wired: Service) -> list[tuple[str, bool, datetime, list[str]]]:
    """Return of each board its phase, whether it is final, its instant, and its teams by rank."""
    return [
        (board.phase, board.final, board.as_of, [row.team for row in board.tables[0].rows if row.rank])
        for board in wired.publisher.published()
    ]


def _boards(wired: Service) -> None:
    while wired.weekly.step() or wired.letter_queue.step():
        pass


def _verify_pages(folder: Path) -> None:
    """Hold the published files to both phases, the final results of the first one among them."""
    assert json.loads((folder / "board.json").read_text())["phase"] == "test"  # the present phase stays in front
    rules = (folder / "page/rules/index.html").read_text()
    assert "Phase validation: The latest accepted" in rules
    assert "This phase has items of its own. Each team may have 50 submissions" in rules
    assert "final-validation/index.html" in rules
    assert ", test phase</title>" in (folder / "page/feed.xml").read_text()
    front = (folder / "page/index.html").read_text()
    assert "Leaderboard: test phase" in front
    assert "is over" not in front
    final = (folder / "page/final-validation/index.html").read_text()
    assert "Final results: validation phase" in final
    archive = (folder / "page/weeks/index.html").read_text()
    assert archive.count('<span class="tag">validation</span>') == 3


def test_each_phase_has_its_boards_letters_and_final_results(tmp_path: Path) -> None:
    """The week, the end of validation, the week of the test; pages, sheet and a rebuild tell the same."""
    clock = Clock()
    weeks = [START + timedelta(days=2, hours=-6), START + timedelta(days=9, hours=-6)]  # Wednesdays, 10:00 in Shanghai
    with contest(tmp_path, clock) as wired:
        for sender, shift in ((AMBER, 0.1), (BERYL, 0.2)):
            take(wired, mail(sender, VALIDATION, shift=shift), clock.instant)
        at(clock, weeks[0])
        _boards(wired)
        assert wired.weekly.next_at() == SWITCH  # the last board of the phase comes before the Wednesday
        at(clock, SWITCH)
        _boards(wired)
        take(wired, mail(BERYL, TEST, shift=0.3), clock.instant)
        at(clock, weeks[1])
        _boards(wired)
        assert _published(wired) == [
            ("validation", False, weeks[0], ["Amber", "Beryl"]),
            ("validation", False, SWITCH, ["Amber", "Beryl"]),
            ("test", False, weeks[1], ["Beryl"]),
        ]
        with wired.ledger.read() as tx:
            letters = [row for row in outbox.listing(tx) if row.kind == "standing"]
        assert [row.recipient for row in letters] == [AMBER, BERYL] * 2 + [BERYL]
        said = " ".join(letters[2].message.decode().split())
        assert "(the last regular board of the validation phase)" in said
        assert "as on the last board" in said
        later = " ".join(letters[4].message.decode().split())
        assert "last regular board" not in later
        assert "last board" not in later  # another board before is none of this
    mailbot("publish", "--final", "--phase", "validation", "--yes", folder=tmp_path)
    _verify_pages(tmp_path / "state/published")
    with contest(tmp_path, clock) as wired:
        before = _published(wired)
        kept = [Published(board=one, published_at=clock(), weekly=True) for one in wired.publisher.published()]
        table, history, about = pages(kept, wired.challenge.publish_at, wired.challenge.zone)
        assert [row[1] for row in table.rows if row[0] == 1] == ["Beryl"]
        assert [row[2] for row in history.rows] == ["Beryl"]
        assert ("Phase", "test") in about.rows
        (phase, is_final, _, teams) = before[-1]
        assert (phase, is_final, teams) == ("validation", True, ["Amber", "Beryl"])
        with wired.ledger.read() as tx:
            assert not events.finished(tx, before=clock(), phase="test")
    config = load.load(tmp_path / "config.toml")
    (config.state / "ledger.db").unlink()
    assert rebuild.rebuild(config, from_mailbox=False).differences == []
    with contest(tmp_path, clock) as wired:
        assert _published(wired) == before


def test_files_of_before_count_where_they_carry_over(tmp_path: Path) -> None:
    """A phase with the same items may take them over: at the switch they are scored by its labels by themselves."""
    clock = Clock()
    test = {"labels": {"siqa-s": "other.json"}, "carry_over": True}
    (tmp_path / "other.json").write_bytes(labels(VALIDATION))
    with contest(tmp_path, clock, **test) as wired:
        take(wired, mail(AMBER, VALIDATION, shift=0.1), clock.instant)
        at(clock, SWITCH + MINUTE)
        wired.labels.refresh()
        take(wired, mail(BERYL, VALIDATION, shift=0.2), clock.instant)
        while wired.weekly.step():
            pass
        board = wired.ranking.board(clock() + MINUTE)
        assert [row.team for row in board.tables[0].rows if row.rank] == ["Amber", "Beryl"]
        assert board.rules.count("Submissions of the phases before count too.") == 1
        (tmp_path / "corrected.json").write_bytes(labels(VALIDATION).replace(b"1.7", b"2.7", 1))
        wired.labels.choose(truths.from_file(wired, tmp_path / "corrected.json", None), "a slip", clock(), stage="test")
        assert wired.weekly.step() is False  # when older scores are recalculated is for an organizer to say
        assert rescore.plan(wired).submissions == 2
    assert mailbot("board", "--phase", "validation", folder=tmp_path).out.count("Amber") == 1


SWITCHING = """
import sys
from pathlib import Path
from tests.contest.contest import Clock
from tests.flow.two_phases import SWITCH, contest
with contest(Path(sys.argv[1]), Clock(SWITCH)) as wired:
    while wired.intake.step() or wired.weekly.step() or wired.letter_queue.step():
        pass
"""


def test_the_plug_is_pulled_at_the_switch(tmp_path: Path) -> None:
    """Whenever that is: the last board of the phase comes out once, with its letters, by the labels of then."""
    begun, clock = tmp_path / "begun", Clock()
    begun.mkdir()
    with contest(begun, clock) as wired:
        for sender, shift in ((AMBER, 0.1), (BERYL, 0.2)):
            take(wired, mail(sender, VALIDATION, shift=shift), clock.instant)
        at(clock, SWITCH - 2 * MINUTE)
        _boards(wired)
        ingest.enter(wired, mail(BERYL, VALIDATION, shift=0.05), SWITCH - MINUTE)  # taken up after the switch
    for point in ("commit.record.made", "commit.board.made", "commit.letters.made"):
        folder = tmp_path / point
        shutil.copytree(begun, folder)
        dying = {**os.environ, "MAILBOT_CRASH_AT": point, "PYTHONPATH": str(Path(__file__).parents[2])}
        died = subprocess.run([sys.executable, "-c", SWITCHING, str(folder)], env=dying, check=False)
        assert died.returncode == -signal.SIGKILL, point
        with contest(folder, Clock(SWITCH)) as wired:
            while wired.intake.step():
                pass
            _boards(wired)
            assert received(wired)[-1] == ("Beryl", "accepted", "validation")
            assert [(phase, as_of) for phase, _, as_of, _ in _published(wired)][1:] == [("validation", SWITCH)]
            with wired.ledger.read() as tx:
                letters = [row.recipient for row in outbox.listing(tx) if row.kind == "standing"]
            assert letters == [AMBER, BERYL] * 2, point


def test_labels_rescore_and_selection_go_by_phase(tmp_path: Path) -> None:
    """What a team selects in the test leaves what it selected before; a rescore finds the phase that needs one."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        take(wired, mail(AMBER, VALIDATION, shift=0.1), clock.instant)
        take(wired, mail(BERYL, VALIDATION, shift=0.2), clock.instant)
        at(clock, SWITCH + MINUTE)
        take(wired, mail(AMBER, TEST, shift=0.1), clock.instant)
        with wired.ledger.write("test") as tx:
            for number in (1, 3):
                rulings.select(tx, [number], clock(), wired.challenge.stages)
            assert [rulings.of(tx, team_id=1, submission_id=number)[0] for number in (1, 3)] == ["selected"] * 2
    said = mailbot("truth", "void", "1", "--phase", "validation", "--why", "it is broken", folder=tmp_path).out
    assert "Labels of the validation phase." in said
    assert "`mailbot rescore --phase validation`" in said
    assert mailbot("status", "--json", folder=tmp_path).json["unscored"] == 2
    assert "2 submission(s) were scored" in mailbot("rescore", "--silent", folder=tmp_path).out
    assert mailbot("status", "--json", folder=tmp_path).json["unscored"] == 0
    with contest(tmp_path, clock) as wired:
        board = wired.ranking.board(clock(), stage=wired.challenge.stages[0])
        assert [row.team for row in board.tables[0].rows if row.rank] == ["Amber", "Beryl"]


def test_a_phase_that_is_named_no_more_is_red(tmp_path: Path) -> None:
    """Its submissions would count on the board of the phase before, whose labels they have no score by."""
    clock = Clock()
    with contest(tmp_path, clock):
        pass
    path = tmp_path / "config.toml"
    path.write_text(path.read_text().replace('name = "test"', 'name = "final"'))
    with flow.opened(load.load(path), clock=clock) as wired:
        (found,) = [one for one in doctor_board.labels(wired) if one.level is Level.RED]
    assert "labels were chosen for a phase 'test', which the config does not name" in found.detail


def test_awards_are_told_by_phase(tmp_path: Path) -> None:
    """Those of one phase are neither repeated nor called off by the final results of another."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        for sender, shift in ((AMBER, 0.1), (BERYL, 0.2)):
            take(wired, mail(sender, VALIDATION, shift=shift), clock.instant)
        at(clock, SWITCH)
        take(wired, mail(BERYL, TEST, shift=0.3), clock.instant)
        at(clock, END + MINUTE)
        given, told = Awards(**wired.config.awards.model_dump()), []
        for stage in (*wired.challenge.stages, wired.challenge.stages[0]):
            made = wired.weekly.publish(as_of=clock(), final=True, stage=stage)
            with wired.ledger.write("test") as tx:
                drafts = written.awards(tx, wired.challenge, made, given)
                written.queue(tx, wired.challenge, drafts.letters, clock())
            told.append(([one.team.name for one in drafts.letters], list(drafts.left_out)))
            at(clock, clock() + MINUTE)
    again = [f"{team}: it got this letter already" for team in ("Amber", "Beryl")]
    assert told == [(["Amber", "Beryl"], []), (["Beryl"], []), ([], again)]
    (tmp_path / "new.json").write_bytes(labels(VALIDATION).replace(b'"knowledge": 2.3', b'"knowledge": 2.0'))
    where = ("--phase", "validation")
    mailbot("truth", "add", "new.json", "--many", *where, *WHY, folder=tmp_path)
    said = mailbot("rescore", *where, "--tell", "--yes", folder=tmp_path).out
    assert "all submissions to SIQA-S (validation phase) were scored again" in " ".join(said.split())
    assert "publish --final --phase validation` publishes them again" in said
