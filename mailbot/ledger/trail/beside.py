"""What else of a row decides than what its digest is over (:data:`scoring.trail.rows.FIELDS`).

Entries tell of it under places of their own, keyed unless it is public, as some of it are words that a person wrote.
Earlier versions told of none of it, so a row is held to it once an entry tells of it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, kw_only=True)
class Beside:
    """What is told of the rows of a table under a place of its own."""

    table: str
    #: What of a row it is about.
    columns: tuple[str, ...]
    #: Says it in a text, given the place and the row; None: all these columns, and only digests with the secret's key.
    public: Callable[[str, Mapping[Any, Any]], str] | None = None
    #: Whether it is the same for many rows, which an entry may then tell once: their keys are no part of it.
    shared: bool = False
    #: Whether only earlier versions told of it.
    past: bool = False


def _confirmed(place: str, row: Mapping[Any, Any]) -> str:
    return f"{place} {row['id']} {row['unconfirmed_since'] is None}"


def _published(place: str, row: Mapping[Any, Any]) -> str:
    return f"{place} {row['id']} {[*map(_instant, (row['published_at'], row['due_at'])), row['stage']]}"


def _instant(at: datetime | None) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds") if at else ""


BESIDE: dict[str, Beside] = {
    "confirmed": Beside(table="teams", columns=("id", "unconfirmed_since"), public=_confirmed),
    "published": Beside(table="boards", columns=("id", "published_at", "due_at", "stage"), public=_published),
    "wishes": Beside(table="teams", columns=("name_key", "letters", "language")),
    "outcomes": Beside(table="mails", columns=("outcome", "fingerprint")),
    "marks": Beside(table="marks", columns=("mail_id", "mark")),
    "checks": Beside(table="checks", columns=("mail_id", "team_id", "sha256", "arrived_at")),
    "contents": Beside(
        table="submissions",
        columns=("ordinal", "values_sha256", "said_method", "file_name", "problems", "notes"),
    ),
    "versions": Beside(table="scores", columns=("version",), past=True),
    "computed": Beside(table="scores", columns=("version",), shared=True),
    "excluded": Beside(table="exclusions", columns=("since",)),
    "selected": Beside(table="selections", columns=("selected_at",)),
    "granted": Beside(table="grants", columns=("granted_at",)),
    "granted_in": Beside(table="grants", columns=("phase",)),
    "argued": Beside(table="disputes", columns=("text", "opened_at", "why", "ruled_at")),
    "named": Beside(table="entries", columns=("what",)),
    "split": Beside(table="truths", columns=("positions", "added_at")),
    "chosen": Beside(table="truth_choices", columns=("chosen_at",)),
    "vouching": Beside(table="authserv_checks", columns=("forged",)),
}
"""By place."""

BY_VERSION = ("contents", "versions", "computed")
"""Places of what another version of mailbot may make otherwise of the same file."""

OF: dict[str, tuple[str, ...]] = {
    each.table: tuple(place for place, other in BESIDE.items() if other.table == each.table) for each in BESIDE.values()
}
"""The places of each table."""

NOW = {table: tuple(place for place in places if not BESIDE[place].past) for table, places in OF.items()}
"""Those that are told of now."""


def columns_of(table: str) -> tuple[str, ...]:
    """Return the columns of a table that are told of under places of their own."""
    return tuple(dict.fromkeys(name for place in OF.get(table, ()) for name in BESIDE[place].columns))


def line_of(place: str, key: str, row: Mapping[Any, Any]) -> str:
    """Return what a row says under a place, in one canonical line."""
    if (public := BESIDE[place].public) is not None:
        return public(place, row)
    key = "*" if BESIDE[place].shared else key
    fields = [row[name] for name in BESIDE[place].columns]
    if {*map(type, fields)} == {str}:  # most are: written at once, as JSON writes them
        return f"{place} {key} [{','.join(map(encode_basestring, fields))}]"
    return f"{place} {key} {_text_of([*map(_plain, fields)])}"


_text_of = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode  # made once, not a row


def digest_of(line: str) -> str:
    """Return the digest of what is public."""
    return hashlib.sha256(line.encode()).hexdigest()[:32]


def _plain(value: Any) -> Any:  # noqa: ANN401  # any value of a row
    return _instant(value) if isinstance(value, datetime) else value
