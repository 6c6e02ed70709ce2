"""The journal: one line for each event, for the operator; it never has a personal address or a label."""

from __future__ import annotations

import importlib
import logging
import sys
from functools import cache

from mailbot import lazily
from scoring.text import printable

with lazily(__name__):  # a command that only lists writes no journal
    import structlog


_UNWANTED = "rich.traceback"
"""What structlog loads to show tracebacks in colours: no entry of ours has one, and it takes 1.5 MiB and 30 ms."""


def _load() -> None:
    """Import structlog without it."""
    if _UNWANTED in sys.modules or "structlog" in sys.modules:
        return
    sys.modules[_UNWANTED] = None  # type: ignore[assignment]  # as the import system has a module that must not load
    try:
        importlib.import_module("structlog")
    finally:
        del sys.modules[_UNWANTED]


def set_up(*, as_json: bool, quiet: bool = False) -> None:
    """Write events to standard error, as JSON or for people; with ``quiet`` only warnings."""
    _load()
    shape = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            shape,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING if quiet else logging.INFO),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # at each event, as it may be replaced
        cache_logger_on_first_use=False,
    )


def event(kind: str, **fields: object) -> None:
    """Write that something happened; control characters in texts are replaced, and long texts cut."""
    _log().info(kind, **{key: _inert(value) for key, value in fields.items()})


def trouble(kind: str, **fields: object) -> None:
    """Write that something failed which an operator may have to look at."""
    _log().warning(kind, **{key: _inert(value) for key, value in fields.items()})


@cache
def _log() -> structlog.stdlib.BoundLogger:
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("mailbot")
    return logger


def _inert(value: object) -> object:
    return printable(value, 300) if isinstance(value, str) else value
