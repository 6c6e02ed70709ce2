"""Attacks of whoever can write the state folder: what was recorded is changed behind mailbot's back.

Each is made on a copy of the folder, and ``mailbot audit verify`` must notice it there.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from mailbot.ledger.trail.signing import FILE
from scoring.trail import chain
from tests.hostile.attacks.model import ADA, CARL, Attack, note
from tests.integration.identity_cases import signed
from tests.unit.services import submission

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.hostile.attacks.model import Ground

    Change = Callable[[Path], object]


def _played(ground: Ground) -> None:
    """Have something to change: three scores of two teams, a withdrawal, a published board."""
    for number in range(2):
        ground.take(submission(f"N{number}", To=ground.us, tilt=number / 10))
    ground.take(submission("Carls", sender=CARL, To=ground.us))
    ground.take(signed(note(ground, ADA, "withdraw S-1", Message_ID="<withdrawn@x>")))
    ground.publish()


def _unnoticed(ground: Ground, changes: dict[str, Change]) -> str:
    """Make each change on a copy of its own; return those that nobody noticed."""
    _played(ground)
    if cries := ground.audited(lambda _: None):
        return f"nothing was changed, and audit verify says: {cries[0]}"
    return ", ".join(name for name, change in changes.items() if not ground.audited(change))


def _by_sql(*statements: str) -> Change:
    """Change the ledger."""

    def change(state: Path) -> None:
        with closing(sqlite3.connect(state / "ledger.db")) as ledger, ledger:
            for statement in statements:
                ledger.execute(statement)

    return change


def _by_brackets(table: str, column: str) -> Change:
    """Put brackets that no reader of JSON follows to their end into a column."""
    return _by_sql(f"UPDATE {table} SET {column} = replace(hex(zeroblob(100000)), '0', '[')")  # noqa: S608  # constants of this module


def _by_text(name: str, old: str, new: str) -> Change:
    """Change a file."""

    def change(state: Path) -> None:
        text = (state / name).read_text(encoding="utf-8")
        assert old in text
        (state / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def _bracketed(path: Path) -> None:
    """Put brackets that no reader of JSON follows to their end in the place of a file's first line."""
    path.write_text("[" * 200_000 + "\n" + path.read_text(encoding="utf-8").partition("\n")[2], encoding="utf-8")


def _both(*changes: Change) -> Change:
    def change(state: Path) -> None:
        for each in changes:
            each(state)

    return change


def _daybook_again(state: Path) -> None:
    """Write the daybook anew as the ledger is now."""
    with closing(sqlite3.connect(state / "ledger.db")) as ledger:
        ledger.row_factory = sqlite3.Row
        lines = [dict(row) for row in ledger.execute("SELECT * FROM events ORDER BY id")]
    for line in lines:
        line["at"] = line["at"].replace(" ", "T") + "+00:00"
    text = "".join(json.dumps(line, ensure_ascii=False, sort_keys=True) + "\n" for line in lines)
    (state / "acts.jsonl").write_text(text, encoding="utf-8")


def _rehash(state: Path, secret: bytes | None = None) -> None:
    """Compute the chain anew from the first entry on; sign it too where the secret is at hand."""
    with closing(sqlite3.connect(state / "ledger.db")) as ledger, ledger:
        before = chain.GENESIS
        rows = ledger.execute("SELECT id, at, actor, kind, subject, detail FROM events ORDER BY id").fetchall()
        for number, at, *fields in rows:
            lines = (before, at.replace(" ", "T") + "+00:00", *fields)
            before = hashlib.sha256("\n".join(lines).encode()).hexdigest()
            ledger.execute("UPDATE events SET hash = ? WHERE id = ?", (before, number))
            if secret:
                mac = chain.signed(secret, before)
                ledger.execute("UPDATE events SET mac = ? WHERE id = ?", (mac, number))


def _resigned(state: Path) -> None:
    """Compute the chain anew and sign it: the host's owner has the secret."""
    _rehash(state, bytes.fromhex((state / FILE).read_text().strip()))


def _cut(count: int) -> str:
    return f"DELETE FROM events WHERE id > (SELECT max(id) - {count} FROM events)"  # noqa: S608  # a number


REWRITTEN = _by_sql(
    """UPDATE events SET detail = replace(detail, '"score":', '"score":9') WHERE kind = 'mail-recorded'"""
)

ROWS: dict[str, Change] = {
    "a score set to 99.5": _by_sql("UPDATE scores SET value = 99.5 WHERE id = 1"),
    "a score of nothing": _by_sql("DELETE FROM scores WHERE id = 1"),
    "a measure changed": _by_sql("UPDATE scores SET metrics = replace(metrics, '0.', '0.9')"),
    "a submission that arrived earlier": _by_sql("UPDATE submissions SET arrived_at = '2026-01-01 00:00:00.000000'"),
    "a submission accepted": _by_sql("UPDATE submissions SET status = 'refused' WHERE id = 3"),
    "a mail of another team": _by_sql("UPDATE mails SET team_id = 2, auth = 'confirmed' WHERE id = 1"),
    "figures of brackets": _by_brackets("scores", "metrics"),
    "figures that are none": _by_sql("UPDATE scores SET metrics = 'x' WHERE id = 1"),
    "another file": _by_sql("UPDATE submissions SET sha256 = printf('%064d', 7) WHERE id = 2"),
}

BESIDE: dict[str, Change] = {
    "a mail that was carried out is unknown again": _by_sql("DELETE FROM marks WHERE id = 1"),
    "a mark of another mail": _by_sql("UPDATE marks SET mark = printf('%064d', 7) WHERE id = 1"),
    "a file that counts as sent before": _by_sql(
        "UPDATE submissions SET values_sha256 = (SELECT values_sha256 FROM submissions WHERE id = 2) WHERE id = 1"
    ),
    "what a team was told of a file": _by_sql("UPDATE submissions SET notes = '[]', problems = '[7]' WHERE id = 1"),
    "a score by another version": _by_sql("UPDATE scores SET version = '0.0.1' WHERE id = 1"),
    "labels chosen earlier": _by_sql("UPDATE truth_choices SET chosen_at = '2025-01-01 00:00:00.000000'"),
    "another outcome of a mail": _by_sql("UPDATE mails SET outcome = 'refused' WHERE id = 1"),
    "a withdrawal made earlier": _by_sql("UPDATE exclusions SET since = '2025-01-01 00:00:00.000000'"),
    "a team's letters switched off": _by_sql("UPDATE teams SET letters = 0 WHERE id = 1"),
}

RULINGS: dict[str, Change] = {
    "a withdrawal taken back": _by_sql("DELETE FROM exclusions"),
    "another reason": _by_sql("UPDATE exclusions SET why = 'it was agreed'"),
    "a disqualification nobody made": _by_sql(
        "INSERT INTO exclusions (team_id, kind, why, since) SELECT 2, 'disqualified', 'x', added_at FROM teams LIMIT 1"
    ),
    "a selection nobody made": _by_sql("INSERT INTO selections SELECT 2, added_at FROM teams LIMIT 1"),
    "more quota": _by_sql(
        "INSERT INTO grants (team_id, track, week, more, why, granted_at) "
        "SELECT 1, 'siqa-s', added_at, 9, 'x', added_at FROM teams LIMIT 1"
    ),
}

ROSTER: dict[str, Change] = {
    "an address on another team": _by_sql("UPDATE addresses SET team_id = 2 WHERE id = 1"),
    "another address": _by_sql("UPDATE addresses SET address = 'eve@evil.example' WHERE id = 1"),
    "one more address": _by_sql("INSERT INTO addresses (address, team_id) VALUES ('eve@evil.example', 1)"),
    "a team that has not confirmed": _by_sql("UPDATE teams SET unconfirmed_since = added_at WHERE id = 1"),
    "another name": _by_sql("UPDATE teams SET name = 'Eves', name_key = 'eves' WHERE id = 1"),
    "a key planted": _by_sql(
        "INSERT INTO team_keys (team_id, hash, since) SELECT 1, printf('%064d', 7), added_at FROM teams LIMIT 1"
    ),
}

CHAIN: dict[str, Change] = {
    "an entry rewritten": REWRITTEN,
    "an entry that is not JSON": _by_sql("UPDATE events SET detail = 'x' WHERE id = 5"),
    "an entry of brackets": _by_brackets("events", "detail"),
    "rewritten and rehashed": _both(REWRITTEN, _rehash),
    "rewritten, rehashed, in the daybook too": _both(REWRITTEN, _rehash, _daybook_again),
    "rewritten, no signature left": _both(REWRITTEN, _by_sql("UPDATE events SET mac = NULL"), _rehash, _daybook_again),
    "an entry added": _both(
        _by_sql(
            "INSERT INTO events (at, actor, kind, subject, detail, hash) SELECT at, 'chair', 'submission-excluded', "
            "'S-000003', '{}', 'x' FROM events ORDER BY id DESC LIMIT 1"
        ),
        _rehash,
        _daybook_again,
    ),
    "entries in another order": _both(
        _by_sql(
            "UPDATE events SET id = -1 WHERE id = 4", "UPDATE events SET id = 4 WHERE id = 5",
            "UPDATE events SET id = 5 WHERE id = -1",
        ),
        _rehash,
        _daybook_again,
    ),
    "an entry taken out": _both(_by_sql("DELETE FROM events WHERE id = 6"), _rehash, _daybook_again),
}  # fmt: skip

CUTS: dict[str, Change] = {
    "the last entries": _by_sql(_cut(4)),
    "the last entries, in the daybook too": _both(_by_sql(_cut(4)), _daybook_again),
    "the last entry, in the daybook too": _both(_by_sql(_cut(1)), _daybook_again),
    "entries, and what they tell of": _both(
        _by_sql(_cut(6), "DELETE FROM boards", "DELETE FROM exclusions", "DELETE FROM scores WHERE submission_id = 3",
                "DELETE FROM submissions WHERE id = 3"),
        _daybook_again,
    ),
    "all that came after the first mail but the mails": _both(
        _by_sql("DELETE FROM events WHERE id > 6", "DELETE FROM boards", "DELETE FROM exclusions", "DELETE FROM scores",
                "DELETE FROM submissions", "DELETE FROM marks", "DELETE FROM outbox", "DELETE FROM mails WHERE id > 1"),
        _daybook_again,
    ),
}  # fmt: skip

DAYBOOK: dict[str, Change] = {
    "an entry changed": _by_text("acts.jsonl", '"actor": "mailbot"', '"actor": "nobody"'),
    "emptied": lambda state: (state / "acts.jsonl").write_text(""),
    "removed": lambda state: (state / "acts.jsonl").unlink(),
    "brackets in place of a line": lambda state: _bracketed(state / "acts.jsonl"),
    "brackets in place of a line of the roster": lambda state: _bracketed(state / "roster.jsonl"),
    "a line taken out": _by_text("acts.jsonl", "\n", "" ),
    "an address of the roster": _by_text("roster.jsonl", ADA, "eve@evil.example"),
}  # fmt: skip

FILES: dict[str, Change] = {
    "a board in the ledger": _by_sql("UPDATE boards SET board = replace(board, 'Pixel', 'Pixie')"),
    "a board of another week": _by_sql("UPDATE boards SET published_at = '2025-01-01 00:00:00.000000'"),
    "a board that was due": _by_sql("UPDATE boards SET due_at = '2025-01-01 00:00:00.000000'"),
    "a board of another phase": _by_sql("UPDATE boards SET stage = 'x'"),
    "a board that is none": _by_sql("UPDATE boards SET board = 'x'"),
    "a board of brackets": _by_brackets("boards", "board"),
    "a board taken back": _by_sql("UPDATE boards SET withdrawn = 'x'"),
    "a published board": _by_text("published/board.json", "Pixel Peepers", "Pixie Peepers"),
    "a published table": _by_text("published/board.csv", "Pixel Peepers", "Pixie Peepers"),
    "a published page": _by_text("published/page/index.html", "Pixel Peepers", "Pixie Peepers"),
    "a mail in the spool": lambda state: next((state / "spool").rglob("*.eml")).write_bytes(b"Subject: x\n\n"),
    "a mail that is gone": lambda state: next((state / "spool").rglob("*.eml")).unlink(),
    "the labels": lambda state: next((state / "truths").iterdir()).write_bytes(b"{}"),
    "the labels in force": _by_sql(
        "INSERT INTO truths (sha256, track, n, added_at) SELECT printf('%064d', 7), track, n, added_at FROM truths",
        "UPDATE truth_choices SET truth = printf('%064d', 7)",
    ),
}


def _owner(ground: Ground) -> str:
    """Change what a team was told and sign it all anew, as who owns the host can; the replies that were sent show it.

    Then change them as well: the team's own copy of its receipt shows it.
    """
    _played(ground)
    receipt = ground.receipts()[0]
    forged = _both(REWRITTEN, _resigned, _daybook_again)
    no_reply = _by_sql("UPDATE outbox SET message = x''", "DELETE FROM boards")
    published = _by_text("published/board.json", "ends, at this board, in ", "was ")
    left = {
        "with the secret": ground.audited(forged),
        "with a receipt": [
            each for each in ground.audited(_both(forged, no_reply, published), receipt) if "receipt" in each
        ],
    }
    return ", ".join(name for name, faults in left.items() if not faults)


def _noticed(changes: dict[str, Change]) -> Callable[[Ground], str]:
    return lambda ground: _unnoticed(ground, changes)


ATTACKS = (
    Attack(name="scores-and-submissions-changed-in-the-ledger", play=_noticed(ROWS)),
    Attack(
        name="submission-moved-to-another-team",
        play=_noticed({"moved": _by_sql("UPDATE submissions SET team_id = 2 WHERE id = 2")}),
    ),
    Attack(name="marks-outcomes-and-instants-changed-in-the-ledger", play=_noticed(BESIDE)),
    Attack(name="rulings-and-quota-forged-in-the-ledger", play=_noticed(RULINGS)),
    Attack(name="roster-changed-in-the-ledger", play=_noticed(ROSTER)),
    Attack(name="entries-rewritten-and-the-chain-rehashed", play=_noticed(CHAIN)),
    Attack(name="last-entries-cut-off", play=_noticed(CUTS)),
    Attack(name="daybook-changed", play=_noticed(DAYBOOK)),
    Attack(name="mails-labels-and-published-files-changed", play=_noticed(FILES)),
    Attack(name="trail-rewritten-by-who-has-the-secret", play=_owner),
)
