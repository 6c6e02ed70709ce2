"""Play all attacks, or those whose names hold one of the words, each against a running daemon: ``make attack``.

Then a child of each kind that was taken over tries to break out, as each user that there is: a line for each act. Their
names begin with ``break-out``, so that word picks them.
"""

from __future__ import annotations

import sys
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from tests.hostile.attacks.every import ATTACKS
from tests.hostile.attacks.grounds import daemon
from tests.hostile.break_out import KINDS, USERS, is_held, tried
from tests.hostile.evil import ACTS
from tests.servers.dovecot import Dovecot
from tests.servers.smtp_sink import SmtpSink

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.hostile.attacks.model import Attack, Ground


def main() -> int:
    """Print a line for each attack and how many were held; 1 when one was not."""
    words = sys.argv[1:]
    wanted = [attack for attack in ATTACKS if _is_wanted(attack.name, words)]
    came = _played(wanted) + _broken_out([act for act in ACTS if _is_wanted(_BREAK_OUT + act, words)])
    _say(f"attacks: {len(came)}, held: {sum(came)}")
    return 0 if all(came) else 1


_BREAK_OUT = "break-out: "


def _is_wanted(name: str, words: Sequence[str]) -> bool:
    return not words or any(word in name for word in words)


def _played(wanted: Sequence[Attack]) -> list[bool]:
    """Play attacks on daemons; return whether each was held."""
    if not wanted:
        return []
    server = Dovecot()
    try:
        server.start()
        return [_told(attack, server) for attack in wanted]
    finally:
        server.remove()


def _broken_out(acts: Sequence[str]) -> list[bool]:
    """Have children of each kind try acts as each user; return whether each act was held everywhere."""
    came = {(user, kind): tried(user, kind) for user in USERS for kind in KINDS} if acts else {}
    held = []
    for act in acts:
        gained = [f"{user}, {kind}: {found[act]}" for (user, kind), found in came.items() if not is_held(found[act])]
        _say(f"{_BREAK_OUT + act:<60} {f'GAINED: {gained[0]}' if gained else 'held'}")
        held.append(not gained)
    return held


def _told(attack: Attack, server: Dovecot) -> bool:
    """Play an attack on a daemon of its own, and tell how it ended."""
    sink = SmtpSink()
    sink.start()
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            daemon(Path(folder) / "bot", attack.config, mailbox=server.mailbox(), sink=sink) as ground,
        ):
            gained = _gained(attack, ground)
    finally:
        sink.stop()
    _say(f"{attack.name:<60} {f'GAINED: {gained}' if gained else 'held'}")
    return not gained


def _gained(attack: Attack, ground: Ground) -> str:
    """Play an attack; one that cannot be played to its end is not held, and the others are played nevertheless."""
    try:
        return attack.play(ground)
    except Exception:  # noqa: BLE001  # told in full, whatever it is
        traceback.print_exc()
        return "it was not played to its end"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
