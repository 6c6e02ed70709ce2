"""The demo, played: servers, labels, teams and three weeks of mails around the real daemon."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING

from mailbot import flow
from mailbot.config import load
from mailbot.daemon.main import Daemon
from mailbot.demo import challenges, folder, listen, peers, sheets
from mailbot.demo.cast import TEAMS
from mailbot.demo.director import Clock, Director
from mailbot.demo.screen import Screen
from mailbot.demo.week import BEGINS, BOARDS
from mailbot.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from mailbot.board.model import Board
    from mailbot.demo.challenges import Challenge
    from mailbot.demo.week import Delivery
    from mailbot.service import Service

SEED = 2026
"""Labels, predictions, scores and board follow from it."""

Desk = Callable[["Path", Clock], AbstractContextManager[object]]
"""Serves the organizers' desk on a config, by a clock."""

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def play(
    out: Path | None,
    *,
    show: Callable[[Board], object],
    preset: str = challenges.PRESETS[0],
    sheet: bool = False,
    desk: Desk | None = None,
) -> bool:
    """Play the demo and leave its files in ``out``; tell whether it came to its end or was stopped by a signal.

    ``show`` prints a board; ``preset`` is one of :data:`.challenges.PRESETS`. With a ``desk``, that and the daemon
    then run on the contest, in its time, until a signal ends them. Raises Permanent.
    """
    began, screen, place = time.monotonic(), Screen(), folder.choose(out)
    folder.prepare(place)
    screen.title("Three weeks of a challenge by e-mail, on this machine, against the real daemon")
    played = prepared(screen, preset)
    with ExitStack() as stack:
        servers = stack.enter_context(peers.running(played.keys.address, folder.PASSWORD))
        heard = stack.enter_context(listen.journal(place / "journal.log"))
        path = folder.furnish(
            place, played.keys, files=played.files, imap_port=servers.imap_port, smtp_port=servers.smtp_port
        )
        screen.step("Mail servers", f"IMAP on port {servers.imap_port}, SMTP on {servers.smtp_port}, this machine only")
        config, api = load.load(path), ""
        if sheet:
            config, api = stack.enter_context(sheets.played(config))
            screen.step("Google Sheet", f"played at {api}")
        clock = Clock(BEGINS)
        wired = stack.enter_context(flow.working(config, clock=clock))
        screen.step("Daemon", f"watching the inbox of {played.keys.address}")
        director = Director(
            folder=place, servers=servers, clock=clock, wired=wired, heard=heard, screen=screen,
            sheet=wired.sheet(api=api),
        )  # fmt: skip
        if not _run(director, played.mails, api):
            screen.line(f"Stopped. What was done until then is in {place}")
            return False
        epilogue(director, time.monotonic() - began, show)
        for heading, name in played.shown.items():
            screen.reply(heading, director.replies[name])
        if sheet:
            screen.title("The Google Sheet, as its readers see it")
            sheets.show(config, api, screen)
        screen.farewell(place)
        if desk:
            _go_on(desk(path, clock), wired, clock, api)
    return True


def _go_on(desk: AbstractContextManager[object], wired: Service, clock: Clock, sheets_api: str) -> None:
    """Run the daemon on, a second a second, with the desk, until a signal ends both."""
    clock.go_on()
    with _handlers_kept(), desk:
        Daemon(wired, sheets_api=sheets_api).run()


def prepared(screen: Screen, preset: str) -> Challenge:
    """Make up the labels and write the mails."""
    made = challenges.of(preset, SEED)
    screen.step("Labels", f"made up: {made.labels}")
    screen.step("Teams", f"{len(TEAMS)} on the roster; {len(made.mails)} mails written for three weeks")
    return made


def _run(director: Director, week: Sequence[Delivery], sheets_api: str) -> bool:
    """Run the daemon while the director plays; tell whether the weeks came to their end."""
    daemon = Daemon(director.wired, sheets_api=sheets_api)
    first, last = BOARDS[0], BOARDS[-1]
    director.screen.title(f"The weeks before the boards of {first:%d %B} to {last:%d %B %Y} ({last.tzinfo})")
    with _handlers_kept(), ThreadPoolExecutor(1, thread_name_prefix="director") as theatre:
        played = theatre.submit(director.play, week)
        played.add_done_callback(lambda _: daemon.stop())
        try:
            with director.screen.waiting("mails come in; Ctrl-C stops"):
                daemon.run()
        finally:
            director.heard.close()
    if isinstance(played.exception(), listen.Stopped):
        if daemon.failed:
            message = f"the daemon failed: {director.heard.trouble}"
            raise Permanent(message)
        return False
    played.result()
    return True


@contextmanager
def _handlers_kept() -> Iterator[None]:
    """Give the signals back to whom they belonged; the daemon takes them while it runs."""
    before = [signal.getsignal(number) for number in SIGNALS]
    try:
        yield
    finally:
        for number, handler in zip(SIGNALS, before, strict=True):
            signal.signal(number, handler)


def epilogue(director: Director, seconds: float, show: Callable[[Board], object]) -> None:
    """Sum up, and show the last board."""
    screen, outcomes = director.screen, director.outcomes
    counts = ", ".join(f"{count} {status.replace('-', ' ')}" for status, count in outcomes.most_common())
    screen.line(f"Submissions: {counts}.")
    screen.line(f"Replies: {len(director.replies)}, letters: {len(director.letters)}. All in {seconds:.1f} s.")
    screen.title(f"Leaderboard of {BOARDS[-1]:%A, %d %B %Y}")
    show(director.wired.weekly.board(BOARDS[-1]))
