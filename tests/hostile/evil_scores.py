"""A child that runs an own scorer and was taken over: it has what such a child has, and tries the acts of evil.py."""

from __future__ import annotations

from mailbot.evaluation import own_tasks
from mailbot.system.children.named import Kind
from tests.hostile import evil

KIND = Kind(__name__, preload=own_tasks.KIND.preload, most_tasks=own_tasks.KIND.most_tasks)

try_it = KIND.task(evil.try_it.function)
