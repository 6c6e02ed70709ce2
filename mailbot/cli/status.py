"""status and top: the state of the contest on one screen, once or live."""

from __future__ import annotations

import json
import os
import select
import sys
import termios
import tty
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from mailbot import lazily
from mailbot.cli.common import AsJson, ConfigFile, console, load_config, opened_ledger
from mailbot.config import calendar
from mailbot.config.calendar import shown
from mailbot.daemon.status import as_json as plain
from mailbot.daemon.status import look
from scoring.text import counted, escaped

with lazily(__name__):  # only top shows it live
    from rich.live import Live

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from zoneinfo import ZoneInfo

    from rich.console import RenderableType

    from mailbot.config.schema import Config
    from mailbot.daemon.status import Status
    from mailbot.ledger import Ledger

EVERY_SECONDS = 2.0


def status(context: typer.Context, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Show the state of the contest on one screen: loops, mails, outbox, quota, boards, deadline, labels."""
    loaded = load_config(context, config)
    with opened_ledger(loaded) as ledger:
        found = _look(ledger, loaded)
    if as_json:
        typer.echo(escaped(json.dumps(plain(found, loaded.challenge.zone), ensure_ascii=False, indent=2)))
    else:
        console().print(screen(found, loaded.challenge.zone))


def top(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Show it once and exit.")] = False,
    config: ConfigFile = None,
) -> None:
    """Show the same screen live, updated every two seconds, until q or Ctrl-C."""
    loaded = load_config(context, config)
    zone = loaded.challenge.zone
    with opened_ledger(loaded) as ledger, Live(screen=not once, auto_refresh=False) as live, _keys() as pressed:
        live.update(screen(_look(ledger, loaded), zone), refresh=True)
        while not once and not pressed():
            live.update(screen(_look(ledger, loaded), zone), refresh=True)


def _look(ledger: Ledger, config: Config) -> Status:
    with ledger.read() as tx:
        return look(tx, config, now=calendar.now())


class _Pressed:
    """Waits for a key and tells whether to leave."""

    def __call__(self) -> bool:
        """Wait at most two seconds for q or Q, which mean leave. Without a terminal just wait."""
        ready, _, _ = select.select([sys.stdin] if sys.stdin.isatty() else [], [], [], EVERY_SECONDS)
        typed = os.read(sys.stdin.fileno(), 64) if ready else None
        return typed is not None and (not typed or b"q" in typed.lower())


@contextmanager
def _keys() -> Iterator[_Pressed]:
    """Read single keys without echo, and restore the terminal afterwards. Ctrl-C leaves too."""
    before = termios.tcgetattr(sys.stdin) if sys.stdin.isatty() else None
    try:
        if before:
            tty.setcbreak(sys.stdin)
        yield _Pressed()
    except KeyboardInterrupt:
        return
    finally:
        if before:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def screen(found: Status, zone: ZoneInfo) -> RenderableType:
    """Return the screen."""
    running = Text("running", "bold green") if found.running else Text("not running", "bold red")
    facts = [
        ("mailbox last read", shown(found.polled_at, zone) if found.polled_at else "–"),
        ("mails", ", ".join(f"{count} {outcome}" for outcome, count in found.outcomes.items()) or "none yet"),
        ("backlog", f"{found.backlog} waiting, {found.set_aside} set aside, {found.held} held"),
        ("outbox", f"{found.outbox} waiting, {found.given_up} given up"),
        ("last board", shown(found.last_board, zone) if found.last_board else "none yet"),
        ("next board", shown(found.next_board, zone)),
        ("phase", found.phase or "none is open"),
        ("next deadline", shown(found.deadline, zone) if found.deadline else "none"),
        ("labels", ", ".join(f"{track} {digest[:12]}" for track, digest in found.labels.items()) or "none yet"),
    ]
    if compute := found.pulse.get("compute"):
        facts.append(("cluster", _cluster(compute)))
    if found.leader:
        who = f"{found.leader.host} since {shown(found.leader.since, zone)}" if found.leader.leads else "nobody"
        facts.insert(0, ("leads", f"{who}; standing by: {', '.join(found.leader.standing_by) or 'nobody'}"))
    ill = [
        (part.part, f"failing since {shown(part.since, zone)}: {part.detail}") for part in found.parts if not part.ok
    ]
    if found.overdue_board and "overdue" not in {name for name, _ in ill}:
        ill.append(("board", f"was due {shown(found.overdue_board, zone)}, and is not out"))
    if found.disputes:
        since = f"the oldest since {shown(found.disputes[0], zone)}"
        ill.append(("disputes", f"{len(found.disputes)} open, {since}: `mailbot disputes`"))
    if found.config_refused:
        ill.append(("config", f"the changed config was refused, the previous one is used: {found.config_refused}"))
    if found.unscored:
        ill.append(("labels", f"{found.unscored} submission(s) not scored by them: no board before `mailbot rescore`"))
    head = Text.assemble("mailbot ", running, f"   {shown(found.at, zone)}")
    return Group(
        head,
        _table("Loops", _loops(found)),
        _table("Trouble", ill, "red"),
        _table("Contest", facts),
        *_lists(found, zone),
    )


def _cluster(told: dict[str, Any]) -> str:
    """Say who evaluates, and how much of it is under way."""
    who = "away" if told["workers"] is None else counted(told["workers"], "worker")
    return (
        f"{who} at {told['scheduler']}; {told['in_flight']} in flight, {told['done']} done in {told['mean']:.2f} s on "
        f"average, {told['at_home']} at home"
    )


def _loops(found: Status) -> list[tuple[str, str]]:
    """Return what each loop does; idle loops share a line, so that the screen fits a small terminal."""
    loops = found.pulse.get("loops", {})
    idle = [name for name, loop in loops.items() if loop["doing"] == "idle" and not loop["late"]]
    rows = [
        (name, f"{'HANGS: ' if loop['late'] else ''}{loop['doing']}")
        for name, loop in loops.items()
        if name not in idle
    ]
    return [*rows, *([("idle", ", ".join(idle))] if idle else [])]


def _table(title: str, rows: Sequence[tuple[str, ...]], style: str = "") -> RenderableType:
    """Return rows below a title, or nothing when there are none. Texts are never read as markup."""
    if not rows:
        return Text("", end="")
    table = Table(title=title, title_justify="left", title_style="bold", box=None, show_header=False, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(cell, style) for cell in row))
    return table


def _lists(found: Status, zone: ZoneInfo) -> list[RenderableType]:
    """Return how much of their quota the busiest teams have used, and the last mails."""
    mails = [
        (
            row.name,
            f"{row.arrived_at.astimezone(zone):%m-%d %H:%M}",
            found.teams.get(row.team_id or 0, "–"),
            row.outcome or row.state,
        )
        for row in found.last_mails
    ]
    used = [
        (each.team, each.track, f"{each.today} today", f"{each.week} of {each.per_week} this week")
        for each in found.used
    ]
    return [_table("Quota", used), _table(f"Last mails ({zone.key})", mails)]
