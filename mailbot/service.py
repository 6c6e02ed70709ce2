"""The composition root: from the config to the parts of a running mailbot. Nothing that it wires imports it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from mailbot import lazily

with lazily(__name__):  # a command that only shows the board needs a fifth of them
    from mailbot.board.publish import Publisher
    from mailbot.board.ranking import Ranking
    from mailbot.board.sheet.show import Sheet, sheets
    from mailbot.board.weekly import Weekly
    from mailbot.evaluation.backfill import Backfill
    from mailbot.evaluation.columns import Columns
    from mailbot.evaluation.evaluator import InChildren
    from mailbot.evaluation.feedback import ScoreFeedback
    from mailbot.evaluation.similarity import Similar
    from mailbot.evaluation.submitted_files import SubmittedFiles
    from mailbot.identity import keys
    from mailbot.identity.assess import Assessor
    from mailbot.identity.confirmation import Questions
    from mailbot.identity.lookup import Lookup
    from mailbot.identity.shared import Shared
    from mailbot.identity.sync import Sync
    from mailbot.intake.answering import Answering
    from mailbot.intake.disputes import Disputes
    from mailbot.intake.executor import Executor
    from mailbot.intake.files.judging import Judging
    from mailbot.intake.files.submissions import Submissions
    from mailbot.intake.forwarding import Forwarding
    from mailbot.intake.intake import Intake
    from mailbot.intake.record import Record
    from mailbot.intake.registrar import Registrar
    from mailbot.intake.reply import Replies
    from mailbot.intake.sender import Senders
    from mailbot.letters.letter import Letters
    from mailbot.letters.queue import LetterQueue
    from mailbot.letters.rescored import RescoredLetters
    from mailbot.model import AuthLevel
    from mailbot.transport.alerts import Alerts
    from mailbot.transport.fetch import Fetch
    from mailbot.transport.imap.mailbox import Mailbox
    from mailbot.transport.oauth import kept_key, key_of
    from mailbot.transport.reconcile import Reconciliation
    from mailbot.transport.send import Sending
    from mailbot.transport.smtp import Sender
    from mailbot.transport.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from mailbot.board.sheet.http import Wait
    from mailbot.compute.cluster import Cluster
    from mailbot.config.challenge import Challenge
    from mailbot.config.schema import Config
    from mailbot.evaluation.evaluator import Evaluator
    from mailbot.evaluation.labels import Labels
    from mailbot.ledger import Ledger
    from mailbot.system.sandbox import Sandbox
    from mailbot.transport.spool import Spool


@dataclass(frozen=True, kw_only=True)
class Service:
    """The parts, wired: first what is kept, then the steps in the order of docs/flow.md."""

    config: Config
    #: The same as it is written, before phases were extended.
    written: Config
    challenge: Challenge
    ledger: Ledger
    spool: Spool
    sandbox: Sandbox
    labels: Labels
    cluster: Cluster | None = None
    clock: Callable[[], datetime]

    @cached_property
    def secret(self) -> bytes:
        """What keys are hashed with and codes are made from. Raises ConfigError when it was lost."""
        return keys.of(self.config.state, self.ledger)

    @cached_property
    def alerts(self) -> Alerts:
        """What tells the organizers of trouble."""
        return Alerts(ledger=self.ledger, challenge=self.challenge, clock=self.clock)

    # --- fetch, spool, file away -----------------------------------------------------------------

    @cached_property
    def fetch(self) -> Fetch:
        """The steps on the mailbox. Raises ConfigError without [imap]."""
        account, settings = self.challenge.address.lower(), self.config.need_imap
        shared = Shared(ledger=self.ledger, tag=self.config.challenge.subject_tag, own=self.config.own_addresses)
        return Fetch(
            ledger=self.ledger, spool=self.spool, account=account, settings=settings, alerts=self.alerts,
            clock=self.clock, wanted=shared.wanted, secret=lambda: self.secret, state_folder=self.config.state,
        )  # fmt: skip

    def mailbox(self) -> Mailbox:
        """Connect to the mailbox; the password is read, or a token fetched, for each connection."""
        return Mailbox(self.config.need_imap, key_of(self.config, "imap"))

    @cached_property
    def reconciliation(self) -> Reconciliation:
        """The hourly comparison of mailbox, ledger and spool."""
        where, left = (self.fetch.mailboxes, self.fetch.leaving.left) if self.config.imap else ({}, lambda *_: set())
        return Reconciliation(
            ledger=self.ledger, spool=self.spool, folders=where, left=left, alerts=self.alerts, clock=self.clock
        )

    # --- evaluate --------------------------------------------------------------------------------

    @cached_property
    def evaluator(self) -> Evaluator:
        """What evaluates: the sandbox's children, or those of a cluster."""
        return InChildren(self.sandbox, self.labels, self.config.limits, cluster=self.cluster)

    @cached_property
    def columns(self) -> Columns:
        """What the accepted submissions predict, kept to rescore them."""
        return Columns(self.config.state / "columns")

    @cached_property
    def files(self) -> SubmittedFiles:
        """What takes files out of spooled mails again."""
        return SubmittedFiles(ledger=self.ledger, spool=self.spool, sandbox=self.sandbox)

    @cached_property
    def backfill(self) -> Backfill:
        """What fills gaps in the column store."""
        return Backfill(
            ledger=self.ledger, files=self.files, evaluator=self.evaluator, columns=self.columns, labels=self.labels
        )

    @cached_property
    def similar(self) -> Similar:
        """The step that compares submissions of different teams."""
        return Similar(
            ledger=self.ledger, stages=self.challenge.stages, labels=self.labels, columns=self.columns,
            backfill=self.backfill, sandbox=self.sandbox, clock=self.clock,
        )  # fmt: skip

    # --- open, identify, record, answer ----------------------------------------------------------

    @cached_property
    def questions(self) -> Questions:
        """What asks teams about mails that are held."""
        wanted = AuthLevel.CONFIRMED in self.config.identity.require
        return Questions(secret=self.secret, wanted=wanted, clock=self.clock)

    @cached_property
    def assessor(self) -> Assessor:
        """The stage that says how sure it is who sent a mail."""
        settings = self.config.identity
        lookup = Lookup(nameservers=settings.nameservers, seconds=settings.dns_seconds, clock=self.clock)
        return Assessor(
            ledger=self.ledger, sandbox=self.sandbox, lookup=lookup, secret=self.secret, require=settings.require,
            own=self.config.own_addresses,
        )  # fmt: skip

    @cached_property
    def disputes(self) -> Disputes:
        """What brings disputes to the organizers, and their rulings to the teams."""
        return Disputes(challenge=self.challenge, ledger=self.ledger, files=self.files, clock=self.clock)

    @cached_property
    def registrar(self) -> Registrar:
        """What carries out what mails ask of the roster."""
        return Registrar(
            ledger=self.ledger, challenge=self.challenge, config=self.config, secret=self.secret, clock=self.clock
        )

    @cached_property
    def answering(self) -> Answering:
        """The replies, within their limits."""
        return Answering(
            replies=Replies(challenge=self.challenge), limits=self.config.replies, alerts=self.alerts,
            reply_to_unknown=self.config.roster.reply_to_unknown, questions=self.questions, clock=self.clock,
        )  # fmt: skip

    @cached_property
    def submissions(self) -> Submissions:
        """What enters a mail's result files in the ledger."""
        feedback = ScoreFeedback(
            ledger=self.ledger, challenge=self.challenge, labels=self.labels, columns=self.columns,
            backfill=self.backfill, sandbox=self.sandbox,
        )  # fmt: skip
        return Submissions(
            challenge=self.challenge, labels=self.labels, columns=self.columns, evaluator=self.evaluator,
            feedback=feedback, clock=self.clock,
        )  # fmt: skip

    @cached_property
    def recorder(self) -> Record:
        """The step that writes what follows from a mail, in one transaction."""
        return Record(
            ledger=self.ledger, submissions=self.submissions, registrar=self.registrar, answering=self.answering,
            executor=Executor(challenge=self.challenge, disputes=self.disputes, ranking=self.ranking),
            forwarding=Forwarding(challenge=self.challenge, spool=self.spool, clock=self.clock), clock=self.clock,
        )  # fmt: skip

    @cached_property
    def senders(self) -> Senders:
        """The stage that says whose mail it is."""
        return Senders(ledger=self.ledger, assessor=self.assessor, registrar=self.registrar, questions=self.questions)

    @cached_property
    def intake(self) -> Intake:
        """The step from spooled mails to their record."""
        judging = Judging(
            ledger=self.ledger, evaluator=self.evaluator, alerts=self.alerts, challenge=self.challenge, clock=self.clock
        )
        return Intake(
            ledger=self.ledger, spool=self.spool, sandbox=self.sandbox, judging=judging, labels=self.labels,
            challenge=self.challenge, senders=self.senders, assessor=self.assessor, recorder=self.recorder,
            alerts=self.alerts, turns=Turns(self.ledger, self.spool), limits=self.config.limits, clock=self.clock,
        )  # fmt: skip

    # --- send ------------------------------------------------------------------------------------

    @contextmanager
    def sender(self) -> Iterator[Sender]:
        """Give the way to the mail server and close its connection. Raises ConfigError without [smtp]."""
        sender = Sender(self.config.need_smtp, lambda: key_of(self.config, "smtp"))
        try:
            yield sender
        finally:
            sender.close()

    @contextmanager
    def sending(self) -> Iterator[Sending]:
        """Give the sending step and close its connection. Raises ConfigError without [smtp]."""
        with self.sender() as transport:
            address = self.challenge.address
            yield Sending(
                ledger=self.ledger, transport=transport, sender=address, alerts=self.alerts, clock=self.clock,
                patience=self.config.outbox.patience, login=lambda: kept_key(self.config, "smtp"),
            )  # fmt: skip

    # --- board, publish, letters, show -----------------------------------------------------------

    @cached_property
    def ranking(self) -> Ranking:
        """What makes a board."""
        return Ranking(ledger=self.ledger, challenge=self.challenge, labels=self.labels, backfill=self.backfill)

    @cached_property
    def publisher(self) -> Publisher:
        """What writes a board's files and the page, then runs the organizers' command."""
        return Publisher(config=self.config, challenge=self.challenge, ledger=self.ledger, alerts=self.alerts)

    @cached_property
    def weekly(self) -> Weekly:
        """The step that publishes the board."""
        return Weekly(
            ledger=self.ledger, challenge=self.challenge, ranking=self.ranking, publisher=self.publisher,
            owes_letters=self.config.letters.any_weekly, clock=self.clock,
        )  # fmt: skip

    @cached_property
    def letter_queue(self) -> LetterQueue:
        """The step that writes letters."""
        return LetterQueue(
            ledger=self.ledger, challenge=self.challenge, letters=Letters(challenge=self.challenge),
            settings=self.config.letters, publisher=self.publisher, clock=self.clock,
        )  # fmt: skip

    @cached_property
    def rescored_letters(self) -> RescoredLetters:
        """What tells teams of a rescore."""
        return RescoredLetters(challenge=self.challenge, ledger=self.ledger, labels=self.labels, clock=self.clock)

    def sheet(self, *, wait: Wait = time.sleep, api: str = "") -> Sheet | None:
        """Return the step that shows the newest board in the Google Sheet; None when the config names none."""
        settings = self.config.sheet
        if not settings.spreadsheet:
            return None
        return Sheet(
            ledger=self.ledger, spreadsheet=settings.spreadsheet, challenge=self.challenge, alerts=self.alerts,
            clock=self.clock, connect=lambda: sheets(settings, wait=wait, api=api),
        )  # fmt: skip

    @cached_property
    def sync(self) -> Sync:
        """The step that reads the roster's sources."""
        return Sync(
            config=self.config, ledger=self.ledger, challenge=self.challenge, alerts=self.alerts, secret=self.secret,
            read_rows=lambda spreadsheet, worksheet: sheets(self.config.sheet).read_rows(spreadsheet, worksheet),
            clock=self.clock,
        )  # fmt: skip
