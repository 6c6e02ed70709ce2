"""Labels are corrected while the contest runs: versions, withdrawn items, and who notices."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from mailbot import flow
from mailbot.config import load
from mailbot.daemon.maintenance import Maintenance
from mailbot.errors import Permanent
from mailbot.ledger import mails, outbox, submissions, tables
from mailbot.operations import rebuild
from mailbot.system.heartbeat import Heartbeat
from tests.command import mailbot
from tests.contest.contest import Clock, contest, mail, take, write_config

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.service import Service

WHY = ("--why", "two labels were swapped")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a contest of which one mail was taken, and a corrected label file beside it."""
    write_config(tmp_path)
    (tmp_path / "0.eml").write_bytes(mail("amber@example.org", shift=0.2))
    (tmp_path / "1.eml").write_bytes(mail("beryl@example.org", shift=0.3))
    mailbot("ingest", "0.eml", folder=tmp_path)
    corrected(tmp_path)
    return tmp_path


def corrected(folder: Path) -> None:
    """Write the labels anew, those of items 3 and 4 swapped."""
    rows = json.loads((folder / "labels.json").read_text())["predictions"]
    rows[2]["perception"], rows[3]["perception"] = rows[3]["perception"], rows[2]["perception"]
    (folder / "new.json").write_text(json.dumps({"predictions": rows}))


def truths_of(wired: Service) -> list[str]:
    """Return the truth of each score, in the order they were entered."""
    with wired.ledger.read() as tx:
        return list(tx.scalars(select(tables.scores.c.truth).order_by(tables.scores.c.id)))


def test_a_correction_is_taken_and_listed_with_its_reason(folder: Path) -> None:
    """`truth add` brings new labels into force and says what to do; `truth list` tells the history."""
    said = mailbot("truth", "add", "new.json", *WHY, folder=folder).out
    assert "12 items" in said
    assert "mailbot rescore" in said
    old, new = mailbot("truth", "list", "--json", folder=folder).json
    assert (old["in_force"], new["in_force"]) == (False, True)
    assert (old["why"], new["why"]) == ("the label file that the config names", WHY[1])
    kept = folder / "state/truths" / new["truth"]
    assert kept.read_bytes() == (folder / "new.json").read_bytes()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700


def test_the_next_board_is_known_to_be_refused(folder: Path) -> None:
    """Before it is due, `status` and `doctor` say so with the fix, until `rescore` was run."""
    told = [_unscored(folder)]
    mailbot("truth", "void", "3", *WHY, folder=folder)
    told.append(_unscored(folder))
    assert "no board before `mailbot rescore`" in " ".join(mailbot("status", folder=folder).out.split())
    assert "run `mailbot rescore`" in mailbot("publish", folder=folder, code=2).err
    mailbot("rescore", folder=folder)
    told.append(_unscored(folder))
    assert told == [(0, "green"), (1, "yellow"), (0, "green")]


def _unscored(folder: Path) -> tuple[int, str]:
    """Return what status counts, and the level that the doctor gives it."""
    found = mailbot("doctor", "--json", folder=folder, code=0).json
    (level,) = [row["level"] for row in found if row["part"] == "scores"]
    return mailbot("status", "--json", folder=folder).json["unscored"], level


def test_a_file_is_scored_by_the_labels_in_force(folder: Path) -> None:
    """`score` follows `truth add` and `truth void`; without a ledger it takes the config's, and makes none."""
    (folder / "s.json").write_bytes((folder / "new.json").read_bytes())
    call = ("score", "s.json", "--track", "siqa-s", "--json")
    before = mailbot(*call, folder=folder).json
    mailbot("truth", "add", "new.json", *WHY, folder=folder)
    after = mailbot(*call, folder=folder).json
    assert before["score"] < after["score"] == pytest.approx(100)
    assert after["truth"] == mailbot("truth", "list", "--json", folder=folder).json[-1]["truth"]
    mailbot("truth", "void", "3", *WHY, folder=folder)
    assert mailbot(*call, folder=folder).json["n"] == 11
    assert mailbot(*call, "--labels", "labels.json", folder=folder).json == before
    (folder / "state").rename(folder / "away")
    assert mailbot(*call, folder=folder).json == before
    assert not (folder / "state").exists()


def test_the_difference_names_items_and_shows_labels_only_when_asked(folder: Path) -> None:
    """`truth diff` says which items changed in which column."""
    mailbot("truth", "add", "new.json", *WHY, folder=folder)
    assert mailbot("truth", "diff", "--json", folder=folder).json == [
        {"item": 3, "what": "perception"},
        {"item": 4, "what": "perception"},
    ]
    shown = mailbot("truth", "diff", "--values", "--json", folder=folder).json
    assert shown[0] == {"item": 3, "what": "perception", "old": 4.5, "new": 1.0}


def test_items_are_withdrawn_and_taken_back(folder: Path) -> None:
    """`truth void` scores fewer items of the same files; `truth use` goes back to an earlier version."""
    whole = mailbot("truth", "list", "--json", folder=folder).json[0]["truth"]
    assert "10 items (12 before)" in mailbot("truth", "void", "2", "5", *WHY, folder=folder).out
    assert mailbot("truth", "diff", "--json", folder=folder).json == [
        {"item": 2, "what": "withdrawn"},
        {"item": 5, "what": "withdrawn"},
    ]
    mailbot("rescore", folder=folder)
    present = mailbot("truth", "list", "--json", folder=folder).json[-1]
    assert (present["items"], present["in_force"]) == (10, True)
    assert mailbot("submissions", "show", "S-1", "--json", folder=folder).json[0]["truth"] == present["truth"]
    mailbot("truth", "use", whole[:12], "--why", "they were right", folder=folder)
    assert [row["truth"] == whole for row in mailbot("truth", "list", "--json", folder=folder).json] == [1, 0, 1]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("add", "labels.json"), "already active for siqa-s"),
        (("add", "0.eml"), "cannot be used"),
        (("add", "nowhere.json"), "cannot be read"),
        (("void", "99"), "no item 99"),
        (("void", "first"), "whole numbers"),
        (("use", "fff"), "names 0 versions"),
        (("void", "1", "--track", "siqa-u"), "name one of siqa-s"),
    ],
    ids=["same", "no-labels", "no-file", "no-item", "no-number", "no-version", "no-track"],
)
def test_a_mistake_is_said_and_nothing_changes(folder: Path, command: tuple[str, ...], words: str) -> None:
    """Whatever cannot be done names its fix, and the labels stay as they are."""
    assert words in mailbot("truth", *command, *WHY, folder=folder, code=2).err
    assert len(mailbot("truth", "list", "--json", folder=folder).json) == 1


def test_what_runs_takes_the_new_labels_before_its_next_mail(tmp_path: Path) -> None:
    """A mail after the choice of somebody else's process is scored by the new labels, in children that hold them."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        take(wired, mail("amber@example.org", shift=0.2), clock.instant)
        corrected(tmp_path)
        mailbot("truth", "add", "new.json", *WHY, folder=tmp_path)
        take(wired, mail("beryl@example.org", shift=0.2), clock.instant)
        old, new = truths_of(wired)
        assert old != new == wired.labels["siqa-s"].sha256
        with pytest.raises(Permanent, match="mailbot rescore"):
            wired.weekly.board(clock())


def test_a_mail_that_was_scored_by_labels_of_yesterday_is_scored_again(tmp_path: Path) -> None:
    """The labels change between evaluation and record: nothing is recorded by the old ones."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        (tmp_path / "0.eml").write_bytes(mail("amber@example.org"))
        corrected(tmp_path)
        judge = wired.intake.recorder.record

        def record(*given: object) -> None:
            if not changed:
                changed.append(mailbot("truth", "add", "new.json", *WHY, folder=tmp_path))
            judge(*given)  # type: ignore[arg-type]  # whatever the intake gives

        changed: list[object] = []
        object.__setattr__(wired.intake.recorder, "record", record)
        take(wired, mail("amber@example.org"), clock.instant)
        with wired.ledger.read() as tx:
            assert (mails.unfinished(tx), submissions.listing(tx)) == (1, [])
        clock.pass_by(minutes=5)
        while wired.intake.step():
            pass
        assert truths_of(wired) == [wired.labels["siqa-s"].sha256]


def test_a_label_file_that_changes_in_the_configs_place_scores_nothing(folder: Path) -> None:
    """After the first start labels change by `mailbot truth` alone; doctor and organizers hear of such a file."""
    (folder / "labels.json").write_bytes((folder / "new.json").read_bytes())
    mailbot("truth", "list", folder=folder)
    mailbot("teams", "list", folder=folder)
    assert len(mailbot("truth", "list", "--json", folder=folder).json) == 1
    (row,) = [row for row in mailbot("doctor", "--json", folder=folder, code=1).json if row["part"] == "labels"]
    assert row["level"] == "red"
    assert "labels.json is not the file that scores (perception changed for 2 items)" in row["detail"]
    with flow.working(load.load(folder / "config.toml")) as wired:
        first = truths_of(wired)
        take(wired, mail("beryl@example.org", shift=0.1), wired.clock())
        assert truths_of(wired) == [*first, *first]
        Maintenance(service=wired, heartbeat=Heartbeat(60)).step()
        with wired.ledger.read() as tx:
            assert "a label file changed and is not used" in [row.subject for row in outbox.listing(tx)][-1]
    mailbot("truth", "add", "labels.json", *WHY, folder=folder)
    rows = mailbot("doctor", "--json", folder=folder, code=1).json  # the alert is called off by the daemon
    assert "the files of the config are known" in [row["detail"] for row in rows]


def test_a_file_that_looks_like_a_mistake_needs_a_word(folder: Path) -> None:
    """Other items, or many other answers, would tell teams that their right file is wrong."""
    rows = json.loads((folder / "new.json").read_text())["predictions"]
    (folder / "short.json").write_text(json.dumps({"predictions": rows[:-1]}))
    told = mailbot("truth", "add", "short.json", *WHY, folder=folder, code=2).err
    assert "1 item gone" in told
    assert "--items" in told
    (folder / "many.json").write_text(json.dumps({"predictions": [row | {"knowledge": row["id"] % 5} for row in rows]}))
    assert "add --many" in mailbot("truth", "add", "many.json", *WHY, folder=folder, code=2).err
    assert len(mailbot("truth", "list", "--json", folder=folder).json) == 1
    assert "cannot be rescored" in mailbot("truth", "add", "short.json", "--items", *WHY, folder=folder).out


def test_the_preview_of_a_correction_is_what_rescoring_then_reports(folder: Path) -> None:
    """Shown before the labels are active, shown by a dry run, and reported in the end: the same moves, told once."""
    mailbot("ingest", "1.eml", folder=folder)  # further from the labels than the first, and the same as those to come
    rows = json.loads((folder / "labels.json").read_text())["predictions"]
    for row in rows:
        row["perception"] += 0.3 * (row["id"] % 3)
        row["knowledge"] -= 0.3 * (row["id"] % 4)
    (folder / "new.json").write_text(json.dumps({"predictions": rows}))
    said = mailbot("truth", "add", "new.json", "--many", *WHY, folder=folder).out
    preview = mailbot("rescore", "--dry-run", "--json", folder=folder).json
    report = mailbot("rescore", "--tell", "--yes", "--json", folder=folder).json
    moves = sum(each["rank_before"] != each["rank_after"] for each in report["changes"])
    assert moves > 0
    assert report["changes"] == preview["changes"]
    assert f"{moves} rank(s) change; with `mailbot rescore --tell` {report['told']} team(s) get a letter" in said
    assert mailbot("rescore", "--json", folder=folder).json == {"submissions": 0, "told": 0, "changes": []}


def test_a_rebuilt_ledger_knows_the_versions_and_their_reasons(tmp_path: Path) -> None:
    """What was scored by old labels is scored by them again, and the same truth is in force at the end."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        take(wired, mail("amber@example.org", shift=0.2), clock.instant)
        corrected(tmp_path)
        mailbot("truth", "add", "new.json", *WHY, folder=tmp_path)
        mailbot("truth", "void", "7", "--why", "a broken image", folder=tmp_path)
        take(wired, mail("beryl@example.org", shift=0.2), clock.instant)
        before = truths_of(wired)
    told = mailbot("truth", "list", "--json", folder=tmp_path).json
    config = load.load(tmp_path / "config.toml")
    (config.state / "ledger.db").unlink()
    rebuild.rebuild(config, from_mailbox=False)
    with contest(tmp_path, clock) as wired:
        assert truths_of(wired) == before
    again = mailbot("truth", "list", "--json", folder=tmp_path).json
    assert again == told


def test_a_kept_file_that_was_changed_is_noticed(tmp_path: Path) -> None:
    """Labels that are not what their name says are never scored by."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        first = wired.labels["siqa-s"].sha256
    corrected(tmp_path)
    mailbot("truth", "add", "new.json", *WHY, folder=tmp_path)
    (tmp_path / "state/truths" / first).write_bytes((tmp_path / "new.json").read_bytes())
    assert "was changed" in mailbot("truth", "use", first, *WHY, folder=tmp_path, code=2).err


def test_files_refused_by_wrong_labels_are_taken_up_again(folder: Path) -> None:
    """Labels without an item refuse right files; once they are corrected the files count as of their arrival."""
    rows = json.loads((folder / "labels.json").read_text())["predictions"]
    (folder / "wrong.json").write_text(json.dumps({"predictions": [*rows[:-1], {**rows[-1], "id": 99}]}))
    mailbot("truth", "add", "wrong.json", "--items", "--many", "--why", "another file", folder=folder)
    mailbot("ingest", "1.eml", folder=folder)
    assert _statuses(folder) == ["accepted", "refused"]
    right = ("truth", "add", "labels.json", "--items", "--many", "--why", "the right file", "--yes")
    said = mailbot(*right, folder=folder).out
    assert "1 file(s) that were refused for their items are tried again" in said
    assert "S-000002: accepted now" in said
    assert _statuses(folder) == ["accepted", "accepted"]
    letters = [row for row in mailbot("outbox", "list", "--json", folder=folder).json if row["kind"] == "accepted"]
    assert [row["recipient"] for row in letters] == ["beryl@example.org"]


def _statuses(folder: Path) -> list[str]:
    return [row["status"] for row in mailbot("submissions", "list", "--json", folder=folder).json]
