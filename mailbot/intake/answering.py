"""Decide whether a mail is answered, within the limits on replies, and queue the reply."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from mailbot.config.calendar import DAY, HOUR
from mailbot.identity import confirmation
from mailbot.intake.answers import Question
from mailbot.ledger import events, held, outbox
from mailbot.model import Outcome
from mailbot.system import journal

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mailbot.config.teams import RepliesSection
    from mailbot.identity.confirmation import Questions
    from mailbot.intake.answers import Answer
    from mailbot.intake.case import Case
    from mailbot.intake.reply import Replies
    from mailbot.ledger import Tx
    from mailbot.transport.alerts import Alerts


@dataclass(frozen=True, kw_only=True)
class Written:
    """How many replies were written of late."""

    to_address_hour: int
    to_address_day: int
    to_domain_hour: int
    hour: int


def exceeded(limits: RepliesSection, written: Written) -> str | None:
    """Say which limit one more reply would pass, for the journal; None when it may be written."""
    table = (
        (written.to_address_hour, limits.per_address_hour, "an hour to one address"),
        (written.to_address_day, limits.per_address_day, "a day to one address"),
        (written.to_domain_hour, limits.per_domain_hour, "an hour to one domain"),
        (written.hour, limits.per_hour, "an hour in all"),
    )
    return next((f"{most} replies {window}" for count, most, window in table if count >= most), None)


STRANGER = "unknown-sender"
"""The kind of the reply to somebody who is on no team: at most one a day, and only when the config says so."""


WAITS = "waits"
"""The kind of the reply to a held mail that nobody is asked about now, as the team was asked about others of late."""


@dataclass(frozen=True, kw_only=True)
class Answering:
    """Answers mails, within the limits."""

    replies: Replies
    limits: RepliesSection
    reply_to_unknown: bool
    questions: Questions
    alerts: Alerts
    clock: Callable[[], datetime]

    def answer(self, tx: Tx, case: Case, answer: Answer) -> bool:
        """Queue the reply, where there is to be one; return whether there is."""
        recipient, now = case.identity.reply_to, self.clock()
        if recipient is None or (answer.team is None and not self._stranger_may_hear(tx, case, recipient)):
            return False
        passed = exceeded(self.limits, self._written(tx, recipient))
        asked = answer.outcome is Outcome.HELD and self.questions.may_be_asked(tx, recipient, stranger=not answer.team)
        if answer.outcome is Outcome.HELD and not asked and not self._may_hear_of_others(tx, answer, recipient):
            passed = passed or "questions to one address"
        if passed:
            events.append(tx, kind="reply-withheld", subject=case.row.name, now=now, limit=passed)
            journal.trouble("reply-withheld", mail=case.row.name, limit=passed)
            self.alerts.report_in(tx, "replies", ok=False, detail=f"{case.row.name}: {passed}")
            return False
        key = case.row.sha256 + case.row.name
        kind = "reply" if answer.team else STRANGER
        if answer.outcome is Outcome.HELD:  # its receipt comes later, as another mail
            kind = held.QUESTION if asked else WAITS
            key, question = f"{key} {kind}", self._question(case)
            answer = replace(answer, question=question if asked else replace(question, code="", until=None, waits=True))
        outgoing = self.replies.compose(answer, case.opened.mail, recipient=recipient, key=key, now=now)
        outbox.add(
            tx,
            kind=kind,
            **asdict(outgoing),
            mail_id=case.row.id,
            team_id=answer.team.id if answer.team else None,
            now=now,
        )
        return True

    def _may_hear_of_others(self, tx: Tx, answer: Answer, recipient: str) -> bool:
        """Whether a team that was asked about other mails is told, once an hour, that one more waits behind them."""
        return answer.team is not None and not outbox.count_since(
            tx, self.clock() - HOUR, kind=WAITS, recipient=recipient
        )

    def _question(self, case: Case) -> Question:
        """Return what a team is asked about a held mail."""
        files = [(candidate.name, candidate.sha256) for candidate in case.opened.candidates]
        identity, team = case.identity, case.identity.team
        question = Question(files=files, asks=identity.changes, request=None if team else identity.request)
        if not (self.questions.wanted or identity.changes or identity.request or (team and team.unconfirmed)):
            return question
        code = confirmation.shown(case.row.id, self.questions.code(case.row))
        return replace(question, code=code, until=self.questions.until())

    def _stranger_may_hear(self, tx: Tx, case: Case, recipient: str) -> bool:
        """Whether somebody on no team is answered: asked about a registration, or told, once a day, what is wrong."""
        identity, since = case.identity, self.clock() - DAY
        if identity.outcome is Outcome.HELD:
            return True
        asks = identity.request is not None or identity.outcome is Outcome.NOT_CONFIRMED
        return (self.reply_to_unknown or asks) and not outbox.count_since(tx, since, kind=STRANGER, recipient=recipient)

    def _written(self, tx: Tx, recipient: str) -> Written:
        hour, day = self.clock() - HOUR, self.clock() - DAY
        return Written(
            to_address_hour=outbox.count_since(tx, hour, recipient=recipient),
            to_address_day=outbox.count_since(tx, day, recipient=recipient),
            to_domain_hour=outbox.count_since(tx, hour, domain=recipient.rpartition("@")[2]),
            hour=outbox.count_since(tx, hour),
        )
