"""What several tests of the desk work with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mailbot.desk.desk import Desk
from tests.contest.contest import Clock, contest, mail, take
from tests.contest.desk import AMBER, HOSTILE, STRANGER, Open, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Give a contest with a scored mail, a late one's like, a stranger's, and a desk over it."""
    clock = Clock()
    with contest(tmp_path, clock, board={"standing": "latest"}) as wired:
        take(wired, mail(AMBER, shift=0.4), clock.instant)
        take(wired, mail(STRANGER, shift=0.1, subject=HOSTILE), clock.instant)
        clock.pass_by(hours=1)
        desk = Desk(path=tmp_path / "config.toml", clock=clock)
        with served(desk) as address:
            yield Open(desk=desk, address=address, wired=wired, clock=clock)
