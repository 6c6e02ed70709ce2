"""All attacks that there are, by module."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from tests.hostile.attacks import exports, heavy, host, labels, outside, people, replies, texts, trail, wall, work

if TYPE_CHECKING:
    from tests.hostile.attacks.model import Attack

MODULES = (labels, people, replies, work, heavy, host, outside, trail, exports, texts, wall)

ATTACKS: tuple[Attack, ...] = tuple(chain.from_iterable(module.ATTACKS for module in MODULES))
