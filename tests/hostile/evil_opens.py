"""A child that opens mails and was taken over: it has what such a child has, and tries the acts of evil.py."""

from __future__ import annotations

from mailbot.mail import tasks
from mailbot.system.children.named import Kind
from tests.hostile import evil

KIND = Kind(__name__, preload=tasks.KIND.preload)

try_it = KIND.task(evil.try_it.function)
