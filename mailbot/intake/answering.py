"""Decide whether a mail is answered, within the limits on replies, and queue the reply."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from mailbot.config.calendar import DAY, HOUR
from mailbot.identity import confirmation
from mailbot.intake import limits
from mailbot.intake.answers import Question
from mailbot.ledger import events, held, outbox
from mailbot.mail import envelope
from mailbot.mail.languages import language_of, shown_in, words
from mailbot.mail.templates import environment
from mailbot.model import Outcome
from mailbot.system import journal

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mailbot.config.teams import RepliesSection
    from mailbot.identity.confirmation import Questions
    from mailbot.intake.answers import Answer
    from mailbot.intake.case import Case
    from mailbot.intake.limits import Slot
    from mailbot.intake.reply import Replies
    from mailbot.ledger import Tx
    from mailbot.transport.alerts import Alerts


WAITS = "waits"
"""The kind of the reply to a held mail whose question waits, as the team was asked about others of late."""

SCORER = "scorer"
"""The kind of the mail that says that a file will be scored once the organizers' scorer works."""


@dataclass(frozen=True, kw_only=True)
class Answering:
    """Answers mails, within the limits."""

    replies: Replies
    limits: RepliesSection
    reply_to_unknown: bool | str
    questions: Questions
    alerts: Alerts
    clock: Callable[[], datetime]

    def answer(self, tx: Tx, case: Case, answer: Answer) -> bool:
        """Queue the reply, where there is to be one; return whether there is."""
        recipient, now = case.identity.reply_to, self.clock()
        if recipient is None or (answer.team is None and not self._stranger_may_hear(tx, case, recipient)):
            return False
        slot = limits.slot(tx, self.limits, answer, recipient, now)
        if slot.limit:
            self._note_wait(tx, case, slot)
        if not slot.granted:
            return False
        key = case.row.sha256 + case.row.name
        kind = limits.REPLY if answer.team else limits.STRANGER
        if answer.outcome is Outcome.HELD:  # its receipt comes later, as another mail
            key, kind = f"{key} {held.QUESTION}", held.QUESTION
            answer = replace(answer, question=self._question(case, slot.at))
            if slot.limit:
                self._tell_that_it_waits(tx, case, answer, recipient)
        elif kind == limits.STRANGER:  # should an organizer give the mail to a team, that is answered by another mail
            key = f"{key} {kind}"
        outgoing = self.replies.compose(answer, case.opened.mail, recipient=recipient, key=key, now=now)
        outbox.add(
            tx, kind=kind, **asdict(outgoing), mail_id=case.row.id, team_id=answer.team.id if answer.team else None,
            now=now, due_at=slot.at,
        )  # fmt: skip
        return True

    def _note_wait(self, tx: Tx, case: Case, slot: Slot) -> None:
        """Note that a reply waits for a limit, or is not written because of one: then the organizers are told."""
        name = case.row.name
        if slot.granted:
            journal.event("reply-postponed", mail=name, limit=slot.limit, until=slot.at.isoformat())
            return
        events.append(tx, kind="reply-withheld", subject=name, now=self.clock(), limit=slot.limit)
        journal.trouble("reply-withheld", mail=name, limit=slot.limit)
        self.alerts.report_in(tx, "replies", ok=False, detail=f"{name}: {slot.limit}")

    def _tell_that_it_waits(self, tx: Tx, case: Case, answer: Answer, recipient: str) -> None:
        """Tell a team, once an hour, that the question about a held mail is sent later, behind others."""
        now, question = self.clock(), answer.question
        if question is None or outbox.count_since(tx, now - HOUR, kind=WAITS, recipient=recipient):
            return
        told = replace(answer, question=replace(question, code="", until=None, waits=True))
        key = f"{case.row.sha256}{case.row.name} {WAITS}"
        outgoing = self.replies.compose(told, case.opened.mail, recipient=recipient, key=key, now=now)
        team_id = answer.team.id if answer.team else None
        outbox.add(tx, kind=WAITS, **asdict(outgoing), mail_id=case.row.id, team_id=team_id, now=now)

    def tell_of_scorer(self, tx: Tx, case: Case) -> None:
        """Tell a team that its file arrived and will be scored, as our scorer failed; once for what came on one day."""
        recipient, team, now, challenge = (
            case.identity.reply_to,
            case.identity.team,
            self.clock(),
            self.replies.challenge,
        )
        if recipient is None or team is None:
            return
        key = f"{SCORER} {team.id} {case.row.arrived_at.astimezone(challenge.zone):%Y-%m-%d}"
        if outbox.has(tx, key):
            return
        language = team.language or language_of(case.opened.mail.text or team.name)
        subject = words(language).gettext("Your result file is not scored yet")
        message = envelope.begin(challenge, recipient=recipient, subject=subject, key=key, now=now)
        text = environment(language).get_template("letters/unscored.txt.j2")
        arrived = shown_in(language, case.row.arrived_at, challenge.zone)
        message.set_content(text.render(challenge=challenge, team=team, arrived=arrived), cte="quoted-printable")
        outbox.queue(tx, message, kind=SCORER, key=key, now=now, team_id=team.id)

    def _question(self, case: Case, at: datetime) -> Question:
        """Return what a team is asked about a held mail; the question is sent at an instant."""
        files = [(candidate.name, candidate.sha256) for candidate in case.opened.candidates]
        identity, team = case.identity, case.identity.team
        question = Question(files=files, asks=identity.changes, request=None if team else identity.request)
        if not (self.questions.wanted or identity.changes or identity.request or (team and team.unconfirmed)):
            return question
        code = confirmation.shown(case.row.id, self.questions.code(case.row))
        return replace(question, code=code, until=at + confirmation.VALID)

    def _stranger_may_hear(self, tx: Tx, case: Case, recipient: str) -> bool:
        """Whether somebody on no team is answered: asked about a registration, or told what is wrong; once a day.

        Not where a server that we trust says that the mail is not from whom it says: that person wrote nothing.
        """
        identity, since = case.identity, self.clock() - DAY
        if identity.outcome is Outcome.HELD:
            return self.questions.may_ask_stranger(tx, recipient)
        vouched = case.opened.mail.claims.vouched
        if vouched is not None and vouched.result == "fail":
            return False
        wanted = bool(case.opened.candidates) if self.reply_to_unknown == "files" else bool(self.reply_to_unknown)
        asks = identity.request is not None or identity.outcome is Outcome.NOT_CONFIRMED
        heard = outbox.count_since(tx, since, kind=limits.STRANGER, recipient=recipient)
        return (wanted or asks) and not heard
