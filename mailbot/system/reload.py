"""A mark in the state folder by which a command asks a running daemon to reload, where it may not signal it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MARK = "reload-wanted"


def ask(state: Path) -> None:
    """Ask the daemon on a state folder, if one runs, to reload within its next half minute."""
    (state / MARK).touch()


def asked_since(state: Path, instant: float) -> bool:
    """Whether a reload was asked for since an instant, in seconds since the epoch."""
    try:
        return (state / MARK).stat().st_mtime > instant
    except FileNotFoundError:
        return False
