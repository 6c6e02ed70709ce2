"""A rule of the config that is changed is in the audit trail with its old and new value, and on the page at once."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mailbot.ledger import events
from tests.contest.contest import START, Clock, contest, mail, take

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.service import Service


def _phase(closes: str) -> dict[str, Any]:
    return {"[phases]": {"name": "test", "closes": closes}}


def _changed(wired: Service) -> list[dict[str, Any]]:
    with wired.ledger.read() as tx:
        return [json.loads(entry.detail)["changed"] for entry in events.listing(tx, kind="rules")]


def test_a_changed_deadline_is_in_the_trail_and_on_the_page(tmp_path: Path) -> None:
    """Once, with both values; a config that stays the same enters nothing."""
    clock, first, second = Clock(), "2026-04-26T00:00:00+08:00", "2026-04-30T00:00:00+08:00"
    with contest(tmp_path, clock, **_phase(first)) as wired:
        take(wired, mail("amber@example.org"), START)
        clock.instant = START + timedelta(days=2)
        assert wired.weekly.step()
    page = tmp_path / "state" / "published" / "page" / "rules" / "index.html"
    assert "26 Apr 2026" in page.read_text()
    with contest(tmp_path, clock, **_phase(first)) as wired:
        assert _changed(wired) == [{}]
    with contest(tmp_path, clock, **_phase(second)) as wired:
        assert _changed(wired) == [{}, {"phases.test.closes": [first, second]}]
    assert "30 Apr 2026" in page.read_text()
    assert "26 Apr 2026" not in page.read_text()
