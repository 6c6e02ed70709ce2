"""Whether a mail is answered, within the limits, and the reply's place in the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot import journal
from mailbot.ledger import events, outbox
from mailbot.limits import DAY, HOUR, Written, exceeded

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mailbot.ledger import Tx
    from mailbot.limits import ReplyLimits
    from mailbot.record import Case
    from mailbot.reply import Answer, Replies
    from mailbot.watch import Watch

STRANGER = "unknown-sender"
"""The kind of the reply to somebody who is on no team: at most one a day, and only when the config says so."""


@dataclass(frozen=True, kw_only=True)
class Answering:
    """The parts this works with."""

    replies: Replies
    limits: ReplyLimits
    reply_to_unknown: bool
    watch: Watch
    clock: Callable[[], datetime]

    def answer(self, tx: Tx, case: Case, answer: Answer) -> None:
        """Queue the reply, where there is to be one."""
        recipient, now = case.identity.reply_to, self.clock()
        if recipient is None or (answer.team is None and not self._stranger_may_hear(tx, recipient)):
            return
        passed = exceeded(self.limits, self._written(tx, recipient))
        if passed:
            events.append(tx, kind="reply-withheld", subject=case.row.name, now=now, limit=passed)
            journal.trouble("reply-withheld", mail=case.row.name, limit=passed)
            self.watch.report_in(tx, "replies", ok=False, detail=f"{case.row.name}: {passed}")
            return
        key = case.row.sha256 + case.row.name
        outgoing = self.replies.compose(answer, case.opened.mail, recipient=recipient, key=key, now=now)
        outbox.add(
            tx,
            kind="reply" if answer.team else STRANGER,
            recipient=outgoing.recipient,
            subject=outgoing.subject,
            message_id=outgoing.message_id,
            message=outgoing.message,
            mail_id=case.row.id,
            team_id=answer.team.id if answer.team else None,
            now=now,
        )

    def _stranger_may_hear(self, tx: Tx, recipient: str) -> bool:
        since = self.clock() - DAY
        return self.reply_to_unknown and not outbox.count_since(tx, since, kind=STRANGER, recipient=recipient)

    def _written(self, tx: Tx, recipient: str) -> Written:
        hour, day = self.clock() - HOUR, self.clock() - DAY
        return Written(
            to_address_hour=outbox.count_since(tx, hour, recipient=recipient),
            to_address_day=outbox.count_since(tx, day, recipient=recipient),
            to_domain_hour=outbox.count_since(tx, hour, domain=recipient.rpartition("@")[2]),
            hour=outbox.count_since(tx, hour),
        )
