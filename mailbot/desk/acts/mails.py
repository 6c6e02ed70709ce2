"""What can be done about mails: held ones, those of strangers, those that were set aside, and mails of ours."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mailbot.desk.acts.act import Act
from mailbot.desk.acts.parts import Deed, Done, Effect, Field, Letter
from mailbot.errors import Permanent
from mailbot.identity import confirmation
from mailbot.ledger import events, held, mails, outbox, teams
from mailbot.model import Id, MailState, Outcome
from mailbot.operations import letters

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mailbot.desk.page import Ask
    from mailbot.ledger import Tx
    from mailbot.ledger.mails import MailRow

MAIL = Field(name="mail", label="Mail", kind="fixed")
REPLY = Field(name="reply", label="Mail of ours", kind="fixed")


def team_names(ask: Ask) -> Sequence[tuple[str, str]]:
    """Return the names of all teams, to choose from."""
    with ask.desk.read() as tx:
        return [(team.name, team.name) for team in teams.everyone(tx)]


def mail_of(deed: Deed, tx: Tx) -> MailRow:
    """Return the mail that the form names. Raises Permanent."""
    row = mails.get(tx, deed.id("mail", "M"))
    if row is None:
        message = f"there is no mail {deed.get('mail')}"
        raise Permanent(message)
    return row


def _done(deed: Deed, says: str) -> Done:
    return Done(says=[says], href=f"/mails/{Id.MAIL.of(deed.id('mail', 'M'))}")


DUE = "A running mailbot handles it at once, and answers the team; it counts from its arrival."


def _approve_look(deed: Deed) -> Effect:
    with deed.service.ledger.read() as tx:
        row = mail_of(deed, tx)
        if row.outcome is not Outcome.HELD:
            message = f"{row.name} is not held"
            raise Permanent(message)
        team = teams.find(tx, row.team_id) if row.team_id else None
    return Effect(says=[f"It is taken as {team.name if team else 'its team'}'s. {DUE}"])


def _approve(deed: Deed) -> Done:
    with deed.service.ledger.write("mail-approved") as tx:
        if not confirmation.approve(tx, deed.id("mail", "M"), why=deed.why, now=deed.service.clock()):
            message = f"{deed.get('mail')} is no longer held"
            raise Permanent(message)
    return _done(deed, f"{deed.get('mail')} is due now.")


def _assign_look(deed: Deed) -> Effect:
    with deed.service.ledger.read() as tx:
        row, team = mail_of(deed, tx), teams.registered(tx, deed.get("team"))
        if row.outcome not in {Outcome.UNKNOWN_SENDER, Outcome.AUTOMATIC} or row.team_id:
            message = f"{row.name} is not a mail from an unknown sender"
            raise Permanent(message)
    return Effect(says=[f"It becomes {team.name}'s. {DUE}"])


def _assign(deed: Deed) -> Done:
    with deed.service.ledger.write("mail-assigned") as tx:
        team = teams.registered(tx, deed.get("team"))
        if not held.assign(tx, deed.id("mail", "M"), team.id, why=deed.why, now=deed.service.clock()):
            message = f"{deed.get('mail')} was assigned to a team meanwhile"
            raise Permanent(message)
    return _done(deed, f"{deed.get('mail')} is due now, as {team.name}'s.")


def _aside_look(deed: Deed, says: str) -> Effect:
    with deed.service.ledger.read() as tx:
        row = mail_of(deed, tx)
    if row.state is not MailState.SET_ASIDE:
        message = f"{row.name} is not set aside"
        raise Permanent(message)
    return Effect(says=[f"It was set aside: {row.reason}", says])


def _aside(deed: Deed, kind: str, change: Callable[..., None], says: str) -> Done:
    now = deed.service.clock()
    with deed.service.ledger.write("stuck") as tx:
        row = mail_of(deed, tx)
        if row.state is not MailState.SET_ASIDE:
            message = f"{row.name} is not set aside any more"
            raise Permanent(message)
        change(tx, row.id, now)
        events.append(tx, kind=kind, subject=row.name, now=now, why=deed.why)
    return _done(deed, says)


def _resend_look(deed: Deed) -> Effect:
    with deed.service.ledger.read() as tx:
        again = letters.look_again(tx, deed.service.challenge, deed.id("reply", "R"), deed.get("to") or None)
        dead = again.recipient in teams.bouncing(tx)
    says = [f"{again.row.name} goes to {again.recipient} once more, as a new mail."]
    says += [f"Mails to {again.recipient} came back before."] if dead else []
    sent = Letter.queued(again.row)
    return Effect(says=says, letters=[Letter(to=again.recipient, subject=sent.subject, text=sent.text)])


def _resend(deed: Deed) -> Done:
    with deed.service.ledger.write("resend") as tx:
        again = letters.look_again(tx, deed.service.challenge, deed.id("reply", "R"), deed.get("to") or None)
        name = letters.send_again(tx, deed.service.challenge, again, deed.why, deed.service.clock())
    return Done(says=[f"Queued as {name}."], href=f"/letters/{name}")


def _retry_look(deed: Deed) -> Effect:
    with deed.service.ledger.read() as tx:
        rows = outbox.listing(tx, deed.id("reply", "R"))
    if not rows:
        message = f"there is no mail {deed.get('reply')}"
        raise Permanent(message)
    return Effect(says=[f"{rows[0].name} was given up: {rows[0].error}"], letters=[Letter.queued(rows[0])])


def _retry(deed: Deed) -> Done:
    number, now = deed.id("reply", "R"), deed.service.clock()
    with deed.service.ledger.write("outbox") as tx:
        if not outbox.retry(tx, number, now):
            message = f"{deed.get('reply')} was not given up"
            raise Permanent(message)
        events.append(tx, kind="reply-retried-by-hand", subject=Id.REPLY.of(number), now=now, why=deed.why)
    return Done(says=["It will be tried again: a running mailbot sends it."], href=f"/letters/{Id.REPLY.of(number)}")


UNLISTED = "Is it not listed? Add it under Teams, with the sender's address: then this mail is handled automatically."

ACTS = (
    Act(
        name="approve-mail", title="Approve a held mail", fields=[MAIL], look=_approve_look, carry_out=_approve,
        back="Its submissions can be hidden from the board (Submissions).",
    ),
    Act(
        name="assign-mail", title="Give a stranger's mail to a team", look=_assign_look, carry_out=_assign,
        fields=[MAIL, Field(name="team", label="Team", kind="choice", choices=team_names, is_open=True, help=UNLISTED)],
        back="Its submissions can be hidden from the board (Submissions).",
    ),
    Act(
        name="retry-mail", title="Process a mail once more", fields=[MAIL],
        look=partial(_aside_look, says=f"It is processed once more. {DUE}"),
        carry_out=partial(_aside, kind="mail-retried-by-hand", change=mails.retry, says="It will be tried again."),
        back="It is set aside again if it fails again.",
    ),
    Act(
        name="drop-mail", title="Drop a mail", fields=[MAIL],
        look=partial(_aside_look, says="It will not be processed, and nobody gets an answer; its file is kept."),
        carry_out=partial(_aside, kind="mail-dropped", change=mails.drop, says="It is dropped."),
    ),
    Act(
        name="resend", title="Send a mail again", look=_resend_look, carry_out=_resend,
        fields=[REPLY, Field(name="to", label="To another address of the team, or an organizer's", needed=False)],
    ),
    Act(
        name="retry-reply", title="Try to send a mail again", fields=[REPLY], look=_retry_look, carry_out=_retry,
        back="It is given up again if the server refuses it again.",
    ),
)  # fmt: skip
