"""Mails that an organizer has sent by hand: one of ours once more."""

from __future__ import annotations

import email
from dataclasses import dataclass
from email.utils import format_datetime
from typing import TYPE_CHECKING

from mailbot.config.address import normalise
from mailbot.errors import Permanent
from mailbot.identity import confirmation
from mailbot.ledger import events, outbox, teams
from mailbot.mail import envelope, teamkey
from mailbot.model import Id

if TYPE_CHECKING:
    from datetime import datetime

    from mailbot.config.challenge import Challenge
    from mailbot.ledger import Tx
    from mailbot.ledger.outbox import OutgoingRow

RESENT = "resent"
"""The kind of a mail that is sent once more."""


@dataclass(frozen=True, kw_only=True)
class Again:
    """A mail of ours that is to be sent once more."""

    row: OutgoingRow
    recipient: str
    #: Who that is, for the audit trail, which holds no address: a team's name or "an organizer".
    who: str


def look_again(tx: Tx, challenge: Challenge, outgoing_id: int, to: str | None) -> Again:
    """Return what sending a mail again would do; ``to`` is another address than the one it was written to.

    It goes to an address of the team that it is for, or to an organizer, and to nobody else; with a code or a key in
    it, to the address alone that it was written to. Raises Permanent.
    """
    row = next(iter(outbox.listing(tx, outgoing_id)), None)
    if row is None or not row.message:
        message = f"there is no mail {Id.REPLY.of(outgoing_id)}; `mailbot outbox list` lists them"
        raise Permanent(message)
    try:
        recipient = normalise(to) if to else row.recipient
    except ValueError as error:
        message = f"--to: {error}"
        raise Permanent(message) from error
    team = teams.find(tx, row.team_id) if row.team_id else None
    its = () if team is None else team.addresses
    if recipient not in {*its, *challenge.organizers}:
        allowed = f"an address of {team.name} or an organizer" if team else "an organizer"
        message = f"{row.name} can be sent again to {allowed} only, not to {recipient}"
        raise Permanent(message)
    if recipient != row.recipient and _has_secret(row):
        message = f"{row.name} holds a code or a key: it can be sent again to {row.recipient} only"
        raise Permanent(message)
    return Again(row=row, recipient=recipient, who=team.name if team and recipient in its else "an organizer")


def send_again(tx: Tx, challenge: Challenge, again: Again, why: str, now: datetime) -> str:
    """Queue a copy under a Message-ID of its own, so that no server takes it for the first; return its id."""
    occasion = f"resend {again.row.name}"
    key = f"{occasion} {len(outbox.keyed(tx, occasion)) + 1}"
    policy = envelope.POLICY.clone(utf8=not again.recipient.isascii())
    message = email.message_from_bytes(again.row.message, policy=policy)
    for name, value in (
        ("To", again.recipient), ("Date", format_datetime(now)), ("Message-ID", envelope.message_id(challenge, key)),
    ):  # fmt: skip
        del message[name]
        message[name] = value
    made = outbox.add(
        tx, kind=RESENT, recipient=again.recipient, subject=again.row.subject, message_id=str(message["Message-ID"]),
        message=message.as_bytes(), now=now, team_id=again.row.team_id, key=key,
    )  # fmt: skip
    name = Id.REPLY.of(made)
    events.append(tx, kind="reply-resent", subject=again.row.name, now=now, to=again.who, sent_as=name, why=why)
    return name


def _has_secret(row: OutgoingRow) -> bool:
    """Whether a mail holds the code of a question or a team's key."""
    mail = email.message_from_bytes(row.message, policy=envelope.POLICY)
    text = mail.get_body(("plain",))
    whole = f"{row.subject}\n{text.get_content() if text else ''}"
    return confirmation.masked(whole) != whole or bool(teamkey.found(whole))
