"""How many replies went out is counted as plain Python counts them, whatever is counted together."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from mailbot.config.address import folded
from mailbot.ledger import tables
from mailbot.ledger.guard.budgets import Counted, latest_reply
from mailbot.ledger.guard.mailboxes import OF_OTHERS
from mailbot.model import AuthLevel, MailState, Outcome, ReplyState
from tests.integration.ledger import rows
from tests.integration.ledger.rows import MINUTE, NOW

if TYPE_CHECKING:
    from datetime import datetime

    from mailbot.ledger import Ledger, Tx

REPLIES, QUESTIONS = 120, 400
KINDS = ("reply", "question", *sorted(OF_OTHERS))
RECIPIENTS = ("ada@x.org", "Ada@x.org", "ada+s@x.org", "bo@x.org", "bo@a_b.org", "bo@axb.org", "c@x.org.example")
OUTCOMES = (Outcome.SCORED, Outcome.REFUSED, Outcome.HELD, None)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What is counted of one of our replies."""

    created_at: datetime
    due_at: datetime
    kind: str
    recipient: str
    of_team: bool
    #: The outcome and the proof of the mail that it answers; None when it answers none.
    mail: tuple[Outcome | None, AuthLevel | None] | None


def drawn(draw: random.Random) -> Reply:
    """Return any reply."""
    written = NOW - draw.randrange(60) * MINUTE
    return Reply(
        created_at=written,
        due_at=written + draw.randrange(90) * MINUTE,
        kind=draw.choice(KINDS),
        recipient=draw.choice(RECIPIENTS),
        of_team=draw.random() < 0.6,
        mail=(draw.choice(OUTCOMES), draw.choice((*AuthLevel, None))) if draw.random() < 0.8 else None,
    )


def entered(tx: Tx, number: int, reply: Reply, team_id: int) -> None:
    """Put a reply into the ledger, with the mail that it answers."""
    mail_id = None
    if reply.mail is not None:
        outcome, auth = reply.mail
        state = MailState.SPOOLED if outcome is None else MailState.RECORDED
        mail_id = rows.row(tx, tables.mails, uid=number, state=state, outcome=outcome, auth=auth)
    tx.execute(
        sa.insert(tables.outbox).values(
            mail_id=mail_id, kind=reply.kind, team_id=team_id if reply.of_team else None, recipient=reply.recipient,
            subject="", message_id=f"<{number}@x>", message=b"", state=ReplyState.QUEUED, attempts=0,
            created_at=reply.created_at, due_at=reply.due_at,
        )
    )  # fmt: skip


def is_counted(reply: Reply, counted: Counted, since: datetime) -> bool:
    """Whether a reply is one of those that are counted together."""
    outcome, auth = reply.mail or (None, None)
    is_proven = auth not in {None, AuthLevel.NONE}
    of_others = (not reply.of_team and reply.mail is not None) or reply.kind in OF_OTHERS
    return (
        reply.created_at >= since
        and ((reply.of_team and reply.mail is not None) if counted.of_team else of_others)
        and counted.kind in {"", reply.kind}
        and (not counted.outcomes or (outcome is not None and (outcome in counted.outcomes) is counted.are_outcomes))
        and counted.proven in {None, is_proven}
        and counted.domain in {"", reply.recipient.rpartition("@")[2]}
        and (not counted.recipient or folded(reply.recipient) == folded(counted.recipient))
    )


def test_replies_are_counted_as_plain_python_counts_them(ledger: Ledger) -> None:
    """Any of some thousand ways to count, over any replies: the nth latest is the same."""
    draw = random.Random(18)  # noqa: S311  # no secret
    replies = [drawn(draw) for _ in range(REPLIES)]
    with ledger.write() as tx:
        team_id = rows.team(tx)
        for number, reply in enumerate(replies):
            entered(tx, number, reply, team_id)
    found = 0
    with ledger.read() as tx:
        for _ in range(QUESTIONS):
            counted = Counted(
                of_team=draw.random() < 0.6,
                kind=draw.choice(("", *KINDS)),
                outcomes=draw.choice(((), OUTCOMES[:1], OUTCOMES[:2])),
                are_outcomes=draw.random() < 0.5,
                proven=draw.choice((None, True, False)),
            )
            recipient = draw.choice(RECIPIENTS)
            to = draw.choice(({}, {"recipient": recipient}, {"domain": recipient.rpartition("@")[2]}))
            nth, since = draw.choice((1, 2, 5)), NOW - draw.randrange(80) * MINUTE
            asked = counted.to(**to)
            dues = sorted((one.due_at for one in replies if is_counted(one, asked, since)), reverse=True)
            expected = dues[nth - 1] if len(dues) >= nth else None
            assert latest_reply(tx, asked, nth=nth, since=since) == expected, (asked, nth, since)
            found += expected is not None
    assert found > QUESTIONS // 10
