"""What an act is about, in words: an id says nothing to who comes from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot.desk.acts.parts import number
from mailbot.errors import Permanent
from mailbot.identity import confirmation
from mailbot.ledger import disputes, mails, outbox, submissions
from scoring.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mailbot.desk.page import Ask
    from mailbot.ledger import Tx
    from mailbot.ledger.mails import MailRow
    from mailbot.ledger.submissions import SubmissionRow

LONGEST = 100


def of_mail(row: MailRow) -> str:
    """Name a mail, its sender and its subject."""
    subject = printable(confirmation.masked(row.subject or ""), LONGEST) or "no subject"
    return f"{row.name}, from {row.sender or 'nobody'}: {subject}"


def of_submission(row: SubmissionRow) -> str:
    """Name a submission, its team, its file and where it stands."""
    score = "–" if row.score is None else f"{row.score:.4f}"
    return " · ".join((row.receipt, row.team, row.file_name, row.track or "–", row.status, score))


def about(ask: Ask) -> Mapping[str, str]:
    """Return in words what a form names by an id, by the names of its fields; and what a team disputes."""
    found = {}
    with ask.desk.read() as tx:
        for name, letter, told in (("mail", "M", _mail), ("receipt", "S", _submission), ("reply", "R", _reply)):
            try:
                found[name] = told(tx, number(ask.get(name), letter))
            except Permanent:  # nothing is named, or what no id is: the act says so
                found[name] = ""
        if found["receipt"]:
            its = disputes.of_submission(tx, number(ask.get("receipt"), "S"))
            found["dispute"] = next((one.text for one in its[::-1] if one.verdict is None), "")
    return found


def _mail(tx: Tx, number: int) -> str:
    row = mails.get(tx, number)
    return of_mail(row) if row else ""


def _submission(tx: Tx, number: int) -> str:
    row = next(iter(submissions.listing(tx, submission_id=number)), None)
    return of_submission(row) if row else ""


def _reply(tx: Tx, number: int) -> str:
    row = next(iter(outbox.listing(tx, number)), None)
    return f"{row.name}, to {row.recipient}: {printable(confirmation.masked(row.subject), LONGEST)}" if row else ""
