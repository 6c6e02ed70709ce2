"""The care step: what no other loop would notice is told once, and once more when it is well again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot import journal
from mailbot.ledger import outbox
from mailbot.running.caring import Caring
from mailbot.running.pulse import Pulse
from tests.unit.services import Clock, served

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from mailbot.service import Service


def subjects(service: Service) -> list[str]:
    """Return the subjects of what the organizers were told."""
    with service.ledger.read() as tx:
        return [row.subject for row in outbox.listing(tx)]


def test_a_low_disk_is_told_once(tmp_path: Path) -> None:
    """However often the step looks."""
    with served(tmp_path, Clock(), alerts={"disk_mib": 2**40}) as service:
        caring = Caring(service=service, pulse=Pulse(60))
        assert not caring.step()
        caring.step()
        assert subjects(service) == ["[mailbot] the disk is nearly full"]


def test_an_all_clear_comes_from_the_next_process_too(tmp_path: Path) -> None:
    """Trouble that was told by a mailbot that died is called off by the one after it."""
    with served(tmp_path, Clock(), alerts={"disk_mib": 2**40}) as service:
        Caring(service=service, pulse=Pulse(60)).step()
    with served(tmp_path, Clock(), alerts={"disk_mib": 1}) as service:
        Caring(service=service, pulse=Pulse(60)).step()
        assert subjects(service)[-1] == "[mailbot] well again: the disk is nearly full"


def test_a_loop_that_hangs_is_named(tmp_path: Path) -> None:
    """And called off when it is heard of again."""
    seconds = [0.0]
    pulse = Pulse(60, clock=lambda: seconds[0])
    with served(tmp_path, Clock()) as service, pulse.loop("intake"):
        caring = Caring(service=service, pulse=pulse)
        caring.step()
        seconds[0] = 61
        caring.step()
        pulse.note("intake", "idle")
        caring.step()
        hung = "[mailbot] a part of mailbot hangs"
        assert subjects(service) == [hung, hung.replace("] ", "] well again: ")]


def test_an_overdue_board_is_told(tmp_path: Path) -> None:
    """An hour after its instant; not a minute after it."""
    clock = Clock()
    with served(tmp_path, clock) as service:
        caring = Caring(service=service, pulse=Pulse(60))
        clock.now = service.weekly.next_at()
        clock.forward(minutes=1)
        caring.step()
        assert subjects(service) == []
        clock.forward(hours=1)
        caring.step()
        assert subjects(service) == ["[mailbot] the board is overdue"]


def test_the_figures_are_replaced_as_a_whole(tmp_path: Path) -> None:
    """The textfile is where the config says, and nothing is left beside it."""
    with served(tmp_path, Clock(), metrics={"file": "figures/mailbot.prom"}) as service:
        Caring(service=service, pulse=Pulse(60)).step()
    assert [path.name for path in (tmp_path / "figures").iterdir()] == ["mailbot.prom"]
    assert b"mailbot_written_seconds" in (tmp_path / "figures/mailbot.prom").read_bytes()


def test_figures_that_cannot_be_written_cost_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The journal says so, and the step goes on."""
    journal.set_up(as_json=True)
    (tmp_path / "figures").write_text("no folder")
    with served(tmp_path, Clock(), metrics={"file": "figures/mailbot.prom"}) as service:
        assert not Caring(service=service, pulse=Pulse(60)).step()
    assert "metrics-failed" in capfd.readouterr().err
