"""The list of all checks, run on the spot: findings, each with how to fix it."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mailbot.config.calendar import shown
from mailbot.daemon import report
from mailbot.errors import MailbotError, Temporary
from mailbot.evaluation import tasks
from mailbot.ledger import boards, disputes, events, held, mails, observations, outbox, teams
from mailbot.ledger.engines.leads import POOLED, UNPOOLED
from mailbot.ledger.trail import verify as trail
from mailbot.model import MailState, ReplyState
from mailbot.operations import beginning
from mailbot.operations.doctor import board as doctor_sheet
from mailbot.operations.doctor import host
from mailbot.operations.doctor import identity as doctor_auth
from mailbot.operations.doctor import mail as doctor_mail
from mailbot.operations.doctor import mailbox as doctor_mailbox
from mailbot.operations.doctor.finding import Finding, Level, green, red, yellow
from mailbot.transport.alerts import SUBJECTS
from scoring.text import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mailbot.service import Service

__all__ = ["Finding", "Level", "examine"]

DAMAGED = "`mailbot rebuild --from-spool`, or restore a backup"
"""The fix of a ledger that is lost or damaged."""

QUIET = timedelta(minutes=15)
"""A mailbox that was not looked into for so long is worth a look, whatever imap.poll_seconds says."""


def examine(service: Service, *, online: bool, by_mail: bool = False, check_auth: bool = False) -> Iterator[Finding]:
    """Look at what needs a ledger; ``online`` logs in to the servers too, ``by_mail`` also mails ourselves."""
    checks: list[Callable[[Service], Iterator[Finding]]] = [
        _ledger, _clock, _poll, _trail, _stock, _decisions, _health, _roster, doctor_sheet.labels, doctor_sheet.lacking,
        _boards, doctor_auth.identity, doctor_sheet.standing, lambda service: host.walls(service.sandbox),
    ]  # fmt: skip
    if online or by_mail:
        checks += [lambda service: doctor_mail.names(service.config), *([_mailbox] if service.config.imap else [])]
        checks += [doctor_mailbox.imap] if service.config.imap else []
        checks += [doctor_mail.smtp] if service.config.smtp else []
        checks += [doctor_sheet.access, _cluster]
    if by_mail:
        checks += [doctor_mail.mail_to_self]
    if check_auth:
        checks += [doctor_auth.check_auth]
    for check in checks:
        yield from check(service)


def _clock(service: Service) -> Iterator[Finding]:
    now, zone = service.clock(), service.config.challenge.zone
    with service.ledger.read() as tx:
        last = events.last_at(tx)
    if last is not None and last > now:
        fix = "set this host's clock: `timedatectl set-ntp true`"
        yield red("clock", f"{shown(now, zone)}, but the ledger has an entry of {shown(last, zone)}", fix)
    else:
        yield green("clock", shown(now, zone))


def _poll(service: Service) -> Iterator[Finding]:
    """Look when the daemon was last in the mailbox; without a mailbox there is nothing to look for."""
    if service.config.imap is None:
        return
    told = report.read(service.config.state)
    if told is None:
        yield yellow("last poll", "no daemon runs", "`systemctl start mailbot`, or `mailbot run`")
        return
    zone, silent = service.config.challenge.zone, service.clock() - datetime.fromisoformat(told["at"])
    late = [name for name, loop in told["loops"].items() if loop["late"]]
    polled = datetime.fromisoformat(told["polled_at"]) if "polled_at" in told else None
    detail = f"the mailbox was read {shown(polled, zone)}" if polled else "the mailbox was not read yet"
    if late or silent.total_seconds() > 3 * report.EVERY_SECONDS:
        yield red(
            "last poll", f"{detail}; hangs: {', '.join(late) or 'all'}", "restart it: `systemctl restart mailbot`"
        )
    elif polled is None or service.clock() - polled > QUIET:
        yield yellow("last poll", detail, "`mailbot doctor --online` says whether the mailbox can be reached")
    else:
        yield green("last poll", detail)


def _ledger(service: Service) -> Iterator[Finding]:
    said = service.ledger.integrity()
    fix = {"ok": "", POOLED: UNPOOLED}.get(said, DAMAGED)
    yield Finding(part="ledger", level=Level.GREEN if said == "ok" else Level.RED, detail=said[:200], fix=fix)


def _trail(service: Service) -> Iterator[Finding]:
    with service.ledger.read() as tx:
        found = trail.verify(tx)
    if not found.faults:
        yield Finding(part="audit trail", level=Level.GREEN, detail=f"unbroken, ends in {found.head[:12]}")
    else:
        fix = "somebody changed the ledger: `mailbot audit verify` names all of it; compare it with a backup"
        yield Finding(part="audit trail", level=Level.RED, detail=found.faults[0].what, fix=fix)


def _stock(service: Service) -> Iterator[Finding]:
    counts = service.reconciliation.count()
    detail = f"{counts.in_ledger} mails, {counts.without_bytes} without their bytes, {counts.overdue_mails} overdue"
    detail += f", {counts.dropped} dropped on purpose" if counts.dropped else ""
    fix = "" if counts.ok else "is `mailbot run` running? `mailbot rebuild --from-mailbox` brings lost bytes back"
    yield Finding(part="mails", level=Level.GREEN if counts.ok else Level.RED, detail=detail, fix=fix)
    level = Level.YELLOW if counts.set_aside else Level.GREEN
    fix = "`mailbot stuck list`, then show, retry or drop" if counts.set_aside else ""
    yield Finding(part="set aside", level=level, detail=f"{counts.set_aside} mails", fix=fix)
    with service.ledger.read() as tx:
        ours = outbox.listing(tx)
        backlog = mails.unfinished(tx)
    yield Finding(part="backlog", level=Level.GREEN, detail=f"{backlog} mails wait to be handled")
    withheld = sum(row.is_withheld for row in ours)
    given_up = sum(row.state is ReplyState.GIVEN_UP for row in ours) - withheld
    waiting = sum(row.state in {ReplyState.QUEUED, ReplyState.SENDING} for row in ours)
    fix = "`mailbot outbox list` says why" if given_up else ""
    detail = f"{waiting} waiting, {given_up} given up" + (f", {withheld} withheld by a rebuild" if withheld else "")
    yield Finding(part="outbox", level=Level.YELLOW if given_up else Level.GREEN, detail=detail, fix=fix)


def _decisions(service: Service) -> Iterator[Finding]:
    """Count what waits for an organizer's word."""
    with service.ledger.read() as tx:
        waiting, open_since = held.count(tx), disputes.open_since(tx)
    fix = "`mailbot mails list --held`, then `mailbot mails approve`, or nothing where the mail is not the team's"
    yield _unless(waiting, "held", f"{waiting} mails are held until their sender is verified", fix)
    since = f", the oldest since {shown(open_since[0], service.config.challenge.zone)}" if open_since else ""
    fix = "`mailbot disputes` lists them, `mailbot rule` closes one"
    yield _unless(len(open_since), "disputes", f"{len(open_since)} open{since}", fix)


def _unless(count: int, part: str, detail: str, fix: str) -> Finding:
    """Return a finding that is yellow unless there is nothing to do."""
    return yellow(part, detail, fix) if count else green(part, detail)


def _health(service: Service) -> Iterator[Finding]:
    zone = service.config.challenge.zone
    with service.ledger.read() as tx:
        rows = observations.health_of_parts(tx)
    for row in rows:
        if not row.ok and row.part not in {"stuck", "outbox"}:
            detail = f"{SUBJECTS[row.part]}, since {shown(row.since, zone)}"
            yield Finding(part=row.part, level=Level.RED, detail=detail, fix=row.detail)


def _roster(service: Service) -> Iterator[Finding]:
    with service.ledger.read() as tx:
        known, silent = teams.everyone(tx), teams.bouncing(tx)
    level = Level.YELLOW if silent or not known else Level.GREEN
    fix = "`mailbot teams list` shows them; ask the teams for another address" if silent else ""
    fix = fix or ("" if known else "`mailbot teams import FILE.csv`")
    detail = f"{len(known)} teams, {len(silent)} addresses take no mail"
    yield Finding(part="roster", level=level, detail=detail, fix=fix)


def _boards(service: Service) -> Iterator[Finding]:
    zone = service.config.challenge.zone
    with service.ledger.read() as tx:
        published = boards.listing(tx)
    last = f"last published {shown(published[-1].published_at, zone)}" if published else "none published yet"
    due = service.weekly.due_at()
    level = Level.RED if due else Level.GREEN
    fix = "`mailbot run` publishes it, or `mailbot once`" if due else ""
    yield Finding(part="board", level=level, detail=f"{last}, next {shown(service.weekly.next_at(), zone)}", fix=fix)


def _cluster(service: Service) -> Iterator[Finding]:
    if service.cluster is None:
        return
    where = service.config.compute.scheduler
    try:
        workers = service.cluster.way.workers()
        began = time.monotonic()
        if workers:
            service.cluster.once(tasks.plain_rows, "doctor.csv", b"a\n1\n")
    except Temporary as error:
        fix = f"check that the scheduler {where} runs, that no certificate has expired, and [compute] in the config"
        yield red("cluster", str(error), fix)
        return
    seconds, busy = time.monotonic() - began, sum(workers.values())
    detail = f"{counted(len(workers), 'worker')} at {where}"
    detail += f", {counted(busy, 'task')} in flight; one of ours took {seconds:.2f} s" if workers else ""
    if daemons := (report.read(service.config.state) or {}).get("compute"):
        detail += f", the daemon's {daemons['done']} took {daemons['mean']:.2f} s on average"
    yield green("cluster", detail) if workers else red("cluster", detail, "start workers: `dask worker`")


def _mailbox(service: Service) -> Iterator[Finding]:
    try:
        with closing(service.mailbox()) as server:
            swept = service.reconciliation.sweep(server)
        newest = beginning.look(service).newest
    except MailbotError as error:
        yield Finding(part="mailbox", level=Level.RED, detail=str(error), fix="check [imap] in the config")
        return
    with service.ledger.read() as tx:
        backlog = mails.count(tx, state=MailState.SPOOLED)
    detail = f"{swept.in_mailbox} mails there, {swept.unknown} not fetched yet, {backlog} waiting to be handled"
    detail += f", {swept.left} left alone (imap.since, imap.leave)" if swept.left else ""
    if swept.unlisted:
        yield red("mailbox", f"{detail}, {swept.unlisted} counted by the server and not listed", "ask the provider")
    elif swept.unknown:
        yield yellow("mailbox", detail, "`mailbot once` fetches them, or `mailbot run`")
    else:
        yield green("mailbox", detail)
    zone = service.config.challenge.zone
    yield from (green("newest mails", beginning.told(mail, zone)) for mail in newest)
