"""Contests of many submissions: rows straight into the ledger and the column store, as mails would have left them."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sa

from mailbot.config.stages import Stage
from mailbot.evaluation.columns import Predictions
from mailbot.ledger import similarities, tables
from mailbot.model import MailState, Outcome, ReplyState, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailbot.service import Service
    from scoring.kernel import Floats

TRACK = "siqa-s"
REPLY = b"x" * 2_000
AT_ONCE = 1_000
#: Half a day before now: the limits of replies look back a day.
END = datetime.now(UTC) - timedelta(days=2)


def fill(wired: Service, count: int, teams: int) -> None:
    """Enter recorded mails, each with an accepted submission that was compared, its score and a reply.

    They arrived ten minutes apart.
    """
    truth = wired.challenge.truths[TRACK]
    columns = list(truth.values)
    for numbers, laid in _batches(count, len(truth.ids), columns):
        found = [
            Predictions(
                submission_id=n, sha256=_digest(n), values={c: values[i].tobytes() for c, values in laid.items()}
            )
            for i, n in enumerate(numbers)
        ]
        wired.columns.put(truth, found)
        with wired.ledger.write("bench") as tx:
            for table, rows in _rows(numbers, count, teams, truth.sha256, truth.track.scorer).items():
                tx.execute(sa.insert(table), rows)
            similarities.done(tx, TRACK, numbers[-1], Stage())


def predictions(count: int, items: int, columns: list[str]) -> Iterator[dict[str, Floats]]:
    """Yield what the submissions of :func:`fill` predict, one by one."""
    for numbers, laid in _batches(count, items, columns):
        for place in range(len(numbers)):
            yield {name: values[place] for name, values in laid.items()}


def _batches(count: int, items: int, columns: list[str]) -> Iterator[tuple[list[int], dict[str, Floats]]]:
    for start in range(0, count, AT_ONCE):
        numbers = list(range(start + 1, min(start + AT_ONCE, count) + 1))
        draw = np.random.default_rng(start)
        quality = draw.uniform(0.3, 2.0, (len(numbers), 1))
        yield (
            numbers,
            {
                c: (np.linspace(1, 5, items) + quality * draw.normal(size=(len(numbers), items))).round(2)
                for c in columns
            },
        )


def _digest(number: int) -> str:
    return hashlib.sha256(f"{number}".encode()).hexdigest()


def _rows(
    numbers: list[int], count: int, teams: int, truth: str, scorer: str
) -> dict[sa.Table, list[dict[str, object]]]:
    cast = [(n, 1 + n % teams, END - timedelta(minutes=10 * (count - n))) for n in numbers]
    return {
        tables.mails: [_mail(*one) for one in cast],
        tables.submissions: [_submission(*one) for one in cast],
        tables.scores: [_score(number, at) | {"truth": truth, "scorer": scorer} for number, _, at in cast],
        tables.outbox: [_reply(*one) for one in cast],
    }


def _mail(number: int, team: int, at: datetime) -> dict[str, object]:
    return {
        "id": number,
        "mailbox": "submissions@example.org/INBOX",
        "uidvalidity": 1,
        "uid": number,
        "sha256": _digest(number),
        "size": 90_000,
        **dict.fromkeys(("arrived_at", "spooled_at", "due_at"), at),
        "state": MailState.RECORDED,
        "attempts": 1,
        "outcome": Outcome.SCORED,
        "fingerprint": _digest(number),
        "team_id": team,
        "filed_to": "Processed",
    }


def _submission(number: int, team: int, at: datetime) -> dict[str, object]:
    return {
        "id": number,
        "mail_id": number,
        "ordinal": 1,
        "team_id": team,
        "track": TRACK,
        "phase": "submission",
        "method": f"m{number}",
        "file_name": "p.json",
        "sha256": _digest(number),
        "size": 60_000,
        "arrived_at": at,
        "status": Status.ACCEPTED,
        "problems": [],
        "notes": [],
    }


def _score(number: int, at: datetime) -> dict[str, object]:
    metrics = dict.fromkeys(("perception_srcc", "perception_plcc", "knowledge_srcc", "knowledge_plcc"), 0.123456789)
    score = {"submission_id": number, "track": TRACK, "value": number % 1000 / 10, "n": 1050}
    return score | {"metrics": metrics, "scored_at": at}


def _reply(number: int, team: int, at: datetime) -> dict[str, object]:
    return {
        "mail_id": number,
        "kind": "reply",
        "team_id": team,
        "recipient": f"team{team - 1}@example.org",
        "subject": "Re: [SIQA Submission]",
        "message_id": f"<{number}@example.org>",
        "message": REPLY,
        "state": ReplyState.SENT,
        "attempts": 1,
        **dict.fromkeys(("created_at", "due_at", "sent_at"), at),
    }
