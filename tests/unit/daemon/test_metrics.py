"""The metrics, as Prometheus reads them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

from mailbot.daemon import metrics
from mailbot.daemon.report import Report
from mailbot.daemon.status import Status, look
from mailbot.daemon.systemd import Notifier
from mailbot.system.heartbeat import Heartbeat
from mailbot.system.lock import held
from tests.unit.services import Clock, served, submission, take

if TYPE_CHECKING:
    from mailbot.service import Service

ALERTS = Path(__file__).parents[3] / "docs/examples/alerts.yml"


def seen(service: Service) -> Status:
    """Look at the contest."""
    with service.ledger.read() as tx:
        return look(tx, service.config, now=service.clock())


def figures(text: bytes) -> dict[tuple[str, ...], float]:
    """Read the figures as Prometheus does: by name and values of the labels, these by their names."""
    families = text_string_to_metric_families(text.decode())
    return {
        (s.name, *(value for _, value in sorted(s.labels.items()))): s.value
        for family in families
        for s in family.samples
    }


def test_prometheus_reads_the_figures(tmp_path: Path) -> None:
    """Its own parser takes them, and they are those of the ledger."""
    with served(tmp_path, Clock()) as service:
        take(service, submission())
        service.alerts.report("sheet", ok=False, detail="Google does not answer")
        status = seen(service)
    found = figures(metrics.text(status))
    assert found["mailbot_mails_total", "scored"] == 1
    assert found["mailbot_submissions_total", "accepted", "siqa-s"] == 1
    assert found["mailbot_part_ok", "sheet"] == 0
    assert found["mailbot_up",] == 0
    assert found["mailbot_outbox_mails",] == status.outbox > 0
    assert ("mailbot_board_age_seconds",) not in found


def test_a_mailbox_that_was_never_looked_into_is_waited_for_since_the_start(tmp_path: Path) -> None:
    """A server that never answered raises the alert too; once it has, only that look counts."""
    clock = Clock()
    with served(tmp_path, clock) as service:
        Report(service=service, heartbeat=Heartbeat(60), notifier=Notifier({})).give()
        clock.now += timedelta(hours=1)
        with held(service.config.state):
            found = seen(service)
    assert figures(metrics.text(found))["mailbot_poll_age_seconds",] == 3600
    polled = replace(found, pulse={**found.pulse, "polled_at": found.at.isoformat()})
    assert figures(metrics.text(polled))["mailbot_poll_age_seconds",] == 0


def test_the_example_alerts_ask_for_figures_that_there_are(tmp_path: Path) -> None:
    """Each rule's expression names a figure that mailbot writes, once all of them have a value."""
    with served(tmp_path, Clock()) as service:
        service.weekly.publish(as_of=service.clock())
        status = seen(service)
    names = {name for name, *_ in figures(metrics.text(status))} | {"mailbot_poll_age_seconds", "mailbot_part_ok"}
    rules = re.findall(r"^ +expr: (.+)$", ALERTS.read_text(), re.MULTILINE)
    assert len(rules) == ALERTS.read_text().count("- alert: ")
    assert {name for rule in rules for name in re.findall(r"mailbot_\w+", rule)} <= names
    assert all("mailbot_" in rule for rule in rules)
