"""The rows that decide: each change of one is told by an entry, by the row's digest; so the rows are held to the trail.

An entry whose detail has ``rows`` says ``{place: {key: digest}}``, null for a row that was taken out. What all scores
of an entry have in common it may tell once, as ``{place: digest}``. The last word on a row is what it must be now.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from json.encoder import encode_basestring
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from scoring.trail.chain import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from scoring.trail.chain import Entry

ROWS = "rows"
"""The name in an entry's detail."""

SEALED = "trail-sealed"
"""The kind of an entry that tells of every row there is: from then on the rows are held to the trail."""

_LETTERS = 32
"""Hex letters of a digest: 128 bits."""

FIELDS: dict[str, tuple[str, ...]] = {
    "mails": ("id", "sha256", "size", "arrived_at", "team_id", "auth"),
    "submissions": (
        "id", "mail_id", "team_id", "track", "phase", "method", "sha256", "size", "arrived_at", "status",
    ),
    "scores": ("submission_id", "truth", "track", "scorer", "n", "value", "metrics"),
    "teams": ("id", "name"),
    "exclusions": ("team_id", "submission_id", "kind", "why"),
    "selections": ("submission_id",),
    "grants": ("id", "team_id", "track", "week", "more", "why"),
    "truths": ("track", "sha256", "n", "whole"),
    "truth_choices": ("id", "track", "truth", "source", "why", "stage", "scorer"),
    "boards": ("id", "sha256"),
    "entries": ("id", "mail_id", "team_id", "kind", "sha256", "size", "arrived_at", "in_time"),
    "disputes": ("id", "submission_id", "mail_id", "verdict"),
}  # fmt: skip
"""What a row's digest is over. Nothing of it is a person's address, and an export has it all."""

NAMED = {
    "mails": "the mail M-{:06d}",
    "submissions": "the submission S-{:06d}",
    "scores": "the score of S-{:06d}",
    "teams": "the team with the id {}",
    "orders": "the order of the addresses of the team with the id {}",
    "confirmed": "whether the team with the id {} has confirmed",
    "boards": "the published board {}",
    "published": "the instant or stage of the published board {}",
    "outcomes": "what became of the mail M-{:06d}",
    "contents": "what was said of S-{:06d}",
    "versions": "what computed the score of S-{:06d}",
    "computed": "what computed the score of S-{:06d}",
    "wishes": "the name key or a wish of the team with the id {}",
    "selections": "the selection of S-{:06d}",
    "entries": "the paper or archive E-{:06d}",
}
"""How a row is called, by its key; others by table and key."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the trail says last of a row."""

    #: None: it was taken out.
    digest: str | None
    #: The entry that says so.
    entry: int


Said = dict[str, dict[str, Told]]
"""What the trail says last of every row, by place and key."""


def place_of(table: str, row: Mapping[str, Any]) -> tuple[str, str]:
    """Return under which table and key entries tell of a row; scores are told of by what they were computed by."""
    if table == "scores":
        return f"scores {row['truth']} {row['scorer']}", str(row["submission_id"])
    if table == "exclusions":
        return table, f"{row['team_id']} {row['submission_id'] or '*'}"
    if table == "truths":
        return table, f"{row['track']} {row['sha256']}"
    return table, str(row["submission_id" if table == "selections" else "id"])


def line_of(table: str, row: Mapping[str, Any]) -> str:
    """Return what a row says, in one canonical line."""
    return f"[{encode_basestring(table)},{','.join([_told_as(row[name]) for name in FIELDS[table]])}]"


def _told_as(value: Any) -> str:  # noqa: ANN401  # any value of a row
    """Return the JSON of :func:`_plain`, which for what most rows hold is written at once."""
    if type(value) is str:
        return encode_basestring(value)
    if type(value) is float:
        return f'"{value:.12g}"'
    if type(value) is int:
        return str(value)
    if type(value) is dict:
        if {*map(type, value.values())} == {float}:
            form, of = _numbers(tuple(value))
            text: str = form % of(value)
            return text
        return "{" + ",".join([f"{encode_basestring(name)}:{_told_as(value[name])}" for name in sorted(value)]) + "}"
    return json.dumps(_plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@cache
def _numbers(names: tuple[str, ...]) -> tuple[str, Callable[[Mapping[str, float]], Any]]:
    """Return how numbers under these names are written, and what takes them out of a row in that order."""
    first, *others = sorted(names)
    parts = [encode_basestring(name).replace("%", "%%") + ':"%.12g"' for name in (first, *others)]
    return "{" + ",".join(parts) + "}", itemgetter(first, *others)


def digest_of(table: str, row: Mapping[str, Any]) -> str:
    """Return the digest of a row."""
    return hashlib.sha256(line_of(table, row).encode()).hexdigest()[:_LETTERS]


def digests_of(table: str, same: Mapping[str, Any], columns: Mapping[str, Any]) -> list[str]:
    """Return the digests of many rows at once, each as :func:`digest_of` has it.

    ``same`` has what all rows hold, ``columns`` (k,) each for all else: whole numbers, or numbers, or numbers by name.
    """
    forms: list[str] = []
    given: list[Sequence[float]] = []
    for name in FIELDS[table]:
        if name in same:
            forms.append(_told_as(same[name]).replace("%", "%%"))
        elif isinstance(columns[name], dict):
            forms.append(_numbers(tuple(columns[name]))[0])
            given += [column for _, column in sorted(columns[name].items())]
        else:
            forms.append("%d" if type(columns[name][0]) is int else '"%.12g"')
            given.append(columns[name])
    form = f"[{encode_basestring(table)},{','.join(forms)}]"
    return [hashlib.sha256((form % row).encode()).hexdigest()[:_LETTERS] for row in zip(*given, strict=True)]


def _plain(value: Any) -> Any:  # noqa: ANN401  # any value of a row
    """Return a value as it is hashed: instants in UTC, numbers to 12 significant digits, as processors may differ."""
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return value


def told(entries: Iterable[Entry]) -> Said:
    """Return the trail's last word on every row, by place and key."""
    found: Said = {}
    for entry in entries:
        if f'"{ROWS}":' not in entry.detail:
            continue
        for place, rows in _rows_of(entry).items():
            known = found.setdefault(place, {})
            known.update((key, Told(digest=digest, entry=entry.id)) for key, digest in rows.items())
    return found


def _rows_of(entry: Entry) -> dict[str, dict[str, str | None]]:
    """Return the digests that an entry tells; what has another form tells of nothing, and the rows show it."""
    rows = entry.told.get(ROWS)
    if not isinstance(rows, dict):
        return {}
    found = {place: keys for place, keys in rows.items() if isinstance(keys, dict)}
    for place, digest in rows.items():
        if isinstance(digest, str):  # one digest for all scores of the entry by the same labels and formula
            found[place] = dict.fromkeys(found.get("scores " + place.partition(" ")[2], {}), digest)
    return found


def since(entries: Iterable[Entry]) -> int | None:
    """Return the first entry that tells of rows; None when no entry does."""
    return next((entry.id for entry in entries if f'"{ROWS}":' in entry.detail), None)


def unfit(said: Mapping[str, Mapping[str, Told]], present: Mapping[str, Mapping[str, str]]) -> list[Fault]:
    """Hold rows, as digests by place and key, to the trail's last word; return what does not fit, first entry first."""
    faults = []
    for place, rows in present.items():
        known = said.get(place, {})
        for key, digest in rows.items():
            if (last := known.get(key)) is None:
                faults.append(Fault(what=f"{name_of(place, key)}: no entry records it"))
            elif last.digest is None:
                faults.append(Fault(entry=last.entry, what=f"{name_of(place, key)}: entry {last.entry} took it out"))
            elif last.digest != digest:
                what = f"{name_of(place, key)} is not what entry {last.entry} says"
                faults.append(Fault(entry=last.entry, what=what))
    tables = {place.partition(" ")[0] for place in present}
    for place, known in said.items():
        there = set(present.get(place, {})) if place.partition(" ")[0] in tables else set(known)
        for key, last in known.items():
            if last.digest is not None and key not in there:
                what = f"{name_of(place, key)}, of which entry {last.entry} tells, is not there"
                faults.append(Fault(entry=last.entry, what=what))
    return sorted(faults, key=lambda fault: (fault.entry is None, fault.entry or 0))


def name_of(place: str, key: str) -> str:
    """Return how a row is called in a sentence."""
    table, _, by = place.partition(" ")
    if table in NAMED and key.isdecimal():
        return NAMED[table].format(int(key)) + (f" by the labels {by[:16]}" if by else "")
    return f"the row {key[:40]} of {table}"
