"""The secret that team keys are hashed with and that confirmation codes are made from: a file of its owner's alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot import safefile

if TYPE_CHECKING:
    from pathlib import Path

FILE = "identity.secret"
"""In the state folder. Without it every team key and every open question is void."""


def of(state: Path) -> bytes:
    """Return the secret of a state folder; it is made when there is none yet."""
    return bytes.fromhex(safefile.secret(state / FILE))
