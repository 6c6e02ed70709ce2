"""A board is taken back: index, feed, archive, letters and a rebuild follow; it stays, marked, beside its reason."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mailbot.board import withdrawal
from mailbot.errors import Permanent
from mailbot.ledger import boards, outbox
from mailbot.model import ReplyState
from tests.unit.services import NOW, Clock, served, submission, take

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.ledger import Ledger
    from mailbot.service import Service

WHY = "The clock of our host was wrong."


def _page(folder: Path, name: str) -> str:
    return (folder / "state/published/page" / name).read_text(encoding="utf-8")


def test_a_board_of_a_clock_that_was_ahead(tmp_path: Path) -> None:
    """It is withdrawn, its waiting letters are not sent, and the right board comes out at its instant, once."""
    clock = Clock(NOW)
    with served(tmp_path, clock) as service:
        take(service, submission("First"))
        service.weekly.publish(as_of=NOW)
        clock.forward(days=20)
        assert service.weekly.step()
        while service.letter_queue.step():
            pass
        clock.forward(days=-20)
        (first, wrong), (_, wrong_date) = _standing(service.ledger), _dates(service)
        with pytest.raises(Permanent, match="names 0 published boards"):
            withdrawal.look(service.ledger, "2026-01-01")
        found = withdrawal.look(service.ledger, wrong_date)
        assert found.row.id == wrong.id
        assert len(found.waiting) == 2  # the team's letter and the digest
        withdrawal.carry_out(service.ledger, found, WHY, clock())
        service.publisher.rebuild()
        assert [row.id for row in _standing(service.ledger)] == [first.id]
        assert WHY in _page(tmp_path, f"weeks/{wrong_date}/index.html")
        assert WHY in _page(tmp_path, "weeks/index.html")
        assert WHY not in _page(tmp_path, "index.html")
        assert wrong_date not in _page(tmp_path, "feed.xml")
        with service.ledger.read() as tx:
            letters = [row for row in outbox.listing(tx) if row.kind in {"standing", "digest"}]
        assert {row.state for row in letters} == {ReplyState.GIVEN_UP}
        clock.now = NOW + timedelta(days=20)
        assert service.weekly.step()
        assert not service.weekly.step()
        assert len(_standing(service.ledger)) == 2


def test_the_only_board(tmp_path: Path) -> None:
    """Where none stands any more, the front page shows no team; the next board is shown as ever."""
    clock = Clock(NOW)
    with served(tmp_path, clock) as service:
        take(service, submission("First"))
        clock.forward(hours=1)
        service.weekly.publish(as_of=clock())
        assert "Pixel Peepers" in _page(tmp_path, "index.html")
        withdrawal.carry_out(service.ledger, withdrawal.look(service.ledger, _dates(service)[0]), WHY, clock())
        service.publisher.rebuild()
        assert "Pixel Peepers" not in _page(tmp_path, "index.html")
        assert "Pixel Peepers" not in _page(tmp_path, "feed.xml")
        assert "Pixel Peepers" in _page(tmp_path, f"weeks/{NOW:%Y-%m-%d}/index.html")
        clock.forward(hours=1)
        service.weekly.publish(as_of=clock())
        assert "Pixel Peepers" in _page(tmp_path, "index.html")


def _standing(ledger: Ledger) -> list[boards.BoardRow]:
    with ledger.read() as tx:
        return boards.listing(tx)


def _dates(service: Service) -> list[str]:
    return [f"{one.as_of:%Y-%m-%d}" for one in service.publisher.published()]
