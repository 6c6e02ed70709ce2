"""A board as JSON and back: what the ledger stores, ``board.json`` publishes and ``mailbot board --json`` prints.

Instants are RFC 3339 with offset; the name of the zone stands beside them, so that a board read back is the same.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from mailbot.board.model import Board, Row, Table
from mailbot.config.board import Heading
from mailbot.errors import Permanent

if TYPE_CHECKING:
    from datetime import tzinfo

FORMAT = 1
"""Raised when a reader of an older form could misread a newer one."""


def board_as_json(board: Board) -> dict[str, Any]:
    """Return ``board`` as an object of plain dicts, lists, strings, numbers and None, in a fixed order."""
    return {
        "format": FORMAT,
        "challenge": board.challenge,
        "as_of": board.as_of.isoformat(),
        "zone": board.as_of.tzinfo.key if isinstance(board.as_of.tzinfo, ZoneInfo) else None,
        "tables": [_table_as_json(table) for table in board.tables],
        "truths": dict(sorted(board.truths.items())),
        "rules": list(board.rules),
        "final": board.final,
        **({"phase": board.phase} if board.phase else {}),
    }


def snapshot(board: Board) -> str:
    """Return the text of a board that the ledger keeps and hashes."""
    return json.dumps(board_as_json(board), ensure_ascii=False, sort_keys=True)


def board_from_json(data: dict[str, Any]) -> Board:
    """Return the board that :func:`board_as_json` was given.

    Raises:
        Permanent: the object was written by a mailbot that knows a newer form.
    """
    if data.get("format") != FORMAT:
        raise Permanent(f"This mailbot reads boards of format {FORMAT}, not {data.get('format')!r}")
    as_of = datetime.fromisoformat(data["as_of"])
    zone = ZoneInfo(data["zone"]) if data["zone"] else as_of.tzinfo
    return Board(
        challenge=data["challenge"],
        as_of=as_of.astimezone(zone),
        tables=tuple(_table_from_json(table, zone) for table in data["tables"]),
        truths=MappingProxyType(dict(data["truths"])),
        rules=tuple(data["rules"]),
        final=data.get("final", False),
        phase=data.get("phase", ""),
    )


def rows_as_json(board: Board) -> list[dict[str, Any]]:
    """Return one flat object per row of every table: its table's key, what every row has, and its own columns."""
    return [
        {
            "table": table.key,
            "rank": row.rank,
            "team": row.team,
            "method": row.method,
            **{heading.key: row.cells[heading.key] for heading in table.headings},
            "score": row.score,
            "low": row.interval[0] if row.interval else None,
            "high": row.interval[1] if row.interval else None,
            "group": row.group,
            "date": _instant(row.date),
            "submissions": row.submissions,
            "receipt": row.receipt,
            "baseline": row.baseline,
        }
        for table in board.tables
        for row in table.rows
    ]


def _table_as_json(table: Table) -> dict[str, Any]:
    return {
        "key": table.key,
        "title": table.title,
        "formula": table.formula,
        "headings": [asdict(heading) for heading in table.headings],
        "rows": [_row_as_json(row, table) for row in table.rows],
        "higher_is_better": table.higher_is_better,
    }


def _row_as_json(row: Row, table: Table) -> dict[str, Any]:
    return {
        "rank": row.rank,
        "team": row.team,
        "method": row.method,
        "score": row.score,
        "cells": {heading.key: row.cells[heading.key] for heading in table.headings},
        "date": _instant(row.date),
        "submissions": row.submissions,
        "baseline": row.baseline,
        "receipt": row.receipt,
        "interval": list(row.interval) if row.interval else None,
        "group": row.group,
        "ranks": list(row.ranks) if row.ranks else None,
        "flip": row.flip,
    }


def _table_from_json(data: dict[str, Any], zone: tzinfo | None) -> Table:
    headings = tuple(Heading(**heading) for heading in data["headings"])
    rows = tuple(_row_from_json(row, zone) for row in data["rows"])
    return Table(**{**data, "headings": headings, "rows": rows})


def _row_from_json(data: dict[str, Any], zone: tzinfo | None) -> Row:
    date = datetime.fromisoformat(data["date"]).astimezone(zone) if data["date"] else None
    pairs = {key: tuple(data[key]) for key in ("interval", "ranks") if data.get(key)}
    return Row(**{**data, **pairs, "date": date, "cells": MappingProxyType(dict(data["cells"]))})


def _instant(date: datetime | None) -> str | None:
    return date.isoformat() if date else None
