"""The whole life of a mail, step by step, from ledger and audit trail."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING

from mailbot.identity import confirmation
from mailbot.ledger import disputes, entries, events, mails, outbox, scores, submissions
from mailbot.ledger.submissions import receipt
from mailbot.model import Id
from scoring.trail.rows import ROWS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from mailbot.ledger import Tx
    from mailbot.ledger.events import Entry
    from mailbot.ledger.mails import MailRow
    from mailbot.ledger.outbox import OutgoingRow
    from mailbot.ledger.submissions import SubmissionRow

SHOWN_HASH = 12
"""So many characters of a hash tell one from another."""

_TOLD_ELSEWHERE = {"mail-recorded": {"submissions", "told"}, "mail-spooled": {"arrived_at", "sha256", "size"}}
"""Details of an entry that other steps tell, and better."""


class Stage(IntEnum):
    """Where in a life something has its place; so what happened at one instant is told in order too."""

    ARRIVED, SPOOLED, HANDLED, RECORDED, SUBMITTED, SCORED, RULED, QUEUED, SENT = range(9)


_STAGES = {
    "mail-spooled": Stage.SPOOLED,
    "mail-recorded": Stage.RECORDED,
    "reply-sent": Stage.SENT,
    "reply-given-up": Stage.SENT,
}


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing that happened to a mail, or because of it."""

    at: datetime
    #: The mail, submission or reply that it happened to: ``M-000012``, ``S-000045``, ``R-000013``.
    subject: str
    #: ``arrived``, ``accepted``, ``scored``, ``reply-queued`` …, ``now``, or the kind of an entry of the audit trail.
    what: str
    detail: str = ""
    #: The same for people, where the detail holds JSON.
    plain: str = ""
    stage: Stage


def of_mail(tx: Tx, mail_id: int, now: datetime) -> list[Step]:
    """Return the life of a mail in order, and last where it stands now; empty when there is none of that id."""
    row = mails.get(tx, mail_id)
    if row is None:
        return []
    found = submissions.listing(tx, mail_id=mail_id)
    written = [*outbox.of_mail(tx, mail_id), *_followed(tx, row)]
    size = f"{row.size} bytes, {row.sha256}"
    arrived = Step(at=row.arrived_at, subject=row.name, what="arrived", detail=size, stage=Stage.ARRIVED)
    names = [row.name, *(one.receipt for one in found), *(one.name for one in written)]
    told = _entries(events.about(tx, names))
    recorded = next((one.at for one in reversed(told) if one.what == "mail-recorded"), row.arrived_at)
    steps = [arrived, *told, *(_submitted(one, recorded) for one in found)]
    steps += [step for one in found for step in _scored(tx, one)]
    steps += [_queued(one) for one in written]
    return [*_in_order(steps), _standing(row, now)]


def of_reply(tx: Tx, outgoing_id: int, now: datetime) -> list[Step]:
    """Return the life of the mail that one of ours answers or follows from; of a letter, its own alone."""
    row = next(iter(outbox.listing(tx, outgoing_id)), None)
    if row is None:
        return []
    if (mail_id := row.mail_id or _behind(tx, row.key or "")) is not None:
        return of_mail(tx, mail_id, now)
    return _in_order([_queued(row), *_entries(events.about(tx, [row.name]))])


def of_submission(tx: Tx, submission_id: int, now: datetime) -> list[Step]:
    """Return the life of the mail that a submission came with."""
    row = next(iter(submissions.listing(tx, submission_id=submission_id)), None)
    return of_mail(tx, row.mail_id, now) if row else []


def of_entry(tx: Tx, entry_id: int, now: datetime) -> list[Step]:
    """Return the life of the mail that a paper, code or a model came with."""
    mail_id = entries.mail_of(tx, entry_id)
    return [] if mail_id is None else of_mail(tx, mail_id, now)


def _followed(tx: Tx, row: MailRow) -> list[OutgoingRow]:
    """Return what was written on account of a mail and answers it not: to the organizers, and what they ruled."""
    ruled = [f"dispute-ruled {one.id}" for one in disputes.of_mail(tx, row.id)]
    return outbox.keyed(tx, f"forward {row.name}", f"dispute {row.name}", *ruled)


def _behind(tx: Tx, key: str) -> int | None:
    """Return the mail on whose account one of ours was written, by its key; None when there was none."""
    what, name, *_ = [*key.split(), "", ""]
    if what in {"forward", "dispute"}:
        return Id.MAIL.number(name)
    return disputes.mail_of(tx, int(name)) if what == "dispute-ruled" and name.isdecimal() else None


def _in_order(steps: Iterable[Step]) -> list[Step]:
    """Sort steps by time, and those of one instant by the order of life."""
    return sorted(steps, key=lambda step: (step.at, step.stage))


def _standing(row: MailRow, at: datetime) -> Step:
    """Tell where the mail stands at this instant, after how many attempts, and why."""
    attempts = f"{row.attempts} attempt{'' if row.attempts == 1 else 's'}"
    words = (row.state, attempts, row.outcome, row.reason, row.filed_to and f"filed to {row.filed_to}")
    return Step(at=at, subject=row.name, what="now", detail=", ".join(filter(None, words)), stage=Stage.SENT)


def _entries(found: Iterable[Entry]) -> list[Step]:
    """Tell entries of the audit trail; those of one instant keep the trail's own order."""
    steps: list[Step] = []
    for entry in found:
        step = _entry(entry)
        if steps and steps[-1].at == step.at:
            step = replace(step, stage=max(step.stage, steps[-1].stage))
        steps.append(step)
    return steps


def _entry(entry: Entry) -> Step:
    """Tell an entry of the audit trail: who acted, unless it was mailbot itself, and what is kept of it."""
    elsewhere = {ROWS, *_TOLD_ELSEWHERE.get(entry.kind, ())}
    told = {k: v for k, v in json.loads(entry.detail).items() if k not in elsewhere}
    told = {name.replace("_", " "): value for name, value in told.items() if value not in (None, "", [])}
    by = [f"by {entry.actor}"] if entry.actor != "mailbot" else []
    stage = _STAGES.get(entry.kind, Stage.RULED if entry.subject.startswith("S-") else Stage.HANDLED)
    return Step(
        at=entry.at,
        subject=entry.subject,
        what=entry.kind,
        detail=", ".join([*by, *(f"{name}: {_word(value)}" for name, value in told.items())]),
        plain=", ".join([*by, *(f"{name}: {plain(value)}" for name, value in told.items())]),
        stage=stage,
    )


def _word(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def plain(value: object) -> str:
    """Show a value of an entry to people: yes and no, and no brackets or quotes."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        named = ((name, each) for name, each in value.items() if each not in (None, "", []))
        return ", ".join(f"{name.replace('_', ' ')} {plain(each)}" for name, each in named)
    if isinstance(value, list):
        return "; ".join(plain(each) for each in value)
    return str(value)


def _submitted(row: SubmissionRow, at: datetime) -> Step:
    problems = "; ".join(str(problem.get("message", problem.get("code"))) for problem in row.problems)
    words = (row.file_name, row.track, row.phase, row.team, row.method, problems)
    detail = ", ".join(filter(None, words))
    return Step(at=at, subject=row.receipt, what=str(row.status), detail=detail, stage=Stage.SUBMITTED)


def _scored(tx: Tx, row: SubmissionRow) -> Iterator[Step]:
    """Tell each score, by which labels and formula."""
    for score in scores.of_submission(tx, row.id):
        detail = f"{score.value:.4f} by {score.scorer}, labels {score.truth[:SHOWN_HASH]}, {score.n} items"
        yield Step(at=score.scored_at, subject=receipt(row.id), what="scored", detail=detail, stage=Stage.SCORED)


def _queued(row: OutgoingRow) -> Step:
    """Tell of one of our mails, and of what is in its way while it is not sent."""
    trouble = f"{row.state} after {row.attempts} attempts: {row.error}" if row.error else ""
    words = (f"{row.kind} to {row.recipient}", confirmation.masked(row.subject), trouble)
    detail = ", ".join(filter(None, words))
    return Step(at=row.created_at, subject=row.name, what="reply-queued", detail=detail, stage=Stage.QUEUED)
