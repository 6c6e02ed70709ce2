"""The command line: :mod:`mailbot.cli.app` lists the commands, the other modules hold them."""

from __future__ import annotations

from mailbot.cli.app import main

__all__ = ["main"]
