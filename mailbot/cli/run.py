"""run, once, ingest, send: the daemon, and the same work by hand."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailbot import flow
from mailbot.cli.common import INCOMPLETE, AsJson, ConfigFile, emit, load_config, rfc3339, set_up_journal, short
from mailbot.config import calendar, challenge, load
from mailbot.config.calendar import shown
from mailbot.daemon import standby
from mailbot.daemon.main import Daemon
from mailbot.daemon.systemd import Notifier
from mailbot.errors import AuthenticationFailed, ConfigError, Damaged, MailbotError, Permanent, Temporary, Throttled
from mailbot.evaluation import label_files
from mailbot.ledger import observations, outbox, teams
from mailbot.operations import beginning, lost_ledger
from mailbot.operations import ingest as ingestion
from mailbot.system import journal
from mailbot.transport.send import SENDING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from mailbot.config.schema import Config
    from mailbot.ledger.engines.lead import Lead
    from mailbot.operations.beginning import Look
    from mailbot.service import Service

TRY_AGAIN = 1
"""Exit code for trouble that may pass, as a database that is not up yet: systemd restarts the daemon, never after 2."""

BeginAnew = Annotated[
    bool,
    typer.Option("--begin-anew", help="When the ledger is lost: set the rest aside and begin an empty contest."),
]

GoOn = Annotated[
    bool, typer.Option("--yes", "-y", help="At the first start: process the mails in the mailbox without asking.")
]

TakeOver = Annotated[
    bool, typer.Option("--take-over", help="Serve a mailbox that another state served; stop that mailbot first.")
]

FINISH_SECONDS = 9.0
"""How long after SIGTERM the daemon may take to finish the mails in hand."""


def run(
    context: typer.Context,
    config: ConfigFile = None,
    begin_anew: BeginAnew = False,
    yes: GoOn = False,
    take_over: TakeOver = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write the journal as JSON lines.")] = False,
) -> None:
    """Run the daemon: fetch, score, answer and publish until SIGTERM; SIGHUP reloads the config.

    Undo: `mailbot submissions hide` for a mail's submissions; its answer has none.
    """
    set_up_journal(as_json=as_json)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until the daemon handles it
    faulthandler.enable()  # systemd's watchdog kills by SIGABRT: then the journal says where each thread hangs
    notifier, present = Notifier(), load_config(context, config)
    if begin_anew:
        _begin_anew(present)
    rest = 0.0
    try:
        while True:
            with standby.leading(present, notifier, rest=rest) as lead:
                present = _lead(context, config, present, notifier, lead, yes=yes, take_over=take_over)
            rest = standby.REST_SECONDS
    except Temporary as error:
        typer.echo(f"mailbot: {error}", err=True)
        raise typer.Exit(TRY_AGAIN) from error


def _lead(
    context: typer.Context,
    config: Path | None,
    present: Config,
    notifier: Notifier,
    lead: Lead | None,
    *,
    yes: bool,
    take_over: bool,
) -> Config:
    """Run the daemon, with one config after another, until it stops, which ends the command, or leads no more."""
    previous: Config | None = None
    refused = ""
    while True:
        try:
            reload = partial(_checked, context, config, present)
            running = _serve(present, notifier, reload, refused, lead=lead, yes=yes, take_over=take_over)
        except MailbotError as error:
            if lead and not lead.leads:
                return present
            if previous is None and isinstance(error, Damaged):
                lost_ledger.tell(present, error, calendar.now())
            if previous is None:
                raise
            journal.trouble("reload-refused", why=str(error))
            present, previous, refused = previous, None, str(error)
            continue
        if running.next_config is None and lead and not lead.leads:
            return present
        if running.next_config is None:
            raise typer.Exit(1 if running.failed else 0)
        present, previous, refused = running.next_config, present, ""


def _begin_anew(config: Config) -> None:
    """Set aside what a lost ledger left behind; it can be moved back by hand. Raises Permanent."""
    aside = lost_ledger.begin_anew(config, calendar.now())
    typer.echo(f"mailbot: what was there is kept in {aside}; this is an empty contest now.", err=True)


def _serve(
    config: Config,
    notifier: Notifier,
    reload: Callable[[], Config],
    refused: str,
    *,
    lead: Lead | None,
    yes: bool,
    take_over: bool,
) -> Daemon:
    """Run the daemon with one config until it stops or reloads, and return it."""
    with flow.working(config, lead=lead) as wired:
        lost = _start(wired, yes=yes, take_over=take_over)
        running = Daemon(wired, notifier=notifier, reload=reload, within=FINISH_SECONDS, refused=refused, lost=lost)
        running.run()
        if running.unfinished and running.next_config is None:
            sys.stderr.flush()
            # a hung thread never ends; this is as safe as a power cut, as the ledger says what is undone
            os._exit(TRY_AGAIN if lead and not lead.leads else 0)
    return running


def _checked(context: typer.Context, given: Path | None, present: Config) -> Config:
    """Read the config and its labels again. Raises ConfigError with every mistake, and when it names another ledger."""
    config = load_config(context, given)
    load.check_files(config)
    label_files.given_files(config, challenge.tracks_of(config))
    if moved := [key for key in ("state", "ledger_url") if getattr(config, key) != getattr(present, key)]:
        message = f"{' and '.join(moved)}: changed, which needs a restart; until then nothing of the new config holds"
        raise ConfigError(message)
    return config


def once(
    context: typer.Context,
    config: ConfigFile = None,
    begin_anew: BeginAnew = False,
    yes: GoOn = False,
    take_over: TakeOver = False,
    as_json: AsJson = False,
) -> None:
    """Make one pass: fetch, process, send, publish if due. Exit code 1 when mails or replies are left over.

    Undo: `mailbot submissions hide` for a mail's submissions; its answer has none.
    """
    set_up_journal(as_json=as_json)
    loaded = load_config(context, config)
    if begin_anew:
        _begin_anew(loaded)
    with flow.working(loaded) as wired:
        lost = _start(wired, yes=yes, take_over=take_over)
        if isinstance(lost, (AuthenticationFailed, Throttled)):
            raise lost  # to ask again at once can only make it worse
        left = flow.once(wired)
    raise typer.Exit(INCOMPLETE if left else 0)


def _start(wired: Service, *, yes: bool, take_over: bool) -> Temporary | None:
    """Look into the mailbox before anything is done there; see :func:`beginning.start`.

    Raises Permanent when the first login is refused: it is not tried again and again.
    """
    if wired.config.imap is None:
        return None
    try:
        return beginning.start(wired, None if yes else partial(_ask, wired.challenge.zone), take_over=take_over)
    except AuthenticationFailed as error:
        raise Permanent(str(error)) from error


def _ask(zone: ZoneInfo, found: Look) -> None:
    """Say which mails of a mailbox would be processed, and ask. Raises Permanent where nobody can answer."""
    typer.echo("\n".join(first_look(found, zone)), err=True)
    if not sys.stdin.isatty():
        message = (
            "the first start on a mailbox that holds mails: nothing was touched. If the above is right, call "
            "`mailbot once --yes`; else set imap.since or imap.leave first"
        )
        raise Permanent(message)
    typer.confirm("Begin so?", abort=True, err=True)


def first_look(found: Look, zone: ZoneInfo) -> Iterator[str]:
    """Yield what a first look found, line by line."""
    since = f" (imap.since: {shown(found.since, zone)})" if found.since else ""
    yield f"This is the first start. The mailbox holds {found.taken + found.left} mails:"
    yield f"  {found.taken} would be taken, answered where that is due, and moved to their folders;"
    yield f"  {found.left} stay where they are, untouched{since}."
    yield "The newest:"
    yield from (f"  {beginning.told(mail, zone)}" for mail in found.newest)


def ingest(
    context: typer.Context,
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help=".eml files, mbox files, folders of them.", exists=True)
    ],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Process mails from files as if they had been fetched. Replies wait in the outbox until `mailbot send`.

    Undo: `mailbot submissions hide` for a mail's submissions; its answer has none.
    """
    set_up_journal(quiet=True)
    loaded = load_config(context, config)
    with flow.working(loaded) as wired:
        rows: list[dict[str, Any]] = []
        taken = ingestion.ingest(wired, paths)
        with wired.ledger.read() as tx:
            names = {team.id: team.name for team in teams.everyone(tx)}
        for path, mail, submissions in taken:
            rows.append(
                {
                    "mail": mail.name,
                    "path": str(path),
                    "state": str(mail.state),
                    "outcome": mail.outcome and str(mail.outcome),
                    "reason": mail.reason,
                    "arrived_at": rfc3339(mail.arrived_at, loaded.challenge.zone),
                    "team": names.get(mail.team_id or 0),
                    "submissions": [
                        {"receipt": s.receipt, "track": s.track, "status": str(s.status), "score": s.score}
                        for s in submissions
                    ],
                }
            )
    columns = {"mail": None, "path": None, "outcome": None, "arrived_at": short, "team": None, "submissions": _receipts}
    emit(rows, as_json=as_json, columns=columns, title="Mails taken")


def _receipts(submissions: list[dict[str, Any]]) -> str:
    return ", ".join(f"{s['receipt']} {s['status']}" for s in submissions)


def send(context: typer.Context, config: ConfigFile = None) -> None:
    """Send the replies in the outbox that are due. Exit code 1 when some are left over.

    Undo: none; the mails were owed.
    """
    set_up_journal()
    with flow.working(load_config(context, config)) as wired:
        with wired.sending() as sending:
            while sending.step():
                pass
        with wired.ledger.read() as tx:
            left, pause = outbox.waiting(tx), observations.pause_of(tx, SENDING)
        zone = wired.config.challenge.zone
    if left and pause:
        typer.echo(f"{left} mails wait, the next try is at {shown(pause.due_at, zone)}: `mailbot outbox list` says why")
    raise typer.Exit(INCOMPLETE if left else 0)
