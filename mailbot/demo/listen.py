"""Listening to the journal: the demo learns of mailbot's work as an operator does; nothing of it reaches the screen."""

from __future__ import annotations

import contextlib
import json
import logging
import queue
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import structlog

from mailbot.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping
    from pathlib import Path
    from typing import TextIO

SECONDS = 60.0
"""A stage of the demo that takes longer has failed."""


GLANCE_SECONDS = 0.1
"""What the journal does not tell is looked for so often."""


class Stopped(Exception):  # noqa: N818  # it is no error: somebody pressed Ctrl-C, or the daemon ended
    """The daemon ended before the demo did."""


class Journal:
    """The events as they come."""

    def __init__(self, file: TextIO) -> None:
        """Copy every event to ``file`` as a line of JSON."""
        self._file = file
        self._events: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        #: The last warning, for when all stops.
        self.trouble = ""

    def take(self, _logger: object, method: str, event: MutableMapping[str, Any]) -> NoReturn:
        """Take an event: the last of structlog's processors."""
        line = json.dumps(event, ensure_ascii=False, default=str)
        self._file.write(line + "\n")
        if method == "warning":
            self.trouble = line
        self._events.put(str(event["event"]))
        raise structlog.DropEvent

    def close(self) -> None:
        """Say that nothing more will come."""
        self._events.put(None)

    def wait_until(self, done: Callable[[], bool]) -> None:
        """Wait until something is so, asked anew after each event and now and then. Raises Stopped or Permanent."""
        until = time.monotonic() + SECONDS
        while not done():
            if time.monotonic() > until:
                message = f"the demo hangs: no output for {SECONDS:g} seconds; see journal.log"
                raise Permanent(message)
            with contextlib.suppress(queue.Empty):
                if self._events.get(timeout=GLANCE_SECONDS) is None:
                    raise Stopped


@contextmanager
def journal(path: Path) -> Iterator[Journal]:
    """Send the journal, and what libraries log, to a file and to the listener."""
    with path.open("w", encoding="utf-8", buffering=1) as file:
        listener = Journal(file)
        handler = logging.StreamHandler(file)
        logging.getLogger().addHandler(handler)
        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                listener.take,
            ],
            wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
            cache_logger_on_first_use=False,
        )
        try:
            yield listener
        finally:
            logging.getLogger().removeHandler(handler)
            structlog.reset_defaults()
