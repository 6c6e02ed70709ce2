"""``python -m tests.clustered.host CONFIG FILE``: a daemon on a host whose clock shows what a file says."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

from mailbot import flow
from mailbot.cli.common import set_up_journal
from mailbot.config import load
from mailbot.daemon import standby
from mailbot.daemon.main import Daemon
from mailbot.daemon.systemd import Notifier


def run(config: Path, clock: Path) -> None:
    """Stand by, then lead, until SIGTERM."""
    set_up_journal(as_json=True)
    loaded = load.load(config)

    def now() -> datetime:
        return datetime.fromisoformat(clock.read_text())

    with standby.leading(loaded, Notifier({})) as lead, flow.working(loaded, clock=now, lead=lead) as wired:
        Daemon(wired).run()


if __name__ == "__main__":
    run(*map(Path, sys.argv[1:]))
