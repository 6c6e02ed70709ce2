"""What an export holds of the ledger, table by table, and why the rest is left out."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mailbot.ledger import disputes, entries, events, mails, outbox, scores, similarities, whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mailbot.ledger import Tx
    from mailbot.ledger.submissions import SubmissionRow

FILES = {
    "teams": "teams.csv",
    "addresses": "teams.csv",
    "boards": "boards",
    "mails": "mails.jsonl",
    "outbox": "replies.jsonl",
    "submissions": "submissions.jsonl",
    "scores": "scores.jsonl",
    "entries": "entries.jsonl",
    "disputes": "disputes.jsonl",
    "likenesses": "likenesses.jsonl",
    "events": "audit.jsonl",
    "exclusions": "exclusions.jsonl",
    "selections": "selections.jsonl",
    "grants": "grants.jsonl",
    "truths": "truths.jsonl",
    "truth_choices": "truth_choices.jsonl",
}
"""Where each table of the ledger is found in an export: a file, or a folder of them."""

LEFT_OUT = {
    "team_keys": "hashes of secrets, of no use but to this host",
    "authserv_checks": "what this host's own mail server lets through",
    "compared": "how far the search for copies has come",
    "shown": "what the Google Sheet showed last",
    "health": "how the parts of this host do",
}
"""Why the other tables are in no export."""

AS_THEY_STAND = ("exclusions", "selections", "grants", "truths", "truth_choices")
"""Tables whose rows are written with the ids of teams and submissions, as the ledger has them."""

_BYTES = {"outbox": {"message"}}
_PERSONAL = {
    "mails": {"place", "reason"},
    "outbox": {"recipient", "subject", "error", "key", "message_id"},
    "disputes": {"text"},
}
"""Fields that may hold an address, or words that a person wrote."""
_OF_LABELS = {"truths": {"positions"}}
"""Fields that tell which items a secret split keeps back."""


def tables(
    tx: Tx, received: Sequence[SubmissionRow], *, addresses: bool, labels: bool
) -> Iterator[tuple[str, Iterable[dict[str, Any]]]]:
    """Yield the file and the rows of each table that is written as JSON lines, without what was not asked for."""
    for name, rows in _all(tx, received):
        left_out = _BYTES.get(name, set()) | (set() if addresses else _PERSONAL.get(name, set()))
        yield FILES[name], _without(rows, left_out if labels else left_out | _OF_LABELS.get(name, set()))


def _all(tx: Tx, received: Sequence[SubmissionRow]) -> Iterator[tuple[str, Iterable[dict[str, Any]]]]:
    """Yield each table's name and rows, with their public ids before them."""
    yield "mails", ({"mail": row.name, **asdict(row)} for row in mails.listing(tx))
    yield "outbox", ({"reply": row.name, **asdict(row)} for row in outbox.listing(tx))
    yield "submissions", ({"receipt": row.receipt, **asdict(row)} for row in received)
    found = ((row.receipt, score) for row in received for score in scores.of_submission(tx, row.id))
    yield "scores", ({"receipt": receipt, **asdict(score)} for receipt, score in found)
    yield "entries", ({"receipt": row.receipt, **asdict(row)} for row in entries.listing(tx))
    yield "disputes", ({"receipt": row.receipt, **asdict(row)} for row in disputes.listing(tx))
    yield "likenesses", ({"first": row.first, "second": row.second, **asdict(row)} for row in similarities.listing(tx))
    yield "events", (entry.as_json() for entry in events.since(tx, 0))
    for name in AS_THEY_STAND:
        yield name, whole.rows(tx, name)


def _without(rows: Iterable[dict[str, Any]], left_out: set[str]) -> Iterator[dict[str, Any]]:
    return ({key: value for key, value in row.items() if key not in left_out} for row in rows)
