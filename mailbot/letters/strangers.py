"""Tell the organizers of unknown senders with result files: the first at once, those of the next hour together."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from mailbot.config.calendar import shown
from mailbot.ledger import events, mails, outbox
from mailbot.mail import envelope
from mailbot.mail.templates import environment
from mailbot.model import Id, Outcome

if TYPE_CHECKING:
    from datetime import datetime

    from mailbot.config.challenge import Challenge
    from mailbot.ledger import Ledger

TOLD = "strangers-told"
"""The entry of the audit trail that the organizers were told of all before."""

LETTER = "strangers"
"""The kind of the letter in the outbox."""

EVERY = timedelta(hours=1)

SHOWN = 20
"""So many mails are listed in a letter; the others are counted."""


def tell(ledger: Ledger, challenge: Challenge, now: datetime) -> bool:
    """Queue a letter about the mails that nobody was told of, at most one an hour; tell whether there was one.

    Those that were given to a team meanwhile are left out.
    """
    with ledger.read() as tx:
        last = events.last(tx, kind=TOLD)
        if last is not None and last.at <= now < last.at + EVERY:
            return False
        since = events.listing(tx, kind=events.STRANGER_FILE, since=last.at if last else None)
        new = [entry for entry in since if last is None or entry.id > last.id]
        rows = [mails.get(tx, Id.MAIL.number(entry.subject)) for entry in new]
    found = [
        (row, json.loads(entry.detail)["files"])
        for row, entry in zip(rows, new, strict=True)
        if row is not None and row.team_id is None and row.outcome is Outcome.UNKNOWN_SENDER
    ]
    if not found:
        return False
    with ledger.write("strangers") as tx:
        for organizer in challenge.organizers:
            key = f"strangers {found[-1][0].name} {organizer}"
            if outbox.has(tx, key):
                continue
            subject = f"[mailbot] {len(found)} mail(s) with files of unknown senders"
            message = envelope.begin(challenge, recipient=organizer, subject=subject, key=key, now=now)
            template = environment().get_template("letters/strangers.txt.j2")
            text = template.render(
                found=found[:SHOWN], more=max(0, len(found) - SHOWN), challenge=challenge,
                when=lambda at: shown(at, challenge.zone),
            )  # fmt: skip
            message.set_content(text, cte="quoted-printable")
            outbox.queue(tx, message, kind=LETTER, key=key, now=now)
        events.append(tx, kind=TOLD, subject="organizers", now=now, mails=len(found))
    return True
