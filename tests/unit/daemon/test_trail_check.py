"""The daemon holds the ledger to its trail by itself: what is new each hour, everything each day; it tells once."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from mailbot.daemon.trail_check import TrailCheck
from mailbot.ledger import outbox, teams
from tests.unit.services import Clock, served, submission, take

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.service import Service

TOLD = "[mailbot] the ledger does not agree with its audit trail"
WELL = "[mailbot] fixed: the ledger agrees with its audit trail"


def subjects(service: Service) -> list[str]:
    """Return the subjects of what the organizers were told."""
    with service.ledger.read() as tx:
        return [row.subject for row in outbox.listing(tx) if row.kind == "health-trail"]


def by_sql(folder: Path, statement: str) -> None:
    """Change the ledger behind mailbot's back."""
    with closing(sqlite3.connect(folder / "state" / "ledger.db")) as ledger, ledger:
        assert ledger.execute(statement).rowcount > 0


def test_a_contest_that_nobody_touched_is_well(tmp_path: Path) -> None:
    """Hour after hour, through mails, changes of the roster and an idle night."""
    with served(tmp_path, clock := Clock()) as service:
        check = TrailCheck(service=service)
        check.run()
        for number in range(3):
            take(service, submission(f"N{number}", tilt=number / 10), arrived_at=clock())
            with service.ledger.write("test") as tx:
                teams.add(tx, "Pixel Peepers", [f"more{number}@peepers.example"], clock())
                teams.set_leader(tx, 1, f"more{number}@peepers.example")
            clock.forward(hours=1)
            check.run()
        clock.forward(hours=20)
        check.run()
        check.run()
        assert subjects(service) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE scores SET value = 99.5",
        "DELETE FROM scores",
        "UPDATE submissions SET team_id = 2",
        "UPDATE events SET detail = replace(detail, '\"score\":', '\"score\":9') WHERE kind = 'mail-recorded'",
        "UPDATE events SET mac = NULL WHERE id = (SELECT max(id) FROM events)",
        "DELETE FROM events WHERE id = (SELECT max(id) FROM events)",
        "DELETE FROM events WHERE id > (SELECT max(id) - 2 FROM events)",
    ],
)
def test_what_was_changed_within_the_hour_is_told_once(tmp_path: Path, statement: str) -> None:
    """What came since the last check, or that what was there then is gone."""
    with served(tmp_path, clock := Clock()) as service:
        check = TrailCheck(service=service)
        check.run()
        take(service, submission(), arrived_at=clock())
        if statement.startswith("DELETE FROM events"):
            check.run()  # it has seen the entry
        by_sql(tmp_path, statement)
        clock.forward(hours=1)
        check.run()
        clock.forward(hours=1)
        check.run()
        assert subjects(service) == [TOLD]


def test_an_old_row_is_found_within_a_day_and_called_off_when_it_is_as_it_was(tmp_path: Path) -> None:
    """What no new entry tells of is looked at once a day, and by the next process at its start."""
    with served(tmp_path, clock := Clock()) as service:
        take(service, submission(), arrived_at=clock())
        check = TrailCheck(service=service)
        check.run()
        by_sql(tmp_path, "UPDATE scores SET value = value / 2")
        clock.forward(hours=1)
        check.run()
        assert subjects(service) == []
        TrailCheck(service=service).run()
        assert subjects(service) == [TOLD]
        clock.forward(hours=24)
        check.run()
        by_sql(tmp_path, "UPDATE scores SET value = value * 2")
        clock.forward(hours=1)
        check.run()
        assert subjects(service) == [TOLD, WELL]


def test_another_leader_behind_mailbots_back_is_told(tmp_path: Path) -> None:
    """Who leads is the first of a team's addresses: their order is held too, and no address is named."""
    with served(tmp_path, clock := Clock()) as service:
        with service.ledger.write("test") as tx:
            teams.add(tx, "Pixel Peepers", ["eve@peepers.example"], clock())
        check = TrailCheck(service=service)
        check.run()
        by_sql(tmp_path, "UPDATE addresses SET id = -id WHERE address = 'eve@peepers.example'")
        clock.forward(days=1)
        check.run()
        with service.ledger.read() as tx:
            assert teams.with_id(tx, 1).addresses[0] == "eve@peepers.example"
            (mail,) = [row for row in outbox.listing(tx) if row.kind == "health-trail"]
        text = mail.message.decode()
        assert "the order of the addresses of the team with the id 1 is not what entry" in text.replace("\r\n", " ")
        assert "eve@" not in text
