"""`mailbot rescore` as an organizer uses it: looked at first, killed in the middle, told, and rebuilt afterwards."""

from __future__ import annotations

import json
import shutil
import signal
from typing import TYPE_CHECKING

import pytest

from mailbot import flow
from mailbot.config import load
from mailbot.evaluation import label_files
from mailbot.ledger import outbox, submissions
from mailbot.model import ReplyState
from mailbot.operations import rebuild
from tests.command import mailbot
from tests.contest.contest import Clock, contest, mail, take

if TYPE_CHECKING:
    from pathlib import Path

KILLED = -signal.SIGKILL

SECRET = "0" * 64
"""Fixed: with some splits of twelve items the corrected labels leave both teams where they were."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a contest of which three mails were taken, and whose labels were then corrected."""
    folder, clock = tmp_path / "contest", Clock()
    (folder / "state").mkdir(parents=True)
    (folder / "state" / label_files.SECRET).write_text(SECRET)
    with contest(folder, clock, split={"public": 0.5}) as wired:
        for number, sender in enumerate(("amber@example.org", "beryl@example.org", "amber@example.org")):
            take(wired, mail(sender, shift=0.2 + number / 5), clock())
    rows = json.loads((folder / "labels.json").read_text())["predictions"]
    rows = [row | {"perception": 5 - row["perception"] * row["id"] % 5} for row in rows]
    (folder / "new.json").write_text(json.dumps({"predictions": rows}))
    mailbot("truth", "add", "new.json", "--why", "the scale was upside down", "--many", folder=folder)
    return folder


def scores_of(folder: Path) -> list[tuple[str, float | None, str | None]]:
    """Return each submission's newest score and its truth, as a person sees them."""
    rows = mailbot("submissions", "list", "--json", folder=folder).json
    return [(row["receipt"], row["score"], row["truth"]) for row in rows]


def test_a_preview_is_what_happens_then(folder: Path) -> None:
    """`--dry-run` shows the places that change and leaves the scores alone; the same run without it changes them."""
    before = scores_of(folder)
    preview = mailbot("rescore", "--dry-run", "--json", folder=folder).json
    assert preview["submissions"] == 3
    assert {change["team"] for change in preview["changes"]} == {"Amber", "Beryl"}
    assert scores_of(folder) == before
    assert "Would change" in mailbot("rescore", "--dry-run", folder=folder).out
    assert mailbot("rescore", "--json", folder=folder).json == preview
    assert scores_of(folder) != before
    assert mailbot("rescore", "--json", folder=folder).json == {"submissions": 0, "told": 0, "changes": []}
    mailbot("publish", folder=folder)


@pytest.mark.parametrize(("point", "occurrence"), [("before", 1), ("after", 1), ("made", 2)])
def test_killed_in_the_middle_it_goes_on(folder: Path, point: str, occurrence: int) -> None:
    """At the commit of either part of the split: the next run does the rest, and all is as if nothing had happened."""
    other = shutil.copytree(folder, folder.with_name("whole"))
    mailbot("rescore", folder=other)
    environment = {"MAILBOT_CRASH_AT": f"commit.rescore.{point}@{occurrence}"}
    mailbot("rescore", folder=folder, code=KILLED, environment=environment)
    left = mailbot("rescore", "--json", folder=folder).json["submissions"]
    assert left == 3
    assert scores_of(folder) == scores_of(other)
    mailbot("publish", folder=folder)


@pytest.mark.parametrize("point", ["before", "after"])
def test_killed_while_the_store_is_made_again_it_goes_on(folder: Path, point: str) -> None:
    """The store was deleted, and mailbot dies as it writes the rows anew."""
    shutil.rmtree(folder / "state" / "columns")
    environment = {"MAILBOT_CRASH_AT": f"columns.append.{point}"}
    mailbot("rescore", folder=folder, code=KILLED, environment=environment)
    for path in (folder / "state" / "columns").iterdir():
        path.write_bytes(path.read_bytes()[:-7])  # what had not reached the disk
    assert mailbot("rescore", "--json", folder=folder).json["submissions"] == 3
    mailbot("publish", folder=folder)


@pytest.mark.parametrize("point", ["made", "after"])
def test_teams_are_told_once_whoever_dies(folder: Path, point: str) -> None:
    """Killed while the mails are queued, the next run queues those that were not."""
    environment = {"MAILBOT_CRASH_AT": f"commit.tell.{point}"}
    mailbot("rescore", "--tell", "--yes", folder=folder, code=KILLED, environment=environment)
    told = mailbot("rescore", "--tell", "--yes", "--json", folder=folder).json["told"]
    assert told == (0 if point == "after" else 2)
    letters = [row for row in mailbot("outbox", "list", "--json", folder=folder).json if row["kind"] == "rescored"]
    assert sorted(row["recipient"] for row in letters) == ["amber@example.org", "beryl@example.org"]
    shown = mailbot("outbox", "show", letters[0]["reply"], folder=folder).out
    assert "The committee's reason: the scale was upside down" in shown


def test_a_rebuild_does_it_again(folder: Path) -> None:
    """The scores of both truths, the mails that told of it, and that one of them was sent already."""
    mailbot("rescore", "--tell", "--yes", folder=folder)
    config = load.load(folder / "config.toml")

    def state() -> object:
        with flow.opened(config, clock=Clock()) as wired, wired.ledger.read() as tx:
            letters = [row for row in outbox.listing(tx) if row.kind == "rescored"]
            return submissions.listing(tx), [(row.message_id, row.recipient, row.state) for row in letters]

    before = state()
    (config.state / "ledger.db").unlink()
    rebuild.rebuild(config, from_mailbox=False)
    assert state() == before
    with contest(folder, Clock(), split={"public": 0.5}) as wired:
        assert list(wired.weekly.board(wired.clock()).truths) == ["siqa-s"]
    assert ReplyState.QUEUED in str(before)
