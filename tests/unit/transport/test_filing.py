"""Filing is for people alone: when the server refuses it, everything else goes on, and it is told once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from mailbot.errors import Refused, Temporary
from mailbot.ledger import outbox
from tests.unit.services import Clock, served, submission
from tests.unit.transport import test_fetch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mailbot.service import Service


@dataclass
class Server(test_fetch.Server):
    """A server that refuses to move, for a reason."""

    refusal: Temporary | None = None
    asked: int = 0

    def move(self, uids: Sequence[int], folder: str) -> bool:
        """Refuse, as long as there is a reason."""
        self.asked += 1
        if self.refusal:
            raise self.refusal
        return super().move(uids, folder)


def _letters(service: Service) -> list[str]:
    with service.ledger.read() as tx:
        return [row.subject for row in outbox.listing(tx) if row.kind.startswith("health")]


def test_a_refusal_is_told_once_and_tried_later(tmp_path: Path) -> None:
    """Mails are taken and handled meanwhile; the pause grows; once it works, all is filed, and that is told too."""
    clock = Clock()
    with served(tmp_path, clock) as service:
        server = Server({"INBOX": {1: submission()}}, refusal=Refused("[OVERQUOTA] full"))
        for minute in range(20):
            server.folders["INBOX"][minute + 2] = b"From: eve%d@x.example\r\n\r\nx\r\n" % minute
            assert service.fetch.take_new(server) == (2 if minute == 0 else 1)
            while service.intake.step():
                pass
            assert service.fetch.file_away(server) == 0
            clock.forward(minutes=1)
        assert _letters(service) == ["[mailbot] processed mails cannot be filed away"]
        assert server.asked < 12
        server.refusal = None
        clock.forward(hours=1)
        assert service.fetch.file_away(server) == 21
        assert _letters(service)[1:] == ["[mailbot] fixed: processed mails are filed away"]


def test_a_connection_that_breaks_over_it_every_time_is_told_as_what_it_is(tmp_path: Path) -> None:
    """The first times it is a lost connection like any other; the third in a row is about filing, which then rests."""
    clock = Clock()
    with served(tmp_path, clock) as service:
        server = Server({"INBOX": {1: submission()}}, refusal=Temporary("gone"))
        service.fetch.take_new(server)
        while service.intake.step():
            pass
        for told in (0, 0, 1):
            with pytest.raises(Temporary):
                service.fetch.file_away(server)
            assert service.fetch.file_away(server) == 0
            assert len(_letters(service)) == told
            clock.forward(minutes=1)
        assert server.asked == 3
