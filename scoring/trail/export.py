"""Check an export of a contest: ``python -m scoring audit EXPORT [RECEIPT ...]``, also in the teams' checker.

Whoever has an export and a receipt learns whether the audit trail is whole, whether the rows that decide are what it
says, and whether the receipt fits; or which entry is the first that does not. No secret and no label is needed. Exit
status: 0 intact, 1 something does not fit, 2 called wrongly. Standard library only.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import sys
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoring.text import inert
from scoring.trail import chain, rows
from scoring.trail.chain import Entry, Fault, Mark
from scoring.trail.witness import marks_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

INTACT, UNFIT, WRONG_CALL = 0, 1, 2

LINES = {
    "mails": "mails.jsonl",
    "submissions": "submissions.jsonl",
    "scores": "scores.jsonl",
    "exclusions": "exclusions.jsonl",
    "selections": "selections.jsonl",
    "grants": "grants.jsonl",
    "truths": "truths.jsonl",
    "truth_choices": "truth_choices.jsonl",
    "entries": "entries.jsonl",
    "disputes": "disputes.jsonl",
}
"""Where an export has the rows of each table; teams are in ``teams.csv``, boards in ``boards/``."""

_INSTANTS = ("arrived_at", "week")

_ODD = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, csv.Error)
"""What is raised over files that are none of an export, however they were made up."""


class ExportError(ValueError):
    """A folder is not an export of a contest."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What came of checking an export."""

    entries: Sequence[Entry]
    faults: Sequence[Fault]
    #: How many rows were held to the trail, by table; empty for a trail that tells of none.
    held: Mapping[str, int] = field(default_factory=dict)


def check(folder: Path, witnesses: Sequence[tuple[str, Mark]] = ()) -> Found:
    """Check an export against itself and against witnesses. Raises ExportError and OSError."""
    manifest = _object(folder / "manifest.json")
    faults = list(_files(folder, manifest))
    entries = _entries(folder / "audit.jsonl")
    broken = chain.broken(entries)
    faults += [broken] if broken else []
    head = entries[-1].hash if entries else chain.GENESIS
    if manifest.get("audit_head") != head:
        faults.append(Fault(what="manifest.json names another end of the trail than audit.jsonl has"))
    present = {table: list(found) for table, found in _tables(folder)}
    held: dict[str, int] = {}
    if rows.since(entries) is not None:
        faults += rows.unfit(rows.told(entries), _digests(present))
        held = {table: len(found) for table, found in present.items()}
    faults += _submitted(folder, present["submissions"])
    seen = [*witnesses, *_printed(folder)]
    return Found(entries=entries, faults=[*faults, *chain.unknown(entries, seen)], held=held)


def _files(folder: Path, manifest: Mapping[str, Any]) -> Iterator[Fault]:
    """Hold each file to the manifest; no other file of this host is read, wherever a name or a link leads."""
    for name, digest in dict(manifest.get("files") or {}).items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            yield Fault(what=f"{name} leads out of the export")
        elif not path.is_file():
            yield Fault(what=f"{name} is missing")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            yield Fault(what=f"{name} is not the file that manifest.json names")


def _submitted(folder: Path, submissions: Sequence[Mapping[str, Any]]) -> Iterator[Fault]:
    """Hold the submitted files to what the rows say of them."""
    by_receipt = {path.stem: path for path in (folder / "files").glob("S-*")}
    for row in submissions:
        path = by_receipt.get(f"S-{row['id']:06d}")
        if path and hashlib.sha256(path.read_bytes()).hexdigest() != row["sha256"]:
            yield Fault(what=f"files/{path.name} is not the file that was submitted")


def _printed(folder: Path) -> Iterator[tuple[str, Mark]]:
    for path in sorted((folder / "boards").glob("*.json")):
        for mark in marks_in(path.read_bytes()):
            yield f"boards/{path.name}", mark


def _entries(path: Path) -> list[Entry]:
    """Read the trail. Raises ExportError when a line is no entry."""
    found = []
    for number, line in enumerate(_lines(path), 1):
        try:
            found.append(chain.read_entry(line))
        except ValueError as error:
            message = f"{path.name}, line {number}: {error}"
            raise ExportError(message) from error
    return found


def _tables(folder: Path) -> Iterator[tuple[str, Iterator[dict[str, Any]]]]:
    """Yield the rows of every table, as the ledger has them."""
    with (folder / "teams.csv").open(encoding="utf-8", newline="") as file:
        teams = [{"id": int(row["id"]), "name": row["team"]} for row in csv.DictReader(file)]
    yield "teams", iter(teams)
    numbers = {row["name"]: row["id"] for row in teams}
    boards = sorted((folder / "boards").glob("*.json"))
    yield "boards", ({"id": int(path.stem), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()} for path in boards)
    more: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
        "scores": lambda row: {"submission_id": int(row["receipt"].partition("-")[2])},
        "entries": lambda row: {"team_id": numbers.get(row["team"])},
    }
    for table, name in LINES.items():
        yield table, (_row(row, more.get(table)) for row in _lines(folder / name))


def _row(row: dict[str, Any], more: Callable[[dict[str, Any]], dict[str, Any]] | None) -> dict[str, Any]:
    instants = {name: datetime.fromisoformat(row[name]) for name in _INSTANTS if row.get(name)}
    return row | instants | (more(row) if more else {})


def _digests(present: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {table: {} for table in present if table != "scores"}
    for table, each in present.items():
        for row in each:
            place, key = rows.place_of(table, row)
            found.setdefault(place, {})[key] = rows.digest_of(table, row)
    return found | ({} if any(place.startswith("scores ") for place in found) else {"scores": {}})


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a file of JSON lines. Raises ExportError."""
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                found = json.loads(line)
            except ValueError as error:
                message = f"{path.name}, line {number}: it is not JSON"
                raise ExportError(message) from error
            if not isinstance(found, dict):
                message = f"{path.name}, line {number}: it is not an object"
                raise ExportError(message)
            yield found


def _object(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        message = f"{path} is not JSON"
        raise ExportError(message) from error
    if not isinstance(found, dict) or "audit_head" not in found:
        message = f"{path} is none of an export (`mailbot export DIR` writes one)"
        raise ExportError(message)
    return found


# --- the command -----------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the answer is the exit status."""
    options = _parser().parse_args(arguments)
    try:
        given = [(str(path), mark) for path in options.receipts for mark in _witness(path)]
        found = check(options.export, given)
        told = [inert(line) for line in _told(found, given)]  # whoever published it wrote what is told
    except OSError as error:
        sys.stderr.write(inert(f"audit: cannot read {error.filename}: {error.strerror}") + "\n")
        return WRONG_CALL
    except _ODD as error:
        sys.stderr.write(inert(f"audit: {options.export} cannot be read as an export: {error}") + "\n")
        return WRONG_CALL
    sys.stdout.write("\n".join(told) + "\n")
    return UNFIT if found.faults else INTACT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="audit", description="Check an export of a contest, and receipts against it.")
    parser.add_argument("export", metavar="EXPORT", type=Path, help="folder that `mailbot export` wrote")
    receipts = "a receipt as it came (.eml), or a board.json, that you kept"
    parser.add_argument("receipts", metavar="RECEIPT", type=Path, nargs="*", help=receipts)
    return parser


def _witness(path: Path) -> list[Mark]:
    """Return what a receipt prints of the trail. Raises ValueError when it prints nothing of it."""
    found = marks_in(path.read_bytes())
    if not found:
        message = f"{path} prints no end of an audit trail: give the receipt as it came, with its header"
        raise ValueError(message)
    return found


def _told(found: Found, given: Sequence[tuple[str, Mark]]) -> Iterator[str]:
    """Say what came of it: intact, or what does not fit, first entry first."""
    if found.faults:
        first = min((fault.entry for fault in found.faults if fault.entry is not None), default=None)
        where = f"the first entry concerned is {first}" if first is not None else "no entry is concerned"
        count = f"{len(found.faults)} things do not fit" if len(found.faults) > 1 else "something does not fit"
        yield f"NOT INTACT: {count}; {where}"
        yield from (f"  {fault.what}" for fault in found.faults)
        return
    held = ", ".join(f"{count} {table.replace('_', ' ')}" for table, count in found.held.items() if count)
    span = f", {found.entries[0].at[:10]} to {found.entries[-1].at[:10]}" if found.entries else ""
    yield f"intact: {len(found.entries)} entries{span}"
    yield f"  held to them: {held}" if held else "  the trail records no rows, as in earlier versions"
    by_hash = {entry.hash: entry for entry in found.entries}
    for name, mark in given:
        if entry := by_hash.get(mark.hash):
            yield f"  {name} fits: entry {entry.id}, {entry.at[:19]} UTC, {entry.kind} {entry.subject}{_said(entry)}"


def _said(entry: Entry) -> str:
    """Say what an entry tells of submissions."""
    told = entry.told.get("submissions") or ()
    scores = [f"{one['receipt'] or one.get('same_as')} {one['status']}" + _score(one.get("score")) for one in told]
    return ": " + "; ".join(scores) if scores else ""


def _score(value: float | None) -> str:
    return "" if value is None else f" with {value:.4f}"
