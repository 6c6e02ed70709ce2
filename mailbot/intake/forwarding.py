"""Forward mails that are no submissions to the organizers: once, whole, marked as forwarded."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from email.message import EmailMessage
from typing import TYPE_CHECKING

from mailbot.intake import inquiry
from mailbot.intake.relay import FORWARDED, has_enough, relay
from mailbot.ledger import events, outbox
from mailbot.mail import envelope
from mailbot.mail.envelope import POLICY
from mailbot.mail.templates import environment
from mailbot.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mailbot.config.challenge import Challenge
    from mailbot.intake.case import Case
    from mailbot.ledger import Tx
    from mailbot.ledger.mails import MailRow
    from mailbot.mail.model import Mail
    from mailbot.model import Team
    from mailbot.transport.spool import Spool

SILENCE = "unanswered"
_ANSWERED_ELSEWHERE = {Outcome.CONFIRMED, Outcome.KNOWN}
"""A confirmed mail is answered by the receipt of the one that was held; one known before has its answer."""

LARGEST = 1024**2
"""Bytes of a mail that is attached: a larger one stays in the mailbox, as each organizer would get all of it."""
LONGEST_LINE = 998  # RFC 5322, section 2.1.1


@dataclass(frozen=True, kw_only=True)
class Forwarding:
    """Forwards mails to the organizers."""

    challenge: Challenge
    spool: Spool
    clock: Callable[[], datetime]

    def forward(self, tx: Tx, case: Case, outcome: Outcome, *, is_answered: bool) -> None:
        """Queue what the organizers get of a mail.

        A mail that brings no file and asks for nothing a machine can do is forwarded, where the config says so. A mail
        with what could be a result file that nobody answers is told of at once; those of strangers are collected.
        """
        if outcome is Outcome.RELAYED:
            relay(tx, case, self.challenge, self.clock())
            return
        if case.opened.candidates and outcome is Outcome.UNKNOWN_SENDER:
            files = len(case.opened.candidates)
            events.append(tx, kind=events.STRANGER_FILE, subject=case.row.name, now=self.clock(), files=files)
            return
        if case.opened.candidates:
            if not is_answered and outcome not in _ANSWERED_ELSEWHERE:
                self._tell_of_silence(tx, case, outcome)
            return
        if not self._is_for_people(case, outcome):
            return
        now = self.clock()
        raw = self.spool.get(case.row.sha256) if case.row.size <= LARGEST else None
        sent = 0
        for organizer in self.challenge.organizers:
            key = f"forward {case.row.name} {organizer}"
            if (
                organizer not in case.opened.mail.claims.recipients
                and not outbox.has(tx, key)
                and not has_enough(tx, organizer, FORWARDED, now)
            ):
                message = self._message(case.opened.mail, case.row, case.identity.team, organizer, raw)
                outbox.queue(tx, message, kind=FORWARDED, key=key, now=now)
                sent += 1
        if sent:
            events.append(tx, kind="mail-forwarded", subject=case.row.name, now=now)

    def _is_for_people(self, case: Case, outcome: Outcome) -> bool:
        """Whether the organizers want this mail: a team's that is for people, a stranger's when the config says so."""
        if outcome is Outcome.NO_SUBMISSION:
            return bool(self.challenge.forward) and inquiry.read(case.opened.mail).is_for_people
        return outcome is Outcome.UNKNOWN_SENDER and self.challenge.forward == "all"

    def _tell_of_silence(self, tx: Tx, case: Case, outcome: Outcome) -> None:
        """Write to the organizers that a mail with a file was not answered, and why."""
        row, mail, now = case.row, case.opened.mail, self.clock()
        for organizer in self.challenge.organizers:
            key = f"unanswered {row.name} {organizer}"
            if outbox.has(tx, key) or has_enough(tx, organizer, SILENCE, now):
                continue
            subject = f"[mailbot] not answered: {row.name} with a file"
            message = envelope.begin(self.challenge, recipient=organizer, subject=subject, key=key, now=now)
            text = environment().get_template("letters/unanswered.txt.j2")
            context = {
                "mail": mail,
                "row": row,
                "team": case.identity.team,
                "outcome": outcome,
                "reason": case.identity.reason or outcome,
                "files": [candidate.name for candidate in case.opened.candidates],
                "challenge": self.challenge,
            }
            message.set_content(text.render(context), cte="quoted-printable")
            outbox.queue(tx, message, kind=SILENCE, key=key, now=now)

    def _message(self, mail: Mail, row: MailRow, team: Team | None, organizer: str, raw: bytes | None) -> EmailMessage:
        key = f"forward {row.name} {organizer}"
        subject = f"[mailbot] forwarded: {mail.subject or '(no subject)'}"
        message = envelope.begin(self.challenge, recipient=organizer, subject=subject, key=key, now=self.clock())
        context = {"mail": mail, "row": row, "team": team, "whole": raw is not None, "challenge": self.challenge}
        message.set_content(
            environment().get_template("replies/forwarded.txt.j2").render(context), cte="quoted-printable"
        )
        if raw is not None:
            message.make_mixed()
            message.attach(_attached(raw, f"{row.name}.eml"))
            message.set_boundary(f"=_{hashlib.sha256(key.encode() + raw).hexdigest()[:40]}")
        return message


def _attached(raw: bytes, name: str) -> EmailMessage:
    """Return a mail as an attachment, never parsed: hostile bytes stay as they are.

    A mail within a mail must not be encoded (RFC 2046, section 5.2.1), so one that is not plain ASCII in short lines
    goes as a file.
    """
    part = EmailMessage(policy=POLICY)
    lines = raw.splitlines()
    if raw.isascii() and b"\0" not in raw and max(map(len, lines), default=0) <= LONGEST_LINE:
        part["Content-Type"] = "message/rfc822"
        part.set_payload("\r\n".join(line.decode("ascii") for line in lines) + "\r\n")
    else:
        part.set_content(raw, maintype="application", subtype="octet-stream")
    part["Content-Disposition"] = f'attachment; filename="{name}"'
    return part
