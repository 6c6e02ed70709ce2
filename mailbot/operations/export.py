"""Export the whole contest as files that need no mailbot: JSON lines, CSV, submitted files, a manifest.

Without asking for more it holds no address and no label, so that it may lie in an archive.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from mailbot import __version__
from mailbot.board import exports
from mailbot.errors import Permanent
from mailbot.evaluation.label_files import SECRET
from mailbot.evaluation.scorers import FOLDER
from mailbot.ledger import (
    boards,
    disputes,
    entries,
    events,
    mails,
    outbox,
    scores,
    similarities,
    submissions,
    teams,
)
from mailbot.ledger.schema import all_rows
from mailbot.system import safefile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from mailbot.config.schema import Config
    from mailbot.ledger import Tx
    from mailbot.ledger.entries import EntryRow
    from mailbot.ledger.submissions import SubmissionRow
    from mailbot.service import Service


MANIFEST = "manifest.json"

FORMAT = 1

_RULES = ("preset", "quota", "phases", "board", "split", "awards", "identity", "limits", "tracks")
"""The sections of the config that say what was played; how this host reaches its servers is nobody's concern."""

_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}\Z")


@dataclass(frozen=True, kw_only=True)
class Export:
    """What this works with, and how much is taken."""

    service: Service
    folder: Path
    #: Also the roster's addresses, whom we wrote to, the words of disputes, and the raw mails.
    addresses: bool = False
    #: Also every label file that was ever in force.
    labels: bool = False

    def write(self) -> dict[str, Any]:
        """Write it all into a new folder; return the manifest. Raises Permanent when the folder holds something."""
        if self.folder.exists() and any(self.folder.iterdir()):
            message = f"{self.folder} is not empty: an export is only written to a new folder"
            raise Permanent(message)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self.service.ledger.read() as tx:
            head, rows, handed_in = events.head(tx), submissions.listing(tx), entries.listing(tx)
            self._tables(tx, rows)
        missing = self._files(rows) + self._handed_in(handed_in)
        self._received()
        missing += self._mails() if self.addresses else []
        if self.labels:
            self._labels()
        return self._manifest(head, missing)

    def _tables(self, tx: Tx, rows: Sequence[SubmissionRow]) -> None:
        """Write what the ledger holds, all of one instant."""
        _json(self.folder / "config.json", rules_of(self.service.config))
        self._roster(tx)
        for name, found in tables_of(tx, rows, addresses=self.addresses, labels=self.labels):
            _lines(self.folder / name, found)
        (self.folder / "boards").mkdir()
        for board in boards.listing(tx, withdrawn=True):
            (self.folder / f"boards/{board.id:06d}.json").write_bytes(board.board.encode())

    def _roster(self, tx: Tx) -> None:
        """Write the teams, with their addresses only when they are wanted."""
        with (self.folder / "teams.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["id", "team", *(["addresses"] if self.addresses else [])])
            for team in teams.everyone(tx):
                writer.writerow([team.id, team.name, *([" ".join(team.addresses)] if self.addresses else [])])

    def _files(self, rows: Iterable[SubmissionRow]) -> list[str]:
        """Take the submitted files out of their mails, mail by mail; return what is not there any more."""
        missing: list[str] = []
        folder = self.folder / "files"
        folder.mkdir()
        for mail_id, group in groupby(sorted(rows, key=lambda row: row.mail_id), key=lambda row: row.mail_id):
            found = self.service.files.of_mail(mail_id)
            for row in group:
                if row.sha256 in found:
                    suffix = _SUFFIX.search(row.file_name)
                    (folder / f"{row.receipt}{suffix[0] if suffix else ''}").write_bytes(found[row.sha256])
                else:
                    missing.append(f"the file of {row.receipt}{self._why(mail_id)}")
        return missing

    def _handed_in(self, rows: Iterable[EntryRow]) -> list[str]:
        """Take the papers and archives out of their mails; return what is not there any more."""
        missing: list[str] = []
        for row in (row for row in rows if row.sha256):
            data = self.service.files.entry(row)
            if data is None:
                missing.append(f"the file of {row.receipt}{self._why(row.mail_id)}")
            else:
                (self.folder / "files" / row.file_name).write_bytes(data)
        return missing

    def _received(self) -> None:
        """Copy the list of received files, once it is published."""
        published = self.service.config.published / exports.RECEIPTS
        if published.is_file():
            shutil.copy2(published, self.folder / exports.RECEIPTS)

    def _why(self, mail_id: int) -> str:
        """Say why a mail's bytes are gone, where they were dropped on purpose."""
        with self.service.ledger.read() as tx:
            row = mails.get(tx, mail_id)
        return _because(self.service.spool.why_dropped(row.sha256)) if row else ""

    def _mails(self) -> list[str]:
        """Copy the raw mails; return what is not there any more."""
        with self.service.ledger.read() as tx:
            digests = mails.digests(tx)
        there = [digest for digest in digests if self.service.spool.path(digest).is_file()]
        _copy((self.service.spool.path(digest) for digest in there), self.folder / "mails")
        gone = sorted(set(digests) - set(there))
        return [f"mail {digest}{_because(self.service.spool.why_dropped(digest))}" for digest in gone]

    def _labels(self) -> None:
        """Copy every version of the labels, and what parts the items of a split."""
        state = self.service.config.state
        kept = (*sorted((state / FOLDER).glob("*")), state / SECRET)
        _copy((path for path in kept if path.is_file() and not path.name.startswith(".")), self.folder / "labels")

    def _manifest(self, head: str, missing: list[str]) -> dict[str, Any]:
        """Name every file with its hash, and the end of the audit trail that it shows."""
        files = sorted(path for path in self.folder.rglob("*") if path.is_file())
        told = {
            "format": FORMAT,
            "version": __version__,
            "made_at": self.service.clock(),
            "audit_head": head,
            "missing": missing,
            "files": safefile.hashes(self.folder, files),
        }
        _json(self.folder / MANIFEST, told)
        return told


def rules_of(config: Config) -> dict[str, Any]:
    """Return what the config says of the challenge: no server, no folder, no organizer."""
    whole = config.model_dump()
    challenge = {key: value for key, value in whole["challenge"].items() if key != "organizers"}
    phases = [{**phase, "labels": sorted(phase["labels"])} for phase in whole["phases"]]
    return {"challenge": challenge} | {key: whole[key] for key in _RULES} | {"phases": phases}


def _because(why: str) -> str:
    return f", {why}" if why else ""


def _copy(paths: Iterable[Path], folder: Path) -> None:
    folder.mkdir()
    for path in paths:
        shutil.copy2(path, folder / path.name)


def _lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows one to a line, as they come."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(row, ensure_ascii=False, default=_value)}\n" for row in rows)


def _json(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1, default=_value) + "\n", encoding="utf-8")


def _value(value: Any) -> str:  # noqa: ANN401  # whatever JSON has no form for
    """Write an instant as RFC 3339, anything else as people see it."""
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)


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
    "marks": "hashes by which this host knows a mail that is sent once more",
    "checks": "hashes of files that were only checked, which count for nothing",
    "compared": "how far the search for copies has come",
    "shown": "what the Google Sheet showed last",
    "pauses": "until when this host's mail server is left alone",
    "health": "how the parts of this host do",
    "leads": "which host leads now",
}
"""Why the other tables are in no export."""

AS_THEY_STAND = ("exclusions", "selections", "grants", "truths", "truth_choices")
"""Tables whose rows are written with the ids of teams and submissions, as the ledger has them."""

_BYTES = {"outbox": {"message"}}

_PERSONAL = {
    "mails": {"place", "reason", "sender", "subject"},
    "outbox": {"recipient", "subject", "error", "key", "message_id"},
    "disputes": {"text"},
}
"""Fields that may hold an address, or words that a person wrote."""

_OF_LABELS = {"truths": {"positions"}}
"""Fields that tell which items a secret split keeps back."""


def tables_of(
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
        yield name, all_rows(tx, name)


def _without(rows: Iterable[dict[str, Any]], left_out: set[str]) -> Iterator[dict[str, Any]]:
    return ({key: value for key, value in row.items() if key not in left_out} for row in rows)
