"""The board is published once for each weekly instant, and says what was so at that instant."""

from __future__ import annotations

import json
import shutil
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from mailbot.board import exports
from mailbot.board.codec import board_from_json
from mailbot.board.weekly import PATIENCE
from mailbot.errors import ConfigError, Permanent
from mailbot.ledger import boards, events
from tests.unit.services import CARL, NOW, Clock, drop, served, submission, take

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.board.model import Board
    from mailbot.service import Service

WEEK = timedelta(weeks=1)
DUE = datetime.fromisoformat("2026-03-18T10:00:00+08:00")  # the first Wednesday after NOW


def _published(service: Service) -> list[datetime | None]:
    """Return the instants of the boards in the ledger."""
    with service.ledger.read() as tx:
        return [board.due_at for board in boards.listing(tx)]


def _teams(board: Board, table: str = "siqa-s") -> list[tuple[int | None, str, int | None]]:
    """Return rank, team and number of submissions of a table, without the baselines."""
    (found,) = (one for one in board.tables if one.key == table)
    return [(row.rank, row.team, row.submissions) for row in found.rows if not row.baseline]


def test_a_board_is_published_when_it_is_due_and_once(tmp_path: Path) -> None:
    """Not a second before, then at once, and then not again until the week after."""
    clock = Clock(DUE - timedelta(seconds=1))
    with served(tmp_path, clock) as service:
        assert not service.weekly.step()
        assert service.weekly.next_at() == DUE
        clock.now = DUE
        assert service.weekly.step()
        assert not service.weekly.step()
        clock.now = DUE + WEEK - timedelta(seconds=1)
        assert not service.weekly.step()
        clock.now = DUE + WEEK
        assert service.weekly.step()
        assert _published(service) == [DUE, DUE + WEEK]


def test_a_new_ledger_owes_no_board_of_the_past(tmp_path: Path) -> None:
    """A mailbot that begins on a Thursday does not publish Wednesday's board."""
    with served(tmp_path, Clock(NOW)) as service:
        assert service.weekly.due_at() is None


def test_after_downtime_only_the_last_board_is_published(tmp_path: Path) -> None:
    """Down for three Wednesdays, it catches up once, as of the last of them."""
    clock = Clock(NOW)
    with served(tmp_path, clock) as service:
        clock.now = DUE + 2 * WEEK + timedelta(days=3)
        assert service.weekly.step()
        assert not service.weekly.step()
        assert _published(service) == [DUE + 2 * WEEK]


def test_only_what_arrived_before_counts(tmp_path: Path) -> None:
    """A mail of the very instant is in the next board, however late the board is made."""
    clock = Clock(NOW)
    with served(tmp_path, clock) as service:
        take(service, submission("In time"), arrived_at=DUE - timedelta(seconds=1))
        take(service, submission("Too late", sender=CARL), arrived_at=DUE)
        clock.now = DUE + timedelta(days=2)
        assert _teams(service.weekly.publish(as_of=DUE, due_at=DUE)) == [(1, "Pixel Peepers", 1)]
        assert len(_teams(service.weekly.board(DUE + timedelta(seconds=1)))) == 2


def test_a_board_waits_for_mails_that_arrived_in_time(tmp_path: Path) -> None:
    """While such a mail is worked on the board waits, but not for ever."""
    clock = Clock(DUE)
    with served(tmp_path, clock) as service:
        clock.now = NOW
        with service.ledger.write() as tx:
            events.append(tx, kind="ledger-begun", subject="SIQA", now=NOW)
        clock.now = DUE
        drop(service, submission(), arrived_at=DUE - timedelta(seconds=1))
        assert not service.weekly.step()
        clock.now = DUE + PATIENCE
        assert service.weekly.step()


def test_a_later_mail_is_not_waited_for(tmp_path: Path) -> None:
    """A mail that arrived after the instant does not hold the board up."""
    clock = Clock(NOW)
    with served(tmp_path, clock) as service:
        clock.now = DUE
        drop(service, submission(), arrived_at=DUE)
        assert service.weekly.step()


@pytest.mark.parametrize(("standing", "method"), [("latest", "Worse"), ("best", "Better")])
def test_the_standing_is_the_configs(tmp_path: Path, standing: str, method: str) -> None:
    """The latest or the best submission counts for a team; both are counted."""
    with served(tmp_path, Clock(NOW), board={"standing": standing}) as service:
        take(service, submission("Better"), arrived_at=NOW)
        take(service, submission("Worse", tilt=1.0), arrived_at=NOW + timedelta(hours=1))
        made = service.weekly.board(DUE)
    assert _teams(made) == [(1, "Pixel Peepers", 2)]
    assert [row.method for row in made.tables[-1].rows if not row.baseline] == [method]


def test_the_board_is_kept_as_it_was_shown(tmp_path: Path) -> None:
    """What was published, the ledger and the files hold, and the audit trail knows of it."""
    with served(tmp_path, Clock(NOW)) as service:
        take(service, submission())
        made = service.weekly.publish(as_of=NOW + timedelta(hours=1))
        with service.ledger.read() as tx:
            (kept,) = boards.listing(tx)
            trail = [entry.kind for entry in events.since(tx, 0)]
    assert board_from_json(json.loads(kept.board)) == made
    assert kept.due_at is None
    on_disk = json.loads((tmp_path / "state" / "published" / "board.json").read_text(encoding="utf-8"))
    assert json.loads(kept.board) == on_disk
    assert trail[-1] == "board-published"


def test_a_board_that_cannot_be_written_stays_due(tmp_path: Path) -> None:
    """What could not be published is not kept as published, and is tried again."""
    clock = Clock(NOW)
    with served(tmp_path, clock) as service:
        clock.now = DUE
        service.config.published.write_text("in the way")
        with pytest.raises(ConfigError, match=r"board\.folder"):
            service.weekly.step()
        assert _published(service) == []
        service.config.published.unlink()
        assert service.weekly.step()


def everything(published: Path) -> dict[str, bytes]:
    """Return all files of the published folder by their path, the site through its link."""
    files = (*published.glob("*"), *(published / "page").rglob("*"))
    return {str(path.relative_to(published)): path.read_bytes() for path in files if path.is_file()}


def test_no_board_is_made_with_scores_missing(tmp_path: Path) -> None:
    """After the labels changed, a board of old scores is refused until the submissions are rescored."""
    with served(tmp_path, Clock(NOW)) as service:
        take(service, submission())
    labels = tmp_path / "labels" / "answer-s.json"
    labels.write_text(labels.read_text().replace("4.5", "4.6"))
    with served(tmp_path, Clock(NOW)) as service, pytest.raises(Permanent, match=r"1 submission.*mailbot rescore"):
        service.weekly.board(DUE)


def test_final_results_are_a_board_of_their_own(tmp_path: Path) -> None:
    """They are kept as such, have a page with awards, and the front page stays the last ordinary board."""
    clock = Clock(DUE)
    with served(tmp_path, clock) as service:
        ordinary = service.weekly.publish(as_of=clock())
        clock.forward(days=1)
        assert service.weekly.publish(as_of=clock(), final=True).final
        assert [board.final for board in service.publisher.published()] == [False, True]
        page = service.config.published / "page"
        assert ">Awards</h2>" in (page / "final" / "index.html").read_text(encoding="utf-8")
        assert (page / "board.json").read_bytes() == exports.as_json(ordinary)


@pytest.mark.parametrize("final", [False, True], ids=["a board", "final results"])
def test_what_was_published_is_made_anew_from_the_ledger(tmp_path: Path, *, final: bool) -> None:
    """With the folder gone all comes back, byte for byte: the site, and the files of what was published last."""
    clock = Clock(DUE)
    with served(tmp_path, clock) as service:
        with pytest.raises(Permanent, match="publish one first"):
            service.publisher.rebuild()
        take(service, submission())
        for last in (False, True):
            service.weekly.publish(as_of=clock(), final=final and last)
            clock.forward(weeks=1)
        published = service.config.published
        before = everything(published)
        assert json.loads(before["board.json"])["final"] is final
        shutil.rmtree(published)
        assert service.publisher.rebuild()
        assert everything(published) == before
