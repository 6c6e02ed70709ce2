"""Wiring: from the config to the parts of a running mailbot. Nothing else constructs them."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mailbot import challenge, evaluator, journal, publish, roster
from mailbot.config import secret
from mailbot.errors import ConfigError
from mailbot.evaluator import InChildren
from mailbot.fetch import Fetch
from mailbot.holding import held
from mailbot.identify import canonical
from mailbot.imap import Mailbox
from mailbot.intake import ATTEMPTS, Intake
from mailbot.ledger import Ledger, events, mails, outbox, submissions
from mailbot.record import Record
from mailbot.reply import Replies
from mailbot.sandbox import Sandbox
from mailbot.sending import Sending
from mailbot.smtp import Sender
from mailbot.spool import Spool
from mailbot.weekly import Weekly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mailbot.challenge import Challenge
    from mailbot.config import Config


def now() -> datetime:
    """Return the present instant, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Service:
    """The parts, wired."""

    config: Config
    challenge: Challenge
    ledger: Ledger
    spool: Spool
    evaluator: InChildren
    sandbox: Sandbox
    intake: Intake
    weekly: Weekly
    clock: Callable[[], datetime]

    def fetch(self) -> Fetch:
        """Return the mailbox steps. Raises ConfigError without [imap]."""
        settings = self.config.imap
        if settings is None:
            message = "imap: missing; the mailbox is needed for this"
            raise ConfigError(message)
        return Fetch(
            ledger=self.ledger,
            spool=self.spool,
            account=self.config.challenge.address.lower(),
            folders=(settings.inbox, *settings.extra_folders),
            processed=settings.processed,
            failed=settings.failed,
            clock=self.clock,
        )

    def mailbox(self) -> Mailbox:
        """Connect to the mailbox; the password is read anew each time."""
        if self.config.imap is None:
            message = "imap: missing; the mailbox is needed for this"
            raise ConfigError(message)
        return Mailbox(self.config.imap, secret(self.config.imap, "imap"))

    @contextmanager
    def sending(self) -> Iterator[Sending]:
        """Give the sending step, its connection closed in the end. Raises ConfigError without [smtp]."""
        settings = self.config.smtp
        if settings is None:
            message = "smtp: missing; a server that takes our mails is needed for this"
            raise ConfigError(message)
        transport = Sender(settings, lambda: secret(settings, "smtp"))
        try:
            yield Sending(
                ledger=self.ledger, transport=transport, sender=self.config.challenge.address, clock=self.clock
            )
        finally:
            transport.close()


@contextmanager
def opened(config: Config, *, clock: Callable[[], datetime] = now) -> Iterator[Service]:
    """Open the ledger and build every part; children start when the first mail needs them."""
    made = challenge.build(config)
    with ExitStack() as stack:
        ledger = Ledger(config.ledger)
        stack.callback(ledger.close)
        ledger.migrate()
        _enter(ledger, made, config, clock())
        sandbox = Sandbox(config.workers, set_up=evaluator.hold, args=(made.truths,))
        stack.callback(sandbox.close)
        yield _wired(config, made, ledger, sandbox, clock)


@contextmanager
def working(config: Config, *, clock: Callable[[], datetime] = now) -> Iterator[Service]:
    """Like ``opened``, as the only mailbot on the state folder; what a dead one left undone is due again."""
    with held(config.state), opened(config, clock=clock) as service:
        with service.ledger.write("recover") as tx:
            left = {"mails": mails.recover(tx, attempts=ATTEMPTS), "replies": outbox.recover(tx)}
        if any(left.values()):
            journal.event("recovered", **left)
        yield service


def _enter(ledger: Ledger, made: Challenge, config: Config, now: datetime) -> None:
    """Enter what the config brings along: the present labels, and the teams of the roster file."""
    with ledger.write("enter-config") as tx:
        if events.began(tx) is None:
            events.append(tx, kind="ledger-begun", subject=made.short_name, now=now)
        for name, truth in made.truths.items():
            if submissions.add_truth(tx, sha256=truth.sha256, track=name, n=len(truth.ids), now=now):
                events.append(tx, kind="truth-added", subject=name, now=now, sha256=truth.sha256, n=len(truth.ids))
        if config.roster.file:
            read = _read_roster(config)
            for mistake in (*read.mistakes, *roster.enter(tx, read.entries, now)):
                journal.trouble("roster-mistake", count=1, what=mistake)


def _read_roster(config: Config) -> roster.Roster:
    path = config.roster.file
    try:
        return roster.read_csv(path.read_bytes()) if path else roster.Roster(entries=(), mistakes=())
    except OSError as error:
        message = f"roster.file: {path} cannot be read ({error.strerror})"
        raise ConfigError(message) from error


def _wired(config: Config, made: Challenge, ledger: Ledger, sandbox: Sandbox, clock: Callable[[], datetime]) -> Service:
    zone, spool, children = config.challenge.zone, Spool(config.state / "spool"), InChildren(sandbox)
    own = {
        canonical(a)
        for a in (
            config.challenge.address,
            config.imap.user if config.imap else "",
            config.smtp.user if config.smtp else "",
        )
        if "@" in a
    }
    recorder = Record(
        ledger=ledger,
        challenge=made,
        replies=Replies(challenge=made, zone=zone, publish_at=config.board.publish_at),
        reply_to_unknown=config.roster.reply_to_unknown,
        clock=clock,
    )
    intake = Intake(
        ledger=ledger,
        spool=spool,
        sandbox=sandbox,
        evaluator=children,
        recorder=recorder,
        challenge=made,
        own=own,
        clock=clock,
    )
    weekly = Weekly(
        ledger=ledger,
        challenge=made,
        publish_at=config.board.publish_at,
        zone=zone,
        best=config.board.standing == "best",
        targets=(publish.folder_target(config.published),),
        clock=clock,
    )
    return Service(
        config=config,
        challenge=made,
        ledger=ledger,
        spool=spool,
        evaluator=children,
        sandbox=sandbox,
        intake=intake,
        weekly=weekly,
        clock=clock,
    )
