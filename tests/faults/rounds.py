"""Pulling the plug: a daemon is killed at a crash point, started again, and what it left is judged."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tests.faults import children
from tests.faults.host import host
from tests.faults.points import passed
from tests.faults.stream import OVER_QUOTA
from tests.faults.verdict import judge
from tests.integration.bot import wait

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.host import Host
    from tests.faults.verdict import Verdict
    from tests.servers.dovecot import Dovecot

#: Servers with UIDPLUS but without MOVE are told to copy, mark and expunge.
WITHOUT_MOVE = "IMAP4rev1 LITERAL+ IDLE UIDPLUS"

#: A death between COPY and STORE leaves a mail in both folders, and it is copied again: RFC 6851 was made for this.
COPIES_WITHOUT_MOVE = 2


CULL_SECONDS, MOST_CULL_SECONDS = 6.0, 80.0
"""No mail loses three children: after its first loss it is tried again in 30 s, after the second one in 60 s."""


@dataclass(frozen=True, kw_only=True)
class Death:
    """A daemon killed at a crash point, and what was found after the next one had come to rest."""

    point: str
    #: At which passing of the point: 1 for the first.
    occurrence: int
    #: Whether it died there; a later passing need not come in every run.
    reached: bool
    mails: int
    verdict: Verdict


def trace(folder: Path, dovecot: Dovecot) -> tuple[dict[str, int], Verdict]:
    """Let the stream flow through a daemon that nobody kills; return how often it passed each point, and a verdict."""
    with host(folder, dovecot) as healthy:
        with healthy.stream_flows():
            code = healthy.live(MAILBOT_CRASH_TRACE=str(healthy.trace))
        assert code == 0, healthy.journal.read_text()
        return passed(healthy.trace), judge(healthy)


def die_at(folder: Path, dovecot: Dovecot, point: str, occurrence: int = 1, *, copies: int = 1) -> Death:
    """Kill a daemon at a point while the stream flows; start it again; judge once it is quiet."""
    with host(folder, dovecot) as mortal:
        with mortal.stream_flows():
            first = mortal.live(MAILBOT_CRASH_AT=f"{point}@{occurrence}")
        assert first in {0, -signal.SIGKILL}, mortal.journal.read_text()
        second = mortal.live()
        assert second == 0, mortal.journal.read_text()
        return Death(
            point=point,
            occurrence=occurrence,
            reached=first != 0,
            mails=len(mortal.mails),
            verdict=judge(mortal, copies=copies),
        )


def lose_children(folder: Path, dovecot: Dovecot) -> Death:
    """Kill every child of a daemon for a while, as the kernel does when memory runs out; judge once it is quiet.

    A mail that lost its child waits, and a later one of its team goes before it. So what is over the quota comes last.
    """
    with host(folder, dovecot) as bereaved:
        last = [mail for mail in bereaved.mails if OVER_QUOTA in mail.submissions]
        first = replace(bereaved, mails=[mail for mail in bereaved.mails if mail not in last])
        with first.stream_flows(), first.living(alone=True) as life:
            killed = _kill_workers(life.process.pid, first)
            assert first.comes_to_rest(life), first.journal.read_text()
            bereaved.deliver(last)
            code = bereaved.settle(life)
        assert code == 0, bereaved.journal.read_text()
        return Death(
            point="children", occurrence=killed, reached=killed > 0, mails=len(bereaved.mails), verdict=judge(bereaved)
        )


def _kill_workers(daemon: int, bereaved: Host) -> int:
    """Kill what there is for some seconds, so often that a child can hardly finish; return how many there were.

    The seconds count from the first of them: on a busy machine the daemon alone may take as long to start. It goes on
    until each mail was begun.
    """
    killed: set[int] = set()
    wait(lambda: children.workers(daemon))
    begun = time.monotonic()
    while (past := time.monotonic() - begun) < MOST_CULL_SECONDS:
        for child in children.workers(daemon):
            children.kill(child)
            killed.add(child)
        if past > CULL_SECONDS and bereaved.has_begun_all():
            break
        time.sleep(0.02)
    return len(killed)
