"""Standing by: a daemon on a ledger that several hosts share waits until it leads, and says who does meanwhile."""

from __future__ import annotations

import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from mailbot.config.calendar import shown
from mailbot.errors import Temporary
from mailbot.ledger.engines.lead import BEAT_SECONDS, Lead, is_shared
from mailbot.system import journal, safefile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mailbot.config.schema import Config
    from mailbot.daemon.systemd import Notifier
    from mailbot.ledger.engines.leads import Leader

REST_SECONDS = 15.0
"""One that gave the lead up leaves it to the others for so long."""


@contextmanager
def leading(config: Config, notifier: Notifier, *, rest: float = 0.0) -> Iterator[Lead | None]:
    """Wait until this process leads, and give up the lead in the end; None at once on SQLite, which no host shares.

    The first ``rest`` seconds it only stands by. Raises Temporary when the ledger cannot be used at first; later it
    is waited for.
    """
    if not is_shared(config.ledger):
        yield None
        return
    safefile.private_folder(config.state)
    with closing(Lead(config.ledger, config.state)) as mine:
        _stand_by(mine, config, notifier, time.monotonic() + rest)
        yield mine


def _stand_by(mine: Lead, config: Config, notifier: Notifier, until: float) -> None:
    """Ask again and again for the lead; tell the journal and the service manager what is new."""
    told, is_first = "", until <= time.monotonic()
    while True:
        words = _ask(mine, config, until, is_first=is_first)
        if mine.leads:
            return
        if not told:
            notifier.ready()
        if words != told:
            journal.event("standing-by", host=mine.host, why=words)
            notifier.doing(f"stands by: {words}")
        notifier.alive()
        told, is_first = words, False
        time.sleep(BEAT_SECONDS)


def _ask(mine: Lead, config: Config, until: float, *, is_first: bool) -> str:
    """Ask for the lead once; return why it is not ours. Raises Temporary the first time."""
    ask: Callable[[], Leader | None] = mine.take if time.monotonic() >= until else mine.look
    try:
        found = ask()
    except Temporary as error:
        if is_first:
            raise
        return str(error)
    if found is None or not found.name:
        return "nobody leads"
    return f"{found.host} leads since {shown(found.since, config.challenge.zone)}"
