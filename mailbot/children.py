"""The children that read what teams send: each holds the labels and the limits that the config sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot.evaluation import evaluator
from mailbot.mail import open as opening
from mailbot.system.child import MIB
from mailbot.system.sandbox import Bounds, Sandbox

if TYPE_CHECKING:
    from mailbot.config.schema import Config
    from mailbot.evaluation.labels import Labels
    from mailbot.system.child import SetUp


def sandbox_of(config: Config, labels: Labels) -> Sandbox:
    """Make the children; none starts before the first mail needs it."""
    limits = config.limits
    return Sandbox(
        config.workers,
        bounds=Bounds(
            seconds=limits.child_seconds,
            cpu_seconds=limits.child_cpu_seconds,
            memory_bytes=limits.child_memory_mib * MIB,
        ),
        set_ups=set_ups(config, labels),
    )


def set_ups(config: Config, labels: Labels) -> tuple[SetUp, ...]:
    """Return what each child does before its first task, with the labels of now."""
    reach = opening.reach_of(config.limits, config.identity.authserv_ids)
    return (evaluator.hold, (dict(labels),)), (opening.hold, (reach,))
