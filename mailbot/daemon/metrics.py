"""Metrics in Prometheus' text format, made from a :class:`mailbot.daemon.status.Status`. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from prometheus_client.metrics_core import Metric

    from mailbot.daemon.status import Status


class _Metrics(Collector):
    """The metrics of one status."""

    def __init__(self, status: Status) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        """Yield each metric with its samples."""
        status = self._status
        yield GaugeMetricFamily("mailbot_up", "Whether a mailbot works on the state folder.", int(status.running))
        yield GaugeMetricFamily("mailbot_written_seconds", "When this was written, Unix time.", status.at.timestamp())
        mails = CounterMetricFamily("mailbot_mails", "Recorded mails by outcome.", labels=["outcome"])
        for outcome, count in sorted(status.outcomes.items()):
            mails.add_metric([outcome], count)
        yield mails
        submissions = CounterMetricFamily("mailbot_submissions", "Submissions.", labels=["track", "status"])
        for labels, count in sorted(status.submissions.items()):
            submissions.add_metric(labels, count)
        yield submissions
        yield GaugeMetricFamily("mailbot_backlog_mails", "Mails not handled yet.", status.backlog)
        yield GaugeMetricFamily("mailbot_set_aside_mails", "Mails set aside.", status.set_aside)
        yield GaugeMetricFamily("mailbot_outbox_mails", "Our mails still to be sent.", status.outbox)
        yield GaugeMetricFamily("mailbot_given_up_mails", "Our mails that could not be sent.", status.given_up)
        parts = GaugeMetricFamily("mailbot_part_ok", "Whether a component works.", labels=["part"])
        for part in status.parts:
            parts.add_metric([part.part], int(part.ok))
        yield parts
        yield from _ages(status)


def _ages(status: Status) -> Iterator[Metric]:
    """Yield how long ago the mailbox was polled and a board was published; nothing for what never happened.

    For a mailbox that was never polled, the time since the start counts: a server that never answered shows too.
    """
    polled = status.polled_at or status.started_at
    ages = {
        "mailbot_poll_age_seconds": ("Since the mailbox was last read, or since the start.", polled),
        "mailbot_board_age_seconds": ("Since a board was last published.", status.last_board),
    }
    for name, (words, instant) in ages.items():
        if instant is not None:
            yield GaugeMetricFamily(name, words, _seconds(status.at, instant))


def _seconds(now: datetime, instant: datetime) -> float:
    return max(0.0, (now - instant).total_seconds())


def text(status: Status) -> bytes:
    """Return the metrics as node_exporter's textfile collector reads them."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Metrics(status))
    return generate_latest(registry)
