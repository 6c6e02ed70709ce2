"""The flow of a mail and of a board, in the order of docs/flow.md: open a mailbot, and take every step once.

The daemon (:mod:`mailbot.daemon.loops`) takes the same steps in loops; tests take single steps.
"""

from __future__ import annotations

import json
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from functools import cache, partial
from typing import TYPE_CHECKING

from mailbot import lazily
from mailbot.config import challenge, load, rules
from mailbot.config.calendar import now
from mailbot.errors import Held, Temporary
from mailbot.evaluation.labels import Labels
from mailbot.ledger import daybook, events, mails, outbox, quota
from mailbot.ledger.engines.lead import Lead, is_shared
from mailbot.service import Service
from mailbot.system import journal, lock, safefile
from mailbot.system.children import walls
from mailbot.system.sandbox import Sandbox
from mailbot.transport.spool import Spool

with lazily(__name__):  # showing the board takes but a few of these steps
    from mailbot.compute.cluster import Cluster
    from mailbot.evaluation import evaluator, kept_tasks, own_tasks, tasks
    from mailbot.identity import keys, roster
    from mailbot.intake import intake
    from mailbot.letters import strangers
    from mailbot.mail import open as opening
    from mailbot.mail import tasks as mail_tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from mailbot.config.schema import Config
    from mailbot.system.children.named import Kind
    from mailbot.system.children.process import SetUps


RULES = "rules"
"""The kind of the entry that holds the rules of the config, and what was changed in them."""


def once(service: Service) -> int:
    """Take every step until nothing is due; return how many mails and replies are unfinished."""
    with closing(service.mailbox()) as mailbox:
        service.fetch.marker.keep(mailbox)
        service.fetch.take_new(mailbox)  # 1 fetch, 2 spool
        service.fetch.report(timedelta())
        swept = service.reconciliation.sweep(mailbox, take=lambda: service.fetch.take_new(mailbox))
        _all(service.intake.step)  # 3 open, 4 identify, 5 evaluate, 6 record
        with suppress(Temporary):  # the journal has it, and mails are answered all the same
            service.fetch.file_away(mailbox)  # 7 file away
    _send(service)  # 8 send
    service.reconciliation.tell(service.reconciliation.count(swept))
    service.sync.run()
    if service.fetch.guard.holds():
        service.weekly.step()  # 9 board and publish
        _all(service.letter_queue.step)  # 10 letters
    service.alerts.settle()
    strangers.tell(service.ledger, service.challenge, service.clock())
    _send(service)
    if sheet := service.sheet():
        sheet.step()  # 11 sheet
    _all(service.similar.step)
    with service.ledger.read() as tx:
        return mails.unfinished(tx) + outbox.waiting(tx)


def _send(service: Service) -> None:
    with service.sending() as sending:
        _all(sending.step)


def _all(step: Callable[[], bool]) -> None:
    while step():
        pass


@contextmanager
def opened(
    config: Config,
    *,
    clock: Callable[[], datetime] = now,
    enter: bool = True,
    rebuilds: bool = False,
    lead: Lead | None = None,
) -> Iterator[Service]:
    """Open the ledger and build every part; child processes start when the first mail needs them.

    With ``enter`` the labels and the teams of the roster file are entered in the ledger. Raises Lost when the state
    folder has lost its ledger, unless the ledger ``rebuilds`` it.
    """
    load.check_files(config)
    walls.undumpable()
    tracks = challenge.tracks_of(config)
    with ExitStack() as stack:
        opens = daybook.signed_ledger if rebuilds else daybook.open_ledger
        ledger = opens(config.ledger, config.state, lead=lead)
        stack.callback(ledger.close)
        if rebuilds:
            ledger.migrate()
        with ledger.read() as tx:
            written, config = config, config.extended(quota.extensions(tx))
        labels = Labels.of(config, tracks, ledger, clock)
        sandbox = _children(config, labels)
        stack.callback(sandbox.close)
        cluster = _cluster(config, labels, sandbox)
        if cluster:
            stack.callback(cluster.close)
        labels.changed = partial(_hold, labels, sandbox, *([cluster] if cluster else []))
        service = Service(
            config=config,
            written=written,
            challenge=replace(
                challenge.build(config, labels),
                of_stage=lambda key: labels.of_stage(key).public,
                secret=cache(partial(keys.of, config.state, ledger)),
            ),
            ledger=ledger,
            spool=Spool(config.state / "spool"),
            sandbox=sandbox,
            cluster=cluster,
            labels=labels,
            clock=clock,
        )
        if enter:
            enter_config(service)
            stack.callback(daybook.hand_over, ledger, config.state)
        yield service


def _children(config: Config, labels: Labels) -> Sandbox:
    """Return the children of this host; they start when there is work."""
    return Sandbox(
        config.workers,
        bounds=config.limits.bounds,
        bounds_of={own_tasks.KIND: config.limits.scorer_bounds, kept_tasks.KIND: kept_tasks.BOUNDS},
        set_ups=set_ups(config, labels),
        idle_seconds=config.limits.child_idle_seconds,
    )


def _cluster(config: Config, labels: Labels, sandbox: Sandbox) -> Cluster | None:
    """Return the cluster that evaluates; None where the config names none."""
    if not config.compute.scheduler:
        return None
    bounds = {tasks.KIND: config.limits.bounds, own_tasks.KIND: config.limits.scorer_bounds}
    return Cluster(config.compute, sandbox, bounds, {tasks.KIND: evaluator.set_ups(labels)})


def _hold(labels: Labels, *children: Sandbox | Cluster) -> None:
    """Give labels that were changed to those that evaluate by them."""
    for each in children:
        each.set_up(tasks.KIND, evaluator.set_ups(labels))


@contextmanager
def working(config: Config, *, clock: Callable[[], datetime] = now, lead: Lead | None = None) -> Iterator[Service]:
    """Like ``opened``, and work alone: hold the state folder's lock, or the lead on a ledger that hosts share.

    What a crashed mailbot was working on is due again. Raises Held when another mailbot works.
    """
    with alone(config, lead) as mine, opened(config, clock=clock, lead=mine) as service:
        keys.of(config.state, service.ledger)  # fails when the secret of the team keys was lost
        with service.ledger.write("recover") as tx:
            left = {"mails": mails.recover(tx, attempts=intake.ATTEMPTS), "replies": outbox.recover(tx)}
        if any(left.values()):
            journal.event("recovered", **left)
        safefile.sweep(config.state / "spool")
        if _enter_rules(service, config):
            service.publisher.refresh()
        daybook.catch_up(service.ledger, config.state)
        yield service


@contextmanager
def alone(config: Config, lead: Lead | None = None) -> Iterator[Lead | None]:
    """Hold the state folder's lock, or the ``lead`` on a ledger that hosts share; without one it is taken at once.

    Raises Held when another mailbot works.
    """
    if lead is None and not is_shared(config.ledger):
        with lock.held(config.state):
            yield None
        return
    if lead is not None:
        yield lead
        return
    safefile.private_folder(config.state)
    with closing(Lead(config.ledger, config.state)) as mine:
        if other := mine.take():
            message = f"{other.host} leads on this ledger; stop mailbot on every host first"
            raise Held(message)
        yield mine


def enter_config(service: Service) -> None:
    """Enter in the ledger what the config names: the labels in force, and the teams of the roster file."""
    with service.ledger.write("enter-config") as tx:
        if events.began(tx) is None:
            events.append(tx, kind="ledger-begun", subject=service.challenge.short_name, now=service.clock())
    service.labels.take_config(service.clock())
    roster.take_file(service.ledger, service.config, service.clock())


def _enter_rules(service: Service, config: Config) -> bool:
    """Enter in the audit trail which rules of the config were changed since the last time; tell whether any was."""
    now, present = service.clock(), rules.snapshot(config)
    with service.ledger.write("enter-rules") as tx:
        last = events.last(tx, kind=RULES)
        if last is not None and json.loads(last.detail)["rules"] == present:
            return False
        changed = rules.changes(json.loads(last.detail)["rules"], present) if last else {}
        events.append(tx, kind=RULES, subject="config", now=now, changed=changed, rules=present)
    return bool(changed)


def set_ups(config: Config, labels: Labels) -> dict[Kind, SetUps]:
    """Return what each child does before its first task: one kind holds the limits of mails, the other the labels."""
    kept = [truth.track.own.ending for truth in labels.values() if truth.track.own and truth.track.own.ending]
    reach = opening.reach_of(config.limits, config.identity.authserv_ids, kept)
    return {mail_tasks.KIND: ((mail_tasks.hold, (reach,)),), tasks.KIND: evaluator.set_ups(labels)}
