"""The maintenance step: what no other loop would notice is reported once, and once more when it is well again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mailbot.daemon.maintenance import Maintenance
from mailbot.ledger import mails, outbox
from mailbot.system import journal
from mailbot.system.heartbeat import Heartbeat
from tests.unit.services import Clock, drop, served, submission

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.service import Service


def subjects(service: Service) -> list[str]:
    """Return the subjects of what the organizers were told."""
    with service.ledger.read() as tx:
        return [row.subject for row in outbox.listing(tx)]


def test_a_low_disk_is_told_once(tmp_path: Path) -> None:
    """However often the step looks."""
    with served(tmp_path, Clock(), alerts={"disk_mib": 2**40}) as service:
        maintenance = Maintenance(service=service, heartbeat=Heartbeat(60))
        assert not maintenance.step()
        maintenance.step()
        assert subjects(service) == ["[mailbot] the disk is nearly full"]


def test_an_all_clear_comes_from_the_next_process_too(tmp_path: Path) -> None:
    """Trouble that was told by a mailbot that died is called off by the one after it."""
    with served(tmp_path, Clock(), alerts={"disk_mib": 2**40}) as service:
        Maintenance(service=service, heartbeat=Heartbeat(60)).step()
    with served(tmp_path, Clock(), alerts={"disk_mib": 1}) as service:
        Maintenance(service=service, heartbeat=Heartbeat(60)).step()
        assert subjects(service)[-1] == "[mailbot] fixed: the disk has room"


def test_a_loop_that_hangs_is_named(tmp_path: Path) -> None:
    """And called off when it is heard of again."""
    seconds = [0.0]
    heartbeat = Heartbeat(60, clock=lambda: seconds[0])
    with served(tmp_path, Clock()) as service, heartbeat.loop("intake"):
        maintenance = Maintenance(service=service, heartbeat=heartbeat)
        maintenance.step()
        seconds[0] = 61
        maintenance.step()
        heartbeat.note("intake", "idle")
        maintenance.step()
        hung = "[mailbot] a part of mailbot hangs"
        assert subjects(service) == [hung, "[mailbot] fixed: all parts of mailbot work"]


def test_an_overdue_board_is_told(tmp_path: Path) -> None:
    """An hour after its instant; not a minute after it."""
    clock = Clock()
    with served(tmp_path, clock) as service:
        maintenance = Maintenance(service=service, heartbeat=Heartbeat(60))
        clock.now = service.weekly.next_at()
        clock.forward(minutes=1)
        maintenance.step()
        assert subjects(service) == []
        clock.forward(hours=1)
        maintenance.step()
        assert subjects(service) == ["[mailbot] the board is overdue"]


def test_the_figures_are_replaced_as_a_whole(tmp_path: Path) -> None:
    """The textfile is where the config says, and nothing is left beside it."""
    with served(tmp_path, Clock(), metrics={"file": "figures/mailbot.prom"}) as service:
        Maintenance(service=service, heartbeat=Heartbeat(60)).step()
    assert [path.name for path in (tmp_path / "figures").iterdir()] == ["mailbot.prom"]
    assert b"mailbot_written_seconds" in (tmp_path / "figures/mailbot.prom").read_bytes()


def test_figures_that_cannot_be_written_cost_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The journal says so, and the step goes on."""
    journal.set_up(as_json=True)
    (tmp_path / "figures").write_text("no folder")
    with served(tmp_path, Clock(), metrics={"file": "figures/mailbot.prom"}) as service:
        assert not Maintenance(service=service, heartbeat=Heartbeat(60)).step()
    assert "metrics-failed" in capfd.readouterr().err


def test_mails_set_aside_are_told_and_called_off(tmp_path: Path) -> None:
    """Also one that no step reported, as after the process died over it; once it is dropped, that is told too."""
    with served(tmp_path, Clock()) as service:
        drop(service, submission())
        with service.ledger.write("test") as tx:
            mails.claim(tx, now=service.clock(), limit=1)
            mails.set_aside(tx, 1, reason="the process died while working on it")
        maintenance = Maintenance(service=service, heartbeat=Heartbeat(60))
        maintenance.step()
        maintenance.step()
        with service.ledger.write("test") as tx:
            mails.drop(tx, 1, service.clock())
        maintenance.step()
        maintenance.step()
        told = "[mailbot] a mail was set aside"
        assert subjects(service) == [told, "[mailbot] fixed: no mail is set aside now"]


@pytest.mark.parametrize("part", ["outbox", "replies"])
def test_what_has_not_happened_for_a_day_is_called_off(tmp_path: Path, part: str) -> None:
    """So that the next time is told of again; happening again meanwhile keeps it."""
    with served(tmp_path, clock := Clock()) as service:
        maintenance = Maintenance(service=service, heartbeat=Heartbeat(60))
        for _ in range(3):
            service.alerts.report(part, ok=False, detail="again")
            clock.forward(hours=23)
            maintenance.step()
        assert len(subjects(service)) == 1
        clock.forward(hours=2)
        maintenance.step()
        service.alerts.report(part, ok=False, detail="another")
        assert ["fixed:" in subject for subject in subjects(service)] == [False, True, False]
