"""Wiring: from the config to the parts of a running mailbot. Nothing else constructs them."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from mailbot import auth_parts, children
from mailbot import dialogue_parts as command_parts
from mailbot.board import publish
from mailbot.board.ranking import Ranking
from mailbot.board.weekly import Weekly
from mailbot.config import challenge, load
from mailbot.config.servers import secret
from mailbot.errors import ConfigError
from mailbot.evaluation.backfill import complete, predicted
from mailbot.evaluation.columns import Columns
from mailbot.evaluation.evaluator import InChildren
from mailbot.evaluation.feedback import Telling
from mailbot.evaluation.labels import Given, Labels, split_of
from mailbot.identity import roster
from mailbot.intake.answering import Answering
from mailbot.intake.intake import ATTEMPTS, Intake
from mailbot.intake.record import Record
from mailbot.ledger import Ledger, daybook, events, mails, outbox
from mailbot.letters.letter import Letters
from mailbot.letters.queue import Post
from mailbot.system import journal, safefile
from mailbot.system.lock import held
from mailbot.transport.alerts import Watch
from mailbot.transport.fetch import Fetch
from mailbot.transport.imap import Mailbox
from mailbot.transport.oauth import Tokens
from mailbot.transport.reconcile import Reconciliation
from mailbot.transport.send import Sending
from mailbot.transport.smtp import Sender
from mailbot.transport.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mailbot.config.challenge import Challenge
    from mailbot.config.schema import Config
    from mailbot.config.servers import Server
    from mailbot.evaluation.evaluator import Evaluator
    from mailbot.system.sandbox import Sandbox


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
    sandbox: Sandbox
    labels: Labels
    clock: Callable[[], datetime]

    @cached_property
    def evaluator(self) -> Evaluator:
        """What evaluates: the sandbox's children."""
        return InChildren(self.sandbox, self.labels)

    @cached_property
    def columns(self) -> Columns:
        """What the accepted submissions predict, kept to score them anew."""
        return Columns(self.config.state / "columns")

    @cached_property
    def watch(self) -> Watch:
        """What tells the organizers of trouble."""
        organizers = self.config.challenge.organizers
        return Watch(ledger=self.ledger, challenge=self.challenge, organizers=organizers, clock=self.clock)

    @cached_property
    def answering(self) -> Answering:
        """The replies, within their limits."""
        return Answering(
            replies=command_parts.replies(self),
            limits=self.config.replies.limits,
            reply_to_unknown=self.config.roster.reply_to_unknown,
            questions=auth_parts.questions(self),
            watch=self.watch,
            clock=self.clock,
        )

    @cached_property
    def telling(self) -> Telling:
        """What replies tell of scores."""
        return Telling(
            ledger=self.ledger,
            labels=self.labels,
            columns=self.columns,
            complete=lambda truth, rows: complete(self, truth, rows),
            decimals=self.challenge.board.decimals,
        )

    @cached_property
    def intake(self) -> Intake:
        """The step from spooled mails to their record."""
        recorder = Record(
            ledger=self.ledger,
            challenge=self.challenge,
            labels=self.labels,
            answering=self.answering,
            columns=self.columns,
            evaluator=self.evaluator,
            telling=self.telling,
            obeying=command_parts.obeying(self),
            forwarding=command_parts.forwarding(self),
            registrar=command_parts.registrar_of(self),
            clock=self.clock,
        )
        return Intake(
            ledger=self.ledger,
            spool=self.spool,
            sandbox=self.sandbox,
            evaluator=self.evaluator,
            recorder=recorder,
            watch=self.watch,
            challenge=self.challenge,
            assessor=auth_parts.assessor(self),
            questions=self.answering.questions,
            labels=self.labels,
            entries=command_parts.kinds(self),
            clock=self.clock,
        )

    @cached_property
    def ranking(self) -> Ranking:
        """What makes a board."""
        return Ranking(
            ledger=self.ledger,
            challenge=self.challenge,
            labels=self.labels,
            rule=self.config.board.standing,
            zone=self.config.challenge.zone,
            laid=lambda truth, standings: predicted(self, truth, standings),
        )

    @cached_property
    def weekly(self) -> Weekly:
        """The step that publishes the board."""
        return Weekly(
            ledger=self.ledger,
            ranking=self.ranking,
            publish_at=self.config.board.publish_at,
            zone=self.config.challenge.zone,
            targets=(publish.target_of(self.config, self.challenge, self.ledger, self.watch),),
            letters=self.config.letters.any_weekly,
            clock=self.clock,
        )

    @cached_property
    def post(self) -> Post:
        """The step that writes letters."""
        return Post(
            ledger=self.ledger,
            challenge=self.challenge,
            letters=Letters(challenge=self.challenge, zone=self.config.challenge.zone),
            settings=self.config.letters,
            organizers=self.config.challenge.organizers,
            published=self.config.published,
            refresh_page=lambda: publish.refresh(self.config, self.challenge, self.ledger, self.watch),
            clock=self.clock,
        )

    @cached_property
    def reconciliation(self) -> Reconciliation:
        """The hourly comparison of mailbox, ledger and spool."""
        fetch = self.fetch() if self.config.imap else None
        folders = {fetch.mailbox_name(folder): folder for folder in fetch.folders} if fetch else {}
        return Reconciliation(ledger=self.ledger, spool=self.spool, folders=folders, watch=self.watch, clock=self.clock)

    def enter_config(self) -> None:
        """Enter what the config brings along: the present labels, and the teams of the roster file."""
        with self.ledger.write("enter-config") as tx:
            if events.began(tx) is None:
                events.append(tx, kind="ledger-begun", subject=self.challenge.short_name, now=self.clock())
        self.labels.take_config(self.clock())
        read, terms = roster.read_file(self.config.roster.file), roster.Terms(confirm=self.config.registration.confirm)
        with self.ledger.write("enter-roster") as tx:
            mistakes = roster.enter(tx, read.entries, self.clock(), state=self.config.state, terms=terms)
        for mistake in (*read.mistakes, *mistakes):
            journal.trouble("roster-mistake", count=1, what=mistake)

    def keep_daybook(self) -> None:
        """Bring the files that a lost ledger can be made from up to date."""
        daybook.catch_up(self.ledger, self.config.state)

    @property
    def own(self) -> frozenset[str]:
        """The addresses that mailbot itself writes from, canonical."""
        return auth_parts.own(self.config)

    def fetch(self) -> Fetch:
        """Return the mailbox steps. Raises ConfigError without [imap]."""
        settings = self.config.imap
        if settings is None:
            raise ConfigError("imap: missing; the mailbox is needed for this")
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
        """Connect to the mailbox; the password is read, or a token fetched, anew each time."""
        if self.config.imap is None:
            raise ConfigError("imap: missing; the mailbox is needed for this")
        return Mailbox(self.config.imap, self._key(self.config.imap, "imap"))

    def _key(self, server: Server, name: str) -> str:
        """Return what lets us in: the password, or a fresh access token."""
        if server.auth == "oauth":
            return Tokens(settings=self.config.oauth, path=self.config.tokens).access_token()
        return secret(server, name)

    @contextmanager
    def sender(self) -> Iterator[Sender]:
        """Give the way to the mail server, its connection closed in the end. Raises ConfigError without [smtp]."""
        settings = self.config.smtp
        if settings is None:
            raise ConfigError("smtp: missing; a server that takes our mails is needed for this")
        sender = Sender(settings, lambda: self._key(settings, "smtp"))
        try:
            yield sender
        finally:
            sender.close()

    @contextmanager
    def sending(self) -> Iterator[Sending]:
        """Give the sending step, its connection closed in the end. Raises ConfigError without [smtp]."""
        with self.sender() as transport:
            yield Sending(
                ledger=self.ledger,
                transport=transport,
                sender=self.config.challenge.address,
                watch=self.watch,
                clock=self.clock,
            )


@contextmanager
def opened(config: Config, *, clock: Callable[[], datetime] = now, enter: bool = True) -> Iterator[Service]:
    """Open the ledger and build every part; children start when the first mail needs them."""
    load.check_files(config)
    tracks = challenge.tracks_of(config)
    truths = challenge.given_truths(config, tracks)
    with ExitStack() as stack:
        ledger = Ledger(config.ledger)
        stack.callback(ledger.close)
        ledger.migrate()
        given = {name: Given(path=config.tracks[name].labels, truth=truth) for name, truth in truths.items()}
        labels = Labels(ledger, config.state, given, split_of(config.state, config.split.public))
        sandbox = children.sandbox_of(config, labels)
        stack.callback(sandbox.close)
        labels.changed = lambda: sandbox.set_up(children.set_ups(config, labels))
        spool = Spool(config.state / "spool")
        service = Service(
            config=config,
            challenge=challenge.build(config, labels),
            ledger=ledger,
            spool=spool,
            sandbox=sandbox,
            labels=labels,
            clock=clock,
        )
        if enter:
            service.enter_config()
            stack.callback(service.keep_daybook)
        yield service


@contextmanager
def working(config: Config, *, clock: Callable[[], datetime] = now) -> Iterator[Service]:
    """Like ``opened``, as the only mailbot on the state folder; what a dead one left undone is due again."""
    with held(config.state), opened(config, clock=clock) as service:
        auth_parts.secret_of(service)
        with service.ledger.write("recover") as tx:
            left = {"mails": mails.recover(tx, attempts=ATTEMPTS), "replies": outbox.recover(tx)}
        if any(left.values()):
            journal.event("recovered", **left)
        safefile.sweep(config.state / "spool")
        service.keep_daybook()
        yield service
