"""Play all attacks, or those whose names hold one of the words, each against a running daemon: ``make attack``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.hostile.attacks.every import ATTACKS
from tests.hostile.attacks.grounds import daemon
from tests.servers.dovecot import Dovecot
from tests.servers.smtp_sink import SmtpSink

if TYPE_CHECKING:
    from tests.hostile.attacks.model import Attack


def main() -> int:
    """Print a line for each attack and how many were held; 1 when one was not."""
    words = sys.argv[1:]
    wanted = [attack for attack in ATTACKS if not words or any(word in attack.name for word in words)]
    server = Dovecot()
    try:
        server.start()
        held = sum([_told(attack, server) for attack in wanted])
    finally:
        server.remove()
    _say(f"attacks: {len(wanted)}, held: {held}")
    return 0 if held == len(wanted) else 1


def _told(attack: Attack, server: Dovecot) -> bool:
    """Play an attack on a daemon of its own, and tell how it ended."""
    sink = SmtpSink()
    sink.start()
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            daemon(Path(folder) / "bot", attack.config, mailbox=server.mailbox(), sink=sink) as ground,
        ):
            gained = attack.play(ground)
    finally:
        sink.stop()
    _say(f"{attack.name:<60} {f'GAINED: {gained}' if gained else 'held'}")
    return not gained


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
